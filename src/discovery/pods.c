/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pods as json-c objects. Nothing is taken for granted: a member may be
 * missing or of any type, a list may come from anywhere.
 */
#include <config.h>

#include "discovery/pods.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "discovery/object.h"

#define NAMESPACE_DEFAULT "default"
#define ADDRESSES_MAX 2 /* of a pod: one of each family */
/* Gateway API, GEP-1762 */
#define GATEWAY_LABEL "gateway.networking.k8s.io/gateway-name"

static bool is_ready(struct json_object *status)
{
	struct json_object *conditions = object_member(status, "conditions");

	for (size_t i = 0; i < object_count(conditions); i++) {
		struct json_object *condition = object_item(conditions, i);

		if (object_text_is(condition, "type", "Ready"))
			return object_text_is(condition, "status", "True");
	}
	return false;
}

/* The addresses to probe: the one at `key` (else the first of the list at
 * `list_key`), or each of the list. Their number. */
static size_t read_addresses(struct json_object *status,
			     const struct job_config *job,
			     struct address addresses[ADDRESSES_MAX])
{
	bool is_host = job->address == JOB_ADDRESS_HOST;
	const char *text = object_text(status, is_host ? "hostIP" : "podIP");
	struct json_object *list =
		object_member(status, is_host ? "hostIPs" : "podIPs");
	size_t count = 0;

	for (size_t i = 0; job->families == FAMILIES_ALL &&
			   i < object_count(list) && count < ADDRESSES_MAX;
	     i++) {
		const char *item = object_text(object_item(list, i), "ip");

		if (item != NULL && address_parse(item, &addresses[count]) &&
		    (count == 0 ||
		     addresses[count].family != addresses[0].family))
			count++;
	}
	if (count > 0)
		return count;
	if (text == NULL || *text == '\0')
		text = object_text(object_item(list, 0), "ip");
	return text != NULL && address_parse(text, &addresses[0]) ? 1 : 0;
}

/* The number of the port that the container calls by the job's name, 0 if it
 * has none. */
static uint16_t find_port(struct json_object *container,
			  const struct job_config *job)
{
	struct json_object *ports = object_member(container, "ports");

	for (size_t i = 0; i < object_count(ports); i++) {
		struct json_object *port = object_item(ports, i);
		uint16_t number = 0;

		/* A name may stand for the same number in UDP (HTTP/3). */
		if (!object_text_is(port, "name", job->port) ||
		    (object_member(port, "protocol") != NULL &&
		     !object_text_is(port, "protocol", "TCP")))
			continue;
		if (job->address == JOB_ADDRESS_HOST)
			number = object_port(port, "hostPort");
		if (number == 0)
			number = object_port(port, "containerPort");
		if (number != 0)
			return number;
	}
	return 0;
}

/* The port to connect to, 0 if the pod has no such. */
static uint16_t read_port(struct json_object *spec,
			  const struct job_config *job)
{
	struct json_object *containers = object_member(spec, "containers");
	struct json_object *sidecars = object_member(spec, "initContainers");
	uint16_t number = job->port_number;

	for (size_t i = 0; number == 0 && i < object_count(containers); i++)
		number = find_port(object_item(containers, i), job);
	/* An init container that goes on running is a sidecar. */
	for (size_t i = 0; number == 0 && i < object_count(sidecars); i++) {
		struct json_object *container = object_item(sidecars, i);

		if (object_text_is(container, "restartPolicy", "Always"))
			number = find_port(container, job);
	}
	return number;
}

/* Whether the pod is to be probed, where, or why not. The number of
 * addresses, 0 if it is skipped. */
static size_t judge(struct json_object *item, const struct job_config *job,
		    struct pod_facts *facts,
		    struct address addresses[ADDRESSES_MAX])
{
	struct json_object *metadata = object_member(item, "metadata");
	struct json_object *status = object_member(item, "status");
	size_t count = 0;

	facts->is_skipped = true;
	if (!object_text_is(status, "phase", "Running")) {
		facts->skip = POD_NOT_RUNNING;
	} else if (object_member(metadata, "deletionTimestamp") != NULL) {
		facts->skip = POD_TERMINATING;
	} else if (!job->unready && !is_ready(status)) {
		facts->skip = POD_NOT_READY;
	} else if ((count = read_addresses(status, job, addresses)) == 0) {
		facts->skip = POD_NO_ADDRESS;
	} else {
		facts->port = read_port(object_member(item, "spec"), job);
		facts->skip = POD_NO_SUCH_PORT;
		facts->is_skipped = facts->port == 0;
	}
	return facts->is_skipped ? 0 : count;
}

int gateway_of_labels(struct json_object *item, const char *ns,
		      char **ret_gateway, struct error *err)
{
	struct json_object *labels =
		object_member(object_member(item, "metadata"), "labels");
	const char *name = object_text(labels, GATEWAY_LABEL);

	*ret_gateway = NULL;
	if (name == NULL || *name == '\0')
		return 0;
	if (asprintf(ret_gateway, "%s/%.*s", ns, OBJECT_NAME_MAX, name) < 0) {
		*ret_gateway = NULL;
		return error_memory(err);
	}
	return 0;
}

/* One entry of `found` for each address; or one without any. */
static int add_all(const struct pod_facts *facts,
		   const struct address *addresses, size_t count,
		   struct found *found, struct error *err)
{
	for (size_t i = 0; i == 0 || i < count; i++) {
		struct pod_facts copy = *facts;
		int r;

		copy.ns = strdup(facts->ns);
		copy.name = strdup(facts->name);
		copy.gateway =
			facts->gateway == NULL ? NULL : strdup(facts->gateway);
		if (count > 0)
			copy.address = addresses[i];
		if (copy.ns == NULL || copy.name == NULL ||
		    (facts->gateway != NULL && copy.gateway == NULL)) {
			pod_facts_free(&copy);
			return error_memory(err);
		}
		r = found_add_pod(found, copy, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int pod_read(struct json_object *item, const struct job_config *job,
	     struct found *found, struct error *err)
{
	CLEANUP(pod_facts_free) struct pod_facts facts = { 0 };
	struct address addresses[ADDRESSES_MAX];
	size_t count;
	int r = object_check_kind(item, "Pod", err);

	if (r == 0)
		r = object_name(item, "name", &facts.name, err);
	if (r < 0)
		return r;
	if (facts.name == NULL)
		return error_set(err, ERROR_INVALID, "has no metadata.name");
	r = object_name(item, "namespace", &facts.ns, err);
	if (r < 0)
		return r;
	/* As kubectl takes a manifest that names none. */
	if (facts.ns == NULL && (facts.ns = strdup(NAMESPACE_DEFAULT)) == NULL)
		return error_memory(err);
	r = gateway_of_labels(item, facts.ns, &facts.gateway, err);
	if (r < 0)
		return r;
	count = judge(item, job, &facts, addresses);
	return add_all(&facts, addresses, count, found, err);
}
