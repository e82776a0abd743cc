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
	assert_ok(report_config(o.file, &config, &err), &err);
	text = output_read(&o);
	assert_row(strncmp(text, expected, strlen(expected)) == 0, text);
	assert_string_equal(text + strlen(expected),
			    "\nThe configuration is good.\n");
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

static void test_full_disk(void **state)
{
	struct config config = { 0 };
	struct error err = { 0 };
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	assert_error(report_config(full, &config, &err), &err, ERROR_SYSTEM,
		     "the report cannot be written");
	(void)fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pods),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_full_disk),
	};

	return cmocka_run_group_tests_name("report_config", tests, NULL, NULL);
}
