/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state/history: what is found again, whose turn it is, what is counted.
 */
#include <config.h>

#include "state/history.h"

#include "support.h"
#include "world.h"

/* Two jobs that share a pod, one of them with types of keys; the pods are not
 * in the order of the index. */
static void fill(struct world *w)
{
	struct job_config *zulu;
	struct job_config *alpha;

	world_init(w);
	zulu = world_add_job(w, "zulu");
	world_add_domain(zulu, "a.example");
	world_add_domain(zulu, "b.example");
	world_add_domain(zulu, "c.example");
	world_add_pod(w, zulu, "shop", "proxy-0");
	world_add_pod(w, zulu, "shop", "proxy-1");
	alpha = world_add_job(w, "alpha");
	world_add_domain(alpha, "b.example");
	alpha->key_types[KEY_TYPE_RSA] = true;
	alpha->key_types[KEY_TYPE_ECDSA] = true;
	world_add_pod(w, alpha, "shop", "proxy-0");
	world_build(w);
	assert_int_equal(w->targets.pair_count, 8);
}

static void test_find(void **state)
{
	static const struct {
		const char *name;
		struct endpoint_labels labels;
		const char *domain;
		enum key_type type;
		int pair; /* -1: none */
	} rows[] = {
		{ "first",
		  { "zulu", "shop", "proxy-0", "443", "" },
		  "a.example",
		  KEY_TYPE_ANY,
		  0 },
		{ "last domain",
		  { "zulu", "shop", "proxy-0", "443", "" },
		  "c.example",
		  KEY_TYPE_ANY,
		  2 },
		{ "another pod",
		  { "zulu", "shop", "proxy-1", "443", "" },
		  "b.example",
		  KEY_TYPE_ANY,
		  4 },
		{ "another job",
		  { "alpha", "shop", "proxy-0", "443", "" },
		  "b.example",
		  KEY_TYPE_RSA,
		  6 },
		{ "another type",
		  { "alpha", "shop", "proxy-0", "443", "" },
		  "b.example",
		  KEY_TYPE_ECDSA,
		  7 },
		{ "no such type",
		  { "alpha", "shop", "proxy-0", "443", "" },
		  "b.example",
		  KEY_TYPE_ANY,
		  -1 },
		{ "no such domain",
		  { "alpha", "shop", "proxy-0", "443", "" },
		  "a.example",
		  KEY_TYPE_RSA,
		  -1 },
		{ "no such job",
		  { "beta", "shop", "proxy-0", "443", "" },
		  "b.example",
		  KEY_TYPE_ANY,
		  -1 },
		{ "no such namespace",
		  { "zulu", "shed", "proxy-0", "443", "" },
		  "b.example",
		  KEY_TYPE_ANY,
		  -1 },
		{ "no such pod",
		  { "zulu", "shop", "proxy-2", "443", "" },
		  "b.example",
		  KEY_TYPE_ANY,
		  -1 },
		{ "no such port",
		  { "zulu", "shop", "proxy-0", "444", "" },
		  "b.example",
		  KEY_TYPE_ANY,
		  -1 },
		{ "no such family",
		  { "zulu", "shop", "proxy-0", "443", "ipv4" },
		  "b.example",
		  KEY_TYPE_ANY,
		  -1 },
	};
	struct world w;

	(void)state;
	fill(&w);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct endpoint *endpoint =
			history_find_endpoint(&w.history, &rows[i].labels);
		const struct pair_history *found = NULL;

		if (endpoint != NULL)
			found = history_find_pair(&w.history, endpoint,
						  rows[i].domain, rows[i].type);
		assert_row(rows[i].pair < 0 ?
				   found == NULL :
				   found == &w.history.pairs[rows[i].pair],
			   rows[i].name);
	}
	world_free(&w);
}

static void test_find_nothing(void **state)
{
	const struct endpoint_labels labels = { "j", "n", "p", "443", "" };
	struct world w;

	(void)state;
	world_init(&w);
	world_build(&w);
	assert_null(history_find_endpoint(&w.history, &labels));
	history_plan(&w.history, &w.targets);
	history_advance(&w.history, true);
	world_free(&w);
}

static void test_plan(void **state)
{
	static const struct {
		const char *name;
		/* Of the three pairs of an endpoint. */
		enum probe_reason reasons[3];
		int32_t left_out[3];
		int32_t urgency;
		size_t offset;
	} rows[] = {
		{ "new, or good", { 0 }, { 0 }, 0, 0 },
		{ "dead",
		  { REASON_CONNECT_TIMEOUT, REASON_CONNECT_TIMEOUT,
		    REASON_CONNECT_REFUSED },
		  { 0 },
		  -1,
		  0 },
		{ "one of them got through",
		  { REASON_CONNECT_TIMEOUT, REASON_NAME_MISMATCH,
		    REASON_CONNECT_TIMEOUT },
		  { 0 },
		  0,
		  0 },
		{ "not reached", { 0 }, { 1, 1, 1 }, 1, 0 },
		{ "reached in part", { 0 }, { 0, 1, 1 }, 1, 1 },
		{ "some for longer", { 0 }, { 1, 3, 4 }, 4, 2 },
		{ "dead, and not reached then",
		  { REASON_CONNECT_TIMEOUT, REASON_CONNECT_TIMEOUT,
		    REASON_CONNECT_TIMEOUT },
		  { 0, 0, 1 },
		  -1,
		  2 },
		{ "dead, and not reached since",
		  { REASON_CONNECT_TIMEOUT, REASON_CONNECT_TIMEOUT,
		    REASON_CONNECT_TIMEOUT },
		  { 2, 2, 2 },
		  2,
		  0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct world w;

		fill(&w);
		for (size_t j = 0; j < 3; j++) {
			w.history.pairs[3 + j].outcome.reason =
				rows[i].reasons[j];
			w.history.pairs[3 + j].left_out = rows[i].left_out[j];
		}
		history_plan(&w.history, &w.targets);
		assert_row(w.targets.endpoints[1].urgency == rows[i].urgency,
			   rows[i].name);
		assert_row(w.targets.endpoints[1].pair_offset == rows[i].offset,
			   rows[i].name);
		/* The others do not mind. */
		assert_row(w.targets.endpoints[0].urgency == 0, rows[i].name);
		world_free(&w);
	}
}

/* Whom a run reaches that has time for so many pairs, as the engine goes about
 * it: by urgency, and round by round through the pairs of an endpoint. */
static void run_until_cut_off(struct world *w, size_t time)
{
	bool is_taken[8] = { false };

	history_plan(&w->history, &w->targets);
	for (size_t i = 0; i < w->targets.pair_count; i++)
		world_break(w, i, REASON_DEADLINE);
	while (time > 0) {
		struct endpoint *next = NULL;

		for (size_t i = 0; i < w->targets.endpoint_count; i++)
			if (!is_taken[i] &&
			    (next == NULL ||
			     w->targets.endpoints[i].urgency > next->urgency))
				next = &w->targets.endpoints[i];
		if (next == NULL)
			return;
		is_taken[next - w->targets.endpoints] = true;
		for (size_t i = 0; time > 0 && i < next->pair_count; i++) {
			world_break(w,
				    next->first_pair + (next->pair_offset + i) %
							       next->pair_count,
				    REASON_NOT_TLS);
			time--;
		}
	}
}

/* However little time there is, all have their turn in as many runs as it
 * takes, again and again. */
static void test_nobody_starves(void **state)
{
	(void)state;
	for (size_t time = 1; time <= 8; time++) {
		size_t runs = (8 + time - 1) / time;
		int last[8] = { 0 };
		struct world w;

		fill(&w);
		for (int run = 1; run <= 60; run++) {
			run_until_cut_off(&w, time);
			for (size_t i = 0; i < w.targets.pair_count; i++) {
				struct probe_result *result =
					&w.targets.pairs[i].result;

				if (result->reason != REASON_DEADLINE)
					last[i] = run;
				probe_result_settle(result, wall_now());
				/* Some more, as an endpoint's pairs share a
				 * turn. */
				assert_in_range(run - last[i], 0, 3 * runs);
			}
			history_advance(&w.history, true);
		}
		world_free(&w);
	}
}

static void test_advance(void **state)
{
	struct certificate good = world_certificate('a', -1, 89);
	struct pair_history *pairs;
	struct world w;

	(void)state;
	fill(&w);
	pairs = w.history.pairs;
	pairs[1].open_errors = 7;
	pairs[2].left_out = 4;
	pairs[3].left_out = 4;
	pairs[3].outcome = (struct pair_outcome){ STATUS_EXPIRED, REASON_NONE,
						  VERIFY_EXPIRED };
	world_show(&w, 0, &good);
	world_break(&w, 1, REASON_CONNECT_REFUSED);
	world_show(&w, 2, &good);
	w.targets.pairs[2].result.close_failed = true;
	world_break(&w, 3, REASON_DEADLINE);
	world_show(&w, 4, &good);
	world_verify(&w, 4, VERIFY_UNKNOWN_ISSUER);
	world_break(&w, 5, REASON_HANDSHAKE_CLOSED);
	world_break(&w, 6, REASON_KEY_TYPE_MISSING);
	world_show(&w, 7, &good);
	w.targets.pairs[7].result.success = false;
	w.targets.pairs[7].result.reason = REASON_HANDSHAKE_ALERT;
	world_finish(&w); /* advances */

	assert_true(pair_history_is_blank(&pairs[0]));
	assert_int_equal(pairs[1].open_errors, 8);
	assert_int_equal(pairs[1].outcome.status, STATUS_NOT_FOUND);
	assert_int_equal(pairs[1].outcome.reason, REASON_CONNECT_REFUSED);
	assert_int_equal(pairs[2].open_errors, 0);
	assert_int_equal(pairs[2].close_errors, 1);
	assert_int_equal(pairs[2].left_out, 0);
	/* It says nothing: what was known still is. */
	assert_int_equal(pairs[3].open_errors, 0);
	assert_int_equal(pairs[3].left_out, 5);
	assert_int_equal(pairs[3].outcome.status, STATUS_EXPIRED);
	assert_int_equal(pairs[3].outcome.verify, VERIFY_EXPIRED);
	assert_int_equal(pairs[4].outcome.status, STATUS_VALID);
	assert_int_equal(pairs[4].outcome.verify, VERIFY_UNKNOWN_ISSUER);
	assert_false(pair_history_is_blank(&pairs[4]));
	assert_int_equal(pairs[5].open_errors, 1);
	assert_int_equal(pairs[6].open_errors, 0);
	assert_int_equal(pairs[6].outcome.reason, REASON_KEY_TYPE_MISSING);
	assert_int_equal(pairs[7].open_errors, 1);
	assert_int_equal(pairs[7].outcome.status, STATUS_VALID);
	history_advance(&w.history, true);
	assert_int_equal(pairs[5].open_errors, 2);
	world_free(&w);
}

/* What has not been said is news in the next run as well. */
static void test_advance_unsaid(void **state)
{
	struct world w;

	(void)state;
	fill(&w);
	for (size_t i = 0; i < w.targets.pair_count; i++) {
		world_break(&w, i, REASON_NOT_TLS);
		probe_result_settle(&w.targets.pairs[i].result, wall_now());
	}
	history_advance(&w.history, false);
	assert_int_equal(w.history.pairs[0].open_errors, 1);
	assert_true(pair_outcome_is_good(&w.history.pairs[0].outcome));
	history_advance(&w.history, true);
	assert_false(pair_outcome_is_good(&w.history.pairs[0].outcome));
	world_free(&w);
}

static void test_counting_ends(void **state)
{
	uint64_t counter = HISTORY_COUNT_MAX - 1;

	(void)state;
	history_count(&counter);
	assert_true(counter == HISTORY_COUNT_MAX);
	history_count(&counter);
	assert_true(counter == HISTORY_COUNT_MAX);
}

/* An address of a remembered list may be another's by now. */
static void test_stale(void **state)
{
	struct pair_outcome outcome;
	struct world w;

	(void)state;
	fill(&w);
	for (size_t i = 0; i < w.targets.pair_count; i++)
		world_break(&w, i, REASON_CONNECT_TIMEOUT);
	probe_result_settle(&w.targets.pairs[0].result, wall_now());
	probe_result_doubt(&w.targets.pairs[0].result);
	assert_false(pair_outcome_of(&w.targets.pairs[0].result, &outcome));
	history_advance(&w.history, true);
	assert_true(pair_history_is_blank(&w.history.pairs[0]));
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_find_nothing),
		cmocka_unit_test(test_plan),
		cmocka_unit_test(test_nobody_starves),
		cmocka_unit_test(test_advance),
		cmocka_unit_test(test_advance_unsaid),
		cmocka_unit_test(test_counting_ends),
		cmocka_unit_test(test_stale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
