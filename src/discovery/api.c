/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of pods for the jobs, and the way out of what can go wrong.
 */
#include <config.h>

#include "discovery/api.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "kube/list.h"
#include "kube/memory.h"

#define NODE_SELF "@self"

static int api_open(struct api *api, struct error *err)
{
	const struct config *config = api->config;
	int r;

	if (api->client != NULL)
		return 0;
	r = kube_memory_init(err);
	if (r < 0)
		return r;
	api->has_memory = true;
	r = kube_access_find(config->kubernetes.kubeconfig,
			     config->kubernetes.context, &api->access, err);
	if (r == 0)
		r = kube_access_node(&api->access, &api->own_node, err);
	if (r == 0)
		r = kube_client_open(&api->access, api->interrupt, &api->client,
				     err);
	return r;
}

void api_close(struct api *api)
{
	kube_client_close(api->client);
	kube_access_free(&api->access);
	free(api->own_node);
	if (api->has_memory)
		kube_memory_release();
	api->client = NULL;
	api->own_node = NULL;
	api->has_memory = false;
}

bool api_has_failed(const struct api *api)
{
	return api->failure.code != ERROR_NONE;
}

/* This host's name in lower case, as a kubelet calls its node unless told
 * otherwise. */
static int read_host_name(char **ret_name, struct error *err)
{
	char name[HOST_NAME_MAX + 1];

	if (gethostname(name, sizeof(name)) < 0)
		return error_set(err, ERROR_SYSTEM, "gethostname: %s",
				 strerror(errno));
	name[sizeof(name) - 1] = '\0';
	for (char *c = name; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	*ret_name = strdup(name);
	return *ret_name == NULL ? error_memory(err) : 0;
}

/* The node that the job means, "" for any. */
static int find_node(const struct api *api, const struct job_config *job,
		     char **ret_node, struct error *err)
{
	const char *node = job->node;

	if (strcmp(node, NODE_SELF) == 0 && api->own_node == NULL)
		return read_host_name(ret_node, err);
	if (strcmp(node, NODE_SELF) == 0)
		node = api->own_node;
	*ret_node = strdup(node);
	return *ret_node == NULL ? error_memory(err) : 0;
}

static int add_advice(const char *advice, struct error *err)
{
	return error_set(err, err->code, "%s; %s", err->message, advice);
}

/* A refusal: what to grant, or to ask instead. */
static int advise_forbidden(const struct api *api, const char *ns,
			    struct error *err)
{
	if (api->own_node != NULL)
		return error_set(err, err->code,
				 "%s; the credential of node '%s' may list the "
				 "pods of that node only: use --node=@self",
				 err->message, api->own_node);
	if (ns == NULL)
		return add_advice("grant it `list` on `pods` in all namespaces "
				  "(ClusterRole and ClusterRoleBinding)",
				  err);
	return error_set(err, err->code,
			 "%s; grant it `list` on `pods` in namespace \"%s\" "
			 "(Role and RoleBinding)",
			 err->message, ns);
}

static int advise(const struct api *api, const char *ns, struct error *err)
{
	if (err->code == ERROR_FORBIDDEN)
		return advise_forbidden(api, ns, err);
	if (err->code != ERROR_UNAUTHORIZED)
		return -(int)err->code;
	if (!kube_access_has_credential(&api->access))
		return error_set(err, err->code,
				 "%s says: %s; there is no credential in %s",
				 api->access.server, err->message,
				 api->access.source);
	return error_set(err, err->code,
			 "%s says: %s; check the credential in %s, it may have "
			 "expired",
			 api->access.server, err->message, api->access.source);
}

/* Whether another list would fail alike. One that took too long may be the
 * only one that does, while there is time for others. */
static bool is_general(const struct api *api, enum error_code code)
{
	if (code == ERROR_TIMEOUT)
		return mono_until(api->deadline) == 0;
	return code == ERROR_UNREACHABLE || code == ERROR_TLS ||
	       code == ERROR_UNAUTHORIZED;
}

int api_list_pods(struct api *api, const struct job_config *job, const char *ns,
		  struct pod_list *list, struct error *err)
{
	CLEANUP(cleanup_free) char *node = NULL;
	struct kube_list wanted = {
		.api = "/api/v1",
		.resource = "pods",
		.kind = "Pod",
		.ns = ns,
		.labels = job->labels,
	};
	int r;

	if (api_has_failed(api)) {
		*err = api->failure;
		return -(int)err->code;
	}
	r = api_open(api, err);
	if (r == 0)
		r = find_node(api, job, &node, err);
	if (r < 0) {
		api->failure = *err;
		return r;
	}
	wanted.node = node;
	r = kube_list_each(api->client, &wanted,
			   api->config->kubernetes.timeout_ms, api->deadline,
			   pod_list_add, list, err);
	if (r < 0) {
		kube_access_hide_token(&api->access, err);
		r = advise(api, ns, err);
	}
	if (r < 0 && is_general(api, err->code))
		api->failure = *err;
	return r;
}
