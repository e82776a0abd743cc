/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A checking reader of clusters and users. Finding them in one or more files is
 * kube/kubeconfig_files.c's.
 */
#include <config.h>

#include "kube/kubeconfig.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/wipe.h"
#include "base/x509.h"
#include "kube/document.h"
#include "kube/kubeconfig_exec.h"
#include "kube/kubeconfig_files.h"

#define USER_MAX ((size_t)4096)	 /* bytes, of a user name or password */
#define BASIC_MAX (4 * USER_MAX) /* bytes, of both in base64 */

/* A cluster or user that is being read. */
struct reader {
	const struct document *document;
	struct error *err;
};

/* Keys that change who is asked or who asks: ignoring them would ask someone
 * else, or as someone else. */
static const struct {
	const char *key; /* of a user */
	const char *what;
} unsupported[] = {
	{ "auth-provider", "authentication providers are" },
	{ "as", "impersonation is" },
	{ "as-uid", "impersonation is" },
	{ "as-groups", "impersonation is" },
	{ "as-user-extra", "impersonation is" },
};

/* The base64 at `data_key`, else the path at `key`. */
static int read_file(const struct reader *r, const struct yaml_node *mapping,
		     const char *key, const char *data_key,
		     struct kube_file *ret_file)
{
	/* Four characters for three bytes, and line breaks. */
	CLEANUP(buffer_free)
	struct buffer text = BUFFER_INIT(KUBE_PEM_MAX / 2 * 3);
	struct buffer *bytes = &ret_file->bytes;
	int code =
		document_secret(r->document, mapping, data_key, &text, r->err);

	if (code < 0)
		return code;
	if (text.size == 0)
		return document_path(r->document, mapping, key, &ret_file->path,
				     r->err);
	*bytes = (struct buffer)BUFFER_INIT(KUBE_PEM_MAX);
	code = x509_base64_decode(text.data, bytes, r->err);
	if (code == -ERROR_INVALID || (code == 0 && bytes->size == 0))
		return yaml_fail(r->document->yaml,
				 yaml_lookup(mapping, data_key), r->err,
				 "%s: is not base64", data_key);
	if (code < 0)
		return error_prefix(r->err, "%s: %s", r->document->path,
				    data_key);
	return 0;
}

/* What is empty says nothing: not for kubectl either. */
static bool is_empty(const struct yaml_node *node)
{
	void *at = NULL;
	const struct yaml_node *key;
	const struct yaml_node *value;

	if (yaml_kind(node) == YAML_SEQUENCE)
		return yaml_next_item(node, &at) == NULL;
	return yaml_kind(node) == YAML_MAPPING &&
	       !yaml_next_pair(node, &at, &key, &value);
}

static int check_supported(const struct reader *r, const struct yaml_node *user)
{
	for (size_t i = 0; i < sizeof(unsupported) / sizeof(unsupported[0]);
	     i++) {
		const char *key = unsupported[i].key;
		const struct yaml_node *node = yaml_lookup(user, key);
		CLEANUP(cleanup_free) char *text = NULL;

		if (yaml_kind(node) == YAML_SCALAR) {
			int code = document_text(r->document, user, key, &text,
						 r->err);

			if (code < 0)
				return code;
			if (text == NULL)
				continue;
		}
		if (document_is_given(node) && !is_empty(node))
			return yaml_fail(r->document->yaml, node, r->err,
					 "%s: %s not supported yet", key,
					 unsupported[i].what);
	}
	return 0;
}

/* The server's URL, in the form that struct kube_access promises. */
static int read_server(const struct reader *r, const struct yaml_node *cluster,
		       const char *name, char **ret_server)
{
	const struct yaml_node *node = yaml_lookup(cluster, "server");
	CLEANUP(cleanup_free) char *url = NULL;
	const char *authority;
	size_t length;
	int code = document_text(r->document, cluster, "server", &url, r->err);

	if (code < 0)
		return code;
	if (url == NULL)
		return yaml_fail(r->document->yaml, cluster, r->err,
				 "cluster '%s' has no server", name);
	if (strncasecmp(url, "https://", 8) == 0)
		authority = url + 8;
	else if (strncasecmp(url, "http://", 7) == 0)
		authority = url + 7;
	else
		return yaml_fail(r->document->yaml, node, r->err,
				 "server: expected https://HOST[:PORT]");
	length = strcspn(authority, "/?#");
	/* Never quoted: there may be a password in it. */
	if (memchr(authority, '@', length) != NULL)
		return yaml_fail(r->document->yaml, node, r->err,
				 "server: a user in the URL is not supported");
	for (const char *c = url; *c != '\0'; c++)
		if (length == 0 || *c <= ' ' || *c > '~' || *c == '?' ||
		    *c == '#')
			return yaml_fail(r->document->yaml, node, r->err,
					 "server: '%s' is not the URL of an "
					 "API server",
					 url);
	for (length = strlen(url); url[length - 1] == '/'; length--)
		url[length - 1] = '\0';
	*ret_server = TAKE(url);
	return 0;
}

static int read_proxy(const struct reader *r, const struct yaml_node *cluster,
		      struct kube_access *access)
{
	char *url = NULL;
	struct error why = { 0 };
	int code =
		document_text(r->document, cluster, "proxy-url", &url, r->err);

	if (code < 0 || url == NULL)
		return code;
	code = kube_proxy_parse(url, &access->proxy, &why);
	wipe_free(url);
	if (code == -ERROR_INVALID)
		return yaml_fail(r->document->yaml,
				 yaml_lookup(cluster, "proxy-url"), r->err,
				 "proxy-url: %s", why.message);
	return code < 0 ? error_memory(r->err) : 0;
}

static int read_cluster(const struct kubeconfig_entry *entry,
			struct kube_access *access, struct error *err)
{
	const char *insecure = "insecure-skip-tls-verify";
	const struct document *d = entry->document;
	const struct reader r = { d, err };
	const struct yaml_node *cluster = entry->node;
	const struct yaml_node *node = yaml_lookup(cluster, insecure);
	int code = read_server(&r, cluster, entry->name, &access->server);

	if (code == 0)
		code = document_text(d, cluster, "tls-server-name",
				     &access->tls_server_name, err);
	if (code == 0)
		code = read_proxy(&r, cluster, access);
	if (code == 0)
		code = read_file(&r, cluster, "certificate-authority",
				 "certificate-authority-data", &access->ca);
	if (code == 0 && document_is_given(node))
		code = yaml_bool(d->yaml, node, insecure,
				 &access->insecure_skip_tls_verify, err);
	if (code < 0)
		return code;
	if (access->insecure_skip_tls_verify && kube_file_is_set(&access->ca))
		return yaml_fail(d->yaml, node, err,
				 "%s: there is a certificate-authority to "
				 "verify with",
				 insecure);
	return 0;
}

static int read_token(const struct reader *r, const struct yaml_node *user,
		      struct kube_access *access)
{
	CLEANUP(cleanup_free) char *path = NULL;
	const struct document *d = r->document;
	struct buffer *token = &access->token;
	struct error unread = { 0 };
	int code;

	*token = (struct buffer)BUFFER_INIT(KUBE_TOKEN_MAX);
	code = document_secret(d, user, "token", token, r->err);
	if (code == 0)
		code = document_path(d, user, "tokenFile", &path, r->err);
	if (code < 0)
		return code;
	if (path != NULL) {
		if (kube_access_read_token(path, token, &unread) == 0) {
			access->token_path = TAKE(path);
		} else if (token->size == 0) {
			*r->err = unread;
			return error_prefix(r->err, "%s: tokenFile", d->path);
		}
	}
	if (token->size > 0 && !kube_access_is_token(token))
		return yaml_fail(d->yaml, yaml_lookup(user, "token"), r->err,
				 "token: is not a bearer token");
	return 0;
}

/* Whether it can stand in the credentials of RFC 7617. */
static bool is_printable(const struct buffer *text)
{
	for (size_t i = 0; i < text->size; i++)
		if ((unsigned char)text->data[i] < ' ' || text->data[i] == 127)
			return false;
	return true;
}

static int join_basic(const struct buffer *name, const struct buffer *password,
		      struct buffer *ret_basic, struct error *err)
{
	CLEANUP(buffer_free)
	struct buffer both = BUFFER_INIT(2 * USER_MAX + 1);
	int code = buffer_append(&both, name->data, name->size, err);

	if (code == 0)
		code = buffer_append(&both, ":", 1, err);
	if (code == 0)
		code = buffer_append(&both, password->data, password->size,
				     err);
	*ret_basic = (struct buffer)BUFFER_INIT(BASIC_MAX);
	if (code == 0)
		code = x509_base64_encode(both.data, both.size, ret_basic, err);
	return code;
}

static int read_basic(const struct reader *r, const struct yaml_node *user,
		      struct kube_access *access)
{
	CLEANUP(buffer_free) struct buffer name = BUFFER_INIT(USER_MAX);
	CLEANUP(buffer_free) struct buffer password = BUFFER_INIT(USER_MAX);
	const struct document *d = r->document;
	const char *key = "username";
	const char *why = NULL;
	int code = document_secret(d, user, "username", &name, r->err);

	if (code == 0)
		code = document_secret(d, user, "password", &password, r->err);
	if (code < 0 || name.size + password.size == 0)
		return code;
	if (password.size == 0)
		why = "there is no password";
	else if (memchr(name.data == NULL ? "" : name.data, ':', name.size))
		why = "has a colon, which would end it";
	else if (!is_printable(&name))
		why = "has control characters";
	else if (access->token.size > 0)
		why = "there is a token as well; the server is sent only one";
	if (why == NULL) {
		key = "password";
		if (name.size == 0)
			why = "there is no username";
		else if (!is_printable(&password))
			why = "has control characters";
	}
	if (why != NULL)
		return yaml_fail(d->yaml, yaml_lookup(user, key), r->err,
				 "%s: %s", key, why);
	return join_basic(&name, &password, &access->basic, r->err);
}

static int read_certificate(const struct reader *r,
			    const struct yaml_node *user, const char *name,
			    struct kube_access *access)
{
	bool has_certificate;
	int code = read_file(r, user, "client-certificate",
			     "client-certificate-data",
			     &access->client_certificate);

	if (code == 0)
		code = read_file(r, user, "client-key", "client-key-data",
				 &access->client_key);
	if (code < 0)
		return code;
	has_certificate = kube_file_is_set(&access->client_certificate);
	if (has_certificate != kube_file_is_set(&access->client_key))
		return yaml_fail(r->document->yaml, user, r->err,
				 "user '%s' has a client-%s without a "
				 "client-%s",
				 name, has_certificate ? "certificate" : "key",
				 has_certificate ? "key" : "certificate");
	return 0;
}

static int read_plugin(const struct kubeconfig_entry *user,
		       const struct kubeconfig_entry *cluster,
		       struct kube_access *access, struct error *err)
{
	struct kube_exec exec = { 0 };
	int code;

	if (!document_is_given(yaml_lookup(user->node, "exec")))
		return 0;
	code = kubeconfig_read_exec(user, cluster, access, &exec, err);
	if (code < 0 || kube_access_has_credential(access)) {
		kube_exec_free(&exec);
		return code;
	}
	access->exec = malloc(sizeof(*access->exec));
	if (access->exec == NULL) {
		kube_exec_free(&exec);
		return error_memory(err);
	}
	*access->exec = exec;
	return 0;
}

static int read_user(const struct kubeconfig_entry *user,
		     const struct kubeconfig_entry *cluster,
		     struct kube_access *access, struct error *err)
{
	const struct reader r = { user->document, err };
	int code = check_supported(&r, user->node);

	if (code == 0)
		code = read_token(&r, user->node, access);
	if (code == 0)
		code = read_basic(&r, user->node, access);
	if (code == 0)
		code = read_certificate(&r, user->node, user->name, access);
	if (code == 0)
		code = read_plugin(user, cluster, access, err);
	return code;
}

static int read_access(const struct kubeconfig_files *files, const char *wanted,
		       struct kube_access *access, struct error *err)
{
	CLEANUP(cleanup_kubeconfig_entry)
	struct kubeconfig_entry context = { 0 };
	CLEANUP(cleanup_kubeconfig_entry)
	struct kubeconfig_entry cluster = { 0 };
	CLEANUP(cleanup_kubeconfig_entry) struct kubeconfig_entry user = { 0 };
	int code = kubeconfig_find_context(files, wanted, &context, err);

	if (code == 0)
		code = kubeconfig_follow(files, &context, "cluster", "clusters",
					 &cluster, err);
	if (code == 0 && cluster.node == NULL)
		return yaml_fail(context.document->yaml, context.node, err,
				 "context '%s' names no cluster", context.name);
	if (code == 0)
		code = read_cluster(&cluster, access, err);
	if (code == 0)
		code = kubeconfig_follow(files, &context, "user", "users",
					 &user, err);
	if (code == 0 && user.node != NULL)
		code = read_user(&user, &cluster, access, err);
	if (code < 0)
		return code;
	if (strncasecmp(access->server, "https:", 6) != 0 &&
	    kube_access_has_credential(access))
		return yaml_fail(cluster.document->yaml,
				 yaml_lookup(cluster.node, "server"), err,
				 "server: the credential of user '%s' goes "
				 "over https:// only",
				 user.name);
	access->context = TAKE(context.name);
	return 0;
}

int kubeconfig_read(const struct string_vector *paths, const char *context,
		    struct kube_access *ret_access, struct error *err)
{
	CLEANUP(kube_access_free) struct kube_access access = { 0 };
	CLEANUP(kubeconfig_files_free) struct kubeconfig_files files = { 0 };
	int code = kubeconfig_files_read(paths, &files, err);

	if (code < 0)
		return code;
	access.source = strdup(files.names);
	if (access.source == NULL)
		return error_memory(err);
	code = read_access(&files, context, &access, err);
	if (code < 0)
		return code;
	*ret_access = access;
	access = (struct kube_access){ 0 };
	return 0;
}
