/* SPDX-License-Identifier: Apache-2.0 */
/*
 * monitor_log: few lines about what was listed, whatever happened.
 */
#include <config.h>

#include "monitor_log.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "support.h"
#include "world.h"

#define PROGRAM "certificate-expiry-monitor: "

static int setup(void **state)
{
	log_set_level(LOG_LEVEL_INFO);
	return stderr_capture_setup(state);
}

static void assert_logs(const struct stderr_capture *f, struct world *w,
			const char *expected)
{
	char *text;

	world_build(w);
	log_discovery(&w->discovery.jobs[0]);
	text = read_text(f->path);
	assert_string_equal(text, expected);
	free(text);
	world_free(w);
}

static struct job_config *begin(struct world *w, const char *name)
{
	struct job_config *job;

	world_init(w);
	job = world_add_job(w, name);
	world_add_domain(job, "a.example");
	return job;
}

static void test_good(void **state)
{
	struct world w;
	struct job_config *job = begin(&w, "edge");

	world_count(&w, job, "shop", 3, 1);
	assert_logs(*state, &w, "");
}

static void test_failures(void **state)
{
	struct world w;
	struct job_config *job = begin(&w, "edge");
	char expected[2048] = "";

	for (int i = 0; i < 12; i++)
		world_fail(&w, job, "shop", DISCOVERY_FORBIDDEN);
	for (int i = 0; i < 10; i++)
		(void)strcat(expected, PROGRAM "error: cannot list pods\n");
	(void)strcat(expected,
		     PROGRAM "error: job 'edge': and 2 more lists failed\n");
	assert_logs(*state, &w, expected);
}

static void test_empty(void **state)
{
	struct world w;
	struct job_config *job = begin(&w, "cli");

	world_count(&w, job, "", 0, 0);
	world_count(&w, job, "a", 0, 0);
	world_count(&w, job, "b", 2, 2);
	assert_logs(*state, &w,
		    PROGRAM
		    "warning: no pod matches\n" PROGRAM
		    "warning: no pod matches in namespace 'a'\n" PROGRAM
		    "warning: none of the 2 pods in namespace 'b' can be "
		    "probed: 2 not_ready\n");
}

/* The API answers alike for a Service that nobody has. */
static void test_empty_service(void **state)
{
	struct world w;
	struct job_config *job = begin(&w, "edge");
	struct error err = { 0 };

	assert_ok(job_config_set_service(job, "shop/web", &err), &err);
	world_count(&w, job, "shop", 0, 0);
	assert_logs(*state, &w,
		    PROGRAM "warning: job 'edge': service 'shop/web' has no "
			    "endpoints, or is not there\n");
}

static void test_many_empty(void **state)
{
	struct world w;
	struct job_config *job = begin(&w, "edge");
	char *text;

	for (int i = 0; i < 15; i++)
		world_count(&w, job, "a", 0, 0);
	world_build(&w);
	log_discovery(&w.discovery.jobs[0]);
	text = read_text(((struct stderr_capture *)*state)->path);
	assert_non_null(strstr(text, "warning: job 'edge': and 5 more "
				     "namespaces without a pod to probe\n"));
	free(text);
	world_free(&w);
}

/* On one node of many it is the usual thing. */
static void test_empty_node(void **state)
{
	struct world w;
	struct job_config *job = begin(&w, "edge");
	struct error err = { 0 };

	assert_ok(job_config_set_node(job, "@self", &err), &err);
	world_count(&w, job, "", 0, 0);
	assert_logs(*state, &w, "");
}

static void test_no_domains(void **state)
{
	struct world w;
	struct job_config *job;

	world_init(&w);
	job = world_add_job(&w, "edge");
	world_count(&w, job, "a", 1, 0);
	assert_logs(*state, &w,
		    PROGRAM
		    "warning: job 'edge': no domains were found to probe\n");
}

int main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, setup, stderr_capture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_good),       TEST(test_failures),
		TEST(test_empty),      TEST(test_empty_service),
		TEST(test_many_empty), TEST(test_empty_node),
		TEST(test_no_domains),
	};

	return cmocka_run_group_tests_name("monitor_log", tests, NULL, NULL);
}
