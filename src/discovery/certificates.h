/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cert-manager's Certificate (cert-manager.io/v1) to the names in it, with the
 * start of what was last issued. (What certificate_read() reads is a
 * certificate itself: probe/certificate.h.)
 */
#ifndef CEM_DISCOVERY_CERTIFICATES_H
#define CEM_DISCOVERY_CERTIFICATES_H

#include <json-c/json.h>

#include "base/error.h"
#include "config/config.h"
#include "discovery/found.h"

/* Adds spec.dnsNames and spec.ipAddresses, each with status.notBefore; 0 while
 * nothing is issued. `objects` is not used. ERROR_INVALID if it is of another
 * kind. */
int certificate_object_read(struct json_object *item,
			    const struct domain_objects *objects,
			    struct found *found, struct error *err)
	__attribute__((warn_unused_result));

#endif
