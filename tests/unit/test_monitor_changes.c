/* SPDX-License-Identifier: Apache-2.0 */
/*
 * monitor_changes: what is a change, how it is said, and how few lines it
 * takes.
 */
#include <config.h>

#include "monitor_changes.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "support.h"
#include "world.h"

#define NOTICE "certificate-expiry-monitor: notice: "
#define INFO "certificate-expiry-monitor: info: "

static int setup(void **state)
{
	log_set_level(LOG_LEVEL_INFO);
	return stderr_capture_setup(state);
}

/* What is logged of the world, from the settled results on. */
static char *logged(const struct stderr_capture *f, struct world *w,
		    size_t changes)
{
	struct error err = { 0 };
	size_t count = 0;

	for (size_t i = 0; i < w->targets.pair_count; i++)
		probe_result_settle(&w->targets.pairs[i].result, wall_now());
	assert_ok(log_changes(&w->history, &count, &err), &err);
	assert_int_equal(count, changes);
	return read_text(f->path);
}

static void assert_logged(const struct stderr_capture *f, struct world *w,
			  size_t changes, const char *expected)
{
	char *text = logged(f, w, changes);

	assert_string_equal(text, expected);
	free(text);
	world_free(w);
}

/* A job with so many pods and one domain; all is good and was so before. */
static struct job_config *add_job(struct world *w, const char *name,
				  size_t pods)
{
	struct job_config *job = world_add_job(w, name);

	world_add_domain(job, "a.example");
	for (size_t i = 0; i < pods; i++) {
		char pod[32];

		(void)snprintf(pod, sizeof(pod), "p%03zu", i);
		world_add_pod(w, job, "edge", pod);
	}
	return job;
}

static struct certificate good;

static void build(struct world *w)
{
	good = world_certificate('a', -1, 89);
	world_build(w);
	for (size_t i = 0; i < w->targets.pair_count; i++)
		world_show(w, i, &good);
}

static void test_nothing_changed(void **state)
{
	struct world w;

	world_init(&w);
	(void)add_job(&w, "edge", 4);
	build(&w);
	/* As bad as before. */
	world_break(&w, 0, REASON_CONNECT_REFUSED);
	w.history.pairs[0].outcome =
		(struct pair_outcome){ STATUS_NOT_FOUND, REASON_CONNECT_REFUSED,
				       VERIFY_OK };
	/* Says nothing. */
	world_break(&w, 1, REASON_DEADLINE);
	w.history.pairs[2].open_errors = 7;
	assert_logged(*state, &w, 0, "");
}

static void test_words(void **state)
{
	static const struct {
		const char *name;
		enum probe_reason reason; /* without a certificate, or with */
		enum verify_reason verify;
		int64_t begin, end; /* of the certificate; 0: there is none */
		struct pair_outcome before;
		const char *line; /* behind "edge/p000 a.example:443 is " */
	} rows[] = {
		{ "refused",
		  REASON_CONNECT_REFUSED,
		  VERIFY_OK,
		  0,
		  0,
		  { STATUS_VALID, REASON_NONE, VERIFY_OK },
		  "notfound: connect_refused" },
		{ "another reason",
		  REASON_CONNECT_TIMEOUT,
		  VERIFY_OK,
		  0,
		  0,
		  { STATUS_NOT_FOUND, REASON_CONNECT_REFUSED, VERIFY_OK },
		  "notfound: connect_timeout" },
		{ "expired",
		  REASON_NONE,
		  VERIFY_OK,
		  -90,
		  -1,
		  { STATUS_VALID, REASON_NONE, VERIFY_OK },
		  "expired" },
		{ "not yet valid",
		  REASON_NONE,
		  VERIFY_OK,
		  1,
		  90,
		  { STATUS_EXPIRED, REASON_NONE, VERIFY_OK },
		  "notyetvalid" },
		{ "not verified",
		  REASON_NONE,
		  VERIFY_UNKNOWN_ISSUER,
		  -1,
		  89,
		  { STATUS_VALID, REASON_NONE, VERIFY_OK },
		  "valid, but not verified: unknown_issuer" },
		{ "failed later",
		  REASON_HANDSHAKE_ALERT,
		  VERIFY_OK,
		  -1,
		  89,
		  { STATUS_VALID, REASON_NONE, VERIFY_OK },
		  "valid, but the probe failed: handshake_alert" },
		{ "no such type",
		  REASON_KEY_TYPE_MISSING,
		  VERIFY_OK,
		  0,
		  0,
		  { STATUS_VALID, REASON_NONE, VERIFY_OK },
		  "in no status: key_type_missing" },
		{ "good again",
		  REASON_NONE,
		  VERIFY_OK,
		  -1,
		  89,
		  { STATUS_EXPIRED, REASON_NONE, VERIFY_OK },
		  "valid again" },
		{ "verified again",
		  REASON_NONE,
		  VERIFY_OK,
		  -1,
		  89,
		  { STATUS_VALID, REASON_NONE, VERIFY_EXPIRED },
		  "valid again" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct stderr_capture *f = *state;
		struct certificate c;
		struct world w;
		char expected[256];
		char *text;

		world_init(&w);
		(void)add_job(&w, "edge", 1);
		build(&w);
		c = world_certificate('b', rows[i].begin, rows[i].end);
		if (rows[i].end == 0)
			world_break(&w, 0, rows[i].reason);
		else
			world_show(&w, 0, &c);
		w.targets.pairs[0].result.reason = rows[i].reason;
		if (rows[i].end != 0)
			world_verify(&w, 0, rows[i].verify);
		if (rows[i].verify == VERIFY_OK &&
		    w.targets.pairs[0].result.chain != NULL)
			w.chains[0].is_checked = false;
		w.history.pairs[0].outcome = rows[i].before;
		text = logged(f, &w, 1);
		(void)snprintf(expected, sizeof(expected),
			       "%sedge/p000 a.example:443 is %s\n",
			       strstr(rows[i].line, "again") == NULL ? NOTICE :
								       INFO,
			       rows[i].line);
		if (strcmp(text, expected) != 0)
			print_error("%s", text);
		assert_row(strcmp(text, expected) == 0, rows[i].name);
		free(text);
		assert_int_equal(truncate(f->path, 0), 0);
		world_free(&w);
	}
}

/* Names are those of the labels. */
static void test_names(void **state)
{
	struct job_config *job;
	struct world w;

	world_init(&w);
	job = world_add_job(&w, "front");
	world_add_domain(job, "a.example");
	job->key_types[KEY_TYPE_RSA] = true;
	world_add_pod(&w, job, "", "192.0.2.1");
	build(&w);
	world_break(&w, 0, REASON_NOT_TLS);
	assert_logged(*state, &w, 1,
		      NOTICE "192.0.2.1 a.example:443 rsa is notfound: "
			     "not_tls\n");
}

static void test_few_are_a_line_each(void **state)
{
	struct world w;

	world_init(&w);
	(void)add_job(&w, "edge", 4);
	build(&w);
	for (size_t i = 0; i < 3; i++)
		world_break(&w, i, REASON_CONNECT_REFUSED);
	assert_logged(
		*state, &w, 3,
		NOTICE
		"edge/p000 a.example:443 is notfound: connect_refused\n" NOTICE
		"edge/p001 a.example:443 is notfound: connect_refused\n" NOTICE
		"edge/p002 a.example:443 is notfound: "
		"connect_refused\n");
}

static void test_many_are_one_line(void **state)
{
	struct world w;

	world_init(&w);
	(void)add_job(&w, "edge", 900);
	(void)add_job(&w, "other", 1);
	(void)add_job(&w, CONFIG_CLI_JOB, 5);
	build(&w);
	for (size_t i = 0; i < 900; i++)
		world_break(&w, i,
			    i % 2 == 0 ? REASON_CONNECT_REFUSED :
					 REASON_CONNECT_TIMEOUT);
	world_break(&w, 900, REASON_CONNECT_TIMEOUT);
	for (size_t i = 901; i < 906; i++)
		w.history.pairs[i].outcome.status = STATUS_EXPIRED;
	assert_logged(*state, &w, 906,
		      NOTICE
		      "job 'edge': 450 pairs are notfound: connect_refused "
		      "(edge/p000 a.example:443, edge/p002 a.example:443, "
		      "edge/p004 a.example:443, ...)\n" NOTICE
		      "job 'edge': 450 pairs are notfound: connect_timeout "
		      "(edge/p001 a.example:443, edge/p003 a.example:443, "
		      "edge/p005 a.example:443, ...)\n" NOTICE
		      "edge/p000 a.example:443 is notfound: "
		      "connect_timeout\n" INFO
		      "5 pairs are valid again (edge/p000 a.example:443, "
		      "edge/p001 a.example:443, edge/p002 a.example:443, "
		      "...)\n");
}

/* What keeps all pods away is hardly in the pods. */
static void test_whole_job_times_out(void **state)
{
	struct world w;

	world_init(&w);
	(void)add_job(&w, "edge", 1000);
	build(&w);
	for (size_t i = 0; i < 1000; i++)
		world_break(&w, i, REASON_CONNECT_TIMEOUT);
	/* One of them did so before. */
	w.history.pairs[7].outcome =
		(struct pair_outcome){ STATUS_NOT_FOUND, REASON_CONNECT_TIMEOUT,
				       VERIFY_OK };
	assert_logged(*state, &w, 999,
		      NOTICE "job 'edge': no pod answers at port 443 "
			     "(connect_timeout): does a NetworkPolicy or a "
			     "firewall keep this host away?\n");
}

/* The rest is counted. */
static void test_limit(void **state)
{
	struct world w;
	size_t lines = 0;
	char *text;

	world_init(&w);
	(void)add_job(&w, "edge", 60);
	build(&w);
	/* Two of a kind, for more kinds than there are lines. */
	for (size_t i = 0; i < 24; i++)
		world_break(&w, i,
			    (enum probe_reason)(REASON_RESOLVE_FAILED + i / 2));
	text = logged(*state, &w, 24);
	for (const char *at = text; *at != '\0'; at++)
		lines += *at == '\n';
	assert_int_equal(lines, CHANGES_LINES_MAX + 1);
	assert_non_null(strstr(text, NOTICE "and 4 more pairs have changed\n"));
	free(text);
	world_free(&w);
}

int main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, setup, stderr_capture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_changed),
		TEST(test_words),
		TEST(test_names),
		TEST(test_few_are_a_line_each),
		TEST(test_many_are_one_line),
		TEST(test_whole_job_times_out),
		TEST(test_limit),
	};

	return cmocka_run_group_tests_name("monitor_changes", tests, NULL,
					   NULL);
}
