/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the access to the API server is found, what it says of itself, and how
 * its credential is got again.
 * Reading a kubeconfig is kube/kubeconfig.c's.
 */
#include <config.h>

#include "kube/access.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/vector.h"
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
	free(access->context);
	free(access->server);
	free(access->tls_server_name);
	kube_proxy_free(&access->proxy);
	kube_file_free(&access->ca);
	kube_file_free(&access->client_certificate);
	kube_file_free(&access->client_key);
	buffer_free(&access->token);
	free(access->token_path);
	buffer_free(&access->basic);
	if (access->exec != NULL)
		kube_exec_free(access->exec);
	free(access->exec);
	*access = (struct kube_access){ 0 };
}

static void hide(const struct buffer *secret, struct error *err)
{
	size_t left = sizeof(err->message);
	size_t prefix =
		secret->size < TOKEN_SHOWN_MAX ? secret->size : TOKEN_SHOWN_MAX;
	char *at = err->message;

	if (prefix == 0)
		return;
	while ((at = memmem(at, strlen(at), secret->data, prefix)) != NULL) {
		size_t length = strcspn(at, " ");

		memset(at, '*', length);
		at += length;
	}
	/* What earlier and longer messages have left behind the end. */
	left -= strlen(err->message);
	explicit_bzero(err->message + strlen(err->message), left);
}

void kube_access_hide_token(const struct kube_access *access, struct error *err)
{
	hide(&access->token, err);
	hide(&access->basic, err);
}

bool kube_file_is_set(const struct kube_file *file)
{
	return file->path != NULL || file->bytes.size > 0;
}

bool kube_access_has_credential(const struct kube_access *access)
{
	return access->token.size > 0 || access->basic.size > 0 ||
	       kube_file_is_set(&access->client_certificate) ||
	       access->exec != NULL;
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
	bool is_ipv6 = strchr(host, ':') != NULL;
	int r;

	access.source = strdup("the service account of this pod");
	if (access.source == NULL ||
	    asprintf(&access.server, "https://%s%s%s:%s", is_ipv6 ? "[" : "",
		     host, is_ipv6 ? "]" : "", port) < 0 ||
	    asprintf(&access.ca.path, "%s/ca.crt", directory) < 0 ||
	    asprintf(&access.token_path, "%s/token", directory) < 0)
		return error_memory(err);
	r = kube_access_read_token(access.token_path, &access.token, err);
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

/* Adds the path of `length` bytes if there is something. What cannot be
 * looked at is for its reader to complain of. */
static int add_if_there(struct string_vector *paths, const char *path,
			size_t length, struct error *err)
{
	CLEANUP(cleanup_free) char *copy = strndup(path, length);

	if (copy == NULL)
		return error_memory(err);
	if (length == 0 || (access(copy, F_OK) < 0 && errno == ENOENT))
		return 0;
	return string_vector_add(paths, copy, err);
}

/* The files that $KUBECONFIG names and that are there; none if it names none.
 * One that it names alone is to be there. */
static int files_of_environment(struct string_vector *paths, struct error *err)
{
	const char *list = environment("KUBECONFIG");
	const char *at = list;
	bool has_names = false;
	int r = 0;

	while (r == 0 && at != NULL && *at != '\0') {
		size_t length = strcspn(at, ":");

		has_names = has_names || length > 0;
		r = add_if_there(paths, at, length, err);
		at += length + (at[length] == ':');
	}
	if (r == 0 && has_names && paths->count == 0)
		return error_set(err, ERROR_INVALID,
				 "$KUBECONFIG: there is no file '%s'", list);
	return r;
}

/* ~/.kube/config if it is there. */
static int file_of_home(struct string_vector *paths, struct error *err)
{
	CLEANUP(cleanup_free) char *path = NULL;
	const char *home = environment("HOME");

	if (home == NULL)
		return 0;
	if (asprintf(&path, "%s/.kube/config", home) < 0)
		return error_memory(err);
	if (access(path, F_OK) < 0)
		return 0;
	return string_vector_add(paths, path, err);
}

int kube_access_find(const char *kubeconfig, const char *context,
		     struct kube_access *ret_access, struct error *err)
{
	CLEANUP(string_vector_free) struct string_vector paths = { 0 };
	const char *host = environment("KUBERNETES_SERVICE_HOST");
	const char *port = environment("KUBERNETES_SERVICE_PORT");
	bool has_context = context != NULL && *context != '\0';
	int r = kubeconfig != NULL ?
			string_vector_add(&paths, kubeconfig, err) :
			files_of_environment(&paths, err);

	if (r < 0)
		return r;
	if (paths.count == 0 && !has_context && host != NULL && port != NULL &&
	    access(SERVICE_ACCOUNT "/token", F_OK) == 0)
		return kube_access_in_cluster(SERVICE_ACCOUNT, host, port,
					      ret_access, err);
	if (paths.count == 0)
		r = file_of_home(&paths, err);
	if (r < 0)
		return r;
	if (paths.count == 0)
		return error_set(err, ERROR_INVALID,
				 "nothing says how to reach the Kubernetes "
				 "API: give a kubeconfig by --kubeconfig, "
				 "$KUBECONFIG or ~/.kube/config, or run in a "
				 "pod with a service account");
	return kubeconfig_read(&paths, context, ret_access, err);
}

static int run_plugin(struct kube_access *access, struct mono_time deadline,
		      struct interrupt *interrupt, struct error *err)
{
	struct kube_exec_credential credential = { 0 };
	int r = kube_exec_run(access->exec, deadline, interrupt, &credential,
			      err);

	if (r == -ERROR_INTERRUPTED)
		return r;
	if (r < 0)
		return error_prefix(err, "%s", access->source);
	buffer_free(&access->token);
	buffer_free(&access->client_certificate.bytes);
	buffer_free(&access->client_key.bytes);
	access->token = credential.token;
	access->client_certificate.bytes = credential.certificate;
	access->client_key.bytes = credential.key;
	return 0;
}

int kube_access_login(struct kube_access *access, struct mono_time deadline,
		      struct interrupt *interrupt, struct error *err)
{
	if (access->exec == NULL)
		return 0;
	return run_plugin(access, deadline, interrupt, err);
}

int kube_access_renew(struct kube_access *access, struct mono_time deadline,
		      struct interrupt *interrupt, bool *ret_is_new,
		      struct error *err)
{
	CLEANUP(buffer_free) struct buffer token = { 0 };
	struct buffer *old = &access->token;
	struct error unread = { 0 };
	int r;

	*ret_is_new = false;
	if (access->exec != NULL) {
		r = run_plugin(access, deadline, interrupt, err);
		*ret_is_new = r == 0;
		return r;
	}
	if (access->token_path == NULL)
		return 0;
	r = kube_access_read_token(access->token_path, &token, &unread);
	if (r == -ERROR_MEMORY)
		return error_memory(err);
	/* A file that is gone changes nothing about the server's words. */
	if (r < 0)
		return 0;
	if (token.size == old->size &&
	    memcmp(token.data, old->data, token.size) == 0)
		return 0;
	buffer_free(old);
	*old = token;
	token = (struct buffer){ 0 };
	*ret_is_new = true;
	return 0;
}

/* The client certificate in PEM, in *file if it had to be read. */
static int client_pem(const struct kube_access *access, struct buffer *file,
		      const struct buffer **ret_pem, struct error *err)
{
	const struct kube_file *certificate = &access->client_certificate;

	*ret_pem = &certificate->bytes;
	if (certificate->path == NULL)
		return 0;
	*ret_pem = file;
	if (file_read(certificate->path, file, err) < 0)
		return error_prefix(err, "%s", access->source);
	return 0;
}

int kube_access_client_dates(const struct kube_access *access,
			     struct kube_dates *ret_dates, struct error *err)
{
	CLEANUP(buffer_free) struct buffer file = BUFFER_INIT(KUBE_PEM_MAX);
	const struct buffer *pem;
	struct kube_dates dates = { .is_known = true };
	int r;

	*ret_dates = (struct kube_dates){ 0 };
	if (!kube_file_is_set(&access->client_certificate))
		return 0;
	r = client_pem(access, &file, &pem, err);
	if (r < 0)
		return r;
	r = x509_dates(pem->data, pem->size, &dates.not_before,
		       &dates.not_after, err);
	if (r < 0)
		return error_prefix(err, "the client certificate of %s",
				    access->source);
	*ret_dates = dates;
	return 0;
}

int kube_access_node(const struct kube_access *access, char **ret_node,
		     struct error *err)
{
	CLEANUP(buffer_free) struct buffer file = BUFFER_INIT(KUBE_PEM_MAX);
	CLEANUP(cleanup_free) char *name = NULL;
	const struct buffer *pem;
	int r;

	*ret_node = NULL;
	if (!kube_file_is_set(&access->client_certificate))
		return 0;
	r = client_pem(access, &file, &pem, err);
	if (r < 0)
		return r;
	r = x509_common_name(pem->data, pem->size, &name, err);
	if (r < 0)
		return error_prefix(err, "the client certificate of %s",
				    access->source);
	if (strncmp(name, NODE_USER, strlen(NODE_USER)) != 0)
		return 0;
	*ret_node = strdup(name + strlen(NODE_USER));
	return *ret_node == NULL ? error_memory(err) : 0;
}
