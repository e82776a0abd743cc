/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vectors of what was found.
 */
#include <config.h>

#include "discovery/found.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

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

bool pod_skip_of_name(const char *name, enum pod_skip *ret_skip)
{
	for (int s = 0; s < POD_SKIP_COUNT; s++) {
		if (strcmp(name, skip_names[s]) == 0) {
			*ret_skip = (enum pod_skip)s;
			return true;
		}
	}
	return false;
}

void pod_facts_free(struct pod_facts *facts)
{
	free(facts->ns);
	free(facts->name);
	free(facts->gateway);
	*facts = (struct pod_facts){ 0 };
}

static void found_name_free(struct found_name *name)
{
	free(name->text);
	free(name->gateway);
	*name = (struct found_name){ 0 };
}

static size_t text_bytes(const char *text)
{
	return text == NULL ? 0 : strlen(text) + 1;
}

static size_t pod_bytes(const struct pod_facts *pod)
{
	return text_bytes(pod->ns) + text_bytes(pod->name) +
	       text_bytes(pod->gateway);
}

static size_t name_bytes(const struct found_name *name)
{
	return text_bytes(name->text) + text_bytes(name->gateway);
}

static int check_bytes(const struct found *found, size_t more,
		       struct error *err)
{
	if (more <= FOUND_BYTES_MAX && found->bytes <= FOUND_BYTES_MAX - more)
		return 0;
	return error_set(err, ERROR_TOO_LARGE,
			 "more than %zu MB of names of pods and domains",
			 FOUND_BYTES_MAX / 1024 / 1024);
}

int found_add_pod(struct found *found, struct pod_facts facts,
		  struct error *err)
{
	int r = 0;

	if (found->pods.count == FOUND_PODS_MAX)
		r = error_set(err, ERROR_TOO_LARGE, "more than %d pods",
			      FOUND_PODS_MAX);
	if (r == 0)
		r = check_bytes(found, pod_bytes(&facts), err);
	if (r == 0)
		r = pod_facts_vector_append(&found->pods, facts, err);
	if (r < 0)
		pod_facts_free(&facts);
	else
		found->bytes += pod_bytes(&facts);
	return r;
}

int found_add_name(struct found *found, const char *text, const char *gateway,
		   int64_t not_before, struct error *err)
{
	struct found_name name = { .not_before = not_before };
	int r = 0;

	if (strlen(text) > FOUND_TEXT_MAX)
		return 0;
	if (found->names.count == FOUND_NAMES_MAX)
		return error_set(err, ERROR_TOO_LARGE, "more than %d names",
				 FOUND_NAMES_MAX);
	r = check_bytes(found, text_bytes(text) + text_bytes(gateway), err);
	if (r < 0)
		return r;
	name.text = strdup(text);
	if (gateway != NULL)
		name.gateway = strdup(gateway);
	if (name.text == NULL || (gateway != NULL && name.gateway == NULL))
		r = error_memory(err);
	if (r == 0)
		r = found_name_vector_append(&found->names, name, err);
	if (r < 0)
		found_name_free(&name);
	else
		found->bytes += name_bytes(&name);
	return r;
}

void found_truncate(struct found *found, size_t pods, size_t names)
{
	while (found->pods.count > pods) {
		struct pod_facts *pod = &found->pods.items[--found->pods.count];

		found->bytes -= pod_bytes(pod);
		pod_facts_free(pod);
	}
	while (found->names.count > names) {
		struct found_name *name =
			&found->names.items[--found->names.count];

		found->bytes -= name_bytes(name);
		found_name_free(name);
	}
}

int found_check_room(const struct found *found, const struct found *from,
		     struct error *err)
{
	if (from->pods.count > FOUND_PODS_MAX - found->pods.count)
		return error_set(err, ERROR_TOO_LARGE, "more than %d pods",
				 FOUND_PODS_MAX);
	if (from->names.count > FOUND_NAMES_MAX - found->names.count)
		return error_set(err, ERROR_TOO_LARGE, "more than %d names",
				 FOUND_NAMES_MAX);
	return check_bytes(found, from->bytes, err);
}

int found_append(struct found *found, struct found *from, struct error *err)
{
	int r = found_check_room(found, from, err);

	for (size_t i = 0; r == 0 && i < from->pods.count; i++) {
		r = pod_facts_vector_append(&found->pods, from->pods.items[i],
					    err);
		if (r == 0) {
			found->bytes += pod_bytes(&from->pods.items[i]);
			from->bytes -= pod_bytes(&from->pods.items[i]);
			from->pods.items[i] = (struct pod_facts){ 0 };
		}
	}
	for (size_t i = 0; r == 0 && i < from->names.count; i++) {
		r = found_name_vector_append(&found->names,
					     from->names.items[i], err);
		if (r == 0) {
			found->bytes += name_bytes(&from->names.items[i]);
			from->bytes -= name_bytes(&from->names.items[i]);
			from->names.items[i] = (struct found_name){ 0 };
		}
	}
	if (r == 0)
		found_free(from);
	return r;
}

void found_free(struct found *found)
{
	found_truncate(found, 0, 0);
	pod_facts_vector_clear(&found->pods);
	found_name_vector_clear(&found->names);
}
