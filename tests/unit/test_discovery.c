/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs and their partial failures: from files of pods (discovery/pod_lists,
 * discovery/pods_file), and with an API that is not there (discovery/api). What
 * a real API says is the end-to-end tests'.
 */
#include <config.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "config/value.h"
#include "discovery/discovery.h"

#include "support.h"

#define PATH_BYTES 256

#define POD(ns, name, status)                                                  \
	"{\"kind\":\"Pod\",\"metadata\":{\"namespace\":\"" ns                  \
	"\",\"name\":\"" name "\"},\"status\":{" status "}}"
#define READY(address)                                                         \
	"\"phase\":\"Running\",\"podIP\":\"" address "\","                     \
	"\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]"
#define PENDING "\"phase\":\"Pending\""
#define LIST(items) "{\"kind\":\"List\",\"items\":[" items "]}"

static char directory[] = "/tmp/test_discovery.XXXXXX";

static int set_up(void **state)
{
	(void)state;
	(void)unsetenv("KUBECONFIG");
	(void)unsetenv("KUBERNETES_SERVICE_HOST");
	return mkdtemp(directory) == NULL || setenv("HOME", directory, 1) < 0;
}

static int tear_down(void **state)
{
	char path[PATH_BYTES];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/pods.json", directory);
	(void)remove(path);
	(void)snprintf(path, sizeof(path), "%s/config", directory);
	(void)remove(path);
	return rmdir(directory);
}

static void make_file(const char *name, const char *text, char path[PATH_BYTES])
{
	(void)snprintf(path, PATH_BYTES, "%s/%s", directory, name);
	write_file(path, text);
}

/* A configuration without jobs. */
static void make_config(struct config *config)
{
	struct error err = { 0 };

	assert_int_equal(config_init(config, &err), 0);
}

/* Adds a job; `pods_file` or `ns` is NULL. */
static void add_job(struct config *config, const char *name,
		    const char *pods_file, const char *ns)
{
	struct job_config job;
	struct error err = { 0 };

	assert_int_equal(job_config_init(&job, name, &err), 0);
	if (pods_file != NULL)
		assert_int_equal(
			value_set_string(&job.pods_file, pods_file, &err), 0);
	if (ns != NULL)
		assert_int_equal(job_config_add_namespace(&job, ns, &err), 0);
	assert_int_equal(job_vector_append(&config->jobs, job, &err), 0);
}

static int run(const struct config *config, int64_t deadline_ms,
	       struct discovery *ret_discovery, struct error *err)
{
	struct interrupt interrupt = { .fd = -1 };

	*err = (struct error){ 0 };
	return discovery_run(config, NULL, &interrupt,
			     mono_after(mono_now(), deadline_ms), ret_discovery,
			     err);
}

/* All that a job found, in lines. */
static void describe(const struct job_discovery *job, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < job->pods.count; i++) {
		const struct pod *pod = &job->pods.items[i];
		char address[ADDRESS_TEXT_MAX];

		address_format(&pod->address, address);
		used += (size_t)snprintf(text + used, size - used,
					 "%s/%s %s %d\n", pod->ns, pod->name,
					 address, pod->port);
	}
	for (size_t i = 0; i < job->namespaces.count; i++) {
		const struct namespace_count *n = &job->namespaces.items[i];

		used += (size_t)snprintf(text + used, size - used, "'%s' %llu",
					 n->ns,
					 (unsigned long long)n->matching);
		for (int s = 0; s < POD_SKIP_COUNT; s++)
			if (n->skipped[s] > 0)
				used += (size_t)snprintf(
					text + used, size - used, " %s %llu",
					pod_skip_name((enum pod_skip)s),
					(unsigned long long)n->skipped[s]);
		used += (size_t)snprintf(text + used, size - used, "\n");
	}
	for (size_t i = 0; i < job->sources[SOURCE_PODS].failures.count; i++)
		used += (size_t)snprintf(
			text + used, size - used, "failed '%s' %s\n",
			job->sources[SOURCE_PODS].failures.items[i].ns,
			discovery_reason_name(job->sources[SOURCE_PODS]
						      .failures.items[i]
						      .reason));
}

static const struct {
	const char *name;
	const char *file;
	const char *found;
} files[] = {
	{ "sorted",
	  LIST(POD("b", "y", READY("10.0.0.1")) "," POD(
		  "b", "x", READY("10.0.0.2")) "," POD("a", "z", READY("::1"))),
	  "a/z ::1 443\nb/x 10.0.0.2 443\nb/y 10.0.0.1 443\n'a' 1\n'b' 2\n" },
	{ "skipped",
	  LIST(POD("a", "x", PENDING) "," POD("a", "y", READY("x")) "," POD(
		  "a", "z", READY("10.0.0.1")) "," POD("b", "x", PENDING)),
	  "a/z 10.0.0.1 443\n'a' 3 not_running 1 no_address 1\n"
	  "'b' 1 not_running 1\n" },
	{ "twice",
	  LIST(POD("a", "x", PENDING) "," POD("a", "x", READY("10.0.0.1")) "," POD(
		  "a", "x", PENDING) "," POD("a", "y",
					     PENDING) "," POD("a", "y",
							      PENDING)),
	  "a/x 10.0.0.1 443\n'a' 2 not_running 1\n" },
	{ "none", LIST(""), "'' 0\n" },
	{ "an odd name", LIST(POD("a\\\"\\n", "\\u0007", PENDING)),
	  "'a\"\n' 1 not_running 1\n" },
	{ "truncated",
	  "{\"kind\":\"List\",\"items\":[" POD("a", "x", READY("10.0.0.1")) ",",
	  "failed '' invalid\n" },
	{ "a bad item",
	  LIST(POD("a", "x",
		   READY("10.0.0.1")) ",{\"kind\":\"Service\","
				      "\"metadata\":{\"name\":\"s\"}}"),
	  "failed '' invalid\n" },
	{ "not JSON", "pods:\n", "failed '' invalid\n" },
	{ "empty", "", "failed '' invalid\n" },
	{ "a page of a longer list",
	  "{\"kind\":\"PodList\",\"metadata\":{\"continue\":\"x\"},"
	  "\"items\":[" POD("a", "x", READY("10.0.0.1")) "]}",
	  "failed '' invalid\n" },
	{ "too deep",
	  LIST("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
	       "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["),
	  "failed '' too_large\n" },
};

static void test_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		CLEANUP(config_free) struct config config = { 0 };
		CLEANUP(discovery_free) struct discovery discovery = { 0 };
		const struct job_discovery *job;
		char path[PATH_BYTES];
		char found[1024];
		struct error err;

		make_file("pods.json", files[i].file, path);
		make_config(&config);
		add_job(&config, "cli", path, NULL);
		assert_int_equal(run(&config, 60000, &discovery, &err), 0);
		assert_int_equal(discovery.count, 1);
		job = &discovery.jobs[0];
		assert_ptr_equal(job->job, &config.jobs.items[0]);
		describe(job, found, sizeof(found));
		if (strcmp(found, files[i].found) != 0)
			fail_msg("%s: %s", files[i].name, found);
		assert_int_equal(job->sources[SOURCE_PODS].failures.count == 0,
				 job->sources[SOURCE_PODS].listed_at.ms != 0);
		if (job->sources[SOURCE_PODS].failures.count > 0)
			assert_true(strstr(job->sources[SOURCE_PODS]
						   .failures.items[0]
						   .message,
					   path) != NULL);
	}
}

static void test_standard_input(void **state)
{
	static const char text[] = LIST(POD("a", "x", READY("10.0.0.1")));
	CLEANUP(config_free) struct config config = { 0 };
	CLEANUP(discovery_free) struct discovery discovery = { 0 };
	struct interrupt interrupt = { .fd = -1, .signal = SIGTERM };
	struct error err = { 0 };
	char found[256];
	int ends[2];

	(void)state;
	make_config(&config);
	add_job(&config, "cli", "-", NULL);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	assert_int_equal(close(ends[0]), 0);
	/* Nobody writes: the deadline, or a signal, ends it. */
	assert_int_equal(run(&config, 20, &discovery, &err), 0);
	describe(&discovery.jobs[0], found, sizeof(found));
	assert_string_equal(found, "failed '' timeout\n");
	discovery_free(&discovery);
	assert_int_equal(discovery_run(&config, NULL, &interrupt, MONO_NEVER,
				       &discovery, &err),
			 -ERROR_INTERRUPTED);
	assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
	assert_int_equal(close(ends[1]), 0);
	assert_int_equal(run(&config, 60000, &discovery, &err), 0);
	describe(&discovery.jobs[0], found, sizeof(found));
	assert_string_equal(found, "a/x 10.0.0.1 443\n'a' 1\n");
	discovery_free(&discovery);
	/* It has been read. */
	assert_int_equal(run(&config, 60000, &discovery, &err), 0);
	assert_string_equal(discovery.jobs[0]
				    .sources[SOURCE_PODS]
				    .failures.items[0]
				    .message,
			    "cannot read the list of pods: standard input: is "
			    "empty");
}

static void assert_failure(const struct job_discovery *job,
			   enum discovery_reason reason, const char *message)
{
	assert_int_equal(job->sources[SOURCE_PODS].failures.count, 1);
	assert_string_equal(job->sources[SOURCE_PODS].failures.items[0].ns, "");
	assert_int_equal(job->sources[SOURCE_PODS].failures.items[0].reason,
			 reason);
	assert_string_equal(job->sources[SOURCE_PODS].failures.items[0].message,
			    message);
	assert_int_equal(job->pods.count, 0);
	assert_int_equal(job->namespaces.count, 0);
	assert_int_equal(job->sources[SOURCE_PODS].listed_at.ms, 0);
}

/* What concerns the API as a whole is tried once, and said for each job. */
static void test_unreachable(void **state)
{
	CLEANUP(config_free) struct config config = { 0 };
	CLEANUP(discovery_free) struct discovery discovery = { 0 };
	char path[PATH_BYTES];
	struct error err;

	(void)state;
	make_file("pods.json", LIST(POD("a", "x", READY("10.0.0.1"))), path);
	make_config(&config);
	add_job(&config, "cli", NULL, "a");
	assert_int_equal(
		job_config_add_namespace(&config.jobs.items[0], "b", &err), 0);
	add_job(&config, "edge", NULL, "*");
	add_job(&config, "file", path, NULL);
	make_file("config",
		  "current-context: x\n"
		  "contexts: [{name: x, context: {cluster: c, user: u}}]\n"
		  "clusters: [{name: c, cluster: "
		  "{server: 'https://127.0.0.1:1/'}}]\n"
		  "users: [{name: u, user: {token: s3cret}}]\n",
		  path);
	assert_int_equal(
		value_set_string(&config.kubernetes.kubeconfig, path, &err), 0);
	assert_int_equal(run(&config, 60000, &discovery, &err), 0);
	assert_failure(
		&discovery.jobs[0], DISCOVERY_UNREACHABLE,
		"cannot list pods in namespace 'a': tried 4 times: cannot "
		"connect to "
		"https://127.0.0.1:1: Connection refused");
	assert_failure(
		&discovery.jobs[1], DISCOVERY_UNREACHABLE,
		"job 'edge': cannot list pods: tried 4 times: cannot connect to "
		"https://127.0.0.1:1: Connection refused");
	assert_int_equal(discovery.jobs[2].pods.count, 1);
	assert_int_equal(discovery.jobs[2].sources[SOURCE_PODS].failures.count,
			 0);
	discovery_free(&discovery);
	/* And with no time left. */
	assert_int_equal(run(&config, 0, &discovery, &err), 0);
	assert_failure(&discovery.jobs[0], DISCOVERY_TIMEOUT,
		       "cannot list pods in namespace 'a': the run's deadline "
		       "leaves no more time for it");
}

static void test_bad_kubeconfig(void **state)
{
	CLEANUP(config_free) struct config config = { 0 };
	CLEANUP(discovery_free) struct discovery discovery = { 0 };
	char expected[2 * PATH_BYTES];
	char path[PATH_BYTES];
	struct error err;

	(void)state;
	make_config(&config);
	add_job(&config, "one", NULL, "a");
	add_job(&config, "two", NULL, "b");
	make_file("config", "clusters: 7\ncurrent-context: 'x'\n", path);
	assert_int_equal(
		value_set_string(&config.kubernetes.kubeconfig, path, &err), 0);
	assert_int_equal(run(&config, 60000, &discovery, &err), 0);
	for (size_t i = 0; i < 2; i++) {
		(void)snprintf(
			expected, sizeof(expected),
			"job '%s': cannot list pods in namespace '%s': %s: has "
			"no contexts",
			i == 0 ? "one" : "two", i == 0 ? "a" : "b", path);
		assert_failure(&discovery.jobs[i], DISCOVERY_INVALID, expected);
	}
	discovery_free(&discovery);
	assert_int_equal(remove(path), 0);
	assert_int_equal(run(&config, 60000, &discovery, &err), 0);
	(void)snprintf(
		expected, sizeof(expected),
		"job 'one': cannot list pods in namespace 'a': %s: No such file or "
		"directory",
		path);
	assert_failure(&discovery.jobs[0], DISCOVERY_INVALID, expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_standard_input),
		cmocka_unit_test(test_unreachable),
		cmocka_unit_test(test_bad_kubeconfig),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
