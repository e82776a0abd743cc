/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics/families: what the lists said, and of where the pods are.
 */
#include <config.h>

#include "metrics/families.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support.h"
#include "world.h"

#define P EXPOSITION_PREFIX

static struct certificate fresh;

/* The samples of one family, a line each. */
static char *samples_of(const struct world *w, enum metrics_mode mode,
			const char *family, const char *directory)
{
	char *path = path_join(directory, "out.prom");
	char *out = calloc(1, 65536);
	struct error err = { 0 };
	struct exposition x;
	char *text;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_non_null(out);
	exposition_init(&x, fd);
	assert_ok(families_write(&x, &w->facts, mode, false, &err), &err);
	assert_int_equal(close(fd), 0);
	text = read_text(path);
	for (char *line = strtok(text, "\n"); line != NULL;
	     line = strtok(NULL, "\n")) {
		size_t length = strlen(P) + strlen(family);

		if (line[0] == '#' || strlen(line) <= length ||
		    strchr("{ ", line[length]) == NULL ||
		    strncmp(line + strlen(P), family, strlen(family)) != 0)
			continue;
		(void)strcat(strcat(out, line + length), "\n");
	}
	free(text);
	free(path);
	return out;
}

static void assert_samples(const struct world *w, enum metrics_mode mode,
			   const char *family, const char *directory,
			   const char *expected)
{
	char *found = samples_of(w, mode, family, directory);

	assert_string_equal(found, expected);
	free(found);
}

static void test_sources(void **state)
{
	struct job_discovery *found;
	struct job_config *job;
	struct world w;

	world_init(&w);
	job = world_add_job(&w, "edge");
	found = &w.discovery.jobs[0];
	found->sources[SOURCE_INGRESSES].is_used = true;
	found->sources[SOURCE_INGRESSES].listed_at.ms = 1600000000500;
	found->sources[SOURCE_FILE].is_used = true;
	world_fail(&w, job, "shop", DISCOVERY_TIMEOUT);
	world_build(&w);
	world_finish(&w);
	for (int mode = METRICS_STANDARD; mode <= METRICS_MUX; mode++) {
		assert_samples(&w, (enum metrics_mode)mode, "discovery_success",
			       *state,
			       "{job_name=\"edge\",source=\"pods\"} 0\n"
			       "{job_name=\"edge\",source=\"ingresses\"} 1\n"
			       "{job_name=\"edge\",source=\"file\"} 1\n");
		assert_samples(&w, (enum metrics_mode)mode,
			       "discovery_failure_info", *state,
			       "{job_name=\"edge\",source=\"pods\",ns=\"shop\","
			       "reason=\"timeout\"} 1\n");
		assert_samples(
			&w, (enum metrics_mode)mode,
			"discovery_timestamp_seconds", *state,
			"{job_name=\"edge\",source=\"pods\"} 1699999998.250\n"
			"{job_name=\"edge\",source=\"ingresses\"} "
			"1600000000.500\n");
	}
	world_free(&w);
}

/* Once for each pool's namespace and domain, whatever the types of keys. */
static void test_expected(void **state)
{
	struct job_discovery *found;
	struct job_config *job;
	struct world w;

	world_init(&w);
	job = world_add_job(&w, "edge");
	job->key_types[KEY_TYPE_RSA] = true;
	job->key_types[KEY_TYPE_ECDSA] = true;
	world_add_domain(job, "a.example");
	world_add_domain(job, "b.example");
	world_add_pod(&w, job, "shop", "p-0");
	world_add_pod(&w, job, "shop", "p-1");
	world_add_pod(&w, job, "stage", "p-0");
	found = &w.discovery.jobs[0];
	found->expected_not_before = calloc(2, sizeof(int64_t));
	assert_non_null(found->expected_not_before);
	found->expected_not_before[1] = WORLD_NOW - WORLD_DAY;
	/* Another job reads none. */
	job = world_add_job(&w, "other");
	world_add_domain(job, "b.example");
	world_add_pod(&w, job, "shop", "p-0");
	world_build(&w);
	world_finish(&w);
	for (int mode = METRICS_STANDARD; mode <= METRICS_SUMMARY; mode++)
		assert_samples(&w, (enum metrics_mode)mode,
			       "expected_cert_not_before_timestamp_seconds",
			       *state,
			       "{job_name=\"edge\",ns=\"shop\","
			       "domain=\"b.example\"} 1699913600\n"
			       "{job_name=\"edge\",ns=\"stage\","
			       "domain=\"b.example\"} 1699913600\n");
	assert_samples(&w, METRICS_MUX,
		       "expected_cert_not_before_timestamp_seconds", *state,
		       "");
	world_free(&w);
}

static void test_api(void **state)
{
	struct world w;

	world_init(&w);
	(void)world_add_job(&w, "edge");
	world_build(&w);
	world_finish(&w);
	assert_samples(&w, METRICS_STANDARD,
		       "api_server_cert_not_after_timestamp_seconds", *state,
		       "");
	w.discovery.api = (struct api_identity){
		.server = strdup("https://192.0.2.1:6443"),
		.server_dates = { true, 1500000000, 1800000000 },
	};
	assert_samples(&w, METRICS_STANDARD,
		       "api_server_cert_not_after_timestamp_seconds", *state,
		       "{server=\"https://192.0.2.1:6443\"} 1800000000\n");
	assert_samples(&w, METRICS_MUX,
		       "api_server_cert_not_before_timestamp_seconds", *state,
		       "{server=\"https://192.0.2.1:6443\"} 1500000000\n");
	/* It logged in by a token. */
	assert_samples(&w, METRICS_STANDARD,
		       "client_cert_not_after_timestamp_seconds", *state, "");
	w.discovery.api.client_dates =
		(struct kube_dates){ true, 1600000000, 1700000000 };
	assert_samples(&w, METRICS_STANDARD,
		       "client_cert_not_after_timestamp_seconds", *state,
		       "{server=\"https://192.0.2.1:6443\"} 1700000000\n");
	assert_samples(&w, METRICS_SUMMARY,
		       "client_cert_not_before_timestamp_seconds", *state,
		       "{server=\"https://192.0.2.1:6443\"} 1600000000\n");
	world_free(&w);
}

/* Of a pod with both, each is a pair of its own; they are in one pool. */
static void test_families_of_addresses(void **state)
{
	struct job_config *job;
	struct world w;

	fresh = world_certificate('a', -1, 89);
	world_init(&w);
	job = world_add_job(&w, "edge");
	job->families = FAMILIES_ALL;
	world_add_domain(job, "a.example");
	world_add_pod(&w, job, "shop", "p-0");
	world_add_pod(&w, job, "shop", "p-0");
	assert_true(address_parse("2001:db8::1",
				  &w.discovery.jobs[0].pods.items[1].address));
	world_build(&w);
	world_show(&w, 0, &fresh);
	world_break(&w, 1, REASON_CONNECT_REFUSED);
	world_finish(&w);
	assert_samples(&w, METRICS_STANDARD, "probe_success", *state,
		       "{job_name=\"edge\",ns=\"shop\",pod=\"p-0\","
		       "domain=\"a.example\",port=\"443\",family=\"ipv4\"} 1\n"
		       "{job_name=\"edge\",ns=\"shop\",pod=\"p-0\","
		       "domain=\"a.example\",port=\"443\",family=\"ipv6\"} "
		       "0\n");
	assert_samples(&w, METRICS_SUMMARY, "domain_pairs", *state,
		       "{job_name=\"edge\",ns=\"shop\",domain=\"a.example\","
		       "port=\"443\",status=\"none\"} 0\n"
		       "{job_name=\"edge\",ns=\"shop\",domain=\"a.example\","
		       "port=\"443\",status=\"valid\"} 1\n"
		       "{job_name=\"edge\",ns=\"shop\",domain=\"a.example\","
		       "port=\"443\",status=\"expired\"} 0\n"
		       "{job_name=\"edge\",ns=\"shop\",domain=\"a.example\","
		       "port=\"443\",status=\"notyetvalid\"} 0\n"
		       "{job_name=\"edge\",ns=\"shop\",domain=\"a.example\","
		       "port=\"443\",status=\"notfound\"} 1\n");
	world_free(&w);
}

/* Outside Kubernetes each server has its own port, and pools are by port. */
static void test_ports(void **state)
{
	struct job_config *job;
	struct world w;

	fresh = world_certificate('a', -1, 89);
	world_init(&w);
	job = world_add_job(&w, "front");
	world_add_domain(job, "a.example");
	world_add_pod(&w, job, "", "192.0.2.1");
	world_add_pod(&w, job, "", "192.0.2.1");
	w.discovery.jobs[0].pods.items[1].port_label = "8443";
	world_build(&w);
	world_show(&w, 0, &fresh);
	world_show(&w, 1, &fresh);
	world_finish(&w);
	assert_samples(&w, METRICS_STANDARD, "distinct_certs", *state,
		       "{job_name=\"front\",ns=\"\",domain=\"a.example\","
		       "port=\"443\"} 1\n"
		       "{job_name=\"front\",ns=\"\",domain=\"a.example\","
		       "port=\"8443\"} 1\n");
	world_free(&w);
}

/* A failure, after an earlier run that was none. */
static void test_last_success(void **state)
{
	struct world w;

	world_init(&w);
	(void)world_add_job(&w, "edge");
	world_build(&w);
	world_finish(&w);
	w.facts.success = false;
	w.facts.record.last_success = (struct wall_time){ 1600000000000 };
	assert_samples(&w, METRICS_STANDARD, "last_success_timestamp_seconds",
		       *state, " 1600000000.000\n");
	assert_samples(&w, METRICS_STANDARD, "run_success", *state, " 0\n");
	world_free(&w);
}

int main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, temp_dir_setup, temp_dir_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_sources), TEST(test_expected),
		TEST(test_api),	    TEST(test_families_of_addresses),
		TEST(test_ports),   TEST(test_last_success),
	};

	return cmocka_run_group_tests_name("families_discovery", tests, NULL,
					   NULL);
}
