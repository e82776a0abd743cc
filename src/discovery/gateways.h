/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gateways and the routes attached to them (gateway.networking.k8s.io/v1) to
 * the names that each Gateway serves by TLS.
 *
 * What a route names depends on a Gateway that may be in another namespace,
 * whose list may fail by itself. So each list is read, and remembered, as
 * facts of its own: which listeners there are, and which hostnames ask for
 * which Gateway. gateways_join() makes names of them in every run, of what is
 * known of each list, be it of now or of an earlier run.
 *
 * A fact is a struct found_name of the Gateway that it is about. Its text has
 * seven words, "-" standing for none:
 *
 *	listener PROTOCOL PORT FROM KINDS NAME HOSTNAME
 *	route KIND PORT NAMESPACE VERDICT SECTION HOSTNAME
 */
#ifndef CEM_DISCOVERY_GATEWAYS_H
#define CEM_DISCOVERY_GATEWAYS_H

#include <json-c/json.h>

#include "base/error.h"
#include "config/config.h"
#include "discovery/found.h"

/* Of the listeners, hostnames or parents of one object, and of the listeners
 * that a route is held against: the API allows 64 at most. What is beyond is
 * left out. */
#define GATEWAY_ITEMS_MAX 256

/* Add the facts of one Gateway, HTTPRoute or GRPCRoute. `objects` is not used.
 * ERROR_INVALID if it is of another kind, or has no name or namespace. */
int gateway_read(struct json_object *item, const struct domain_objects *objects,
		 struct found *found, struct error *err)
	__attribute__((warn_unused_result));
int http_route_read(struct json_object *item,
		    const struct domain_objects *objects, struct found *found,
		    struct error *err) __attribute__((warn_unused_result));
int grpc_route_read(struct json_object *item,
		    const struct domain_objects *objects, struct found *found,
		    struct error *err) __attribute__((warn_unused_result));

/* Adds the names that follow from the facts, each with its Gateway. What is no
 * fact is left out. O(n log n), plus each route with at most GATEWAY_ITEMS_MAX
 * listeners of its Gateway. */
int gateways_join(const struct found *facts, struct found *found,
		  struct error *err) __attribute__((warn_unused_result));

#endif
