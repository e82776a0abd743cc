/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report/config: what --check-config shows.
 */
#include <config.h>

#include "report/report.h"

#include <string.h>

#include "support.h"
#include "world.h"

static void assert_line(struct job_config *job, const char *expected)
{
	struct error err = { 0 };
	struct config config = { .jobs = { .items = job, .count = 1 } };
	struct output o;
	const char *text;

	output_open(&o);
	assert_ok(report_config(o.file, &config, "/x.yaml", &err), &err);
	text = output_read(&o);
	text += strcspn(text, "\n") + 1;
	assert_row(strncmp(text, expected, strlen(expected)) == 0, text);
	assert_row(strncmp(text + strlen(expected), "; 5s a connection",
			   strlen("; 5s a connection")) == 0,
		   text);
	output_close(&o);
}

static void assert_report(const struct config *config, const char *path,
			  const char *expected)
{
	struct error err = { 0 };
	struct output o;

	output_open(&o);
	assert_ok(report_config(o.file, config, path, &err), &err);
	assert_string_equal(output_read(&o), expected);
	output_close(&o);
}

static void make(struct job_config *job)
{
	struct error err = { 0 };

	assert_ok(job_config_init(job, "edge", &err), &err);
	assert_ok(domain_vector_add(&job->domains, "a.example", &err), &err);
}

static void test_pods(void **state)
{
	static const char *const namespaces[] = { "a", "b", "c", "d" };
	struct error err = { 0 };
	struct job_config job;

	(void)state;
	make(&job);
	assert_ok(job_config_add_namespace(&job, "shop", &err), &err);
	assert_line(&job, "job 'edge': pods in shop, port 443: 1 domain");
	assert_ok(job_config_set_labels(&job, "app=x", &err), &err);
	assert_ok(job_config_set_node(&job, "@self", &err), &err);
	assert_line(&job, "job 'edge': pods in shop with app=x on node @self, "
			  "port 443: 1 domain");
	assert_ok(job_config_set_labels(&job, "", &err), &err);
	assert_ok(job_config_set_node(&job, "", &err), &err);
	for (size_t i = 0; i < COUNT_OF(namespaces); i++)
		assert_ok(job_config_add_namespace(&job, namespaces[i], &err),
			  &err);
	assert_line(&job,
		    "job 'edge': pods in 5 namespaces, port 443: 1 domain");
	assert_ok(job_config_add_namespace(&job, "*", &err), &err);
	assert_line(&job,
		    "job 'edge': pods in all namespaces, port 443: 1 domain");
	job_config_free(&job);
}

static void test_others(void **state)
{
	struct error err = { 0 };
	struct job_config job;

	(void)state;
	make(&job);
	assert_ok(job_config_set_service(&job, "edge/proxy", &err), &err);
	assert_ok(job_config_set_port(&job, "https", &err), &err);
	job.domains_from.ingresses.is_used = true;
	assert_line(&job, "job 'edge': service edge/proxy, port https: 1 "
			  "domain and those of ingresses");
	job.domains_from.certificates.is_used = true;
	job.domains_from.file = strdup("/domains");
	assert_line(&job,
		    "job 'edge': service edge/proxy, port https: 1 domain and "
		    "those of ingresses, certificates, /domains");
	job_config_free(&job);
	make(&job);
	assert_ok(job_config_add_endpoint(&job, "lb.example", NULL, &err),
		  &err);
	assert_line(&job, "job 'edge': 1 endpoint: 1 domain");
	assert_ok(job_config_add_endpoint(&job, "192.0.2.1", "8443", &err),
		  &err);
	assert_line(&job, "job 'edge': 2 endpoints: 1 domain");
	job_config_free(&job);
}

/* What is not a job's, and what each connection is. */
static void test_run(void **state)
{
	struct error err = { 0 };
	struct config config;
	struct job_config job;

	(void)state;
	make(&job);
	job.timeout_ms = 1500;
	job.verify = false;
	assert_ok(job_config_add_namespace(&job, "shop", &err), &err);
	assert_ok(config_init(&config, &err), &err);
	config.has_cli_job = true;
	assert_ok(job_vector_append(&config.jobs, job, &err), &err);
	assert_report(
		&config, NULL,
		"configuration: options alone\n"
		"job 'edge': pods in shop, port 443: 1 domain; 1500ms a "
		"connection, chains not verified\n"
		"API access: $KUBECONFIG, in-cluster account or "
		"~/.kube/config\n"
		"run: 64 connections at a time, at most 50s\n"
		"output: " TEXTFILE_DIR "/" CONFIG_TEXTFILE_NAME
		", metrics standard (by hand nothing, unless --output says "
		"so)\n"
		"state: state.json in $STATE_DIRECTORY or "
		"/var/lib/certificate-expiry-monitor\n"
		"The configuration is good.\n");
	config.jobs.items[0].verify = true;
	config.jobs.items[0].ca_file = strdup("/ca.crt");
	config.kubernetes.kubeconfig = strdup("/k");
	config.kubernetes.context = strdup("prod");
	config.concurrency = 7;
	config.deadline_ms = 90000;
	config.has_output = true;
	config.metrics = METRICS_MUX;
	config.state_file = strdup("none");
	assert_report(&config, "/etc/x.yaml",
		      "configuration: /etc/x.yaml\n"
		      "job 'edge': pods in shop, port 443: 1 domain; 1500ms a "
		      "connection, chains verified against /ca.crt\n"
		      "API access: /k, context 'prod'\n"
		      "run: 7 connections at a time, at most 1m 30s\n"
		      "output: " TEXTFILE_DIR "/" CONFIG_TEXTFILE_NAME
		      ", metrics mux\n"
		      "state: none\n"
		      "The configuration is good.\n");
	config_free(&config);
}

static void test_full_disk(void **state)
{
	struct config config = { 0 };
	struct error err = { 0 };
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	assert_error(report_config(full, &config, NULL, &err), &err,
		     ERROR_SYSTEM, "the report cannot be written");
	(void)fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pods),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_full_disk),
	};

	return cmocka_run_group_tests_name("report_config", tests, NULL, NULL);
}
