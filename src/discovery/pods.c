/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pods as json-c objects. Nothing is taken for granted: a member may be
 * missing or of any type, a list may come from anywhere.
 */
#include <config.h>

#include "discovery/pods.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define NAME_MAX_BYTES 253 /* RFC 1123 subdomains, as Kubernetes has names */
#define NAMESPACE_DEFAULT "default"

static const char *const skip_names[] = {
	[POD_NOT_RUNNING] = "not_running",   [POD_TERMINATING] = "terminating",
	[POD_NOT_READY] = "not_ready",	     [POD_NO_ADDRESS] = "no_address",
	[POD_NO_SUCH_PORT] = "no_such_port",
};
static_assert(sizeof(skip_names) / sizeof(skip_names[0]) == POD_SKIP_COUNT,
	      "a name for each reason");

const char *pod_skip_name(enum pod_skip skip)
{
	return skip_names[skip];
}

/* A member of an object, NULL if it is not there, null, or `object` is none. */
static struct json_object *member_of(struct json_object *object,
				     const char *key)
{
	struct json_object *value = NULL;

	(void)json_object_object_get_ex(object, key, &value);
	return value;
}

/* A text of an object, NULL if it is not there or none. It ends at a NUL. */
static const char *text_of(struct json_object *object, const char *key)
{
	struct json_object *value = member_of(object, key);

	if (json_object_get_type(value) != json_type_string)
		return NULL;
	return json_object_get_string(value);
}

static bool text_is(struct json_object *object, const char *key,
		    const char *text)
{
	const char *found = text_of(object, key);

	return found != NULL && strcmp(found, text) == 0;
}

/* The number of items of an array, 0 if it is none. */
static size_t count_of(struct json_object *array)
{
	if (json_object_get_type(array) != json_type_array)
		return 0;
	return json_object_array_length(array);
}

/* metadata.`key` as a clean name; NULL if it is not there or empty. */
static int read_name(struct json_object *metadata, const char *key,
		     char **ret_name, struct error *err)
{
	struct json_object *value = member_of(metadata, key);
	size_t size;

	*ret_name = NULL;
	if (value == NULL)
		return 0;
	if (json_object_get_type(value) != json_type_string)
		return error_set(err, ERROR_INVALID,
				 "metadata.%s is not a text", key);
	size = (size_t)json_object_get_string_len(value);
	if (size > NAME_MAX_BYTES)
		return error_set(err, ERROR_INVALID,
				 "metadata.%s has more than %d bytes", key,
				 NAME_MAX_BYTES);
	if (size == 0)
		return 0;
	*ret_name =
		text_clean(json_object_get_string(value), size, NAME_MAX_BYTES);
	return *ret_name == NULL ? error_memory(err) : 0;
}

static bool is_ready(struct json_object *status)
{
	struct json_object *conditions = member_of(status, "conditions");

	for (size_t i = 0; i < count_of(conditions); i++) {
		struct json_object *condition =
			json_object_array_get_idx(conditions, i);

		if (text_is(condition, "type", "Ready"))
			return text_is(condition, "status", "True");
	}
	return false;
}

/* The address at `key`, else the first of the list at `list_key`. */
static bool read_address(struct json_object *status, const char *key,
			 const char *list_key, struct address *ret_address)
{
	const char *text = text_of(status, key);
	struct json_object *list = member_of(status, list_key);

	if ((text == NULL || *text == '\0') && count_of(list) > 0)
		text = text_of(json_object_array_get_idx(list, 0), "ip");
	return text != NULL && address_parse(text, ret_address);
}

/* A port number of an object, 0 if there is none. */
static uint16_t port_of(struct json_object *object, const char *key)
{
	struct json_object *value = member_of(object, key);
	int64_t number;

	if (json_object_get_type(value) != json_type_int)
		return 0;
	number = json_object_get_int64(value);
	return number > 0 && number <= UINT16_MAX ? (uint16_t)number : 0;
}

/* The number of the port that the container calls by the job's name, 0 if it
 * has none. */
static uint16_t find_port(struct json_object *container,
			  const struct job_config *job)
{
	struct json_object *ports = member_of(container, "ports");

	for (size_t i = 0; i < count_of(ports); i++) {
		struct json_object *port = json_object_array_get_idx(ports, i);
		uint16_t number = 0;

		/* A name may stand for the same number in UDP (HTTP/3). */
		if (!text_is(port, "name", job->port) ||
		    (member_of(port, "protocol") != NULL &&
		     !text_is(port, "protocol", "TCP")))
			continue;
		if (job->address == JOB_ADDRESS_HOST)
			number = port_of(port, "hostPort");
		if (number == 0)
			number = port_of(port, "containerPort");
		if (number != 0)
			return number;
	}
	return 0;
}

/* The port to connect to, 0 if the pod has no such. */
static uint16_t read_port(struct json_object *spec,
			  const struct job_config *job)
{
	struct json_object *containers = member_of(spec, "containers");
	struct json_object *sidecars = member_of(spec, "initContainers");
	uint16_t number = job->port_number;

	for (size_t i = 0; number == 0 && i < count_of(containers); i++)
		number = find_port(json_object_array_get_idx(containers, i),
				   job);
	/* An init container that goes on running is a sidecar. */
	for (size_t i = 0; number == 0 && i < count_of(sidecars); i++) {
		struct json_object *container =
			json_object_array_get_idx(sidecars, i);

		if (text_is(container, "restartPolicy", "Always"))
			number = find_port(container, job);
	}
	return number;
}

/* Whether the pod is to be probed, where, or why not. */
static void judge(struct json_object *item, const struct job_config *job,
		  struct pod_facts *facts)
{
	struct json_object *metadata = member_of(item, "metadata");
	struct json_object *status = member_of(item, "status");
	bool is_host = job->address == JOB_ADDRESS_HOST;

	facts->is_skipped = true;
	if (!text_is(status, "phase", "Running")) {
		facts->skip = POD_NOT_RUNNING;
	} else if (member_of(metadata, "deletionTimestamp") != NULL) {
		facts->skip = POD_TERMINATING;
	} else if (!job->unready && !is_ready(status)) {
		facts->skip = POD_NOT_READY;
	} else if (!read_address(status, is_host ? "hostIP" : "podIP",
				 is_host ? "hostIPs" : "podIPs",
				 &facts->address)) {
		facts->skip = POD_NO_ADDRESS;
	} else {
		facts->port = read_port(member_of(item, "spec"), job);
		facts->skip = POD_NO_SUCH_PORT;
		facts->is_skipped = facts->port == 0;
	}
}

int pod_read(struct json_object *item, const struct job_config *job,
	     struct pod_facts *ret_facts, struct error *err)
{
	CLEANUP(cleanup_free) char *ns = NULL;
	CLEANUP(cleanup_free) char *name = NULL;
	struct json_object *metadata = member_of(item, "metadata");
	struct json_object *kind = member_of(item, "kind");
	struct pod_facts facts = { 0 };
	int r;

	if (json_object_get_type(item) != json_type_object)
		return error_set(err, ERROR_INVALID, "is not an object");
	/* Items of a PodList have no kind, those of a List have. */
	if (kind != NULL && !text_is(item, "kind", "Pod"))
		return error_set(err, ERROR_INVALID,
				 "is not a Pod: its kind is '%.64s'",
				 json_object_get_string(kind));
	r = read_name(metadata, "name", &name, err);
	if (r < 0)
		return r;
	if (name == NULL)
		return error_set(err, ERROR_INVALID, "has no metadata.name");
	r = read_name(metadata, "namespace", &ns, err);
	if (r < 0)
		return r;
	/* As kubectl takes a manifest that names none. */
	if (ns == NULL && (ns = strdup(NAMESPACE_DEFAULT)) == NULL)
		return error_memory(err);
	judge(item, job, &facts);
	facts.ns = TAKE(ns);
	facts.name = TAKE(name);
	*ret_facts = facts;
	return 0;
}

void pod_vector_free(struct pod_vector *v)
{
	for (size_t i = 0; i < v->count; i++) {
		free(v->items[i].ns);
		free(v->items[i].name);
	}
	pod_vector_clear(v);
}
