/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists for the jobs, and the way out of what can go wrong.
 */
#include <config.h>

#include "discovery/api.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "kube/list.h"
#include "kube/memory.h"

#define NODE_SELF "@self"
#define RESOURCE_NAME_MAX 128 /* bytes */
/* After so many lists in a row that were tried again in vain the next are not,
 * until one succeeds: the time is for those that do. */
#define IN_VAIN_MAX 3

static int api_find(struct api *api, struct error *err)
{
	const struct config *config = api->config;
	int r;

	if (api->access.server != NULL)
		return 0;
	r = kube_memory_init(err);
	if (r < 0)
		return r;
	api->has_memory = true;
	return kube_access_find(config->kubernetes.kubeconfig,
				config->kubernetes.context, &api->access, err);
}

int api_server(struct api *api, const char **ret_server, struct error *err)
{
	struct error unknown = { 0 };
	int r = api_find(api, &unknown);

	if (r == -ERROR_MEMORY) {
		*err = unknown;
		return r;
	}
	*ret_server = r < 0 ? NULL : api->access.server;
	return 0;
}

static int api_open(struct api *api, struct error *err)
{
	const struct config *config = api->config;
	int r;

	if (api->client != NULL)
		return 0;
	r = api_find(api, err);
	if (r == 0)
		r = kube_access_login(
			&api->access,
			mono_earlier(api->deadline,
				     mono_after(mono_now(),
						config->kubernetes.timeout_ms)),
			api->interrupt, err);
	if (r == 0)
		r = kube_access_node(&api->access, &api->own_node, err);
	if (r == 0)
		r = kube_client_open(&api->access, api->interrupt, &api->client,
				     err);
	return r;
}

/* A new string, NULL if out of memory. */
static char *name_source(const struct kube_access *access)
{
	char *text = NULL;

	if (access->context == NULL)
		return strdup(access->source);
	if (asprintf(&text, "context '%s' of %s", access->context,
		     access->source) < 0)
		return NULL;
	return text;
}

int api_identify(const struct api *api, struct api_identity *ret_identity,
		 struct error *err)
{
	const struct kube_access *access = &api->access;
	struct api_identity identity = { 0 };
	struct error unread = { 0 };

	/* Not asked, or by nobody that is known. */
	if (api->client == NULL)
		return 0;
	kube_client_server_dates(api->client, &identity.server_dates);
	/* A certificate that cannot be read has no dates; the login said so. */
	if (kube_access_client_dates(access, &identity.client_dates, &unread) ==
	    -ERROR_MEMORY)
		return error_memory(err);
	identity.server = strdup(access->server);
	identity.source = name_source(access);
	if (identity.server == NULL || identity.source == NULL) {
		free(identity.server);
		free(identity.source);
		return error_memory(err);
	}
	*ret_identity = identity;
	return 0;
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

/* "ingresses.networking.k8s.io", as roles and kubectl name it. */
static void name_resource(const struct kube_list *list, char *name, size_t size)
{
	const char *group = list->api;
	size_t length;

	group += strncmp(group, "/apis/", 6) == 0 ? 6 : strlen(group);
	length = strcspn(group, "/");
	(void)snprintf(name, size, "%s%s%.*s", list->resource,
		       length > 0 ? "." : "", (int)length, group);
}

/* A refusal: what to grant, or to ask instead. */
static int advise_forbidden(const struct api *api, const struct kube_list *list,
			    struct error *err)
{
	char resource[RESOURCE_NAME_MAX];

	/* A credential of a kind that the server does not look at: nobody is to
	 * be granted anything. */
	if (strstr(err->message, "\"system:anonymous\"") != NULL)
		return error_set(err, err->code, "%s; %s in %s", err->message,
				 kube_access_has_credential(&api->access) ?
					 "the server does not know the "
					 "credential" :
					 "there is no credential",
				 api->access.source);
	name_resource(list, resource, sizeof(resource));
	if (api->own_node != NULL && strcmp(list->resource, "pods") == 0)
		return error_set(err, err->code,
				 "%s; the credential of node '%s' may list the "
				 "pods of that node only: use --node=@self",
				 err->message, api->own_node);
	if (list->ns == NULL)
		return error_set(err, err->code,
				 "%s; grant it `list` on `%s` in all "
				 "namespaces (ClusterRole and "
				 "ClusterRoleBinding)",
				 err->message, resource);
	return error_set(err, err->code,
			 "%s; grant it `list` on `%s` in namespace \"%s\" "
			 "(Role and RoleBinding)",
			 err->message, resource, list->ns);
}

static int advise(const struct api *api, const struct kube_list *list,
		  struct error *err)
{
	if (err->code == ERROR_FORBIDDEN)
		return advise_forbidden(api, list, err);
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

/* Whether another list would fail alike. One that took too long to answer, or
 * whose answer broke, may be the only one that does, while there is time for
 * others. */
static bool is_general(const struct api *api, enum error_code code)
{
	const struct kube_answer *answer = kube_client_answer(api->client);

	if (code == ERROR_TIMEOUT)
		return mono_until(api->deadline) == 0 ||
		       (answer->status == 0 && !answer->is_connected);
	if (code == ERROR_UNREACHABLE && answer->has_begun)
		return false;
	return code == ERROR_UNREACHABLE || code == ERROR_TLS ||
	       code == ERROR_UNAUTHORIZED;
}

/* The connection, with what failed as a whole said again. */
static int api_use(struct api *api, struct error *err)
{
	int r;

	if (api_has_failed(api)) {
		*err = api->failure;
		return -(int)err->code;
	}
	r = api_open(api, err);
	if (r < 0)
		api->failure = *err;
	return r;
}

int api_find_node(struct api *api, const char *node, char **ret_node,
		  struct error *err)
{
	if (strcmp(node, NODE_SELF) == 0) {
		int r = api_use(api, err);

		if (r < 0)
			return r;
		if (api->own_node == NULL)
			return read_host_name(ret_node, err);
		node = api->own_node;
	}
	*ret_node = strdup(node);
	return *ret_node == NULL ? error_memory(err) : 0;
}

int api_list(struct api *api, const struct kube_list *list,
	     const struct list_sink *sink, struct error *err)
{
	struct kube_list wanted = *list;
	int r = api_use(api, err);

	if (r < 0)
		return r;
	wanted.is_once = api->in_vain >= IN_VAIN_MAX;
	r = kube_list_each(api->client, &wanted,
			   api->config->kubernetes.timeout_ms, api->deadline,
			   sink, err);
	if (r == 0)
		api->in_vain = 0;
	else if (r == -ERROR_SERVER && api->in_vain < IN_VAIN_MAX)
		api->in_vain++;
	if (r < 0) {
		kube_access_hide_token(&api->access, err);
		r = advise(api, list, err);
	}
	if (r < 0 && is_general(api, err->code))
		api->failure = *err;
	return r;
}
