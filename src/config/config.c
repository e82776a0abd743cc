/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Defaults and checks of single values.
 */
#include <config.h>

#include "config/config.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/text.h"
#include "config/selector.h"

#define TIMEOUT_MAX_MS (INT64_C(3600) * 1000)	    /* of one connection */
#define DEADLINE_MAX_MS (INT64_C(24) * 3600 * 1000) /* of a run */
#define MAX_SERIES_MAX 10000000

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

int config_set_string(char **member, const char *text, struct error *err)
{
	char *copy = strdup(text);

	if (copy == NULL)
		return error_memory(err);
	free(*member);
	*member = copy;
	return 0;
}

int config_init(struct config *config, struct error *err)
{
	*config = (struct config){
		.kubernetes.timeout_ms = 10000,
		.concurrency = 64,
		.deadline_ms = 50000,
		.metrics = METRICS_STANDARD,
		.max_series = 20000,
		.log_level = LOG_LEVEL_WARNING,
		.warn = CONFIG_WARN_DEFAULT,
		.crit = CONFIG_CRIT_DEFAULT,
	};
	return config_set_string(&config->output,
				 TEXTFILE_DIR "/" CONFIG_TEXTFILE_NAME, err);
}

void config_free(struct config *config)
{
	free(config->kubernetes.kubeconfig);
	free(config->kubernetes.context);
	free(config->output);
	for (size_t i = 0; i < config->jobs.count; i++)
		job_config_free(&config->jobs.items[i]);
	job_vector_clear(&config->jobs);
}

int job_config_init(struct job_config *job, const char *name, struct error *err)
{
	int r;

	*job = (struct job_config){
		.port_number = 443,
		.handshake = HANDSHAKE_FULL,
		.verify = true,
		.timeout_ms = 5000,
	};
	r = config_set_string(&job->name, name, err);
	if (r == 0)
		r = config_set_string(&job->labels, "", err);
	if (r == 0)
		r = config_set_string(&job->node, "", err);
	if (r == 0)
		r = config_set_string(&job->port, "443", err);
	if (r < 0)
		job_config_free(job);
	return r;
}

void job_config_free(struct job_config *job)
{
	free(job->name);
	string_vector_free(&job->namespaces);
	free(job->labels);
	free(job->node);
	free(job->pods_file);
	free(job->port);
	domain_vector_free(&job->domains);
	domain_filter_free(&job->ignored);
	free(job->ca_file);
	free(job->client_certificate);
	free(job->client_key);
	*job = (struct job_config){ 0 };
}

int job_config_add_namespace(struct job_config *job, const char *text,
			     struct error *err)
{
	if (strcmp(text, "*") != 0 && !text_is_dns_label(text))
		return error_set(err, ERROR_INVALID,
				 "'%s' is not a namespace (lower-case letters, "
				 "digits and '-', or '*' for all)",
				 text);
	if (string_vector_has(&job->namespaces, text))
		return 0;
	if (job->namespaces.count == CONFIG_NAMESPACES_MAX)
		return error_set(err, ERROR_INVALID,
				 "more than %d namespaces; use '*'",
				 CONFIG_NAMESPACES_MAX);
	return string_vector_add(&job->namespaces, text, err);
}

int job_config_set_labels(struct job_config *job, const char *text,
			  struct error *err)
{
	int r = selector_check(text, err);

	return r < 0 ? r : config_set_string(&job->labels, text, err);
}

int job_config_set_node(struct job_config *job, const char *text,
			struct error *err)
{
	if (strcmp(text, "") != 0 && strcmp(text, "@self") != 0 &&
	    !text_is_dns_subdomain(text))
		return error_set(err, ERROR_INVALID,
				 "'%s' is not a node's name (lower-case "
				 "letters, digits, '-' and '.'), nor '@self'",
				 text);
	return config_set_string(&job->node, text, err);
}

/* RFC 6335, 5.1: 1 to 15 of a-z, 0-9 and '-', a letter among them. */
static bool is_port_name(const char *text)
{
	return text_is_dns_label(text) && strlen(text) <= 15 &&
	       strpbrk(text, "abcdefghijklmnopqrstuvwxyz") != NULL;
}

int job_config_set_port(struct job_config *job, const char *text,
			struct error *err)
{
	unsigned long long number = 0;

	if (!text_to_number(text, 1, UINT16_MAX, &number) &&
	    !is_port_name(text))
		return error_set(err, ERROR_INVALID,
				 "'%s' is neither a port (1 to 65535) nor a "
				 "container port's name",
				 text);
	job->port_number = (uint16_t)number;
	if (number == 0)
		return config_set_string(&job->port, text, err);

	/* "0443" and "443" are one port and one label. */
	char canonical[24];

	(void)snprintf(canonical, sizeof(canonical), "%llu", number);
	return config_set_string(&job->port, canonical, err);
}

static int set_duration(int64_t *member, const char *text, int64_t max_ms,
			struct error *err)
{
	char longest[DURATION_WORDS_MAX];
	int64_t ms;
	int r = duration_parse(text, &ms, err);

	if (r < 0)
		return r;
	if (ms < 1 || ms > max_ms) {
		duration_words(max_ms / 1000, longest);
		return error_set(err, ERROR_INVALID,
				 "'%s' is not between 1ms and %s", text,
				 longest);
	}
	*member = ms;
	return 0;
}

int job_config_set_timeout(struct job_config *job, const char *text,
			   struct error *err)
{
	return set_duration(&job->timeout_ms, text, TIMEOUT_MAX_MS, err);
}

int config_set_deadline(struct config *config, const char *text,
			struct error *err)
{
	return set_duration(&config->deadline_ms, text, DEADLINE_MAX_MS, err);
}

int config_set_api_timeout(struct config *config, const char *text,
			   struct error *err)
{
	return set_duration(&config->kubernetes.timeout_ms, text,
			    TIMEOUT_MAX_MS, err);
}

int config_set_threshold(struct threshold *threshold, const char *text,
			 struct error *err)
{
	int64_t ms;
	int r = duration_parse(text, &ms, err);

	if (r == 0)
		threshold->seconds = ms / 1000;
	return r;
}

static int set_number(unsigned long long minimum, unsigned long long maximum,
		      const char *text, unsigned long long *ret_number,
		      struct error *err)
{
	if (!text_to_number(text, minimum, maximum, ret_number))
		return error_set(err, ERROR_INVALID,
				 "'%s' is not a whole number from %llu to %llu",
				 text, minimum, maximum);
	return 0;
}

int config_set_concurrency(struct config *config, const char *text,
			   struct error *err)
{
	unsigned long long number;
	int r = set_number(1, CONFIG_CONCURRENCY_MAX, text, &number, err);

	if (r == 0)
		config->concurrency = (size_t)number;
	return r;
}

int config_set_max_series(struct config *config, const char *text,
			  struct error *err)
{
	unsigned long long number;
	int r = set_number(0, MAX_SERIES_MAX, text, &number, err);

	if (r == 0)
		config->max_series = number;
	return r;
}

int config_set_choice(const char *text, const char *const *names, size_t count,
		      int *ret_choice, struct error *err)
{
	char list[128] = "";
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(text, names[i]) == 0) {
			*ret_choice = (int)i;
			return 0;
		}
		used += (size_t)snprintf(list + used, sizeof(list) - used,
					 "%s%s", i == 0 ? "" : ", ", names[i]);
		assert(used < sizeof(list));
	}
	return error_set(err, ERROR_INVALID, "'%s' is none of: %s", text, list);
}

/* Likewise for an enum whose first value is "none of them": its name is "",
 * and messages leave it out. */
static int set_optional_choice(const char *text, const char *const *names,
			       size_t count, int *ret_choice, struct error *err)
{
	int choice = -1;
	int r = 0;

	if (text[0] != '\0')
		r = config_set_choice(text, names + 1, count - 1, &choice, err);
	if (r == 0)
		*ret_choice = choice + 1;
	return r;
}

int job_config_set_proxy_protocol(struct job_config *job, const char *text,
				  struct error *err)
{
	static const char *const names[] = {
		[PROXY_PROTOCOL_NONE] = "",
		[PROXY_PROTOCOL_V1] = "v1",
		[PROXY_PROTOCOL_V2] = "v2",
	};
	int choice;
	int r = set_optional_choice(text, names, COUNT_OF(names), &choice, err);

	if (r == 0)
		job->proxy_protocol = (enum proxy_protocol)choice;
	return r;
}

int job_config_set_starttls(struct job_config *job, const char *text,
			    struct error *err)
{
	static const char *const names[] = {
		[STARTTLS_NONE] = "",	    [STARTTLS_SMTP] = "smtp",
		[STARTTLS_IMAP] = "imap",   [STARTTLS_POP3] = "pop3",
		[STARTTLS_LDAP] = "ldap",   [STARTTLS_POSTGRES] = "postgres",
		[STARTTLS_MYSQL] = "mysql",
	};
	int choice;
	int r;

	static_assert(COUNT_OF(names) == STARTTLS_COUNT, "one name each");
	r = set_optional_choice(text, names, COUNT_OF(names), &choice, err);
	if (r == 0)
		job->starttls = (enum starttls_protocol)choice;
	return r;
}

int job_config_set_handshake(struct job_config *job, const char *text,
			     struct error *err)
{
	static const char *const names[] = {
		[HANDSHAKE_FULL] = "full",
		[HANDSHAKE_CERTIFICATE] = "certificate",
	};
	int choice;
	int r = config_set_choice(text, names, COUNT_OF(names), &choice, err);

	if (r == 0)
		job->handshake = (enum handshake_mode)choice;
	return r;
}

static const char *const key_type_names[] = {
	[KEY_TYPE_ANY] = "",
	[KEY_TYPE_RSA] = "rsa",
	[KEY_TYPE_ECDSA] = "ecdsa",
};
static_assert(COUNT_OF(key_type_names) == KEY_TYPE_COUNT, "one name each");

const char *key_type_name(enum key_type type)
{
	return key_type_names[type];
}

int job_config_add_key_type(struct job_config *job, const char *text,
			    struct error *err)
{
	int choice;
	/* An item of a list: "" is a mistake there, not the default. */
	int r = config_set_choice(text, key_type_names + 1, KEY_TYPE_COUNT - 1,
				  &choice, err);

	if (r == 0)
		job->key_types[choice + 1] = true;
	return r;
}

bool job_config_has_key_type(const struct job_config *job, enum key_type type)
{
	if (type != KEY_TYPE_ANY)
		return job->key_types[type];
	for (size_t i = KEY_TYPE_ANY + 1; i < KEY_TYPE_COUNT; i++)
		if (job->key_types[i])
			return false;
	return true;
}

int config_set_metrics(struct config *config, const char *text,
		       struct error *err)
{
	static const char *const names[] = { "standard", "full", "summary",
					     "mux" };
	int choice;
	int r;

	static_assert(METRICS_STANDARD == 0 && METRICS_FULL == 1 &&
			      METRICS_SUMMARY == 2 && METRICS_MUX == 3,
		      "names in the order of the enum");
	r = config_set_choice(text, names, 4, &choice, err);
	if (r == 0)
		config->metrics = (enum metrics_mode)choice;
	return r;
}

int config_set_log_level(struct config *config, const char *text,
			 struct error *err)
{
	if (!log_level_from_name(text, &config->log_level))
		return error_set(err, ERROR_INVALID,
				 "'%s' is none of: debug, info, warning, error",
				 text);
	config->has_log_level = true;
	return 0;
}

bool job_config_all_namespaces(const struct job_config *job)
{
	return string_vector_has(&job->namespaces, "*");
}

/* Which keys about certificates go together, and which exclude each other. */
static int finish_tls(struct job_config *job, struct error *err)
{
	if (job->ca_file != NULL &&
	    strcmp(job->ca_file, CONFIG_CA_FILE_NONE) == 0) {
		free(job->ca_file);
		job->ca_file = NULL;
		job->verify = false;
	}
	if (!job->verify && job->ca_file != NULL)
		return error_set(err, ERROR_INVALID,
				 "ca_file is '%s', but verify is false",
				 job->ca_file);
	if (job->client_certificate != NULL && job->client_key == NULL)
		return error_set(err, ERROR_INVALID,
				 "client_certificate needs a client_key");
	if (job->client_key != NULL && job->client_certificate == NULL)
		return error_set(err, ERROR_INVALID,
				 "client_key needs a client_certificate");
	return 0;
}

int job_config_finish(struct job_config *job, struct error *err)
{
	bool had_domains = job->domains.count > 0;
	int r = finish_tls(job, err);

	if (r < 0)
		return r;
	/* A list read from a file is the selection. */
	if (job->namespaces.count == 0 && job->pods_file == NULL)
		r = job_config_add_namespace(job, "default", err);
	if (r < 0)
		return r;
	if (job->domains.count > CONFIG_DOMAINS_MAX)
		return error_set(err, ERROR_INVALID, "more than %d domains",
				 CONFIG_DOMAINS_MAX);
	domain_vector_normalise(&job->domains);
	domain_vector_filter(&job->domains, &job->ignored);
	if (job->domains.count > 0)
		return 0;
	return error_set(err, ERROR_INVALID,
			 had_domains ? "all of its domains are ignored" :
				       "names no domains to probe");
}
