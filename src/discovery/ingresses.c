/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hosts of Ingresses, as the Kubernetes API reference defines them.
 */
#include <config.h>

#include "discovery/ingresses.h"

#include <stdio.h>
#include <string.h>

#include "discovery/names.h"
#include "discovery/object.h"

/* Before ingressClassName there was this; controllers still honour it. */
#define CLASS_ANNOTATION "kubernetes.io/ingress.class"
#define DEFAULT_ANNOTATION "ingressclass.kubernetes.io/is-default-class"
#define MARK '?' /* no host begins with it */

/* Whose an Ingress is. */
enum ownership {
	OWNED,
	OWNED_BY_OTHERS,
	OWNED_BY_DEFAULT, /* class */
};

static enum ownership find_owner(struct json_object *item,
				 const struct domain_objects *objects)
{
	struct json_object *annotations =
		object_member(object_member(item, "metadata"), "annotations");
	const char *class = name_text(
		object_member(object_member(item, "spec"), "ingressClassName"));

	if (objects->class == NULL)
		return OWNED;
	if (class == NULL)
		class = name_text(object_member(annotations, CLASS_ANNOTATION));
	if (class == NULL)
		return OWNED_BY_DEFAULT;
	return strcmp(class, objects->class) == 0 ? OWNED : OWNED_BY_OTHERS;
}

static int add_host(const char *host, enum ownership owner, struct found *found,
		    struct error *err)
{
	char marked[FOUND_TEXT_MAX + 1];

	if (owner == OWNED)
		return found_add_name(found, host, NULL, 0, err);
	if (strlen(host) + 1 > FOUND_TEXT_MAX)
		return 0;
	(void)snprintf(marked, sizeof(marked), "%c%s", MARK, host);
	return found_add_name(found, marked, NULL, 0, err);
}

/* *ret_wants_rules is set if an entry names no host: it "defaults to the
 * wildcard host setting" of the controller (API reference, IngressTLS), so its
 * certificate is for whatever hosts the rules have. */
static int add_tls_hosts(struct json_object *spec, enum ownership owner,
			 struct found *found, bool *ret_wants_rules,
			 struct error *err)
{
	struct json_object *tls = object_member(spec, "tls");
	bool wants_rules = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < object_count(tls); i++) {
		struct json_object *entry = object_item(tls, i);
		struct json_object *hosts = object_member(entry, "hosts");
		bool has_host = false;

		for (size_t j = 0; r == 0 && j < object_count(hosts); j++) {
			const char *host = name_text(object_item(hosts, j));

			if (host == NULL)
				continue;
			has_host = true;
			r = add_host(host, owner, found, err);
		}
		if (json_object_get_type(entry) == json_type_object)
			wants_rules |= !has_host;
	}
	*ret_wants_rules = wants_rules;
	return r;
}

static int add_rule_hosts(struct json_object *spec, enum ownership owner,
			  struct found *found, struct error *err)
{
	struct json_object *rules = object_member(spec, "rules");
	int r = 0;

	for (size_t i = 0; r == 0 && i < object_count(rules); i++) {
		const char *host =
			name_text(object_member(object_item(rules, i), "host"));

		if (host != NULL)
			r = add_host(host, owner, found, err);
	}
	return r;
}

int ingress_read(struct json_object *item, const struct domain_objects *objects,
		 struct found *found, struct error *err)
{
	struct json_object *spec = object_member(item, "spec");
	enum ownership owner;
	bool wants_rules;
	int r = object_check_kind(item, "Ingress", err);

	if (r < 0)
		return r;
	owner = find_owner(item, objects);
	if (owner == OWNED_BY_OTHERS)
		return 0;
	r = add_tls_hosts(spec, owner, found, &wants_rules, err);
	if (r == 0 && (wants_rules || objects->all_hosts))
		r = add_rule_hosts(spec, owner, found, err);
	return r;
}

int ingress_class_read(struct json_object *item,
		       const struct domain_objects *objects,
		       struct found *found, struct error *err)
{
	struct json_object *metadata = object_member(item, "metadata");
	const char *name = name_text(object_member(metadata, "name"));
	int r = object_check_kind(item, "IngressClass", err);

	(void)objects;
	if (r < 0)
		return r;
	if (name == NULL ||
	    !object_text_is(object_member(metadata, "annotations"),
			    DEFAULT_ANNOTATION, "true"))
		return 0;
	return found_add_name(found, name, NULL, 0, err);
}

bool ingresses_need_default(const struct found *listed)
{
	for (size_t i = 0; i < listed->names.count; i++)
		if (listed->names.items[i].text[0] == MARK)
			return true;
	return false;
}

int ingresses_take(const struct found *listed, bool is_default,
		   struct found *found, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < listed->names.count; i++) {
		const char *text = listed->names.items[i].text;
		bool is_marked = text[0] == MARK;

		if (is_default || !is_marked)
			r = found_add_name(found, text + is_marked, NULL, 0,
					   err);
	}
	return r;
}
