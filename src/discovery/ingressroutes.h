/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traefik's IngressRoute (v1alpha1 of traefik.io and, before Traefik 2.10, of
 * traefik.containo.us) to the hosts that its rules match under TLS.
 */
#ifndef CEM_DISCOVERY_INGRESSROUTES_H
#define CEM_DISCOVERY_INGRESSROUTES_H

#include <json-c/json.h>

#include "base/error.h"
#include "config/config.h"
#include "discovery/found.h"

#define RULE_DEPTH_MAX 32 /* parentheses in one another */

/* Adds the hosts of one IngressRoute, none if it has no spec.tls. `objects` is
 * not used. ERROR_INVALID if it is of another kind. */
int ingressroute_read(struct json_object *item,
		      const struct domain_objects *objects, struct found *found,
		      struct error *err) __attribute__((warn_unused_result));

/* Adds the hosts that the matchers Host() of a rule name, unless negated.
 * ERROR_INVALID if it is no rule: then nothing is added. O(length). */
int ingressroute_read_rule(const char *text, struct found *found,
			   struct error *err)
	__attribute__((warn_unused_result));

#endif
