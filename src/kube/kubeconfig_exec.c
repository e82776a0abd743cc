/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command, arguments and environment of a credential plugin, and what it is
 * told in KUBERNETES_EXEC_INFO: an ExecCredential with a `spec`.
 */
#include <config.h>

#include "kube/kubeconfig_exec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/wipe.h"
#include "base/x509.h"
#include "kube/document.h"
#include "kube/json_text.h"

#define EXEC_VERSIONS "client.authentication.k8s.io/v1 and /v1beta1"
#define EXTENSION "client.authentication.k8s.io/exec"
#define INFO "KUBERNETES_EXEC_INFO"

#define WORDS_MAX 1000 /* arguments, or variables */
/* The kernel takes no more in one variable (MAX_ARG_STRLEN). */
#define VARIABLE_MAX ((size_t)128 * 1024 - 1) /* bytes */

struct reader {
	const struct document *document;
	const struct yaml_node *exec;
	struct error *err;
};

static int read_version(const struct reader *r, struct kube_exec *exec)
{
	static const char *const known[] = {
		"client.authentication.k8s.io/v1",
		"client.authentication.k8s.io/v1beta1",
	};
	const struct document *d = r->document;
	const struct yaml_node *node = yaml_lookup(r->exec, "apiVersion");
	int code = document_text(d, r->exec, "apiVersion", &exec->api_version,
				 r->err);

	if (code < 0)
		return code;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (exec->api_version != NULL &&
		    strcmp(exec->api_version, known[i]) == 0)
			return 0;
	return yaml_fail(
		d->yaml, node == NULL ? r->exec : node, r->err,
		"exec: apiVersion '%s' is not supported, only " EXEC_VERSIONS
		" are",
		exec->api_version == NULL ? "" : exec->api_version);
}

/* Nobody is there to answer a plugin's questions. */
static int check_mode(const struct reader *r, const struct kube_exec *exec)
{
	const char *key = "interactiveMode";
	const struct document *d = r->document;
	const struct yaml_node *node = yaml_lookup(r->exec, key);
	CLEANUP(cleanup_free) char *mode = NULL;
	int code = document_text(d, r->exec, key, &mode, r->err);

	if (code < 0)
		return code;
	if (mode == NULL && strstr(exec->api_version, "beta") != NULL)
		return 0;
	if (mode != NULL &&
	    (strcmp(mode, "Never") == 0 || strcmp(mode, "IfAvailable") == 0))
		return 0;
	if (mode != NULL && strcmp(mode, "Always") == 0)
		return yaml_fail(d->yaml, node, r->err,
				 "exec: %s: '%s' needs somebody at a terminal, "
				 "and this program is run without one",
				 key, mode);
	return yaml_fail(d->yaml, node == NULL ? r->exec : node, r->err,
			 "exec: %s: expected Never or IfAvailable", key);
}

static int read_command(const struct reader *r, struct kube_exec *exec)
{
	const struct document *d = r->document;
	int code = document_text(d, r->exec, "command", &exec->command, r->err);

	if (code < 0)
		return code;
	if (exec->command == NULL)
		return yaml_fail(d->yaml, r->exec, r->err,
				 "exec: has no command");
	if (strchr(exec->command, '/') == NULL)
		return 0;
	exec->command = document_resolve(d, exec->command);
	return exec->command == NULL ? error_memory(r->err) : 0;
}

/* A list of at most WORDS_MAX. */
static int check_list(const struct reader *r, const char *key,
		      const struct yaml_node *list)
{
	void *at = NULL;
	size_t count = 0;

	if (document_is_given(list) && yaml_kind(list) != YAML_SEQUENCE)
		return yaml_fail(r->document->yaml, list, r->err,
				 "exec: %s: expected a list", key);
	while (yaml_next_item(list, &at) != NULL)
		count++;
	if (count > WORDS_MAX)
		return yaml_fail(r->document->yaml, list, r->err,
				 "exec: %s: more than %d", key, WORDS_MAX);
	return 0;
}

static int read_arguments(const struct reader *r, struct kube_exec *exec)
{
	const struct yaml_node *list = yaml_lookup(r->exec, "args");
	const struct yaml_node *item;
	void *at = NULL;
	int code = check_list(r, "args", list);

	while (code == 0 && (item = yaml_next_item(list, &at)) != NULL) {
		char *word = NULL;

		code = yaml_string(r->document->yaml, item, "exec: args", &word,
				   r->err);
		if (code == 0)
			code = string_vector_append(&exec->arguments, word,
						    r->err);
		if (code < 0)
			wipe_free(word);
	}
	return code;
}

/* Adds "NAME=VALUE", which it takes; of two of a name the later one counts. */
static int set_variable(struct kube_exec *exec, char *variable,
			struct error *err)
{
	size_t length = strcspn(variable, "=") + 1;
	int r;

	for (size_t i = 0; i < exec->environment.count; i++) {
		char **old = &exec->environment.items[i];

		if (strncmp(*old, variable, length) == 0) {
			wipe_free(*old);
			*old = variable;
			return 0;
		}
	}
	r = string_vector_append(&exec->environment, variable, err);
	if (r < 0)
		wipe_free(variable);
	return r;
}

static int join_variable(const char *name, const struct buffer *value,
			 struct kube_exec *exec, struct error *err)
{
	char *variable = NULL;

	if (asprintf(&variable, "%s=%s", name,
		     value->size == 0 ? "" : value->data) < 0)
		return error_memory(err);
	return set_variable(exec, variable, err);
}

static int read_variable(const struct reader *r, const struct yaml_node *item,
			 struct kube_exec *exec)
{
	CLEANUP(cleanup_free) char *name = NULL;
	CLEANUP(buffer_free) struct buffer value = BUFFER_INIT(VARIABLE_MAX);
	const struct document *d = r->document;
	int code;

	if (yaml_kind(item) != YAML_MAPPING)
		return yaml_fail(d->yaml, item, r->err,
				 "exec: env: expected 'name' and 'value'");
	code = document_text(d, item, "name", &name, r->err);
	if (code < 0)
		return code;
	if (name == NULL || strchr(name, '=') != NULL)
		return yaml_fail(d->yaml, item, r->err,
				 "exec: env: expected the name of a variable");
	code = document_secret(d, item, "value", &value, r->err);
	if (code < 0)
		return code;
	return join_variable(name, &value, exec, r->err);
}

static int read_environment(const struct reader *r, struct kube_exec *exec)
{
	const struct yaml_node *list = yaml_lookup(r->exec, "env");
	const struct yaml_node *item;
	void *at = NULL;
	int code = check_list(r, "env", list);

	while (code == 0 && (item = yaml_next_item(list, &at)) != NULL)
		code = read_variable(r, item, exec);
	return code;
}

/* --- KUBERNETES_EXEC_INFO ----------------------------------------------- */

/* The value of the plugin's extension of the cluster, NULL if there is none.
 * Others' extensions may be anything. */
static int find_extension(const struct kubeconfig_entry *cluster,
			  const struct yaml_node **ret_value, struct error *err)
{
	const struct yaml_node *list = yaml_lookup(cluster->node, "extensions");
	const struct yaml_node *item;
	void *at = NULL;

	*ret_value = NULL;
	while ((item = yaml_next_item(list, &at)) != NULL) {
		CLEANUP(cleanup_free) char *name = NULL;
		struct error odd = { 0 };
		int r = document_text(cluster->document, item, "name", &name,
				      &odd);

		if (r == -ERROR_MEMORY)
			return error_memory(err);
		if (r == 0 && name != NULL && strcmp(name, EXTENSION) == 0) {
			*ret_value = yaml_lookup(item, "extension");
			return 0;
		}
	}
	return 0;
}

/* "," and a member, nothing if the text is NULL. */
static int add_member(struct buffer *json, const char *key, const char *text,
		      struct error *err)
{
	if (text == NULL)
		return 0;
	return json_text_member(json, key, text, err);
}

static int add_ca(struct buffer *json, const struct kube_access *access,
		  struct error *err)
{
	CLEANUP(buffer_free) struct buffer file = BUFFER_INIT(KUBE_PEM_MAX);
	CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(VARIABLE_MAX);
	const struct buffer *pem = &access->ca.bytes;
	int r = 0;

	if (!kube_file_is_set(&access->ca))
		return 0;
	if (access->ca.path != NULL) {
		r = file_read(access->ca.path, &file, err);
		pem = &file;
	}
	if (r == 0)
		r = x509_base64_encode(pem->data, pem->size, &text, err);
	if (r < 0)
		return error_prefix(err, "%s", access->source);
	return add_member(json, "certificate-authority-data", text.data, err);
}

/* As client-go's ConfigToExecCluster(). */
static int add_cluster(struct buffer *json,
		       const struct kubeconfig_entry *cluster,
		       const struct kube_access *access, struct error *err)
{
	const struct document *d = cluster->document;
	const struct yaml_node *config;
	char *proxy = NULL;
	int r = find_extension(cluster, &config, err);

	if (r == 0)
		r = document_text(d, cluster->node, "proxy-url", &proxy, err);
	if (r == 0)
		r = json_text_add(json, ",\"cluster\":{\"server\":", err);
	if (r == 0)
		r = json_text_string(json, access->server, err);
	if (r == 0)
		r = add_member(json, "tls-server-name", access->tls_server_name,
			       err);
	if (r == 0 && access->insecure_skip_tls_verify)
		r = json_text_add(json, ",\"insecure-skip-tls-verify\":true",
				  err);
	if (r == 0)
		r = add_ca(json, access, err);
	if (r == 0)
		r = add_member(json, "proxy-url", proxy, err);
	wipe_free(proxy);
	if (r == 0 && config != NULL) {
		r = json_text_add(json, ",\"config\":", err);
		if (r == 0)
			r = json_text_yaml(json, d->yaml, config, err);
	}
	return r == 0 ? json_text_add(json, "}", err) : r;
}

static int make_info(const struct kubeconfig_entry *cluster,
		     const struct kube_access *access, bool has_cluster,
		     struct kube_exec *exec, struct error *err)
{
	CLEANUP(buffer_free) struct buffer json = BUFFER_INIT(VARIABLE_MAX);
	int r = json_text_add(&json, "{\"kind\":\"ExecCredential\"", err);

	if (r == 0)
		r = add_member(&json, "apiVersion", exec->api_version, err);
	if (r == 0)
		r = json_text_add(&json, ",\"spec\":{\"interactive\":false",
				  err);
	if (r == 0 && has_cluster)
		r = add_cluster(&json, cluster, access, err);
	if (r == 0)
		r = json_text_add(&json, "}}", err);
	if (r == -ERROR_TOO_LARGE)
		return error_prefix(err, "%s: provideClusterInfo",
				    access->source);
	return r == 0 ? join_variable(INFO, &json, exec, err) : r;
}

int kubeconfig_read_exec(const struct kubeconfig_entry *user,
			 const struct kubeconfig_entry *cluster,
			 const struct kube_access *access,
			 struct kube_exec *ret_exec, struct error *err)
{
	CLEANUP(kube_exec_free) struct kube_exec exec = { 0 };
	const char *key = "provideClusterInfo";
	const struct document *d = user->document;
	struct reader r = { d, yaml_lookup(user->node, "exec"), err };
	const struct yaml_node *provide = yaml_lookup(r.exec, key);
	bool has_cluster = false;
	int code;

	if (yaml_kind(r.exec) != YAML_MAPPING)
		return yaml_fail(d->yaml, r.exec, err,
				 "exec: expected a mapping");
	code = read_version(&r, &exec);
	if (code == 0)
		code = check_mode(&r, &exec);
	if (code == 0)
		code = read_command(&r, &exec);
	if (code == 0)
		code = document_text(d, r.exec, "installHint",
				     &exec.install_hint, err);
	if (code == 0)
		code = read_arguments(&r, &exec);
	if (code == 0)
		code = read_environment(&r, &exec);
	if (code == 0 && document_is_given(provide))
		code = yaml_bool(d->yaml, provide, key, &has_cluster, err);
	if (code == 0)
		code = make_info(cluster, access, has_cluster, &exec, err);
	if (code < 0)
		return code;
	*ret_exec = exec;
	exec = (struct kube_exec){ 0 };
	return 0;
}
