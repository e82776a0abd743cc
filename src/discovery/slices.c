/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EndpointSlices as json-c objects. Nothing is taken for granted: anybody who
 * may write slices can write one by hand.
 */
#include <config.h>

#include "discovery/slices.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "discovery/object.h"
#include "discovery/pods.h"

#define SERVICE_LABEL "kubernetes.io/service-name"

struct slice_list {
	struct api *api;
	const struct job_config *job;
	const char *labels; /* selector */
	struct found *found;
};

static bool is_true(struct json_object *object, const char *key)
{
	struct json_object *value = object_member(object, key);

	return json_object_get_type(value) == json_type_boolean &&
	       json_object_get_boolean(value);
}

/* The number that a port of the slice has for the job, 0 if it is another. */
static uint16_t match_port(struct json_object *port,
			   const struct job_config *job)
{
	uint16_t number = object_port(port, "port");

	/* A name may stand for the same number in UDP (HTTP/3). */
	if (object_member(port, "protocol") != NULL &&
	    !object_text_is(port, "protocol", "TCP"))
		return 0;
	if (job->port_number == 0)
		return object_text_is(port, "name", job->port) ? number : 0;
	return number == job->port_number ? number : 0;
}

/* The port to connect to, 0 if the slice has no such. */
static uint16_t read_port(struct json_object *slice,
			  const struct job_config *job)
{
	struct json_object *ports = object_member(slice, "ports");
	uint16_t number = 0;

	for (size_t i = 0; number == 0 && i < object_count(ports); i++)
		number = match_port(object_item(ports, i), job);
	return number;
}

/* The API: what does not say whether it is ready is to be taken as ready. */
static bool is_ready(struct json_object *conditions)
{
	return object_member(conditions, "ready") == NULL ||
	       is_true(conditions, "ready");
}

/* Whether the endpoint is to be probed, and where, or why not. `serving` is
 * what `ready` says, but for what is terminating. */
static void judge(struct json_object *endpoint, const char *address,
		  uint16_t port, const struct job_config *job,
		  struct pod_facts *facts)
{
	struct json_object *conditions = object_member(endpoint, "conditions");

	facts->is_skipped = true;
	if (is_true(conditions, "terminating")) {
		facts->skip = POD_TERMINATING;
	} else if (!job->unready && !is_ready(conditions)) {
		facts->skip = POD_NOT_READY;
	} else if (address == NULL ||
		   !address_parse(address, &facts->address)) {
		facts->skip = POD_NO_ADDRESS;
	} else {
		facts->port = port;
		facts->skip = POD_NO_SUCH_PORT;
		facts->is_skipped = port == 0;
	}
}

/* A copy of the name at `key`, `other` if there is none that can be one. */
static int copy_name(struct json_object *ref, const char *key,
		     const char *other, char **ret_name, struct error *err)
{
	const char *text = object_text(ref, key);
	size_t size = text == NULL ? 0 : strlen(text);

	if (size == 0 || size > OBJECT_NAME_MAX) {
		text = other;
		size = strlen(other);
	}
	*ret_name = text_clean(text, size, OBJECT_NAME_MAX);
	return *ret_name == NULL ? error_memory(err) : 0;
}

/* What the endpoint is called: the pod that it is, else its address. */
static int read_names(struct json_object *endpoint, const char *address,
		      const struct job_config *job, struct pod_facts *facts,
		      struct error *err)
{
	struct json_object *ref = object_member(endpoint, "targetRef");
	char canonical[ADDRESS_TEXT_MAX];
	struct address parsed;
	int r;

	if (address == NULL) {
		address = "";
	} else if (address_parse(address, &parsed)) {
		address_format(&parsed, canonical);
		address = canonical;
	}
	if (!object_text_is(ref, "kind", "Pod") ||
	    object_text(ref, "name") == NULL)
		ref = NULL;
	r = copy_name(ref, "namespace", job->service_ns, &facts->ns, err);
	if (r == 0)
		r = copy_name(ref, "name", address, &facts->name, err);
	return r;
}

static int read_endpoint(struct json_object *endpoint, uint16_t port,
			 const char *gateway, const struct slice_list *list,
			 struct error *err)
{
	CLEANUP(pod_facts_free) struct pod_facts facts = { 0 };
	struct pod_facts whole;
	/* The API: only the first of them counts. */
	struct json_object *first =
		object_item(object_member(endpoint, "addresses"), 0);
	const char *address = json_object_get_type(first) == json_type_string ?
				      json_object_get_string(first) :
				      NULL;
	int r = read_names(endpoint, address, list->job, &facts, err);

	if (r < 0)
		return r;
	if (gateway != NULL && (facts.gateway = strdup(gateway)) == NULL)
		return error_memory(err);
	judge(endpoint, address, port, list->job, &facts);
	whole = facts;
	facts = (struct pod_facts){ 0 };
	return found_add_pod(list->found, whole, err);
}

static int on_slice(void *data, struct json_object *item, struct error *err)
{
	const struct slice_list *list = data;
	CLEANUP(cleanup_free) char *gateway = NULL;
	struct json_object *endpoints = object_member(item, "endpoints");
	uint16_t port;
	int r = object_check_kind(item, "EndpointSlice", err);

	/* Names (FQDN) are deprecated, and nobody's to resolve. */
	if (r < 0 || (!object_text_is(item, "addressType", "IPv4") &&
		      !object_text_is(item, "addressType", "IPv6")))
		return r;
	/* The controller copies the Service's labels to its slices. */
	r = gateway_of_labels(item, list->job->service_ns, &gateway, err);
	port = read_port(item, list->job);
	for (size_t i = 0; r == 0 && i < object_count(endpoints); i++)
		r = read_endpoint(object_item(endpoints, i), port, gateway,
				  list, err);
	return r;
}

static size_t mark(void *data)
{
	const struct slice_list *list = data;

	return list->found->pods.count;
}

static void rewind_to(void *data, size_t mark)
{
	const struct slice_list *list = data;

	found_truncate(list->found, mark, 0);
}

static int read_slices(void *data, struct found *found, struct error *err)
{
	struct slice_list *list = data;
	const struct list_sink sink = { on_slice, mark, rewind_to, list };
	const struct kube_list wanted = {
		.api = "/apis/discovery.k8s.io/v1",
		.resource = "endpointslices",
		.kind = "EndpointSlice",
		.ns = list->job->service_ns,
		.labels = list->labels,
	};

	list->found = found;
	return api_list(list->api, &wanted, &sink, err);
}

int slices_read(struct lister *lister, struct job_discovery *job,
		struct found *found, struct string_vector *listed,
		struct error *err)
{
	const char *ns = job->job->service_ns;
	const char *name = job->job->service_name;
	CLEANUP(cleanup_free) char *labels = NULL;
	CLEANUP(cleanup_free) char *what = NULL;
	CLEANUP(cleanup_free) char *key = NULL;
	struct slice_list list = { &lister->api, job->job, NULL, NULL };
	struct list_part part = {
		.source = SOURCE_SERVICES,
		.ns = ns,
		.read = read_slices,
		.data = &list,
	};
	bool is_known;
	int r;

	if (asprintf(&labels, SERVICE_LABEL "=%s", name) < 0) {
		labels = NULL;
		return error_memory(err);
	}
	if (asprintf(&what, "list the endpoints of service '%s/%s'", ns, name) <
	    0) {
		what = NULL;
		return error_memory(err);
	}
	/* All families are read, whichever the job wants. */
	r = lister_key(lister, &key, err,
		       "endpointslices ns=%s service=%s port=%s unready=%d", ns,
		       name, job->job->port, job->job->unready);
	if (r < 0)
		return r;
	list.labels = labels;
	part.what = what;
	part.key = key;
	r = lister_list(lister, job, &part, found, &is_known, err);
	if (r == 0 && is_known)
		r = string_vector_add(listed, ns, err);
	return r;
}
