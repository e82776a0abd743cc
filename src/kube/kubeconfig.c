/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A checking reader of kubeconfig files.
 */
#include <config.h>

#include "kube/kubeconfig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "base/vector.h"
#include "base/x509.h"
#include "base/yaml.h"

#define CONTEXTS_MAX 10000

struct reader {
	struct yaml *yaml;
	const char *path;
	struct error *err;
};

/* Keys that change who is asked or who asks: ignoring them would ask someone
 * else, or as someone else. */
static const struct {
	const char *section; /* the key of the mapping it is in */
	const char *key;
	const char *what;
} unsupported[] = {
	{ "cluster", "proxy-url", "proxies are" },
	{ "user", "exec", "credential plugins are" },
	{ "user", "auth-provider", "authentication providers are" },
	{ "user", "username", "user names and passwords are" },
	{ "user", "password", "user names and passwords are" },
	{ "user", "as", "impersonation is" },
};

/* Whether a key was given something: kubectl takes "" for nothing. */
static bool is_given(const struct yaml_node *node)
{
	return yaml_kind(node) != YAML_NULL;
}

/* The text at `key`, NULL if it is not there or empty. */
static int read_text(const struct reader *r, const struct yaml_node *mapping,
		     const char *key, char **ret_text)
{
	const struct yaml_node *node = yaml_lookup(mapping, key);
	CLEANUP(cleanup_free) char *text = NULL;
	int code;

	*ret_text = NULL;
	if (!is_given(node))
		return 0;
	code = yaml_string(r->yaml, node, key, &text, r->err);
	if (code == 0 && *text != '\0')
		*ret_text = TAKE(text);
	return code;
}

/* Likewise; only *ret_secret has it afterwards. */
static int read_secret(const struct reader *r, const struct yaml_node *mapping,
		       const char *key, struct buffer *ret_secret)
{
	const struct yaml_node *node = yaml_lookup(mapping, key);
	char *text = NULL;
	int code;

	if (!is_given(node))
		return 0;
	code = yaml_string(r->yaml, node, key, &text, r->err);
	if (code < 0)
		return code;
	code = buffer_append(ret_secret, text, strlen(text), r->err);
	explicit_bzero(text, strlen(text));
	free(text);
	yaml_wipe(node);
	if (code < 0)
		return error_prefix(r->err, "%s: %s", r->path, key);
	return 0;
}

/* The path at `key`, seen from the file's directory. */
static int read_path(const struct reader *r, const struct yaml_node *mapping,
		     const char *key, char **ret_path)
{
	CLEANUP(cleanup_free) char *path = NULL;
	const char *slash = strrchr(r->path, '/');
	int code = read_text(r, mapping, key, &path);

	*ret_path = NULL;
	if (code < 0 || path == NULL)
		return code;
	if (*path == '/' || slash == NULL) {
		*ret_path = TAKE(path);
		return 0;
	}
	if (asprintf(ret_path, "%.*s/%s", (int)(slash - r->path), r->path,
		     path) < 0) {
		*ret_path = NULL;
		return error_memory(r->err);
	}
	return 0;
}

/* The base64 at `data_key`, else the path at `key`. */
static int read_file(const struct reader *r, const struct yaml_node *mapping,
		     const char *key, const char *data_key,
		     struct kube_file *ret_file)
{
	/* Four characters for three bytes, and line breaks. */
	CLEANUP(buffer_free)
	struct buffer text = BUFFER_INIT(KUBE_PEM_MAX / 2 * 3);
	struct buffer *bytes = &ret_file->bytes;
	int code = read_secret(r, mapping, data_key, &text);

	if (code < 0)
		return code;
	if (text.size == 0)
		return read_path(r, mapping, key, &ret_file->path);
	*bytes = (struct buffer)BUFFER_INIT(KUBE_PEM_MAX);
	code = x509_base64_decode(text.data, bytes, r->err);
	if (code == -ERROR_INVALID || (code == 0 && bytes->size == 0))
		return yaml_fail(r->yaml, yaml_lookup(mapping, data_key),
				 r->err, "%s: is not base64", data_key);
	if (code < 0)
		return error_prefix(r->err, "%s: %s", r->path, data_key);
	return 0;
}

static int check_supported(const struct reader *r, const char *section,
			   const struct yaml_node *mapping)
{
	for (size_t i = 0; i < sizeof(unsupported) / sizeof(unsupported[0]);
	     i++) {
		const struct yaml_node *node;
		CLEANUP(cleanup_free) char *text = NULL;

		if (strcmp(unsupported[i].section, section) != 0)
			continue;
		node = yaml_lookup(mapping, unsupported[i].key);
		if (yaml_kind(node) == YAML_SCALAR) {
			int code = read_text(r, mapping, unsupported[i].key,
					     &text);

			if (code < 0)
				return code;
			if (text == NULL)
				continue;
			/* It may have been a password. */
			explicit_bzero(text, strlen(text));
		}
		if (is_given(node))
			return yaml_fail(r->yaml, node, r->err,
					 "%s: %s not supported yet",
					 unsupported[i].key,
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
	int code = read_text(r, cluster, "server", &url);

	if (code < 0)
		return code;
	if (url == NULL)
		return yaml_fail(r->yaml, cluster, r->err,
				 "cluster '%s' has no server", name);
	if (strncasecmp(url, "https://", 8) == 0)
		authority = url + 8;
	else if (strncasecmp(url, "http://", 7) == 0)
		authority = url + 7;
	else
		return yaml_fail(r->yaml, node, r->err,
				 "server: expected https://HOST[:PORT]");
	length = strcspn(authority, "/?#");
	/* Never quoted: there may be a password in it. */
	if (memchr(authority, '@', length) != NULL)
		return yaml_fail(r->yaml, node, r->err,
				 "server: a user in the URL is not supported");
	for (const char *c = url; *c != '\0'; c++)
		if (length == 0 || *c <= ' ' || *c > '~' || *c == '?' ||
		    *c == '#')
			return yaml_fail(r->yaml, node, r->err,
					 "server: '%s' is not the URL of an "
					 "API server",
					 url);
	for (length = strlen(url); url[length - 1] == '/'; length--)
		url[length - 1] = '\0';
	*ret_server = TAKE(url);
	return 0;
}

static int read_cluster(const struct reader *r, const struct yaml_node *cluster,
			const char *name, struct kube_access *access)
{
	const char *insecure = "insecure-skip-tls-verify";
	const struct yaml_node *node = yaml_lookup(cluster, insecure);
	int code = check_supported(r, "cluster", cluster);

	if (code == 0)
		code = read_server(r, cluster, name, &access->server);
	if (code == 0)
		code = read_text(r, cluster, "tls-server-name",
				 &access->tls_server_name);
	if (code == 0)
		code = read_file(r, cluster, "certificate-authority",
				 "certificate-authority-data", &access->ca);
	if (code == 0 && is_given(node))
		code = yaml_bool(r->yaml, node, insecure,
				 &access->insecure_skip_tls_verify, r->err);
	if (code < 0)
		return code;
	if (access->insecure_skip_tls_verify && kube_file_is_set(&access->ca))
		return yaml_fail(r->yaml, node, r->err,
				 "%s: there is a certificate-authority to "
				 "verify with",
				 insecure);
	return 0;
}

static int read_token(const struct reader *r, const struct yaml_node *user,
		      struct kube_access *access)
{
	CLEANUP(cleanup_free) char *path = NULL;
	struct buffer *token = &access->token;
	struct error unread = { 0 };
	int code;

	*token = (struct buffer)BUFFER_INIT(KUBE_TOKEN_MAX);
	code = read_secret(r, user, "token", token);
	if (code == 0)
		code = read_path(r, user, "tokenFile", &path);
	if (code < 0)
		return code;
	if (path != NULL && kube_access_read_token(path, token, &unread) < 0 &&
	    token->size == 0) {
		*r->err = unread;
		return error_prefix(r->err, "%s: tokenFile", r->path);
	}
	if (token->size > 0 && !kube_access_is_token(token))
		return yaml_fail(r->yaml, yaml_lookup(user, "token"), r->err,
				 "token: is not a bearer token");
	return 0;
}

static int read_user(const struct reader *r, const struct yaml_node *user,
		     const char *name, struct kube_access *access)
{
	bool has_certificate;
	int code = check_supported(r, "user", user);

	if (code == 0)
		code = read_token(r, user, access);
	if (code == 0)
		code = read_file(r, user, "client-certificate",
				 "client-certificate-data",
				 &access->client_certificate);
	if (code == 0)
		code = read_file(r, user, "client-key", "client-key-data",
				 &access->client_key);
	if (code < 0)
		return code;
	has_certificate = kube_file_is_set(&access->client_certificate);
	if (has_certificate != kube_file_is_set(&access->client_key))
		return yaml_fail(r->yaml, user, r->err,
				 "user '%s' has a client-%s without a "
				 "client-%s",
				 name, has_certificate ? "certificate" : "key",
				 has_certificate ? "key" : "certificate");
	return 0;
}

/* In the list `section` the entry called `name`: its mapping at `key`. NULL if
 * there is none. *ret_names, if not NULL, gets the names of all entries. */
static int find_entry(const struct reader *r, const char *section,
		      const char *key, const char *name,
		      struct string_vector *ret_names,
		      const struct yaml_node **ret_entry)
{
	const struct yaml_node *list = yaml_lookup(yaml_root(r->yaml), section);
	const struct yaml_node *item;
	void *at = NULL;
	size_t count = 0;

	*ret_entry = NULL;
	if (is_given(list) && yaml_kind(list) != YAML_SEQUENCE)
		return yaml_fail(r->yaml, list, r->err, "%s: expected a list",
				 section);
	while ((item = yaml_next_item(list, &at)) != NULL) {
		CLEANUP(cleanup_free) char *found = NULL;
		const struct yaml_node *value = yaml_lookup(item, key);
		int code;

		if (yaml_kind(item) != YAML_MAPPING ||
		    (is_given(value) && yaml_kind(value) != YAML_MAPPING))
			return yaml_fail(r->yaml, item, r->err,
					 "%s: expected 'name' and '%s'",
					 section, key);
		code = read_text(r, item, "name", &found);
		if (code == 0 && found != NULL && ret_names != NULL &&
		    count++ < CONTEXTS_MAX)
			code = string_vector_add(ret_names, found, r->err);
		if (code < 0)
			return code;
		/* As in kubectl, the first of a name counts. */
		if (found != NULL && strcmp(found, name) == 0 &&
		    *ret_entry == NULL)
			*ret_entry = is_given(value) ? value : item;
	}
	return 0;
}

static int fail_context(const struct reader *r, const char *name,
			const struct string_vector *names)
{
	const char *nearest = text_nearest(
		name, (const char *const *)names->items, names->count);

	if (names->count == 0)
		return error_set(r->err, ERROR_INVALID, "%s: has no contexts",
				 r->path);
	if (nearest != NULL)
		return error_set(r->err, ERROR_INVALID,
				 "%s: has no context '%s'; did you mean '%s'?",
				 r->path, name, nearest);
	return error_set(r->err, ERROR_INVALID, "%s: has no context '%s'",
			 r->path, name);
}

/* The context to use: `wanted`, or the current one. */
static int find_context(const struct reader *r, const char *wanted,
			const struct yaml_node **ret_context, char **ret_name)
{
	CLEANUP(string_vector_free) struct string_vector names = { 0 };
	CLEANUP(cleanup_free) char *name = NULL;
	int code = 0;

	if (wanted == NULL || *wanted == '\0')
		code = read_text(r, yaml_root(r->yaml), "current-context",
				 &name);
	else if ((name = strdup(wanted)) == NULL)
		code = error_memory(r->err);
	if (code < 0)
		return code;
	if (name == NULL)
		return error_set(r->err, ERROR_INVALID,
				 "%s: has no current-context: choose one by "
				 "--context",
				 r->path);
	code = find_entry(r, "contexts", "context", name, &names, ret_context);
	if (code < 0)
		return code;
	if (*ret_context == NULL)
		return fail_context(r, name, &names);
	*ret_name = TAKE(name);
	return 0;
}

/* What the context's `key` ("cluster", "user") names, in the list `section`.
 * NULL if it names nothing. */
static int follow(const struct reader *r, const struct yaml_node *context,
		  const char *context_name, const char *key,
		  const char *section, char **ret_name,
		  const struct yaml_node **ret_entry)
{
	int code = read_text(r, context, key, ret_name);

	*ret_entry = NULL;
	if (code < 0 || *ret_name == NULL)
		return code;
	code = find_entry(r, section, key, *ret_name, NULL, ret_entry);
	if (code < 0)
		return code;
	if (*ret_entry == NULL)
		return yaml_fail(r->yaml, yaml_lookup(context, key), r->err,
				 "context '%s': there is no %s '%s'",
				 context_name, key, *ret_name);
	return 0;
}

static int read_access(const struct reader *r, const char *wanted,
		       struct kube_access *access)
{
	CLEANUP(cleanup_free) char *context_name = NULL;
	CLEANUP(cleanup_free) char *cluster_name = NULL;
	CLEANUP(cleanup_free) char *user_name = NULL;
	const struct yaml_node *context;
	const struct yaml_node *cluster;
	const struct yaml_node *user;
	int code = find_context(r, wanted, &context, &context_name);

	if (code == 0)
		code = follow(r, context, context_name, "cluster", "clusters",
			      &cluster_name, &cluster);
	if (code == 0 && cluster == NULL)
		return yaml_fail(r->yaml, context, r->err,
				 "context '%s' names no cluster", context_name);
	if (code == 0)
		code = read_cluster(r, cluster, cluster_name, access);
	if (code == 0)
		code = follow(r, context, context_name, "user", "users",
			      &user_name, &user);
	if (code == 0 && user != NULL)
		code = read_user(r, user, user_name, access);
	if (code < 0)
		return code;
	if (strncasecmp(access->server, "https:", 6) != 0 &&
	    kube_access_has_credential(access))
		return yaml_fail(r->yaml, yaml_lookup(cluster, "server"),
				 r->err,
				 "server: the credential of user '%s' goes "
				 "over https:// only",
				 user_name);
	return 0;
}

int kubeconfig_read(const char *path, const char *context,
		    struct kube_access *ret_access, struct error *err)
{
	CLEANUP(kube_access_free) struct kube_access access = { 0 };
	CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(KUBECONFIG_MAX);
	CLEANUP(cleanup_yaml) struct yaml *yaml = NULL;
	struct reader r = { .path = path, .err = err };
	int code = file_read(path, &text, err);

	if (code == 0)
		code = yaml_parse(path, &text, &yaml, err);
	if (code < 0)
		return code;
	r.yaml = yaml;
	if (yaml_kind(yaml_root(yaml)) != YAML_MAPPING)
		return error_set(err, ERROR_INVALID, "%s: is not a kubeconfig",
				 path);
	access.source = strdup(path);
	if (access.source == NULL)
		return error_memory(err);
	code = read_access(&r, context, &access);
	if (code < 0)
		return code;
	*ret_access = access;
	access = (struct kube_access){ 0 };
	return 0;
}
