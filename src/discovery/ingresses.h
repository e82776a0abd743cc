/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ingress and IngressClass (networking.k8s.io/v1) to the hosts that are served
 * by TLS.
 *
 * An Ingress that names no class belongs to the default class of the cluster.
 * Reading the classes needs a right on the whole cluster, so it is left for
 * when such an Ingress was seen: until then its hosts carry a mark.
 */
#ifndef CEM_DISCOVERY_INGRESSES_H
#define CEM_DISCOVERY_INGRESSES_H

#include <json-c/json.h>
#include <stdbool.h>

#include "base/error.h"
#include "config/config.h"
#include "discovery/found.h"

/* Adds the hosts of one Ingress, if it may be of the class that is asked for;
 * marked, if that depends on the default class. ERROR_INVALID if it is of
 * another kind. */
int ingress_read(struct json_object *item, const struct domain_objects *objects,
		 struct found *found, struct error *err)
	__attribute__((warn_unused_result));

/* Adds the name of an IngressClass if it is the default. `objects` is not
 * used. ERROR_INVALID if it is of another kind. */
int ingress_class_read(struct json_object *item,
		       const struct domain_objects *objects,
		       struct found *found, struct error *err)
	__attribute__((warn_unused_result));

/* Whether a host of `listed` depends on the default class. */
bool ingresses_need_default(const struct found *listed);

/* Adds the hosts of `listed`; those that depend on the default class only if
 * it is the one asked for (`is_default`). */
int ingresses_take(const struct found *listed, bool is_default,
		   struct found *found, struct error *err)
	__attribute__((warn_unused_result));

#endif
