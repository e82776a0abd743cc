/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics/families: the whole exposition of a small fixed world in each mode
 * against a file that was read by a person, and the rules behind it.
 *
 * CEM_TEST_UPDATE=1 in the environment writes the files anew; look at the
 * difference before it is committed.
 */
#include <config.h>

#include "metrics/families.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe/session_facts.h"
#include "support.h"
#include "world.h"

/* Three jobs, two namespaces, every status, a renewal lag, a hostile name,
 * types of keys, chains that were verified and staples. */
static struct certificate fresh, lagging, expired, future, other;

static const struct session_facts modern = {
	.version = "TLS1.3",
	.cipher = "TLS_AES_256_GCM_SHA384",
	.group = "x25519",
	.signature = "ecdsa_secp256r1_sha256",
};
static const struct session_facts old = {
	.version = "TLS1.2",
	.cipher = "TLS_RSA_WITH_AES_128_CBC_SHA",
};
static const struct ocsp_facts good_staple = {
	.status = OCSP_GOOD,
	.this_update = WORLD_NOW - 100,
	.next_update = WORLD_NOW + WORLD_DAY,
	.has_next_update = true,
};
static const struct ocsp_facts endless_staple = {
	.status = OCSP_UNKNOWN,
	.this_update = WORLD_NOW - 100,
};
static const struct ocsp_facts bad_staple = { .status = OCSP_INVALID };

/* What else a complete handshake tells of pair `i`. */
static void complete(struct world *w, size_t i,
		     const struct session_facts *session,
		     const struct ocsp_facts *staple)
{
	w->targets.pairs[i].result.session = session;
	w->targets.pairs[i].result.staple = staple;
	w->targets.pairs[i].result.asked_for_staple = true;
	w->targets.pairs[i].result.duration_us = 12345 + (int64_t)i * 1000000;
}

static void fill(struct world *w)
{
	static char hostile[] = "quote \" backslash \\ newline \n end";
	struct job_config *edge;
	struct job_config *second;
	struct job_config *typed;
	struct error err = { 0 };

	fresh = world_certificate('a', -1, 89);
	lagging = world_certificate('b', -61, 29);
	expired = world_certificate('c', -91, -1);
	future = world_certificate('d', 1, 91);
	other = world_certificate('e', 0, 365);
	other.subject_cn = hostile;
	world_init(w);
	edge = world_add_job(w, "edge");
	world_add_domain(edge, "*.b.example");
	world_add_domain(edge, "a.example");
	world_add_pod(w, edge, "shop", "proxy-0");
	world_add_pod(w, edge, "shop", "proxy-1");
	world_add_pod(w, edge, "shop", "proxy-2");
	world_add_pod(w, edge, "stage", "proxy-0");
	world_count(w, edge, "empty", 0, 0);
	world_count(w, edge, "shop", 4, 1);
	world_count(w, edge, "stage", 1, 0);
	second = world_add_job(w, "second");
	world_add_domain(second, "a.example");
	assert_ok(job_config_set_port(second, "https", &err), &err);
	assert_ok(job_config_set_node(second, "node-1", &err), &err);
	world_add_pod(w, second, "shop", "proxy-0");
	world_add_pod(w, second, "shop", "proxy-9");
	world_count(w, second, "shop", 2, 0);
	world_fail(w, second, "other", DISCOVERY_TIMEOUT);
	world_fail(w, second, "secret", DISCOVERY_FORBIDDEN);
	typed = world_add_job(w, "typed");
	world_add_domain(typed, "a.example");
	typed->key_types[KEY_TYPE_RSA] = true;
	typed->key_types[KEY_TYPE_ECDSA] = true;
	world_add_pod(w, typed, "shop", "proxy-0");
	world_add_pod(w, typed, "shop", "proxy-1");
	world_count(w, typed, "shop", 2, 0);
	world_build(w);
	assert_int_equal(w->targets.pair_count, 14);
	w->history.pairs[0].open_errors = 5;
	w->history.pairs[4].open_errors = 1000;
	w->history.pairs[8].close_errors = 2;
	world_show(w, 0, &fresh);
	world_show(w, 1, &fresh);
	world_show(w, 2, &expired);
	world_show(w, 3, &lagging);
	world_break(w, 4, REASON_CONNECT_REFUSED);
	world_show(w, 5, &fresh);
	world_show(w, 6, &future);
	world_show(w, 7, &other);
	w->targets.pairs[7].result.names_domain = false;
	world_show(w, 8, &expired);
	w->targets.pairs[8].result.success = false;
	w->targets.pairs[8].result.reason = REASON_HANDSHAKE_ALERT;
	w->targets.pairs[8].result.close_failed = true;
	world_break(w, 9, REASON_DEADLINE);
	world_show(w, 10, &fresh); /* RSA */
	world_break(w, 11, REASON_KEY_TYPE_MISSING);
	world_show(w, 12, &fresh);
	world_show(w, 13, &lagging);
	complete(w, 0, &modern, &good_staple);
	world_verify(w, 0, VERIFY_OK);
	complete(w, 1, &old, NULL);
	world_verify(w, 1, VERIFY_OK);
	/* An intermediate certificate ends before the leaf does. */
	w->chains[1].presented_not_after = WORLD_NOW + 10 * WORLD_DAY;
	complete(w, 2, &modern, &endless_staple);
	world_verify(w, 2, VERIFY_OK);
	complete(w, 5, &modern, &bad_staple);
	world_verify(w, 5, VERIFY_UNKNOWN_ISSUER);
	complete(w, 7, &modern, NULL);
	world_verify(w, 7, VERIFY_OK);
	world_verify(w, 10, VERIFY_SELF_SIGNED);
	world_verify(w, 12, VERIFY_OK);
	world_finish(w);
	w->facts.cut_off = true;
}

static char *exposition_of(const struct world *w, enum metrics_mode mode,
			   bool is_limited, const char *directory)
{
	char *path = path_join(directory, "out.prom");
	struct exposition x;
	struct error err = { 0 };
	char *text;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	exposition_init(&x, fd);
	assert_ok(families_write(&x, &w->facts, mode, is_limited, &err), &err);
	assert_int_equal(close(fd), 0);
	text = read_text(path);
	free(path);
	return text;
}

/* The version changes with each release, the expected text must not. */
static char *without_version(char *text)
{
	char *at = strstr(text, "version=\"" PACKAGE_VERSION "\"");

	if (at != NULL) {
		char *value = at + strlen("version=\"");

		*value = 'V';
		memmove(value + 1, value + strlen(PACKAGE_VERSION),
			strlen(value + strlen(PACKAGE_VERSION)) + 1);
	}
	return text;
}

/* Shows the first line that differs, not thirty kilobytes. */
static void assert_same_lines(const char *text, const char *expected,
			      const char *name)
{
	size_t line = 0;
	size_t at = 0;

	for (; text[at] != '\0' && text[at] == expected[at]; at++)
		if (text[at] == '\n')
			line = at + 1;
	if (text[at] == expected[at])
		return;
	print_error("%s, byte %zu:\n+%.*s\n-%.*s\n", name, at,
		    (int)strcspn(text + line, "\n"), text + line,
		    (int)strcspn(expected + line, "\n"), expected + line);
	fail();
}

static void assert_golden(char *text, const char *name)
{
	const char *srcdir = getenv("srcdir");
	char *directory =
		path_join(srcdir == NULL ? "." : srcdir, "tests/unit/data");
	char *path = path_join(directory, name);
	char *expected;

	(void)without_version(text);
	if (getenv("CEM_TEST_UPDATE") != NULL)
		write_file(path, text);
	expected = read_text(path);
	assert_same_lines(text, expected, name);
	free(expected);
	free(path);
	free(directory);
}

static void test_golden(void **state)
{
	static const struct {
		enum metrics_mode mode;
		const char *file;
	} rows[] = {
		{ METRICS_STANDARD, "standard.prom" },
		{ METRICS_FULL, "full.prom" },
		{ METRICS_SUMMARY, "summary.prom" },
		{ METRICS_MUX, "mux.prom" },
	};
	struct world w;

	fill(&w);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *first = exposition_of(&w, rows[i].mode, false, *state);
		char *second = exposition_of(&w, rows[i].mode, false, *state);

		assert_string_equal(first, second);
		assert_golden(first, rows[i].file);
		free(first);
		free(second);
	}
	world_free(&w);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Label sets are unique in the file, each family is one block, and it ends
 * with a newline. */
static void test_well_formed(void **state)
{
	struct world w;

	fill(&w);
	for (int mode = METRICS_STANDARD; mode <= METRICS_MUX; mode++) {
		char *text = exposition_of(&w, (enum metrics_mode)mode, false,
					   *state);
		char *lines[1000];
		size_t count = 0;

		assert_int_equal(text[strlen(text) - 1], '\n');
		for (char *line = strtok_r(text, "\n", &lines[999]);
		     line != NULL; line = strtok_r(NULL, "\n", &lines[999])) {
			char *value = strrchr(line, ' ');

			assert_true(count < 999);
			assert_non_null(value);
			/* A sample without its value; a header without its
			 * words: "# TYPE NAME". */
			if (line[0] != '#')
				*value = '\0';
			else
				line[7 + strcspn(line + 7, " ")] = '\0';
			lines[count++] = line;
		}
		qsort(lines, count, sizeof(lines[0]), by_text);
		for (size_t i = 1; i < count; i++)
			assert_string_not_equal(lines[i - 1], lines[i]);
		free(text);
	}
	world_free(&w);
}

static void test_limit(void **state)
{
	struct exposition x;
	struct error err = { 0 };
	struct world w;

	(void)state;
	fill(&w);
	exposition_init(&x, EXPOSITION_COUNT);
	assert_ok(families_write(&x, &w.facts, METRICS_STANDARD, false, &err),
		  &err);
	w.config.max_series = x.samples;
	assert_false(families_exceed_limit(&w.facts, METRICS_STANDARD));
	w.config.max_series = x.samples - 1;
	assert_true(families_exceed_limit(&w.facts, METRICS_STANDARD));
	/* There is nothing smaller than the summary. */
	assert_false(families_exceed_limit(&w.facts, METRICS_SUMMARY));
	w.config.max_series = 1;
	assert_true(families_exceed_limit(&w.facts, METRICS_MUX));
	w.config.max_series = 0;
	assert_false(families_exceed_limit(&w.facts, METRICS_STANDARD));
	world_free(&w);
}

static size_t count_lines(const char *text, const char *prefix)
{
	size_t count = 0;

	for (const char *at = text; (at = strstr(at, prefix)) != NULL; at++)
		if (at == text || at[-1] == '\n')
			count++;
	return count;
}

#define P EXPOSITION_PREFIX

/* Of many bad pairs the summary keeps the worst, and counts all. */
static void test_summary_keeps_the_worst(void **state)
{
	struct certificate gone = world_certificate('c', -91, -1);
	struct job_config *job;
	struct world w;
	char *text;

	world_init(&w);
	job = world_add_job(&w, "edge");
	world_add_domain(job, "a.example");
	for (size_t i = 0; i < SUMMARY_PAIRS_MAX + 100; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "p%04zu", i);
		world_add_pod(&w, job, "ns", name);
	}
	world_build(&w);
	for (size_t i = 0; i < w.targets.pair_count; i++)
		world_break(&w, i, REASON_CONNECT_TIMEOUT);
	/* The very last one is worse than the others. */
	world_show(&w, w.targets.pair_count - 1, &gone);
	world_finish(&w);
	text = exposition_of(&w, METRICS_SUMMARY, true, *state);
	assert_int_equal(count_lines(text, P "certificate{"),
			 4 * SUMMARY_PAIRS_MAX);
	assert_non_null(strstr(text, "pod=\"p1099\",domain=\"a.example\","
				     "port=\"443\",status=\"expired\"} 1\n"));
	assert_null(strstr(text, "pod=\"p1098\""));
	assert_non_null(strstr(text, P "pairs{job_name=\"edge\","
				       "status=\"notfound\"} 1099\n"));
	assert_non_null(strstr(text, P "series_limited 1\n"));
	free(text);
	world_free(&w);
}

/* A certificate that is valid, where all the same something is wrong, is shown
 * behind what lags. */
static void test_summary_keeps_the_flawed(void **state)
{
	static const struct {
		const char *name;
		bool success, is_checked;
		enum verify_reason verify;
		bool is_shown;
	} rows[] = {
		{ "good", true, true, VERIFY_OK, false },
		{ "not verified", true, false, VERIFY_OTHER, false },
		{ "does not verify", true, true, VERIFY_UNKNOWN_ISSUER, true },
		{ "the handshake failed", false, false, VERIFY_OK, true },
	};
	struct certificate c = world_certificate('a', -1, 89);

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct job_config *job;
		struct world w;
		char *text;

		world_init(&w);
		job = world_add_job(&w, "edge");
		world_add_domain(job, "a.example");
		world_add_pod(&w, job, "ns", "p0");
		world_build(&w);
		world_show(&w, 0, &c);
		world_verify(&w, 0, rows[i].verify);
		w.chains[0].is_checked = rows[i].is_checked;
		w.targets.pairs[0].result.success = rows[i].success;
		w.targets.pairs[0].result.reason =
			rows[i].success ? REASON_NONE : REASON_HANDSHAKE_ALERT;
		world_finish(&w);
		text = exposition_of(&w, METRICS_SUMMARY, false, *state);
		assert_row(count_lines(text, P "probe_success{") ==
				   rows[i].is_shown,
			   rows[i].name);
		assert_row(count_lines(text, P "cert_verify_failure_info{") ==
				   (rows[i].is_shown && rows[i].is_checked),
			   rows[i].name);
		free(text);
		world_free(&w);
	}
}

/* Of the flawed none takes the place of one that lags, or is worse. */
static void test_summary_shows_flaws_last(void **state)
{
	struct certificate fresh_one = world_certificate('a', -1, 89);
	struct certificate old_one = world_certificate('b', -1, 88);
	struct job_config *job;
	struct world w;
	char *text;

	old_one.not_before--; /* the least that lags */
	world_init(&w);
	job = world_add_job(&w, "edge");
	world_add_domain(job, "a.example");
	for (size_t i = 0; i < SUMMARY_PAIRS_MAX + 2; i++)
		world_add_pod(&w, job, "ns",
			      i == SUMMARY_PAIRS_MAX	 ? "lags" :
			      i == SUMMARY_PAIRS_MAX + 1 ? "dead" :
							   "flawed");
	world_build(&w);
	for (size_t i = 0; i < SUMMARY_PAIRS_MAX + 1; i++) {
		world_show(&w, i,
			   i == SUMMARY_PAIRS_MAX ? &old_one : &fresh_one);
		world_verify(&w, i, VERIFY_OTHER);
	}
	world_break(&w, SUMMARY_PAIRS_MAX + 1, REASON_NOT_TLS);
	world_finish(&w);
	text = exposition_of(&w, METRICS_SUMMARY, false, *state);
	assert_int_equal(count_lines(text, P "probe_success{"),
			 SUMMARY_PAIRS_MAX);
	assert_non_null(strstr(text, "pod=\"lags\""));
	assert_non_null(strstr(text, "pod=\"dead\""));
	free(text);
	world_free(&w);
}

/* Nor do servers that lack a type of key, even if they all do. */
static void test_summary_shows_missing_types_last(void **state)
{
	struct certificate fresh_one = world_certificate('a', -1, 89);
	struct certificate old_one = world_certificate('b', -2, 88);
	struct job_config *job;
	struct world w;
	char *text;

	world_init(&w);
	job = world_add_job(&w, "edge");
	world_add_domain(job, "a.example");
	job->key_types[KEY_TYPE_RSA] = true;
	job->key_types[KEY_TYPE_ECDSA] = true;
	for (size_t i = 0; i < SUMMARY_PAIRS_MAX + 2; i++)
		world_add_pod(&w, job, "ns",
			      i == SUMMARY_PAIRS_MAX	 ? "lags" :
			      i == SUMMARY_PAIRS_MAX + 1 ? "flawed" :
							   "good");
	world_build(&w);
	for (size_t i = 0; i < SUMMARY_PAIRS_MAX + 2; i++) {
		world_show(&w, 2 * i,
			   i == SUMMARY_PAIRS_MAX ? &old_one : &fresh_one);
		world_verify(&w, 2 * i,
			     i == SUMMARY_PAIRS_MAX + 1 ? VERIFY_OTHER :
							  VERIFY_OK);
		world_break(&w, 2 * i + 1, REASON_KEY_TYPE_MISSING);
	}
	world_finish(&w);
	text = exposition_of(&w, METRICS_SUMMARY, false, *state);
	assert_int_equal(count_lines(text, P "probe_success{"),
			 SUMMARY_PAIRS_MAX);
	assert_non_null(strstr(text, "pod=\"lags\",domain=\"a.example\","
				     "port=\"443\",key=\"rsa\""));
	assert_non_null(strstr(text, "pod=\"flawed\",domain=\"a.example\","
				     "port=\"443\",key=\"rsa\""));
	free(text);
	world_free(&w);
}

/* METRICS_MUX knows no types of keys. */
static void test_mux_of_key_types(void **state)
{
	static const struct {
		const char *name, *status;
		int64_t rsa_end, ecdsa_end; /* days; 0: the type is missing */
		const char *seconds;
		const char *errors;
	} rows[] = {
		{ "both are good", "valid", 89, 29, "} 2505600\n", "} 0\n" },
		{ "the other ends first", "valid", 29, 89, "} 2505600\n",
		  "} 0\n" },
		{ "one is missing", "valid", 89, 0, "} 7689600\n", "} 0\n" },
		{ "the other is", "valid", 0, 29, "} 2505600\n", "} 0\n" },
		{ "one is over, one missing", "expired", -1, 0, "} -86400\n",
		  "} 0\n" },
		{ "neither is there", NULL, 0, 0, NULL, "} 0\n" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const int64_t ends[] = { rows[i].rsa_end, rows[i].ecdsa_end };
		struct certificate certificates[2];
		struct job_config *job;
		struct world w;
		char line[128] = "";
		char *text;

		world_init(&w);
		job = world_add_job(&w, "edge");
		world_add_domain(job, "a.example");
		job->key_types[KEY_TYPE_RSA] = true;
		job->key_types[KEY_TYPE_ECDSA] = true;
		world_add_pod(&w, job, "ns", "p0");
		world_build(&w);
		for (size_t j = 0; j < COUNT_OF(ends); j++) {
			certificates[j] = world_certificate((char)('a' + j),
							    -90, ends[j]);
			if (ends[j] == 0)
				world_break(&w, j, REASON_KEY_TYPE_MISSING);
			else
				world_show(&w, j, &certificates[j]);
		}
		world_finish(&w);
		text = exposition_of(&w, METRICS_MUX, false, *state);
		if (rows[i].status != NULL) {
			(void)snprintf(line, sizeof(line), "status=\"%s\"} 1\n",
				       rows[i].status);
			assert_row(strstr(text, line) != NULL, rows[i].name);
			assert_row(strstr(text, rows[i].seconds) != NULL,
				   rows[i].name);
		}
		assert_row(count_lines(text, P "certificate{") == 4,
			   rows[i].name);
		(void)snprintf(line, sizeof(line),
			       P "tls_open_connection_error{ns=\"ns\","
				 "pod=\"p0\",domain=\"a.example\"%s",
			       rows[i].errors);
		assert_row(strstr(text, line) != NULL, rows[i].name);
		free(text);
		world_free(&w);
	}
}

static void test_nothing_found(void **state)
{
	struct world w;
	char *text;

	world_init(&w);
	(void)world_add_job(&w, "edge");
	w.discovery.jobs[0].sources[SOURCE_PODS].listed_at =
		(struct wall_time){ 0 };
	world_fail(&w, w.discovery.jobs[0].job, "", DISCOVERY_UNREACHABLE);
	world_build(&w);
	world_finish(&w);
	w.facts.success = false;
	w.facts.record.last_success = (struct wall_time){ 0 };
	for (int mode = METRICS_STANDARD; mode <= METRICS_MUX; mode++) {
		text = exposition_of(&w, (enum metrics_mode)mode, false,
				     *state);
		assert_non_null(strstr(text,
				       P "discovery_success{job_name=\"edge\","
					 "source=\"pods\"} 0\n"));
		assert_non_null(strstr(text, "reason=\"unreachable\"} 1\n"));
		assert_non_null(strstr(text, P "run_success 0\n"));
		/* A failed list never looks like an empty pool. */
		assert_null(strstr(text, "matching_pods"));
		assert_null(strstr(text, "discovery_timestamp_seconds"));
		assert_null(strstr(text, "last_success"));
		free(text);
	}
	world_free(&w);
}

static void test_print(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	families_print(out);
	assert_int_equal(fclose(out), 0);
	assert_non_null(strstr(text, P "certificate gauge\n"));
	assert_non_null(strstr(text, P "build_info gauge\n"));
	free(text);
}

int main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, temp_dir_setup, temp_dir_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_golden),
		TEST(test_well_formed),
		TEST(test_limit),
		TEST(test_summary_keeps_the_worst),
		TEST(test_summary_keeps_the_flawed),
		TEST(test_summary_shows_flaws_last),
		TEST(test_summary_shows_missing_types_last),
		TEST(test_mux_of_key_types),
		TEST(test_nothing_found),
		TEST(test_print),
	};

	return cmocka_run_group_tests_name("families", tests, NULL, NULL);
}
