/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config/setting: each one sets its own member and refuses what is wrong.
 */
#include <config.h>

#include "config/setting.h"

#include <string.h>

#include "support.h"

static struct config config;
static struct job_config job;

/* What a setting has made of its text, as text. */
static const char *labels(void)
{
	return job.labels;
}

static const char *ns(void)
{
	return job.namespaces.items[0];
}

static const char *domain(void)
{
	return job.domains.items[0].name;
}

static const char *node(void)
{
	return job.node;
}

static const char *port(void)
{
	return job.port;
}

static const char *pods_file(void)
{
	return job.pods_file;
}

static const char *ca_file(void)
{
	return job.ca_file;
}

static const char *client_certificate(void)
{
	return job.client_certificate;
}

static const char *client_key(void)
{
	return job.client_key;
}

static const char *kubeconfig(void)
{
	return config.kubernetes.kubeconfig;
}

static const char *context(void)
{
	return config.kubernetes.context;
}

static const char *output(void)
{
	return config.output;
}

static const char *state_file(void)
{
	return config.state_file;
}

static const char *service_name(void)
{
	return job.service_name == NULL ? NULL : "edge/proxy";
}

static const char *ingress_namespace(void)
{
	return job.domains_from.ingresses.namespaces.items[0];
}

static const char *ingress_class(void)
{
	assert_true(job.domains_from.ingresses.is_used);
	return job.domains_from.ingresses.class;
}

static int set_up(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_ok(config_init(&config, &err), &err);
	assert_ok(job_config_init(&job, "cli", &err), &err);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	job_config_free(&job);
	config_free(&config);
	return 0;
}

static void test_texts(void **state)
{
	static const struct {
		setting_function *set;
		const char *text;
		const char *bad; /* NULL: nothing is */
		const char *(*get)(void);
	} rows[] = {
		{ setting_labels, "app=x", "=", labels },
		{ setting_namespace, "edge", "Edge", ns },
		{ setting_domain, "a.example", "a b", domain },
		{ setting_node, "node-1", "Node", node },
		{ setting_port, "8443", "0", port },
		{ setting_pods_file, "pods.json", "", pods_file },
		{ setting_ca_file, "ca.pem", NULL, ca_file },
		{ setting_client_certificate, "c.pem", NULL,
		  client_certificate },
		{ setting_client_key, "k.pem", NULL, client_key },
		{ setting_kubeconfig, "config", "", kubeconfig },
		{ setting_context, "prod", NULL, context },
		{ setting_output, "x.prom", "", output },
		{ setting_state_file, "state.json", "", state_file },
		{ setting_service, "edge/proxy", "edge", service_name },
		{ setting_ingress_namespace, "edge", "Edge",
		  ingress_namespace },
		{ setting_ingress_class, "nginx", "", ingress_class },
	};
	struct setting_target target = { .config = &config, .job = &job };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct error err = { 0 };

		assert_ok(rows[i].set(&target, rows[i].text, &err), &err);
		assert_string_equal(rows[i].get(), rows[i].text);
		if (rows[i].bad == NULL)
			continue;
		assert_int_equal(rows[i].set(&target, rows[i].bad, &err),
				 -ERROR_INVALID);
		assert_string_equal(rows[i].get(), rows[i].text);
	}
}

/* An empty path takes back the one before. */
static void test_optional_paths(void **state)
{
	static const struct {
		setting_function *set;
		const char *(*get)(void);
	} rows[] = {
		{ setting_ca_file, ca_file },
		{ setting_client_certificate, client_certificate },
		{ setting_client_key, client_key },
	};
	struct setting_target target = { .config = &config, .job = &job };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct error err = { 0 };

		assert_ok(rows[i].set(&target, "", &err), &err);
		assert_null(rows[i].get());
		assert_ok(rows[i].set(&target, "a.pem", &err), &err);
		assert_ok(rows[i].set(&target, "", &err), &err);
		assert_null(rows[i].get());
	}
}

static void test_numbers_and_choices(void **state)
{
	struct setting_target target = { .config = &config, .job = &job };
	struct error err = { 0 };

	(void)state;
	assert_ok(setting_proxy_protocol(&target, "v2", &err), &err);
	assert_int_equal(job.proxy_protocol, PROXY_PROTOCOL_V2);
	assert_ok(setting_starttls(&target, "ldap", &err), &err);
	assert_int_equal(job.starttls, STARTTLS_LDAP);
	assert_ok(setting_handshake(&target, "certificate", &err), &err);
	assert_int_equal(job.handshake, HANDSHAKE_CERTIFICATE);
	assert_ok(setting_key_type(&target, "ecdsa", &err), &err);
	assert_true(job.key_types[KEY_TYPE_ECDSA]);
	assert_int_equal(setting_proxy_protocol(&target, "2", &err),
			 -ERROR_INVALID);
	assert_int_equal(setting_starttls(&target, "x", &err), -ERROR_INVALID);
	assert_int_equal(setting_handshake(&target, "", &err), -ERROR_INVALID);
	assert_int_equal(setting_key_type(&target, "", &err), -ERROR_INVALID);
	assert_int_equal(job.proxy_protocol, PROXY_PROTOCOL_V2);
	assert_int_equal(job.starttls, STARTTLS_LDAP);
	assert_int_equal(job.handshake, HANDSHAKE_CERTIFICATE);
	assert_ok(setting_timeout(&target, "2s", &err), &err);
	assert_int_equal(job.timeout_ms, 2000);
	assert_ok(setting_deadline(&target, "9s", &err), &err);
	assert_int_equal(config.deadline_ms, 9000);
	assert_ok(setting_concurrency(&target, "7", &err), &err);
	assert_int_equal(config.concurrency, 7);
	assert_ok(setting_max_series(&target, "11", &err), &err);
	assert_int_equal(config.max_series, 11);
	assert_ok(setting_metrics(&target, "mux", &err), &err);
	assert_int_equal(config.metrics, METRICS_MUX);
	assert_ok(setting_log_level(&target, "error", &err), &err);
	assert_int_equal(config.log_level, LOG_LEVEL_ERROR);
	assert_ok(setting_ignored_domain(&target, "/^x/", &err), &err);
	assert_int_equal(job.ignored.count, 1);
	assert_int_equal(setting_timeout(&target, "2", &err), -ERROR_INVALID);
	assert_int_equal(setting_metrics(&target, "all", &err), -ERROR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_texts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_optional_paths, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_numbers_and_choices,
						set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
