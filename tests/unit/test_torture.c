/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failing allocations (torture.h): configuration, pairs, what is written.
 */
#include <config.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config_file.h"
#include "config/options.h"
#include "metrics/textfile.h"
#include "report/report.h"
#include "report/rows.h"
#include "support.h"
#include "torture.h"
#include "world.h"

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
		   "    key_types: [rsa]\n"
		   "    ca_file: /ca.pem\n"
		   "    client_certificate: /client.pem\n"
		   "    client_key: /client.key\n"
		   "  - name: other\n"
		   "    domains: [x.example]\n");
	(void)setenv("HOME", "/root", 1);
	torture(load, path);
	free(path);
}

/* Here the mistake is what is to be found. */
static int load_mistake(void *data, struct error *err)
{
	int r = load(data, err);

	return r == -ERROR_USAGE ? 0 : r;
}

static void test_unknown_key(void **state)
{
	char *path = path_join(*state, "cem.yaml");

	write_file(path, "jobs:\n  - {name: a, timeot: 1s}\n");
	torture(load_mistake, path);
	free(path);
}

static int parse_options(void *data, struct error *err)
{
	static char program[] = "x", domains[] = "--domains=a.e,*.b.e",
		    namespaces[] = "--namespaces=a,b", labels[] = "--labels=a",
		    ignored[] = "--ignored-domains=/x/,c.e",
		    node[] = "--node=n", port[] = "--port=https",
		    ca_file[] = "--ca-file=/ca", no_ca_file[] = "--ca-file=",
		    kubeconfig[] = "--kubeconfig=/k", output[] = "--output=-";
	char *argv[] = { program,    domains,	 namespaces, labels,
			 ignored,    node,	 port,	     ca_file,
			 no_ca_file, kubeconfig, output,     NULL };
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

static int finish_job(void *data, struct error *err)
{
	struct job_config job = { 0 };
	int r = job_config_init(&job, data, err);

	if (r == 0)
		r = domain_vector_add(&job.domains, "a.example", err);
	if (r == 0)
		r = job_config_finish(&job, err);
	job_config_free(&job);
	return r;
}

static void test_job(void **state)
{
	static char name[] = "a";

	(void)state;
	torture(finish_job, name);
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

struct metrics_output {
	struct world *w;
	char *path;
	enum metrics_mode mode;
};

static int write_metrics(void *data, struct error *err)
{
	const struct metrics_output *o = data;
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
	const struct metrics_output *o = data;

	return textfile_write(o->path, &o->w->facts, o->mode, NULL, err);
}

static int sort(void *data, struct error *err)
{
	const struct metrics_output *o = data;
	struct rows rows = { 0 };
	int r = rows_build(&o->w->facts, &rows, err);

	rows_free(&rows);
	return r;
}

static void test_run(void **state)
{
	struct certificate c = world_certificate('a', -1, 89);
	struct job_config *job;
	struct world w;
	struct metrics_output o = { .w = &w,
				    .path = path_join(*state, "a.prom") };

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
		TEST(test_config_file), TEST(test_unknown_key), TEST(test_job),
		TEST(test_options),	TEST(test_run),
	};

	return cmocka_run_group_tests_name("torture", tests, NULL, NULL);
}
