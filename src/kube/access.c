/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the access to the API server is found, and what it says of itself.
 * Reading a kubeconfig is kube/kubeconfig.c's.
 */
#include <config.h>

#include "kube/access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/x509.h"
#include "kube/kubeconfig.h"

#define SERVICE_ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount"
#define NODE_USER "system:node:"

#define TOKEN_SHOWN_MAX 8 /* characters of a token that may be anything */

static void kube_file_free(struct kube_file *file)
{
	free(file->path);
	buffer_free(&file->bytes);
}

void kube_access_free(struct kube_access *access)
{
	free(access->source);
	free(access->server);
	free(access->tls_server_name);
	kube_file_free(&access->ca);
	kube_file_free(&access->client_certificate);
	kube_file_free(&access->client_key);
	buffer_free(&access->token);
	*access = (struct kube_access){ 0 };
}

void kube_access_hide_token(const struct kube_access *access, struct error *err)
{
	const struct buffer *token = &access->token;
	size_t left = sizeof(err->message);
	size_t prefix =
		token->size < TOKEN_SHOWN_MAX ? token->size : TOKEN_SHOWN_MAX;
	char *at = err->message;

	if (prefix == 0)
		return;
	while ((at = memmem(at, strlen(at), token->data, prefix)) != NULL) {
		size_t length = strcspn(at, " ");

		memset(at, '*', length);
		at += length;
	}
	/* What earlier and longer messages have left behind the end. */
	left -= strlen(err->message);
	explicit_bzero(err->message + strlen(err->message), left);
}

bool kube_file_is_set(const struct kube_file *file)
{
	return file->path != NULL || file->bytes.size > 0;
}

bool kube_access_has_credential(const struct kube_access *access)
{
	return access->token.size > 0 ||
	       kube_file_is_set(&access->client_certificate);
}

bool kube_access_is_token(const struct buffer *token)
{
	for (size_t i = 0; i < token->size; i++)
		if (token->data[i] <= ' ' || token->data[i] > '~')
			return false;
	return token->size > 0;
}

int kube_access_read_token(const char *path, struct buffer *ret_token,
			   struct error *err)
{
	CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(KUBE_TOKEN_MAX);
	CLEANUP(buffer_free) struct buffer token = BUFFER_INIT(KUBE_TOKEN_MAX);
	const char *blanks = " \t\r\n";
	size_t begin;
	int r = file_read(path, &text, err);

	if (r < 0)
		return r;
	begin = strspn(text.data, blanks);
	while (text.size > begin &&
	       strchr(blanks, text.data[text.size - 1]) != NULL)
		text.size--;
	r = buffer_append(&token, text.data + begin, text.size - begin, err);
	if (r < 0)
		return r;
	if (!kube_access_is_token(&token))
		return error_set(err, ERROR_INVALID, "%s: %s", path,
				 token.size == 0 ? "is empty" :
						   "is not a bearer token");
	buffer_free(ret_token);
	*ret_token = token;
	token = (struct buffer){ 0 };
	return 0;
}

int kube_access_in_cluster(const char *directory, const char *host,
			   const char *port, struct kube_access *ret_access,
			   struct error *err)
{
	CLEANUP(kube_access_free) struct kube_access access = { 0 };
	CLEANUP(cleanup_free) char *token = NULL;
	bool is_ipv6 = strchr(host, ':') != NULL;
	int r;

	access.source = strdup("the service account of this pod");
	if (access.source == NULL ||
	    asprintf(&access.server, "https://%s%s%s:%s", is_ipv6 ? "[" : "",
		     host, is_ipv6 ? "]" : "", port) < 0 ||
	    asprintf(&access.ca.path, "%s/ca.crt", directory) < 0 ||
	    asprintf(&token, "%s/token", directory) < 0)
		return error_memory(err);
	r = kube_access_read_token(token, &access.token, err);
	if (r < 0)
		return r;
	*ret_access = access;
	access = (struct kube_access){ 0 };
	return 0;
}

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

/* The one file that $KUBECONFIG names, as a new string; NULL if it names
 * none. */
static int file_of_environment(char **ret_path, struct error *err)
{
	const char *list = environment("KUBECONFIG");
	CLEANUP(cleanup_free) char *path = NULL;

	while (list != NULL && *list != '\0') {
		size_t length = strcspn(list, ":");

		if (length > 0 && path != NULL)
			return error_set(err, ERROR_INVALID,
					 "$KUBECONFIG names several files, "
					 "which is not supported yet: give "
					 "one by --kubeconfig");
		if (length > 0 && (path = strndup(list, length)) == NULL)
			return error_memory(err);
		list += length + (list[length] == ':');
	}
	*ret_path = TAKE(path);
	return 0;
}

/* ~/.kube/config if it is there, else NULL. */
static int file_of_home(char **ret_path, struct error *err)
{
	CLEANUP(cleanup_free) char *path = NULL;
	const char *home = environment("HOME");

	*ret_path = NULL;
	if (home == NULL)
		return 0;
	if (asprintf(&path, "%s/.kube/config", home) < 0)
		return error_memory(err);
	if (access(path, F_OK) == 0)
		*ret_path = TAKE(path);
	return 0;
}

int kube_access_find(const char *kubeconfig, const char *context,
		     struct kube_access *ret_access, struct error *err)
{
	CLEANUP(cleanup_free) char *path = NULL;
	const char *host = environment("KUBERNETES_SERVICE_HOST");
	const char *port = environment("KUBERNETES_SERVICE_PORT");
	bool has_context = context != NULL && *context != '\0';
	int r;

	if (kubeconfig != NULL)
		return kubeconfig_read(kubeconfig, context, ret_access, err);
	r = file_of_environment(&path, err);
	if (r < 0)
		return r;
	if (path == NULL && !has_context && host != NULL && port != NULL &&
	    access(SERVICE_ACCOUNT "/token", F_OK) == 0)
		return kube_access_in_cluster(SERVICE_ACCOUNT, host, port,
					      ret_access, err);
	if (path == NULL)
		r = file_of_home(&path, err);
	if (r < 0)
		return r;
	if (path == NULL)
		return error_set(err, ERROR_INVALID,
				 "nothing says how to reach the Kubernetes "
				 "API: give a kubeconfig by --kubeconfig, "
				 "$KUBECONFIG or ~/.kube/config, or run in a "
				 "pod with a service account");
	return kubeconfig_read(path, context, ret_access, err);
}

int kube_access_node(const struct kube_access *access, char **ret_node,
		     struct error *err)
{
	CLEANUP(buffer_free) struct buffer file = BUFFER_INIT(KUBE_PEM_MAX);
	CLEANUP(cleanup_free) char *name = NULL;
	const struct kube_file *certificate = &access->client_certificate;
	const struct buffer *pem = &certificate->bytes;
	int r;

	*ret_node = NULL;
	if (!kube_file_is_set(certificate))
		return 0;
	if (certificate->path != NULL) {
		r = file_read(certificate->path, &file, err);
		if (r < 0)
			return r;
		pem = &file;
	}
	r = x509_common_name(pem->data, pem->size, &name, err);
	if (r < 0)
		return error_prefix(err, "the client certificate of %s",
				    access->source);
	if (strncmp(name, NODE_USER, strlen(NODE_USER)) != 0)
		return 0;
	*ret_node = strdup(name + strlen(NODE_USER));
	return *ret_node == NULL ? error_memory(err) : 0;
}
