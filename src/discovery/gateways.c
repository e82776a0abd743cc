/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts of Gateways and routes, by the Gateway API's reference. Whatever the
 * API server would not have let through is left out.
 */
#include <config.h>

#include "discovery/gateways.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "discovery/names.h"
#include "discovery/object.h"

#define GROUP "gateway.networking.k8s.io"
#define NONE "-"

/* A member that may be absent, but is a text if it is there. False if it is
 * anything else. */
static bool read_optional(struct json_object *object, const char *key,
			  const char *absent, const char **ret_text)
{
	struct json_object *value = object_member(object, key);

	*ret_text = value == NULL ? absent : name_text(value);
	return *ret_text != NULL;
}

/* Whether `text` is a hostname, a wildcard or NONE. */
static bool is_hostname(const char *text)
{
	if (strcmp(text, NONE) == 0)
		return true;
	if (strncmp(text, "*.", 2) == 0)
		text += 2;
	return text_is_dns_subdomain(text);
}

static bool is_section(const char *text)
{
	return strcmp(text, NONE) == 0 || text_is_dns_subdomain(text);
}

static size_t count_items(struct json_object *array)
{
	size_t count = object_count(array);

	return count < GATEWAY_ITEMS_MAX ? count : GATEWAY_ITEMS_MAX;
}

/* Adds a fact about the Gateway `ns`/`name`. */
static int add_fact(struct found *found, const char *ns, const char *name,
		    const char *text, struct error *err)
{
	CLEANUP(cleanup_free) char *gateway = NULL;

	if (asprintf(&gateway, "%s/%s", ns, name) < 0) {
		gateway = NULL;
		return error_memory(err);
	}
	return found_add_name(found, text, gateway, 0, err);
}

/* metadata.namespace and metadata.name, borrowed. */
static int read_identity(struct json_object *item, const char *kind,
			 const char **ret_ns, const char **ret_name,
			 struct error *err)
{
	struct json_object *metadata = object_member(item, "metadata");
	int r = object_check_kind(item, kind, err);

	if (r < 0)
		return r;
	*ret_ns = object_text(metadata, "namespace");
	*ret_name = object_text(metadata, "name");
	if (*ret_ns == NULL || !text_is_dns_label(*ret_ns))
		return error_set(err, ERROR_INVALID,
				 "has no metadata.namespace");
	if (*ret_name == NULL || !text_is_dns_subdomain(*ret_name))
		return error_set(err, ERROR_INVALID, "has no metadata.name");
	return 0;
}

/* --- Listeners ------------------------------------------------------------ */

/* Which namespaces routes may come from. A selector is the controller's to
 * evaluate (it needs the namespaces' labels), as is what we do not know. */
static const char *read_from(struct json_object *allowed)
{
	static const char *const known[] = { "Same", "All", "None" };
	const char *from;

	if (!read_optional(object_member(allowed, "namespaces"), "from", "Same",
			   &from))
		return "Selector";
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(from, known[i]) == 0)
			return known[i];
	return "Selector";
}

/* Which kinds of routes may attach: "HTTP", "GRPC", both, or NONE. Without
 * any said it is those that fit the protocol. */
static const char *read_kinds(struct json_object *allowed)
{
	struct json_object *kinds = object_member(allowed, "kinds");
	bool has_http = false;
	bool has_grpc = false;

	if (object_count(kinds) == 0)
		return "HTTP,GRPC";
	for (size_t i = 0; i < count_items(kinds); i++) {
		struct json_object *kind = object_item(kinds, i);
		const char *group;

		if (!read_optional(kind, "group", GROUP, &group) ||
		    strcmp(group, GROUP) != 0)
			continue;
		has_http |= object_text_is(kind, "kind", "HTTPRoute");
		has_grpc |= object_text_is(kind, "kind", "GRPCRoute");
	}
	if (has_http)
		return has_grpc ? "HTTP,GRPC" : "HTTP";
	return has_grpc ? "GRPC" : NONE;
}

/* "HTTPS" or "TLS" if the listener ends TLS itself, else NULL. */
static const char *read_protocol(struct json_object *listener)
{
	const char *mode;

	if (!read_optional(object_member(listener, "tls"), "mode", "Terminate",
			   &mode) ||
	    strcmp(mode, "Terminate") != 0)
		return NULL;
	if (object_text_is(listener, "protocol", "HTTPS"))
		return "HTTPS";
	return object_text_is(listener, "protocol", "TLS") ? "TLS" : NULL;
}

static int add_listener(struct json_object *listener, const char *ns,
			const char *gateway, struct found *found,
			struct error *err)
{
	CLEANUP(cleanup_free) char *text = NULL;
	struct json_object *allowed = object_member(listener, "allowedRoutes");
	const char *protocol = read_protocol(listener);
	const char *hostname;
	const char *name;

	if (protocol == NULL || !read_optional(listener, "name", NONE, &name) ||
	    !is_section(name) ||
	    !read_optional(listener, "hostname", NONE, &hostname) ||
	    !is_hostname(hostname))
		return 0;
	if (asprintf(&text, "listener %s %u %s %s %s %s", protocol,
		     object_port(listener, "port"), read_from(allowed),
		     read_kinds(allowed), name, hostname) < 0) {
		text = NULL;
		return error_memory(err);
	}
	return add_fact(found, ns, gateway, text, err);
}

int gateway_read(struct json_object *item, const struct domain_objects *objects,
		 struct found *found, struct error *err)
{
	struct json_object *listeners =
		object_member(object_member(item, "spec"), "listeners");
	const char *ns;
	const char *name;
	int r = read_identity(item, "Gateway", &ns, &name, err);

	(void)objects;
	for (size_t i = 0; r == 0 && i < count_items(listeners); i++)
		r = add_listener(object_item(listeners, i), ns, name, found,
				 err);
	return r;
}

/* --- Routes --------------------------------------------------------------- */

/* A ParentReference to a Gateway. Borrowed. */
struct parent {
	const char *ns;
	const char *name;
	const char *section; /* NONE: any listener */
	uint16_t port;	     /* 0: any */
};

/* False if `reference` is none, or one to something else (a Service). */
static bool read_parent(struct json_object *reference, const char *route_ns,
			struct parent *ret_parent)
{
	const char *group;
	const char *kind;

	if (!read_optional(reference, "group", GROUP, &group) ||
	    !read_optional(reference, "kind", "Gateway", &kind) ||
	    !read_optional(reference, "namespace", route_ns, &ret_parent->ns) ||
	    !read_optional(reference, "sectionName", NONE,
			   &ret_parent->section))
		return false;
	ret_parent->name = object_text(reference, "name");
	ret_parent->port = object_port(reference, "port");
	return strcmp(group, GROUP) == 0 && strcmp(kind, "Gateway") == 0 &&
	       ret_parent->name != NULL &&
	       text_is_dns_subdomain(ret_parent->name) &&
	       text_is_dns_label(ret_parent->ns) &&
	       is_section(ret_parent->section) &&
	       (ret_parent->port != 0 ||
		object_member(reference, "port") == NULL);
}

static bool is_same_parent(const struct parent *a, const struct parent *b)
{
	return strcmp(a->ns, b->ns) == 0 && strcmp(a->name, b->name) == 0 &&
	       strcmp(a->section, b->section) == 0 && a->port == b->port;
}

enum verdict {
	VERDICT_NONE, /* nobody has looked at it yet */
	VERDICT_ACCEPTED,
	VERDICT_REFUSED,
};

static enum verdict read_conditions(struct json_object *conditions)
{
	for (size_t i = 0; i < count_items(conditions); i++) {
		struct json_object *condition = object_item(conditions, i);

		if (!object_text_is(condition, "type", "Accepted"))
			continue;
		if (object_text_is(condition, "status", "True"))
			return VERDICT_ACCEPTED;
		if (object_text_is(condition, "status", "False"))
			return VERDICT_REFUSED;
	}
	return VERDICT_NONE;
}

/* What status.parents says of the route at `parent`. Several controllers may
 * have a say; one that accepts it serves it. */
static enum verdict find_verdict(struct json_object *item, const char *ns,
				 const struct parent *parent)
{
	struct json_object *parents =
		object_member(object_member(item, "status"), "parents");
	enum verdict found = VERDICT_NONE;

	for (size_t i = 0; i < count_items(parents); i++) {
		struct json_object *status = object_item(parents, i);
		struct parent other;
		enum verdict verdict;

		if (!read_parent(object_member(status, "parentRef"), ns,
				 &other) ||
		    !is_same_parent(parent, &other))
			continue;
		verdict = read_conditions(object_member(status, "conditions"));
		if (verdict == VERDICT_ACCEPTED)
			return verdict;
		if (verdict == VERDICT_REFUSED)
			found = verdict;
	}
	return found;
}

/* Adds what the route asks of one parent. A route without hostnames takes the
 * listener's, which is taken anyway. */
static int add_parent(struct json_object *item, const char *kind,
		      const char *ns, const struct parent *parent,
		      struct found *found, struct error *err)
{
	struct json_object *hostnames =
		object_member(object_member(item, "spec"), "hostnames");
	enum verdict verdict = find_verdict(item, ns, parent);
	char port[8] = NONE;
	int r = 0;

	if (verdict == VERDICT_REFUSED)
		return 0;
	if (parent->port != 0)
		(void)snprintf(port, sizeof(port), "%u", parent->port);
	for (size_t i = 0; r == 0 && i < count_items(hostnames); i++) {
		CLEANUP(cleanup_free) char *text = NULL;
		const char *hostname = name_text(object_item(hostnames, i));

		if (hostname == NULL || strcmp(hostname, NONE) == 0 ||
		    !is_hostname(hostname))
			continue;
		if (asprintf(&text, "route %s %s %s %s %s %s", kind, port, ns,
			     verdict == VERDICT_ACCEPTED ? "accepted" : NONE,
			     parent->section, hostname) < 0) {
			text = NULL;
			return error_memory(err);
		}
		r = add_fact(found, parent->ns, parent->name, text, err);
	}
	return r;
}

static int read_route(struct json_object *item, const char *object_kind,
		      const char *kind, struct found *found, struct error *err)
{
	struct json_object *parents =
		object_member(object_member(item, "spec"), "parentRefs");
	const char *ns;
	const char *name;
	int r = read_identity(item, object_kind, &ns, &name, err);

	for (size_t i = 0; r == 0 && i < count_items(parents); i++) {
		struct parent parent;

		if (read_parent(object_item(parents, i), ns, &parent))
			r = add_parent(item, kind, ns, &parent, found, err);
	}
	return r;
}

int http_route_read(struct json_object *item,
		    const struct domain_objects *objects, struct found *found,
		    struct error *err)
{
	(void)objects;
	return read_route(item, "HTTPRoute", "HTTP", found, err);
}

int grpc_route_read(struct json_object *item,
		    const struct domain_objects *objects, struct found *found,
		    struct error *err)
{
	(void)objects;
	return read_route(item, "GRPCRoute", "GRPC", found, err);
}
