/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which lists a job's domains_from means. Each list of one kind in one
 * namespace is read, fails and is remembered by itself; what is in the objects
 * is their readers' to say.
 */
#include <config.h>

#include "discovery/domain_lists.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "discovery/certificates.h"
#include "discovery/domains_file.h"
#include "discovery/gateways.h"
#include "discovery/ingresses.h"
#include "discovery/ingressroutes.h"
#include "discovery/names.h"

/* --- Objects -------------------------------------------------------------- */

struct object_kind {
	enum discovery_source source;
	const char *what; /* in messages */
	const char *api;
	const char *resource;
	const char *kind;
	int (*read)(struct json_object *item,
		    const struct domain_objects *objects, struct found *found,
		    struct error *err);
};

static const struct object_kind ingress = {
	SOURCE_INGRESSES, "ingresses", "/apis/networking.k8s.io/v1",
	"ingresses",	  "Ingress",   ingress_read,
};
static const struct object_kind ingress_class = {
	SOURCE_INGRESSES, "ingressclasses", "/apis/networking.k8s.io/v1",
	"ingressclasses", "IngressClass",   ingress_class_read,
};
static const struct object_kind gateway_kinds[] = {
	{ SOURCE_GATEWAYS, "gateways", "/apis/gateway.networking.k8s.io/v1",
	  "gateways", "Gateway", gateway_read },
	{ SOURCE_GATEWAYS, "httproutes", "/apis/gateway.networking.k8s.io/v1",
	  "httproutes", "HTTPRoute", http_route_read },
	{ SOURCE_GATEWAYS, "grpcroutes", "/apis/gateway.networking.k8s.io/v1",
	  "grpcroutes", "GRPCRoute", grpc_route_read },
};
/* Traefik 2.10 and 2.11 know both groups, others one. */
static const struct object_kind ingressroute_kinds[] = {
	{ SOURCE_INGRESSROUTES, "ingressroutes.traefik.io",
	  "/apis/traefik.io/v1alpha1", "ingressroutes", "IngressRoute",
	  ingressroute_read },
	{ SOURCE_INGRESSROUTES, "ingressroutes.traefik.containo.us",
	  "/apis/traefik.containo.us/v1alpha1", "ingressroutes", "IngressRoute",
	  ingressroute_read },
};
static const struct object_kind certificate = {
	SOURCE_CERTIFICATES, "certificates", "/apis/cert-manager.io/v1",
	"certificates",	     "Certificate",  certificate_object_read,
};

/* The objects of a kind in one namespace. */
struct object_list {
	struct api *api;
	const struct object_kind *kind;
	const struct domain_objects *objects;
	const char *ns; /* NULL: all */
	struct found *found;
};

static int on_object(void *data, struct json_object *item, struct error *err)
{
	struct object_list *list = data;

	return list->kind->read(item, list->objects, list->found, err);
}

static size_t mark(void *data)
{
	struct object_list *list = data;

	return list->found->names.count;
}

static void rewind_to(void *data, size_t mark)
{
	struct object_list *list = data;

	found_truncate(list->found, 0, mark);
}

static int read_objects(void *data, struct found *found, struct error *err)
{
	struct object_list *list = data;
	const struct list_sink sink = { on_object, mark, rewind_to, list };
	const struct kube_list wanted = {
		.api = list->kind->api,
		.resource = list->kind->resource,
		.kind = list->kind->kind,
		.ns = list->ns,
		.labels = list->objects->labels,
	};

	list->found = found;
	return api_list(list->api, &wanted, &sink, err);
}

/* How long the list of `key` need not be read again: the configured time, up
 * to a tenth less or more. It is another for each host and list, so that they
 * drift apart, and always the same for one (FNV-1a of both). */
static int64_t choose_fresh_ms(const struct config *config, const char *key)
{
	char host[HOST_NAME_MAX + 1] = "";
	const char *const texts[] = { host, key };
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	(void)gethostname(host, sizeof(host) - 1);
	for (size_t i = 0; i < 2; i++)
		for (const char *c = texts[i]; *c != '\0'; c++)
			hash = (hash ^ (unsigned char)*c) *
			       UINT64_C(0x100000001b3);
	return config->refresh_ms * (900 + (int64_t)(hash % 201)) / 1000;
}

/* The objects of `kind` in one namespace, or in all for NULL. */
static int list_namespace(struct lister *lister, struct job_discovery *job,
			  const struct object_kind *kind,
			  const struct domain_objects *objects, const char *ns,
			  struct found *found, struct error *err)
{
	CLEANUP(cleanup_free) char *what = NULL;
	CLEANUP(cleanup_free) char *key = NULL;
	struct object_list list = { &lister->api, kind, objects, ns, NULL };
	struct list_part part = {
		.source = kind->source,
		.ns = ns,
		.read = read_objects,
		.data = &list,
	};
	int r;

	if (asprintf(&what, "list %s%s%s%s", kind->what,
		     ns == NULL ? "" : " in namespace '", ns == NULL ? "" : ns,
		     ns == NULL ? "" : "'") < 0) {
		what = NULL;
		return error_memory(err);
	}
	r = lister_key(lister, &key, err,
		       "%s api=%s ns=%s labels=%s class=%s all_hosts=%d",
		       kind->resource, kind->api, ns == NULL ? "*" : ns,
		       objects->labels == NULL ? "" : objects->labels,
		       objects->class == NULL ? "" : objects->class,
		       objects->all_hosts);
	if (r < 0)
		return r;
	part.what = what;
	part.key = key;
	part.fresh_ms = choose_fresh_ms(lister->api.config, key);
	return lister_list(lister, job, &part, found, NULL, err);
}

/* The objects of `kind` in all namespaces that are asked for. */
static int list_objects(struct lister *lister, struct job_discovery *job,
			const struct object_kind *kind,
			const struct domain_objects *objects,
			struct found *found, struct error *err)
{
	const struct string_vector *namespaces = &objects->namespaces;
	int r = 0;

	if (string_vector_has(namespaces, "*"))
		return list_namespace(lister, job, kind, objects, NULL, found,
				      err);
	for (size_t i = 0; r == 0 && i < namespaces->count; i++)
		r = list_namespace(lister, job, kind, objects,
				   namespaces->items[i], found, err);
	return r;
}

/* --- Sources -------------------------------------------------------------- */

/* What needs several lists, once they are read. */
struct joint {
	const struct found *listed;
	bool is_default; /* class of ingresses */
};

static int take_ingresses(void *data, struct found *found, struct error *err)
{
	const struct joint *joint = data;

	return ingresses_take(joint->listed, joint->is_default, found, err);
}

static int join_gateways(void *data, struct found *found, struct error *err)
{
	const struct joint *joint = data;

	return gateways_join(joint->listed, found, err);
}

/* Whether the class asked for is the cluster's default. */
static int find_default(struct lister *lister, struct job_discovery *job,
			const char *class, bool *ret_is_default,
			struct error *err)
{
	static const struct domain_objects all = { 0 };
	CLEANUP(found_free) struct found classes = { 0 };
	int r = list_namespace(lister, job, &ingress_class, &all, NULL,
			       &classes, err);

	if (r < 0)
		return r;
	*ret_is_default = false;
	for (size_t i = 0; i < classes.names.count; i++)
		*ret_is_default |=
			strcmp(classes.names.items[i].text, class) == 0;
	return 0;
}

static int list_ingresses(struct lister *lister, struct job_discovery *job,
			  struct found *found, struct error *err)
{
	const struct domain_objects *objects =
		&job->job->domains_from.ingresses;
	CLEANUP(found_free) struct found listed = { 0 };
	struct joint joint = { .listed = &listed };
	const struct list_part part = {
		.source = SOURCE_INGRESSES,
		.what = "take the hosts of ingresses",
		.read = take_ingresses,
		.data = &joint,
	};
	int r = list_objects(lister, job, &ingress, objects, &listed, err);

	if (r == 0 && objects->class != NULL && ingresses_need_default(&listed))
		r = find_default(lister, job, objects->class, &joint.is_default,
				 err);
	/* Nothing known is nothing listed, which this must not look like. */
	if (r < 0 || listed.names.count == 0)
		return r;
	return lister_list(lister, job, &part, found, NULL, err);
}

static int list_gateways(struct lister *lister, struct job_discovery *job,
			 struct found *found, struct error *err)
{
	const struct domain_objects *objects = &job->job->domains_from.gateways;
	CLEANUP(found_free) struct found listed = { 0 };
	struct joint joint = { .listed = &listed };
	const struct list_part part = {
		.source = SOURCE_GATEWAYS,
		.what = "take the hostnames of gateways and routes",
		.read = join_gateways,
		.data = &joint,
	};
	size_t count = sizeof(gateway_kinds) / sizeof(gateway_kinds[0]);
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = list_objects(lister, job, &gateway_kinds[i], objects,
				 &listed, err);
	/* Nothing known is nothing listed, which this must not look like. */
	if (r < 0 || listed.names.count == 0)
		return r;
	return lister_list(lister, job, &part, found, NULL, err);
}

static int list_ingressroutes(struct lister *lister, struct job_discovery *job,
			      struct found *found, struct error *err)
{
	size_t count =
		sizeof(ingressroute_kinds) / sizeof(ingressroute_kinds[0]);
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = list_objects(lister, job, &ingressroute_kinds[i],
				 &job->job->domains_from.ingressroutes, found,
				 err);
	return r;
}

static int read_file(void *data, struct found *found, struct error *err)
{
	return domains_file_read(data, found, err);
}

static int list_file(struct lister *lister, struct job_discovery *job,
		     struct found *found, struct error *err)
{
	CLEANUP(cleanup_free) char *key = NULL;
	struct list_part part = {
		.source = SOURCE_FILE,
		.what = "read the list of domains",
		.read = read_file,
		.data = job->job->domains_from.file,
	};

	/* Not by lister_key(): the file does not depend on the API. */
	if (asprintf(&key, "domains file=%s", job->job->domains_from.file) <
	    0) {
		key = NULL;
		return error_memory(err);
	}
	part.key = key;
	return lister_list(lister, job, &part, found, NULL, err);
}

int domain_lists_read(struct lister *lister, struct job_discovery *job,
		      struct found *found, struct error *err)
{
	const struct domains_from *from = &job->job->domains_from;
	int r = 0;

	if (from->file != NULL)
		r = list_file(lister, job, found, err);
	if (r == 0 && from->ingresses.is_used)
		r = list_ingresses(lister, job, found, err);
	if (r == 0 && from->gateways.is_used)
		r = list_gateways(lister, job, found, err);
	if (r == 0 && from->ingressroutes.is_used)
		r = list_ingressroutes(lister, job, found, err);
	if (r == 0 && from->certificates.is_used)
		r = list_objects(lister, job, &certificate, &from->certificates,
				 found, err);
	return r;
}
