/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report/report: the table without a terminal and on one, the targets.
 */
#include <config.h>

#include "report/report.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "world.h"

static struct certificate fresh, lagging, expired;

static void fill(struct world *w)
{
	struct job_config *job;

	fresh = world_certificate('a', -1, 89);
	lagging = world_certificate('b', -61, 29);
	expired = world_certificate('c', -91, -1);
	world_init(w);
	job = world_add_job(w, "edge");
	world_add_domain(job, "a.example");
	world_add_pod(w, job, "shop", "proxy-0");
	world_add_pod(w, job, "shop", "proxy-1");
	world_add_pod(w, job, "shop", "proxy-2");
	world_add_pod(w, job, "shop", "proxy-3");
	world_count(w, job, "shop", 5, 1);
	world_build(w);
	world_show(w, 0, &fresh);
	world_show(w, 1, &lagging);
	world_show(w, 2, &expired);
	world_break(w, 3, REASON_CONNECT_REFUSED);
	world_finish(w);
}

/* The columns of each line, separated by one blank. */
static char *squeeze(const char *text)
{
	char *squeezed = test_malloc(strlen(text) + 1);
	size_t used = 0;

	for (; *text != '\0'; text++) {
		if (*text == ' ' &&
		    (text[1] == ' ' || text[1] == '\n' || used == 0))
			continue;
		squeezed[used++] = *text;
	}
	squeezed[used] = '\0';
	return squeezed;
}

static void test_table(void **state)
{
	static const char expected[] =
		"STATUS LEFT LAG NAMESPACE POD DOMAIN PORT CERTIFICATE REASON\n"
		"expired -1d 90d shop proxy-2 a.example 443 cccccccccccc\n"
		"notfound shop proxy-3 a.example 443 connect_refused\n"
		"valid 29d 60d shop proxy-1 a.example 443 bbbbbbbbbbbb\n"
		"valid 89d shop proxy-0 a.example 443 aaaaaaaaaaaa\n"
		"4 pairs: 2 valid, 1 expired, 1 notfound (3.2 s)\n";
	struct error err = { 0 };
	struct output o;
	struct world w;
	char *squeezed;

	(void)state;
	fill(&w);
	output_open(&o);
	assert_ok(report_table(o.file, &w.facts, &err), &err);
	squeezed = squeeze(output_read(&o));
	assert_string_equal(squeezed, expected);
	assert_null(strchr(squeezed, '\033'));
	test_free(squeezed);
	output_close(&o);
	world_free(&w);
}

/* Types of keys have a column where they are asked for. Without a failure, the
 * reason is what is wrong with the chain of a certificate that is valid. */
static void test_table_of_keys_and_chains(void **state)
{
	static const char expected[] =
		"STATUS LEFT NAMESPACE POD DOMAIN PORT KEY CERTIFICATE REASON\n"
		"expired -1d shop proxy-1 a.example 443 ecdsa cccccccccccc\n"
		"valid 89d shop proxy-0 a.example 443 rsa aaaaaaaaaaaa "
		"incomplete_chain\n"
		"valid 89d shop proxy-1 a.example 443 rsa aaaaaaaaaaaa "
		"handshake_alert\n"
		"none shop proxy-0 a.example 443 ecdsa key_type_missing\n"
		"4 pairs: 1 none, 2 valid, 1 expired (3.2 s)\n";
	struct error err = { 0 };
	struct job_config *job;
	struct output o;
	struct world w;
	char *squeezed;

	(void)state;
	fresh = world_certificate('a', -1, 89);
	expired = world_certificate('c', -91, -1);
	world_init(&w);
	job = world_add_job(&w, "edge");
	job->key_types[KEY_TYPE_RSA] = true;
	job->key_types[KEY_TYPE_ECDSA] = true;
	world_add_domain(job, "a.example");
	world_add_pod(&w, job, "shop", "proxy-0");
	world_add_pod(&w, job, "shop", "proxy-1");
	world_build(&w);
	world_show(&w, 0, &fresh);
	world_verify(&w, 0, VERIFY_INCOMPLETE_CHAIN);
	world_break(&w, 1, REASON_KEY_TYPE_MISSING);
	world_show(&w, 2, &fresh);
	world_verify(&w, 2, VERIFY_SELF_SIGNED);
	w.targets.pairs[2].result.success = false;
	w.targets.pairs[2].result.reason = REASON_HANDSHAKE_ALERT;
	world_show(&w, 3, &expired);
	world_verify(&w, 3, VERIFY_OK);
	world_finish(&w);
	output_open(&o);
	assert_ok(report_table(o.file, &w.facts, &err), &err);
	squeezed = squeeze(output_read(&o));
	assert_string_equal(squeezed, expected);
	test_free(squeezed);
	output_close(&o);
	world_free(&w);
}

/* What was not to be verified is no reason. */
static void test_table_without_verification(void **state)
{
	struct error err = { 0 };
	struct output o;
	struct world w;

	(void)state;
	fill(&w);
	w.chains[0].reason = VERIFY_OTHER;
	world_show(&w, 1, &lagging);
	w.chains[1].reason = VERIFY_SELF_SIGNED;
	for (size_t i = 0; i < w.targets.pair_count; i++)
		probe_result_settle(&w.targets.pairs[i].result, wall_now());
	output_open(&o);
	assert_ok(report_table(o.file, &w.facts, &err), &err);
	assert_null(strstr(output_read(&o), "self_signed"));
	assert_null(strstr(o.text, "KEY"));
	output_close(&o);
	world_free(&w);
}

/* Several jobs are told apart, one has no column. */
static void test_table_of_two_jobs(void **state)
{
	struct error err = { 0 };
	struct job_config *job;
	struct output o;
	struct world w;

	(void)state;
	fresh = world_certificate('a', -1, 89);
	world_init(&w);
	for (int i = 0; i < 2; i++) {
		job = world_add_job(&w, i == 0 ? "first-job" : "second-job");
		world_add_domain(job, "a.example");
		world_add_pod(&w, job, "shop", "proxy-0");
	}
	world_build(&w);
	world_show(&w, 0, &fresh);
	world_show(&w, 1, &fresh);
	world_finish(&w);
	output_open(&o);
	assert_ok(report_table(o.file, &w.facts, &err), &err);
	(void)output_read(&o);
	assert_non_null(strstr(o.text, "JOB"));
	assert_non_null(strstr(o.text, "first-job"));
	assert_non_null(strstr(o.text, "second-job"));
	output_close(&o);
	world_free(&w);
}

/* A name from the cluster steers no terminal. */
static void test_table_with_hostile_names(void **state)
{
	struct error err = { 0 };
	struct job_config *job;
	struct output o;
	struct world w;

	(void)state;
	world_init(&w);
	job = world_add_job(&w, "edge");
	world_add_domain(job, "a.example");
	world_add_pod(&w, job, "shop", "\033[2J\033[31mowned\nvalid");
	world_build(&w);
	world_break(&w, 0, REASON_NOT_TLS);
	world_finish(&w);
	output_open(&o);
	assert_ok(report_table(o.file, &w.facts, &err), &err);
	(void)output_read(&o);
	assert_null(strchr(o.text, '\033'));
	assert_non_null(strstr(o.text, "not_tls"));
	output_close(&o);
	output_open(&o);
	assert_ok(report_targets(o.file, &w.discovery, &w.targets, &err), &err);
	assert_null(strchr(output_read(&o), '\033'));
	output_close(&o);
	world_free(&w);
}

/* Rows are counted, each of three pods. */
static void test_long_table_is_cut(void **state)
{
	struct error err = { 0 };
	struct job_config *job;
	struct output o;
	struct world w;

	(void)state;
	world_init(&w);
	job = world_add_job(&w, "edge");
	for (int i = 0; i < REPORT_ROWS_MAX + 7; i++) {
		char domain[32];

		(void)snprintf(domain, sizeof(domain), "%d.example", i);
		world_add_domain(job, domain);
	}
	for (int i = 0; i < 3; i++)
		world_add_pod(&w, job, "shop", "proxy");
	world_build(&w);
	for (size_t i = 0; i < w.targets.pair_count; i++)
		world_break(&w, i, REASON_DEADLINE);
	world_finish(&w);
	output_open(&o);
	assert_ok(report_table(o.file, &w.facts, &err), &err);
	(void)output_read(&o);
	assert_non_null(strstr(o.text, "\n... and 21 more pairs, no worse\n"
				       "3021 pairs: 3021 none (3.2 s)\n"));
	output_close(&o);
	world_free(&w);
}

static void test_nothing(void **state)
{
	struct error err = { 0 };
	struct output o;
	struct world w;

	(void)state;
	world_init(&w);
	(void)world_add_job(&w, "edge");
	world_build(&w);
	world_finish(&w);
	output_open(&o);
	assert_ok(report_table(o.file, &w.facts, &err), &err);
	assert_string_equal(output_read(&o), "0 pairs (3.2 s)\n");
	output_close(&o);
	world_free(&w);
}

/* The table as it is on a terminal; to be freed. */
static char *on_terminal(const struct world *w, unsigned short columns)
{
	struct error err = { 0 };
	struct screen s;
	char *text;

	screen_open(&s, columns);
	assert_ok(report_table(s.file, &w->facts, &err), &err);
	text = strdup(screen_read(&s, " s)\n"));
	assert_non_null(text);
	screen_close(&s);
	return text;
}

/* On a terminal in colour, unless NO_COLOR says otherwise. */
static void test_colour(void **state)
{
	struct world w;
	char *text;

	(void)state;
	fill(&w);
	(void)setenv("TERM", "xterm-256color", 1);
	(void)unsetenv("NO_COLOR");
	text = on_terminal(&w, 120);
	assert_non_null(strchr(text, '\033'));
	free(text);
	(void)setenv("NO_COLOR", "1", 1);
	text = on_terminal(&w, 120);
	assert_null(strchr(text, '\033'));
	free(text);
	world_free(&w);
}

/* Twelve good ones, five that lag and three that are gone, in one pool. */
static void fill_crowd(struct world *w, const char *pod_format)
{
	struct job_config *job;

	fresh = world_certificate('a', -1, 89);
	lagging = world_certificate('b', -61, 29);
	world_init(w);
	job = world_add_job(w, "edge");
	world_add_domain(job, "shop.example.com");
	for (int i = 0; i < 20; i++) {
		char name[64];

		(void)snprintf(name, sizeof(name), "%s-%02d", pod_format, i);
		world_add_pod(w, job, "edge", name);
	}
	world_build(w);
	for (size_t i = 0; i < 17; i++)
		world_show(w, i, i < 12 ? &fresh : &lagging);
	for (size_t i = 17; i < 20; i++)
		world_break(w, i, REASON_CONNECT_REFUSED);
	world_finish(w);
}

/* Who is good needs no name. */
static void test_alike_in_one_row(void **state)
{
	static const char expected[] =
		"STATUS LEFT LAG NAMESPACE POD DOMAIN PORT CERTIFICATE REASON\n"
		"notfound edge edge-17, edge-18 and 1 more shop.example.com 443 "
		"connect_refused\n"
		"valid 29d 60d edge edge-12, edge-13 and 3 more "
		"shop.example.com 443 bbbbbbbbbbbb\n"
		"valid 89d edge 12 pods, same certificate shop.example.com 443 "
		"aaaaaaaaaaaa\n"
		"20 pairs: 17 valid, 3 notfound (3.2 s)\n";
	struct error err = { 0 };
	struct output o;
	struct world w;
	char *squeezed;

	(void)state;
	fill_crowd(&w, "edge");
	output_open(&o);
	assert_ok(report_table(o.file, &w.facts, &err), &err);
	squeezed = squeeze(output_read(&o));
	assert_string_equal(squeezed, expected);
	test_free(squeezed);
	output_close(&o);
	world_free(&w);
}

/* Outside Kubernetes there are no pods. */
static void test_addresses_in_one_row(void **state)
{
	struct endpoint_config endpoint = { .port_number = 443 };
	struct error err = { 0 };
	struct output o;
	struct world w;

	(void)state;
	fill_crowd(&w, "192.0.2.1");
	endpoint.address = strdup("lb.example.com");
	endpoint.port = strdup("443");
	assert_ok(endpoint_config_vector_append(
			  &w.config.jobs.items[0].endpoints, endpoint, &err),
		  &err);
	output_open(&o);
	assert_ok(report_table(o.file, &w.facts, &err), &err);
	assert_non_null(
		strstr(output_read(&o), "12 addresses, same certificate"));
	output_close(&o);
	world_free(&w);
}

static void test_widths(void **state)
{
	static const struct {
		unsigned short columns;
		bool has_certificate, has_namespace, is_within;
	} rows[] = {
		{ 160, true, true, true },
		{ 100, false, true, true },
		{ 80, false, false, true },
		/* No terminal says so, but some say nothing. */
		{ 0, true, true, false },
	};
	/* No names are cut at any of them. */
	static const char *const names[] = {
		"12 pods, same certificate",
		"traefik-7d9f8-17 and 2 more",
		"shop.example.com",
		"connect_refused",
	};
	struct world w;

	(void)state;
	fill_crowd(&w, "traefik-7d9f8");
	(void)setenv("NO_COLOR", "1", 1);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *text = on_terminal(&w, rows[i].columns);
		size_t columns = strcspn(text, "\n");
		char name[16];

		(void)snprintf(name, sizeof(name), "%d", rows[i].columns);
		assert_row((strstr(text, "CERTIFICATE") != NULL) ==
				   rows[i].has_certificate,
			   name);
		assert_row((strstr(text, "NAMESPACE") != NULL) ==
				   rows[i].has_namespace,
			   name);
		assert_row((columns <= rows[i].columns) == rows[i].is_within,
			   name);
		for (size_t j = 0; j < COUNT_OF(names); j++)
			assert_row(strstr(text, names[j]) != NULL, name);
		free(text);
	}
	world_free(&w);
}

static void test_targets(void **state)
{
	struct error err = { 0 };
	struct output o;
	struct world w;
	char *squeezed;

	(void)state;
	fill(&w);
	assert_true(address_parse("2001:db8::1",
				  &w.discovery.jobs[0].pods.items[1].address));
	output_open(&o);
	assert_ok(report_targets(o.file, &w.discovery, &w.targets, &err), &err);
	squeezed = squeeze(output_read(&o));
	assert_string_equal(
		squeezed, "JOB NAMESPACE POD ENDPOINT DOMAIN\n"
			  "edge shop proxy-0 192.0.2.1:443 a.example\n"
			  "edge shop proxy-1 [2001:db8::1]:443 a.example\n"
			  "edge shop proxy-2 192.0.2.1:443 a.example\n"
			  "edge shop proxy-3 192.0.2.1:443 a.example\n"
			  "edge: shop: 5 pods matching, skipped: 1 not_ready\n"
			  "edge: 4 endpoints, 1 domain: 4 pairs\n"
			  "4 pairs in all\n");
	test_free(squeezed);
	output_close(&o);
	world_free(&w);
}

/* Each job has its own sum, also one without a pair. */
static void test_targets_of_an_api(void **state)
{
	static const char sums[] =
		"API server: https://192.0.2.1:6443, by context 'a' of /k\n"
		"empty: 0 endpoints, 1 domain: 0 pairs\n"
		"edge: 1 endpoint, 2 domains: 2 pairs\n"
		"mail: 1 endpoint, 1 domain: 1 pair\n"
		"3 pairs in all\n";
	struct error err = { 0 };
	struct job_config *jobs[3];
	const char *text;
	struct output o;
	struct world w;

	(void)state;
	world_init(&w);
	jobs[0] = world_add_job(&w, "empty");
	jobs[1] = world_add_job(&w, "edge");
	jobs[2] = world_add_job(&w, "mail");
	for (int i = 0; i < 3; i++)
		world_add_domain(jobs[i], "a.example");
	world_add_domain(jobs[1], "b.example");
	world_add_pod(&w, jobs[1], "shop", "proxy-0");
	world_add_pod(&w, jobs[2], "shop", "postfix-0");
	w.discovery.api.server = strdup("https://192.0.2.1:6443");
	w.discovery.api.source = strdup("context 'a' of /k");
	world_build(&w);
	output_open(&o);
	assert_ok(report_targets(o.file, &w.discovery, &w.targets, &err), &err);
	text = output_read(&o);
	assert_row(strstr(text, sums) != NULL, text);
	output_close(&o);
	world_finish(&w);
	world_free(&w);
}

static void test_failed_write(void **state)
{
	struct error err = { 0 };
	struct world w;

	(void)state;
	fill(&w);
	for (int i = 0; i < 3; i++) {
		FILE *full = fopen("/dev/full", "we");
		int r;

		assert_non_null(full);
		if (i == 0)
			r = report_table(full, &w.facts, &err);
		else if (i == 1)
			r = report_json(full, &w.facts, &err);
		else
			r = report_targets(full, &w.discovery, &w.targets,
					   &err);
		assert_error(r, &err, ERROR_SYSTEM, "cannot be written");
		(void)fclose(full);
	}
	world_free(&w);
}

static void test_version(void **state)
{
	(void)state;
	assert_string_equal(report_json_library_version(), json_c_version());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_table_of_keys_and_chains),
		cmocka_unit_test(test_table_without_verification),
		cmocka_unit_test(test_table_of_two_jobs),
		cmocka_unit_test(test_table_with_hostile_names),
		cmocka_unit_test(test_long_table_is_cut),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_colour),
		cmocka_unit_test(test_alike_in_one_row),
		cmocka_unit_test(test_addresses_in_one_row),
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_targets_of_an_api),
		cmocka_unit_test(test_failed_write),
		cmocka_unit_test(test_version),
	};

	report_init();
	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
