/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pod as the API describes it (v1 Pod, Kubernetes API reference) to what a
 * probe needs of it, or to the reason why it is not probed.
 */
#ifndef CEM_DISCOVERY_PODS_H
#define CEM_DISCOVERY_PODS_H

#include <json-c/json.h>

#include "base/error.h"
#include "config/config.h"
#include "discovery/found.h"

/* Reads one item of a PodList for `job` (port, address, families, unready)
 * into `found`: one entry, or one for each address that is asked for. Fails
 * with ERROR_INVALID if it is no pod: another kind, no name, a name or
 * namespace longer than 253 bytes. */
int pod_read(struct json_object *item, const struct job_config *job,
	     struct found *found, struct error *err)
	__attribute__((warn_unused_result));

/* The Gateway that an object with these labels belongs to alone, as
 * "NS/NAME", by the label gateway.networking.k8s.io/gateway-name (GEP-1762) in
 * its own namespace `ns`; NULL if it has none. The caller frees. */
int gateway_of_labels(struct json_object *item, const char *ns,
		      char **ret_gateway, struct error *err)
	__attribute__((warn_unused_result));

#endif
