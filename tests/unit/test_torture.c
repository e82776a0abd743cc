/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each allocation of ours fails in turn, by the linker's --wrap: an error is
 * returned, nothing leaks, and the next try succeeds. What libraries allocate
 * for themselves does not fail here.
 */
#include <config.h>

#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "certs.h"
#include "config/config_file.h"
#include "config/options.h"
#include "metrics/textfile.h"
#include "probe/certificate_cache.h"
#include "report/report.h"
#include "report/verdict.h"
#include "support.h"
#include "world.h"

/* Pointers that were handed out and not freed yet. */
#define LIVE_MAX 4096
static void *live[LIVE_MAX];
static size_t live_count;
static long countdown; /* the allocation that fails when it comes to 1 */
static bool is_counting;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
void __real_free(void *pointer);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);
void __wrap_free(void *pointer);

static bool fails(void)
{
	return is_counting && countdown > 0 && --countdown == 0;
}

static void *handed_out(void *pointer)
{
	if (is_counting && pointer != NULL) {
		if (live_count == LIVE_MAX)
			abort();
		live[live_count++] = pointer;
	}
	return pointer;
}

static void taken_back(const void *pointer)
{
	/* Most are freed soon. */
	for (size_t i = live_count; is_counting && i-- > 0;) {
		if (live[i] == pointer) {
			live[i] = live[--live_count];
			return;
		}
	}
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : handed_out(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : handed_out(__real_calloc(count, size));
}

void *__wrap_realloc(void *old, size_t size)
{
	if (fails())
		return NULL;
	taken_back(old);
	return handed_out(__real_realloc(old, size));
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : handed_out(__real_strdup(text));
}

char *__wrap_strndup(const char *text, size_t size)
{
	return fails() ? NULL : handed_out(__real_strndup(text, size));
}

void __wrap_free(void *pointer)
{
	taken_back(pointer);
	__real_free(pointer);
}

/* Runs `attempt` with its first, second, ... allocation failing, until it
 * gets through. It returns 0 or a negative code, and releases what it made. */
static void torture(int (*attempt)(void *data, struct error *err), void *data)
{
	for (long n = 1;; n++) {
		struct error err = { 0 };
		bool has_failed;
		int r;

		assert_true(n < 10000);
		countdown = n;
		live_count = 0;
		is_counting = true;
		r = attempt(data, &err);
		is_counting = false;
		has_failed = countdown == 0;
		if (live_count > 0)
			print_error("allocation %ld failed: %zu leaks\n", n,
				    live_count);
		assert_int_equal(live_count, 0);
		if (!has_failed) {
			assert_ok(r, &err);
			assert_true(n > 1);
			return;
		}
		if (r != -ERROR_MEMORY)
			print_error("allocation %ld failed: returned %d, %s\n",
				    n, r, err.message);
		assert_int_equal(r, -ERROR_MEMORY);
		assert_int_equal(err.code, ERROR_MEMORY);
	}
}

static int load(void *data, struct error *err)
{
	struct config config;
	int r = config_init(&config, err);

	if (r == 0)
		r = config_file_load(data, &config, err);
	config_free(&config);
	return r;
}

static void test_config_file(void **state)
{
	char *path = path_join(*state, "cem.yaml");

	write_file(path,
		   "kubernetes: {kubeconfig: /k, context: c}\n"
		   "output: /out/${HOME}/a.prom\n"
		   "jobs:\n"
		   "  - name: edge\n"
		   "    namespaces: [a, b]\n"
		   "    labels: app=x\n"
		   "    node: \"@self\"\n"
		   "    domains: [\"*.a.example\", 192.0.2.1, c.example]\n"
		   "    ignored_domains: ['/^c/', d.example]\n"
		   "  - name: other\n"
		   "    domains: [x.example]\n");
	(void)setenv("HOME", "/root", 1);
	torture(load, path);
	free(path);
}

static int parse_options(void *data, struct error *err)
{
	static char program[] = "x", domains[] = "--domains=a.e,*.b.e",
		    namespaces[] = "--namespaces=a,b", labels[] = "--labels=a",
		    ignored[] = "--ignored-domains=/x/,c.e",
		    node[] = "--node=n", port[] = "--port=https",
		    kubeconfig[] = "--kubeconfig=/k", output[] = "--output=-";
	char *argv[] = { program, domains, namespaces, labels, ignored,
			 node,	  port,	   kubeconfig, output, NULL };
	struct options options = { 0 };
	struct config config;
	int r = config_init(&config, err);

	(void)data;
	if (r == 0)
		r = options_parse((int)COUNT_OF(argv) - 1, argv, &options, err);
	if (r == 0)
		r = options_apply(&options, &config, err);
	options_free(&options);
	config_free(&config);
	return r;
}

static void test_options(void **state)
{
	(void)state;
	torture(parse_options, NULL);
}

static int look_up(void *data, struct error *err)
{
	const struct test_cert *cert = data;
	static char name[] = "a.example";
	static const struct domain domain = { name, name, false };
	struct chain chain = { .certificates = { { cert->der.data,
						   cert->der.size } },
			       .count = 1 };
	struct certificate_cache cache = { 0 };
	struct certificate_verdict verdict;
	int r = certificate_cache_look_up(&cache, &chain, &domain, &verdict,
					  err);

	certificate_cache_release(&cache);
	return r;
}

static void test_certificate_cache(void **state)
{
	struct test_cert cert = test_cert_make(
		&(struct test_cert_spec){ .cn = "a", .dns = { "a.example" } });

	(void)state;
	torture(look_up, &cert);
	test_cert_free(&cert);
}

static int build(void *data, struct error *err)
{
	struct world *w = data;
	struct target_set targets = { 0 };
	struct pool_set pools = { 0 };
	int r = target_set_build(&w->discovery, &targets, err);

	if (r == 0)
		r = pool_set_build(&targets, &pools, err);
	pool_set_free(&pools);
	target_set_free(&targets);
	return r;
}

struct output {
	struct world *w;
	char *path;
	enum metrics_mode mode;
};

static int write_metrics(void *data, struct error *err)
{
	const struct output *o = data;
	struct exposition x;
	int fd = open(o->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int r;

	exposition_init(&x, fd);
	r = families_write(&x, &o->w->facts, o->mode, false, err);
	(void)close(fd);
	return r;
}

static int replace_file(void *data, struct error *err)
{
	const struct output *o = data;

	return textfile_write(o->path, &o->w->facts, o->mode, NULL, err);
}

static int sort(void *data, struct error *err)
{
	const struct output *o = data;
	const struct pair **sorted = verdict_sort(&o->w->facts);

	free(sorted);
	return sorted == NULL ? error_memory(err) : 0;
}

static void test_run(void **state)
{
	struct certificate c = world_certificate('a', -1, 89);
	struct job_config *job;
	struct world w;
	struct output o = { .w = &w, .path = path_join(*state, "a.prom") };

	world_init(&w);
	job = world_add_job(&w, "edge");
	world_add_domain(job, "a.example");
	world_add_pod(&w, job, "ns", "p0");
	world_add_pod(&w, job, "ns", "p1");
	world_count(&w, job, "ns", 2, 0);
	world_build(&w);
	world_show(&w, 0, &c);
	world_break(&w, 1, REASON_NOT_TLS);
	world_finish(&w);
	torture(build, &w);
	for (int mode = METRICS_STANDARD; mode <= METRICS_MUX; mode++) {
		o.mode = (enum metrics_mode)mode;
		torture(write_metrics, &o);
	}
	/* Counting must not fail here: it would choose the summary. */
	w.config.max_series = 0;
	torture(replace_file, &o);
	assert_int_equal(count_entries(*state), 1);
	torture(sort, &o);
	world_free(&w);
	free(o.path);
}

int main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, temp_dir_setup, temp_dir_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_config_file),
		TEST(test_options),
		TEST(test_certificate_cache),
		TEST(test_run),
	};

	return cmocka_run_group_tests_name("torture", tests, NULL, NULL);
}
