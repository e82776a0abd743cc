/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of keys and one walk over them.
 */
#include <config.h>

#include "config/config_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "base/yaml.h"
#include "config/expand.h"
#include "config/setting.h"
#include "config/value.h"

#define JOB_NAME_MAX_BYTES 253
#define KEY_NAME_MAX_BYTES 64 /* with those that it is a key of */

/* What a key sets. */
struct target {
	const struct yaml *yaml;
	struct setting_target at; /* no job outside `jobs` */
};

struct key {
	const char *name;
	int (*read)(struct target *target, const struct key *key,
		    const struct yaml_node *node, struct error *err);
	/* For read_text(), read_list(): what is done with each text. */
	setting_function *set;
	/* For all that have keys of their own. */
	const struct key *keys;
};

/* Hands the expanded text of one scalar to the key's setter. */
static int set_text(struct target *t, const struct key *key,
		    const struct yaml_node *node, struct error *err)
{
	CLEANUP(cleanup_free) char *text = NULL;
	CLEANUP(buffer_free)
	struct buffer expanded = BUFFER_INIT(CONFIG_FILE_MAX_BYTES);
	struct error reason = { 0 };
	int r = yaml_string(t->yaml, node, key->name, &text, err);

	if (r < 0)
		return r;
	r = expand_variables(text, &expanded, &reason);
	if (r == 0)
		r = key->set(&t->at, expanded.data, &reason);
	if (reason.code == ERROR_MEMORY)
		return error_memory(err);
	if (r < 0)
		return yaml_fail(t->yaml, node, err, "%s: %s", key->name,
				 reason.message);
	return 0;
}

static int read_text(struct target *t, const struct key *key,
		     const struct yaml_node *node, struct error *err)
{
	return set_text(t, key, node, err);
}

static int read_list(struct target *t, const struct key *key,
		     const struct yaml_node *node, struct error *err)
{
	const struct yaml_node *item;
	void *at = NULL;

	if (yaml_kind(node) != YAML_SEQUENCE)
		return yaml_fail(t->yaml, node, err, "%s: expected a list",
				 key->name);
	while ((item = yaml_next_item(node, &at)) != NULL) {
		int r = set_text(t, key, item, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int read_unready(struct target *t, const struct key *key,
			const struct yaml_node *node, struct error *err)
{
	return yaml_bool(t->yaml, node, key->name, &t->at.job->unready, err);
}

static int read_verify(struct target *t, const struct key *key,
		       const struct yaml_node *node, struct error *err)
{
	return yaml_bool(t->yaml, node, key->name, &t->at.job->verify, err);
}

static int set_job_name(struct setting_target *t, const char *text,
			struct error *err)
{
	if (text[0] == '\0' || strlen(text) > JOB_NAME_MAX_BYTES)
		return error_set(err, ERROR_INVALID, "must have 1 to %d bytes",
				 JOB_NAME_MAX_BYTES);
	/* A label: for one bad byte node_exporter drops the whole file. And it
	 * is shown on terminals. */
	for (const char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return error_set(err, ERROR_INVALID,
					 "has a control character");
	if (!text_is_utf8(text))
		return error_set(err, ERROR_INVALID, "'%s' is not UTF-8", text);
	for (size_t i = 0; i < t->config->jobs.count; i++)
		if (strcmp(t->config->jobs.items[i].name, text) == 0)
			return error_set(err, ERROR_INVALID,
					 "there are two jobs '%s'", text);
	return value_set_string(&t->job->name, text, err);
}

static int set_address(struct setting_target *t, const char *text,
		       struct error *err)
{
	static const char *const names[] = { "pod", "host" };
	int choice;
	int r = value_set_choice(text, names, 2, &choice, err);

	if (r == 0)
		t->job->address = (enum job_address)choice;
	return r;
}

static int set_api_timeout(struct setting_target *t, const char *text,
			   struct error *err)
{
	return config_set_api_timeout(t->config, text, err);
}

static int set_discovery_max_age(struct setting_target *t, const char *text,
				 struct error *err)
{
	return config_set_discovery_max_age(t->config, text, err);
}

static int set_refresh(struct setting_target *t, const char *text,
		       struct error *err)
{
	return config_set_refresh(t->config, text, err);
}

static int set_domains_file(struct setting_target *t, const char *text,
			    struct error *err)
{
	if (text[0] == '\0')
		return error_set(err, ERROR_INVALID, "the path is empty");
	return value_set_string(&t->job->domains_from.file, text, err);
}

/* Not checked before both are known. */
static int set_endpoint_address(struct setting_target *t, const char *text,
				struct error *err)
{
	return value_set_string(&t->endpoint->address, text, err);
}

static int set_endpoint_port(struct setting_target *t, const char *text,
			     struct error *err)
{
	return value_set_string(&t->endpoint->port, text, err);
}

/* --- Objects that domains are taken from ---------------------------------- */

static int set_objects_namespace(struct setting_target *t, const char *text,
				 struct error *err)
{
	return domain_objects_add_namespace(t->objects, text, err);
}

static int set_objects_class(struct setting_target *t, const char *text,
			     struct error *err)
{
	return domain_objects_set_class(t->objects, text, err);
}

static int set_objects_hosts(struct setting_target *t, const char *text,
			     struct error *err)
{
	return domain_objects_set_hosts(t->objects, text, err);
}

static int set_objects_labels(struct setting_target *t, const char *text,
			      struct error *err)
{
	return domain_objects_set_labels(t->objects, text, err);
}

static int read_keys(struct target *t, const struct key *key,
		     const struct yaml_node *node, struct error *err);
static int read_objects(struct target *t, const struct key *key,
			const struct yaml_node *node, struct error *err);
static int read_endpoints(struct target *t, const struct key *key,
			  const struct yaml_node *node, struct error *err);
static int read_jobs(struct target *t, const struct key *key,
		     const struct yaml_node *node, struct error *err);

static const struct key kubernetes_keys[] = {
	{ "kubeconfig", read_text, setting_kubeconfig, NULL },
	{ "context", read_text, setting_context, NULL },
	{ "timeout", read_text, set_api_timeout, NULL },
	{ NULL, NULL, NULL, NULL },
};

static const struct key endpoint_keys[] = {
	{ "address", read_text, set_endpoint_address, NULL },
	{ "port", read_text, set_endpoint_port, NULL },
	{ NULL, NULL, NULL, NULL },
};

static const struct key ingress_keys[] = {
	{ "namespaces", read_list, set_objects_namespace, NULL },
	{ "class", read_text, set_objects_class, NULL },
	{ "hosts", read_text, set_objects_hosts, NULL },
	{ NULL, NULL, NULL, NULL },
};

/* Of gateways and ingressroutes. */
static const struct key object_keys[] = {
	{ "namespaces", read_list, set_objects_namespace, NULL },
	{ NULL, NULL, NULL, NULL },
};

static const struct key certificate_keys[] = {
	{ "namespaces", read_list, set_objects_namespace, NULL },
	{ "labels", read_text, set_objects_labels, NULL },
	{ NULL, NULL, NULL, NULL },
};

static const struct key domains_from_keys[] = {
	{ "file", read_text, set_domains_file, NULL },
	{ "ingresses", read_objects, NULL, ingress_keys },
	{ "gateways", read_objects, NULL, object_keys },
	{ "ingressroutes", read_objects, NULL, object_keys },
	{ "certificates", read_objects, NULL, certificate_keys },
	{ NULL, NULL, NULL, NULL },
};

static const struct key job_keys[] = {
	{ "name", read_text, set_job_name, NULL },
	{ "namespaces", read_list, setting_namespace, NULL },
	{ "labels", read_text, setting_labels, NULL },
	{ "node", read_text, setting_node, NULL },
	{ "service", read_text, setting_service, NULL },
	{ "endpoints", read_endpoints, NULL, endpoint_keys },
	{ "port", read_text, setting_port, NULL },
	{ "address", read_text, set_address, NULL },
	{ "families", read_text, setting_families, NULL },
	{ "unready", read_unready, NULL, NULL },
	{ "domains", read_list, setting_domain, NULL },
	{ "domains_from", read_keys, NULL, domains_from_keys },
	{ "ignored_domains", read_list, setting_ignored_domain, NULL },
	{ "proxy_protocol", read_text, setting_proxy_protocol, NULL },
	{ "starttls", read_text, setting_starttls, NULL },
	{ "handshake", read_text, setting_handshake, NULL },
	{ "key_types", read_list, setting_key_type, NULL },
	{ "verify", read_verify, NULL, NULL },
	{ "ca_file", read_text, setting_ca_file, NULL },
	{ "client_certificate", read_text, setting_client_certificate, NULL },
	{ "client_key", read_text, setting_client_key, NULL },
	{ "timeout", read_text, setting_timeout, NULL },
	{ NULL, NULL, NULL, NULL },
};

static const struct key top_keys[] = {
	{ "kubernetes", read_keys, NULL, kubernetes_keys },
	{ "output", read_text, setting_output, NULL },
	{ "state_file", read_text, setting_state_file, NULL },
	{ "concurrency", read_text, setting_concurrency, NULL },
	{ "deadline", read_text, setting_deadline, NULL },
	{ "discovery_max_age", read_text, set_discovery_max_age, NULL },
	{ "refresh", read_text, set_refresh, NULL },
	{ "metrics", read_text, setting_metrics, NULL },
	{ "max_series", read_text, setting_max_series, NULL },
	{ "log_level", read_text, setting_log_level, NULL },
	{ "jobs", read_jobs, NULL, job_keys },
	{ NULL, NULL, NULL, NULL },
};

static int unknown_key(struct target *t, const struct key *keys,
		       const struct yaml_node *node, const char *name,
		       struct error *err)
{
	CLEANUP(cleanup_free) const char **names = NULL;
	const char *nearest;
	size_t count = 0;

	while (keys[count].name != NULL)
		count++;
	names = calloc(count, sizeof(*names));
	if (names == NULL)
		return error_memory(err);
	for (size_t i = 0; i < count; i++)
		names[i] = keys[i].name;
	nearest = text_nearest(name, names, count);
	if (nearest != NULL)
		return yaml_fail(t->yaml, node, err,
				 "unknown key '%s'; did you mean '%s'?", name,
				 nearest);
	return yaml_fail(t->yaml, node, err, "unknown key '%s'", name);
}

/* Reads all keys of a mapping. A key without a value keeps its default. */
static int read_mapping(struct target *t, const struct key *keys,
			const struct yaml_node *node, const char *what,
			struct error *err)
{
	const struct yaml_node *name_node;
	const struct yaml_node *value;
	void *at = NULL;

	if (yaml_kind(node) == YAML_NULL)
		return 0;
	if (yaml_kind(node) != YAML_MAPPING)
		return yaml_fail(t->yaml, node, err,
				 "%s: expected keys and values", what);
	while (yaml_next_pair(node, &at, &name_node, &value)) {
		CLEANUP(cleanup_free) char *name = NULL;
		const struct key *key = keys;
		int r = yaml_string(t->yaml, name_node, "a key", &name, err);

		if (r < 0)
			return r;
		while (key->name != NULL && strcmp(key->name, name) != 0)
			key++;
		if (key->name == NULL)
			return unknown_key(t, keys, name_node, name, err);
		if (yaml_kind(value) != YAML_NULL)
			r = key->read(t, key, value, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_keys(struct target *t, const struct key *key,
		     const struct yaml_node *node, struct error *err)
{
	return read_mapping(t, key->keys, node, key->name, err);
}

static int read_objects(struct target *t, const struct key *key,
			const struct yaml_node *node, struct error *err)
{
	struct domains_from *from = &t->at.job->domains_from;
	const struct {
		const char *name;
		struct domain_objects *objects;
	} kinds[] = {
		{ "ingresses", &from->ingresses },
		{ "gateways", &from->gateways },
		{ "ingressroutes", &from->ingressroutes },
		{ "certificates", &from->certificates },
	};
	size_t i = 0;

	while (strcmp(kinds[i].name, key->name) != 0)
		i++;
	kinds[i].objects->is_used = true;
	t->at.objects = kinds[i].objects;
	return read_keys(t, key, node, err);
}

static void free_texts(struct endpoint_config *texts)
{
	free(texts->address);
	free(texts->port);
}

static int read_endpoint(struct target *t, const struct yaml_node *node,
			 struct error *err)
{
	CLEANUP(free_texts) struct endpoint_config texts = { 0 };
	struct error reason = { 0 };
	int r;

	t->at.endpoint = &texts;
	r = read_mapping(t, endpoint_keys, node, "an endpoint", err);
	t->at.endpoint = NULL;
	if (r < 0)
		return r;
	if (texts.address == NULL)
		return yaml_fail(t->yaml, node, err,
				 "endpoints: an endpoint needs an address");
	r = job_config_add_endpoint(t->at.job, texts.address, texts.port,
				    &reason);
	if (reason.code == ERROR_MEMORY)
		return error_memory(err);
	if (r < 0)
		return yaml_fail(t->yaml, node, err, "endpoints: %s",
				 reason.message);
	return 0;
}

static int read_endpoints(struct target *t, const struct key *key,
			  const struct yaml_node *node, struct error *err)
{
	const struct yaml_node *item;
	void *at = NULL;

	if (yaml_kind(node) != YAML_SEQUENCE)
		return yaml_fail(t->yaml, node, err, "%s: expected a list",
				 key->name);
	while ((item = yaml_next_item(node, &at)) != NULL) {
		int r = read_endpoint(t, item, err);

		if (r < 0)
			return r;
	}
	/* It would be the pods of the namespace "default". */
	if (t->at.job->endpoints.count == 0)
		return yaml_fail(t->yaml, node, err,
				 "%s: names no server to probe", key->name);
	return 0;
}

/* `verify: true` is the default, so only the document tells whether somebody
 * relies on it. */
static int check_verify(struct target *t, const struct yaml_node *node,
			struct error *err)
{
	const struct yaml_node *verify = yaml_lookup(node, "verify");
	const char *ca_file = t->at.job->ca_file;

	if (verify == NULL || !t->at.job->verify || ca_file == NULL ||
	    strcmp(ca_file, CONFIG_CA_FILE_NONE) != 0)
		return 0;
	return yaml_fail(t->yaml, verify, err,
			 "job '%s': verify is true, but ca_file is 'none' "
			 "(a file of that name is './none')",
			 t->at.job->name);
}

static int read_job(struct target *t, const struct yaml_node *node,
		    struct error *err)
{
	struct error reason = { 0 };
	int r = read_mapping(t, job_keys, node, "a job", err);

	if (r < 0)
		return r;
	if (t->at.job->name[0] == '\0')
		return yaml_fail(t->yaml, node, err, "a job has no name");
	r = check_verify(t, node, err);
	if (r < 0)
		return r;
	r = job_config_finish(t->at.job, &reason);
	if (reason.code == ERROR_MEMORY)
		return error_memory(err);
	if (r < 0)
		return yaml_fail(t->yaml, node, err, "job '%s': %s",
				 t->at.job->name, reason.message);
	return 0;
}

static int read_jobs(struct target *t, const struct key *key,
		     const struct yaml_node *node, struct error *err)
{
	const struct yaml_node *item;
	void *at = NULL;

	if (yaml_kind(node) != YAML_SEQUENCE)
		return yaml_fail(t->yaml, node, err, "%s: expected a list",
				 key->name);
	while ((item = yaml_next_item(node, &at)) != NULL) {
		struct job_config job = { 0 };
		struct target in_job = {
			t->yaml,
			{ .config = t->at.config, .job = &job },
		};
		int r;

		if (t->at.config->jobs.count == CONFIG_JOBS_MAX)
			return yaml_fail(t->yaml, item, err,
					 "more than %d jobs", CONFIG_JOBS_MAX);
		r = job_config_init(&job, "", err);
		if (r == 0)
			r = read_job(&in_job, item, err);
		if (r == 0)
			r = job_vector_append(&t->at.config->jobs, job, err);
		if (r < 0) {
			job_config_free(&job);
			return r;
		}
	}
	return 0;
}

int config_file_load(const char *path, struct config *config, struct error *err)
{
	CLEANUP(cleanup_yaml) struct yaml *yaml = NULL;
	CLEANUP(buffer_free)
	struct buffer text = BUFFER_INIT(CONFIG_FILE_MAX_BYTES);
	struct target target = { 0 };
	int r = file_read(path, &text, err);

	if (r == 0)
		r = yaml_parse(path, &text, &yaml, err);
	if (r == 0) {
		target = (struct target){ .yaml = yaml, .at.config = config };
		r = read_mapping(&target, top_keys, yaml_root(yaml), "the file",
				 err);
	}
	if (r < 0 && err->code != ERROR_MEMORY)
		err->code = ERROR_USAGE;
	return r < 0 ? -(int)err->code : 0;
}

/* `before`: the name of the key that these are keys of, with a dot. */
static void print_keys(FILE *out, const struct key *keys, const char *before)
{
	for (; keys->name != NULL; keys++) {
		char name[KEY_NAME_MAX_BYTES];

		(void)fprintf(out, "%s%s\n", before, keys->name);
		(void)snprintf(name, sizeof(name), "%s%s.", before, keys->name);
		if (keys->keys != NULL)
			print_keys(out, keys->keys, name);
	}
}

void config_file_print_keys(FILE *out)
{
	print_keys(out, top_keys, "");
}
