/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config/config: defaults, and setters that check.
 */
#include <config.h>

#include "config/config.h"

#include <string.h>

#include "config/value.h"
#include "support.h"

static void test_defaults(void **state)
{
	struct config config;
	struct job_config job;
	struct error err = { 0 };

	(void)state;
	assert_ok(config_init(&config, &err), &err);
	assert_string_equal(config.output,
			    TEXTFILE_DIR "/certificate_expiry_monitor.prom");
	assert_int_equal(config.kubernetes.timeout_ms, 10000);
	assert_int_equal(config.concurrency, 64);
	assert_int_equal(config.deadline_ms, 50000);
	assert_int_equal(config.max_series, 20000);
	assert_int_equal(config.metrics, METRICS_STANDARD);
	assert_int_equal(config.warn.seconds, 21 * 86400);
	assert_int_equal(config.warn.percent, 25);
	assert_int_equal(config.crit.seconds, 7 * 86400);
	assert_int_equal(config.crit.percent, 10);
	config_free(&config);

	assert_ok(job_config_init(&job, "j", &err), &err);
	assert_string_equal(job.port, "443");
	assert_int_equal(job.port_number, 443);
	assert_int_equal(job.timeout_ms, 5000);
	assert_false(job.unready);
	assert_int_equal(job.address, JOB_ADDRESS_POD);
	assert_null(job.pods_file);
	assert_int_equal(job.proxy_protocol, PROXY_PROTOCOL_NONE);
	assert_int_equal(job.starttls, STARTTLS_NONE);
	assert_int_equal(job.handshake, HANDSHAKE_FULL);
	assert_true(job_config_has_key_type(&job, KEY_TYPE_ANY));
	assert_true(job.verify);
	assert_null(job.ca_file);
	assert_null(job.client_certificate);
	assert_null(job.client_key);
	job_config_free(&job);
	job_config_free(&job);
}

/* A value as text, the setter, what it must leave. */
static int port_label(struct job_config *job, struct config *config,
		      const char *text, long long *ret_value, struct error *err)
{
	int r = job_config_set_port(job, text, err);

	(void)config;
	*ret_value = job->port_number;
	return r;
}

static int timeout(struct job_config *job, struct config *config,
		   const char *text, long long *ret_value, struct error *err)
{
	int r = job_config_set_timeout(job, text, err);

	(void)config;
	*ret_value = job->timeout_ms;
	return r;
}

static int proxy_protocol(struct job_config *job, struct config *config,
			  const char *text, long long *ret_value,
			  struct error *err)
{
	int r = job_config_set_proxy_protocol(job, text, err);

	(void)config;
	*ret_value = job->proxy_protocol;
	return r;
}

static int starttls(struct job_config *job, struct config *config,
		    const char *text, long long *ret_value, struct error *err)
{
	int r = job_config_set_starttls(job, text, err);

	(void)config;
	*ret_value = job->starttls;
	return r;
}

static int handshake(struct job_config *job, struct config *config,
		     const char *text, long long *ret_value, struct error *err)
{
	int r = job_config_set_handshake(job, text, err);

	(void)config;
	*ret_value = job->handshake;
	return r;
}

static int deadline(struct job_config *job, struct config *config,
		    const char *text, long long *ret_value, struct error *err)
{
	int r = config_set_deadline(config, text, err);

	(void)job;
	*ret_value = config->deadline_ms;
	return r;
}

static int api_timeout(struct job_config *job, struct config *config,
		       const char *text, long long *ret_value,
		       struct error *err)
{
	int r = config_set_api_timeout(config, text, err);

	(void)job;
	*ret_value = config->kubernetes.timeout_ms;
	return r;
}

static int concurrency(struct job_config *job, struct config *config,
		       const char *text, long long *ret_value,
		       struct error *err)
{
	int r = config_set_concurrency(config, text, err);

	(void)job;
	*ret_value = (long long)config->concurrency;
	return r;
}

static int max_series(struct job_config *job, struct config *config,
		      const char *text, long long *ret_value, struct error *err)
{
	int r = config_set_max_series(config, text, err);

	(void)job;
	*ret_value = (long long)config->max_series;
	return r;
}

static int metrics(struct job_config *job, struct config *config,
		   const char *text, long long *ret_value, struct error *err)
{
	int r = config_set_metrics(config, text, err);

	(void)job;
	*ret_value = config->metrics;
	return r;
}

static int log_level(struct job_config *job, struct config *config,
		     const char *text, long long *ret_value, struct error *err)
{
	int r = config_set_log_level(config, text, err);

	(void)job;
	*ret_value = config->log_level;
	return r;
}

static int warn(struct job_config *job, struct config *config, const char *text,
		long long *ret_value, struct error *err)
{
	int r = config_set_threshold(&config->warn, text, err);

	(void)job;
	*ret_value = config->warn.seconds;
	return r;
}

static void test_setters(void **state)
{
	static const struct {
		const char *name;
		int (*set)(struct job_config *job, struct config *config,
			   const char *text, long long *ret_value,
			   struct error *err);
		const char *text;
		long long value;  /* if good */
		const char *part; /* of the message; NULL: good */
	} rows[] = {
		{ "port", port_label, "8443", 8443, NULL },
		{ "port 1", port_label, "1", 1, NULL },
		{ "port 65535", port_label, "65535", 65535, NULL },
		{ "port name", port_label, "websecure", 0, NULL },
		{ "port name with digits", port_label, "8a", 0, NULL },
		{ "port 0", port_label, "0", 0, "'0' is neither" },
		{ "port 65536", port_label, "65536", 0, "'65536'" },
		{ "port empty", port_label, "", 0, "''" },
		{ "port negative", port_label, "-1", 0, "'-1'" },
		{ "port name too long", port_label, "abcdefghijklmnop", 0,
		  "neither" },
		{ "port name in capitals", port_label, "HTTPS", 0, "neither" },
		{ "port with quotes", port_label, "a\"b", 0, "neither" },
		{ "timeout", timeout, "1m30s", 90000, NULL },
		{ "timeout 1ms", timeout, "1ms", 1, NULL },
		{ "timeout 1h", timeout, "1h", 3600000, NULL },
		{ "timeout 0", timeout, "0", 0, "not between 1ms and 1h 0m" },
		{ "timeout too long", timeout, "1h1ms", 0, "not between" },
		{ "timeout without unit", timeout, "5", 0, "not a duration" },
		{ "proxy-protocol v1", proxy_protocol, "v1", PROXY_PROTOCOL_V1,
		  NULL },
		{ "proxy-protocol v2", proxy_protocol, "v2", PROXY_PROTOCOL_V2,
		  NULL },
		{ "proxy-protocol none", proxy_protocol, "",
		  PROXY_PROTOCOL_NONE, NULL },
		{ "proxy-protocol v3", proxy_protocol, "v3", 0,
		  "'v3' is none of: v1, v2" },
		{ "proxy-protocol number", proxy_protocol, "1", 0, "'1'" },
		{ "starttls smtp", starttls, "smtp", STARTTLS_SMTP, NULL },
		{ "starttls imap", starttls, "imap", STARTTLS_IMAP, NULL },
		{ "starttls pop3", starttls, "pop3", STARTTLS_POP3, NULL },
		{ "starttls ldap", starttls, "ldap", STARTTLS_LDAP, NULL },
		{ "starttls postgres", starttls, "postgres", STARTTLS_POSTGRES,
		  NULL },
		{ "starttls mysql", starttls, "mysql", STARTTLS_MYSQL, NULL },
		{ "starttls none", starttls, "", STARTTLS_NONE, NULL },
		{ "starttls bad", starttls, "ftp", 0,
		  "'ftp' is none of: smtp, imap, pop3, ldap, postgres, mysql" },
		{ "starttls misspelt", starttls, "stmp", 0,
		  "mysql; did you mean 'smtp'?" },
		{ "starttls in capitals", starttls, "SMTP", 0, "'SMTP'" },
		{ "handshake full", handshake, "full", HANDSHAKE_FULL, NULL },
		{ "handshake certificate", handshake, "certificate",
		  HANDSHAKE_CERTIFICATE, NULL },
		{ "handshake bad", handshake, "half", 0,
		  "'half' is none of: full, certificate" },
		{ "handshake empty", handshake, "", 0, "'' is none of" },
		{ "deadline", deadline, "1d", 86400000, NULL },
		{ "deadline 0", deadline, "0s", 0, "not between 1ms and 1d" },
		{ "deadline too long", deadline, "2d", 0, "not between" },
		{ "API timeout", api_timeout, "3s", 3000, NULL },
		{ "API timeout 0", api_timeout, "0", 0, "not between" },
		{ "concurrency", concurrency, "4096", 4096, NULL },
		{ "concurrency 0", concurrency, "0", 0, "from 1 to 4096" },
		{ "concurrency 4097", concurrency, "4097", 0, "'4097'" },
		{ "max-series", max_series, "0", 0, NULL },
		{ "max-series large", max_series, "10000000", 10000000, NULL },
		{ "max-series too large", max_series, "10000001", 0, "from" },
		{ "max-series negative", max_series, "-1", 0, "'-1'" },
		{ "metrics standard", metrics, "standard", METRICS_STANDARD,
		  NULL },
		{ "metrics summary", metrics, "summary", METRICS_SUMMARY,
		  NULL },
		{ "metrics mux", metrics, "mux", METRICS_MUX, NULL },
		{ "metrics full", metrics, "full", METRICS_FULL, NULL },
		{ "metrics bad", metrics, "all", 0,
		  "'all' is none of: standard, full, summary, mux" },
		{ "metrics misspelt", metrics, "sumary", 0,
		  "; did you mean 'summary'?" },
		{ "metrics in capitals", metrics, "MUX", 0, "none of" },
		{ "log-level", log_level, "debug", LOG_LEVEL_DEBUG, NULL },
		{ "log-level error", log_level, "error", LOG_LEVEL_ERROR,
		  NULL },
		{ "log-level in capitals", log_level, "ERROR", 0, "'ERROR'" },
		{ "log-level empty", log_level, "", 0, "'' is none of" },
		{ "log-level shortened", log_level, "warn", 0,
		  "'warn' is none of: debug, info, warning, error; did you "
		  "mean 'warning'?" },
		{ "log-level bad", log_level, "loud", 0,
		  "none of: debug, info, warning, error" },
		{ "warn", warn, "21d", 21 * 86400, NULL },
		{ "warn 0", warn, "0", 0, NULL },
		{ "warn bad", warn, "soon", 0, "not a duration" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct config config;
		struct job_config job;
		struct error err = { 0 };
		long long value = -1;
		int r;

		assert_ok(config_init(&config, &err), &err);
		assert_ok(job_config_init(&job, "j", &err), &err);
		r = rows[i].set(&job, &config, rows[i].text, &value, &err);
		if (rows[i].part == NULL) {
			assert_ok(r, &err);
			assert_row(value == rows[i].value, rows[i].name);
		} else {
			assert_row(r < 0, rows[i].name);
			assert_error(r, &err, ERROR_INVALID, rows[i].part);
		}
		job_config_free(&job);
		config_free(&config);
	}
}

static void test_port_label_is_canonical(void **state)
{
	struct job_config job;
	struct error err = { 0 };

	(void)state;
	assert_ok(job_config_init(&job, "j", &err), &err);
	assert_ok(job_config_set_port(&job, "0443", &err), &err);
	assert_string_equal(job.port, "443");
	assert_ok(job_config_set_port(&job, "https", &err), &err);
	assert_string_equal(job.port, "https");
	job_config_free(&job);
}

static void test_namespaces(void **state)
{
	static const char *const bad[] = { "",	 "Default", "a.b", "a/b",
					   "**", "-a",	    "a b" };
	struct job_config job;
	struct error err = { 0 };

	(void)state;
	assert_ok(job_config_init(&job, "j", &err), &err);
	assert_ok(job_config_add_namespace(&job, "kube-system", &err), &err);
	assert_ok(job_config_add_namespace(&job, "kube-system", &err), &err);
	assert_int_equal(job.namespaces.count, 1);
	assert_false(job_config_all_namespaces(&job));
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_error(job_config_add_namespace(&job, bad[i], &err), &err,
			     ERROR_INVALID, "is not a namespace");
	assert_ok(job_config_add_namespace(&job, "*", &err), &err);
	assert_true(job_config_all_namespaces(&job));
	job_config_free(&job);
}

static void test_node(void **state)
{
	static const char *const bad[] = { "@other", "A", "a b", "a/b", "*" };
	struct job_config job;
	struct error err = { 0 };

	(void)state;
	assert_ok(job_config_init(&job, "j", &err), &err);
	assert_ok(job_config_set_node(&job, "@self", &err), &err);
	assert_ok(job_config_set_node(&job, "ip-10-0-0-1.ec2.internal", &err),
		  &err);
	assert_string_equal(job.node, "ip-10-0-0-1.ec2.internal");
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_error(job_config_set_node(&job, bad[i], &err), &err,
			     ERROR_INVALID, "is not a node's name");
	assert_ok(job_config_set_node(&job, "", &err), &err);
	assert_string_equal(job.node, "");
	job_config_free(&job);
}

static void test_labels(void **state)
{
	struct job_config job;
	struct error err = { 0 };

	(void)state;
	assert_ok(job_config_init(&job, "j", &err), &err);
	assert_ok(job_config_set_labels(&job, "a=b,c in (d)", &err), &err);
	assert_error(job_config_set_labels(&job, "=", &err), &err,
		     ERROR_INVALID, "label selector");
	assert_string_equal(job.labels, "a=b,c in (d)");
	job_config_free(&job);
}

static void test_key_types(void **state)
{
	static const struct {
		const char *name;
		const char *added[3];
		bool any, rsa, ecdsa;
	} rows[] = {
		{ "none", { NULL }, true, false, false },
		{ "RSA", { "rsa" }, false, true, false },
		{ "ECDSA", { "ecdsa" }, false, false, true },
		{ "both", { "ecdsa", "rsa" }, false, true, true },
		{ "one twice", { "rsa", "rsa" }, false, true, false },
	};
	static const char *const bad[] = { "", "RSA", "dsa", "any" };
	struct job_config job;
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_ok(job_config_init(&job, "j", &err), &err);
		for (size_t j = 0; rows[i].added[j] != NULL; j++)
			assert_ok(job_config_add_key_type(
					  &job, rows[i].added[j], &err),
				  &err);
		assert_row(job_config_has_key_type(&job, KEY_TYPE_ANY) ==
				   rows[i].any,
			   rows[i].name);
		assert_row(job_config_has_key_type(&job, KEY_TYPE_RSA) ==
				   rows[i].rsa,
			   rows[i].name);
		assert_row(job_config_has_key_type(&job, KEY_TYPE_ECDSA) ==
				   rows[i].ecdsa,
			   rows[i].name);
		job_config_free(&job);
	}
	assert_ok(job_config_init(&job, "j", &err), &err);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_error(job_config_add_key_type(&job, bad[i], &err), &err,
			     ERROR_INVALID, "' is none of: rsa, ecdsa");
	assert_true(job_config_has_key_type(&job, KEY_TYPE_ANY));
	job_config_free(&job);
}

static void test_key_type_names(void **state)
{
	(void)state;
	assert_string_equal(key_type_name(KEY_TYPE_ANY), "");
	assert_string_equal(key_type_name(KEY_TYPE_RSA), "rsa");
	assert_string_equal(key_type_name(KEY_TYPE_ECDSA), "ecdsa");
}

static void set_if(char **member, const char *text)
{
	struct error err = { 0 };

	if (text != NULL)
		assert_ok(value_set_string(member, text, &err), &err);
}

static bool same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Which of these keys a job may have together, and what becomes of them. */
static void test_finish_tls(void **state)
{
	static const struct {
		const char *name;
		bool verify;
		const char *ca_file, *certificate, *key;
		const char *part; /* of the message; NULL: good */
		bool verify_after;
		const char *ca_file_after;
	} rows[] = {
		{ "defaults", true, NULL, NULL, NULL, NULL, true, NULL },
		{ "own store", true, "/ca", NULL, NULL, NULL, true, "/ca" },
		{ "none", true, "none", NULL, NULL, NULL, false, NULL },
		{ "a file called none", true, "./none", NULL, NULL, NULL, true,
		  "./none" },
		{ "unverified", false, NULL, NULL, NULL, NULL, false, NULL },
		{ "unverified twice", false, "none", NULL, NULL, NULL, false,
		  NULL },
		{ "unverified with a store", false, "/ca", NULL, NULL,
		  "ca_file is '/ca', but verify is false", false, NULL },
		{ "client", true, NULL, "/crt", "/key", NULL, true, NULL },
		{ "unverified client", false, NULL, "/crt", "/key", NULL, false,
		  NULL },
		{ "no key", true, NULL, "/crt", NULL,
		  "client_certificate needs a client_key", false, NULL },
		{ "no certificate", true, NULL, NULL, "/key",
		  "client_key needs a client_certificate", false, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct job_config job;
		struct error err = { 0 };
		int r;

		assert_ok(job_config_init(&job, "j", &err), &err);
		assert_ok(domain_vector_add(&job.domains, "a.example", &err),
			  &err);
		job.verify = rows[i].verify;
		set_if(&job.ca_file, rows[i].ca_file);
		set_if(&job.client_certificate, rows[i].certificate);
		set_if(&job.client_key, rows[i].key);
		r = job_config_finish(&job, &err);
		if (rows[i].part != NULL) {
			assert_row(r < 0, rows[i].name);
			assert_error(r, &err, ERROR_INVALID, rows[i].part);
		} else {
			assert_ok(r, &err);
			assert_row(job.verify == rows[i].verify_after,
				   rows[i].name);
			assert_row(same(job.ca_file, rows[i].ca_file_after),
				   rows[i].name);
			assert_row(same(job.client_key, rows[i].key),
				   rows[i].name);
		}
		job_config_free(&job);
	}
}

static void test_finish(void **state)
{
	struct job_config job;
	struct error err = { 0 };

	(void)state;
	assert_ok(job_config_init(&job, "j", &err), &err);
	assert_error(job_config_finish(&job, &err), &err, ERROR_INVALID,
		     "names no domains");
	assert_ok(domain_vector_add(&job.domains, "b.example", &err), &err);
	assert_ok(domain_vector_add(&job.domains, "a.example", &err), &err);
	assert_ok(domain_vector_add(&job.domains, "b.example", &err), &err);
	assert_ok(domain_filter_add(&job.ignored, "/^a/", &err), &err);
	assert_ok(job_config_finish(&job, &err), &err);
	assert_int_equal(job.domains.count, 1);
	assert_string_equal(job.domains.items[0].name, "b.example");
	assert_int_equal(job.namespaces.count, 1);
	assert_string_equal(job.namespaces.items[0], "default");
	assert_ok(domain_filter_add(&job.ignored, "b.example", &err), &err);
	assert_error(job_config_finish(&job, &err), &err, ERROR_INVALID,
		     "all of its domains are ignored");
	job_config_free(&job);
}

/* The file is the selection: no namespace is made up. */
static void test_finish_with_pods_file(void **state)
{
	struct job_config job;
	struct error err = { 0 };

	(void)state;
	assert_ok(job_config_init(&job, "j", &err), &err);
	assert_ok(domain_vector_add(&job.domains, "a.example", &err), &err);
	assert_ok(value_set_string(&job.pods_file, "-", &err), &err);
	assert_ok(job_config_finish(&job, &err), &err);
	assert_int_equal(job.namespaces.count, 0);
	job_config_free(&job);
}

static void test_limits(void **state)
{
	struct job_config job;
	struct error err = { 0 };
	char text[32];

	(void)state;
	assert_ok(job_config_init(&job, "j", &err), &err);
	for (int i = 0; i < CONFIG_NAMESPACES_MAX; i++) {
		char *name;

		(void)snprintf(text, sizeof(text), "ns-%d", i);
		name = strdup(text);
		assert_non_null(name);
		assert_ok(string_vector_append(&job.namespaces, name, &err),
			  &err);
	}
	assert_error(job_config_add_namespace(&job, "more", &err), &err,
		     ERROR_INVALID, "more than 10000 namespaces");
	for (int i = 0; i <= CONFIG_DOMAINS_MAX; i++) {
		(void)snprintf(text, sizeof(text), "d%d.example", i);
		assert_ok(domain_vector_add(&job.domains, text, &err), &err);
	}
	assert_error(job_config_finish(&job, &err), &err, ERROR_INVALID,
		     "more than 10000 domains");
	job_config_free(&job);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_setters),
		cmocka_unit_test(test_port_label_is_canonical),
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_node),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_key_types),
		cmocka_unit_test(test_key_type_names),
		cmocka_unit_test(test_finish),
		cmocka_unit_test(test_finish_tls),
		cmocka_unit_test(test_finish_with_pods_file),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
