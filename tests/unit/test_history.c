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
	history_advance(&w.history);
	world_free(&w);
}

static void test_plan(void **state)
{
	static const struct {
		const char *name;
		/* Of the three pairs of an endpoint. */
		enum probe_reason reasons[3];
		bool left_out[3];
		enum endpoint_turn turn;
		size_t offset;
	} rows[] = {
		{ "new, or good", { 0 }, { 0 }, TURN_USUAL, 0 },
		{ "dead",
		  { REASON_CONNECT_TIMEOUT, REASON_CONNECT_TIMEOUT,
		    REASON_CONNECT_REFUSED },
		  { 0 },
		  TURN_LAST,
		  0 },
		{ "one of them got through",
		  { REASON_CONNECT_TIMEOUT, REASON_NAME_MISMATCH,
		    REASON_CONNECT_TIMEOUT },
		  { 0 },
		  TURN_USUAL,
		  0 },
		{ "not reached", { 0 }, { true, true, true }, TURN_FIRST, 0 },
		{ "reached in part",
		  { 0 },
		  { false, true, true },
		  TURN_FIRST,
		  1 },
		{ "dead, and not reached then",
		  { REASON_CONNECT_TIMEOUT, REASON_CONNECT_TIMEOUT,
		    REASON_CONNECT_TIMEOUT },
		  { false, false, true },
		  TURN_FIRST,
		  2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct world w;

		fill(&w);
		for (size_t j = 0; j < 3; j++) {
			w.history.pairs[3 + j].outcome.reason =
				rows[i].reasons[j];
			w.history.pairs[3 + j].was_left_out =
				rows[i].left_out[j];
		}
		history_plan(&w.history, &w.targets);
		assert_row(w.targets.endpoints[1].turn == rows[i].turn,
			   rows[i].name);
		assert_row(w.targets.endpoints[1].pair_offset == rows[i].offset,
			   rows[i].name);
		/* The others do not mind. */
		assert_row(w.targets.endpoints[0].turn == TURN_USUAL,
			   rows[i].name);
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
	pairs[2].was_left_out = true;
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
	assert_false(pairs[2].was_left_out);
	/* It says nothing: what was known still is. */
	assert_int_equal(pairs[3].open_errors, 0);
	assert_true(pairs[3].was_left_out);
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
	history_advance(&w.history);
	assert_int_equal(pairs[5].open_errors, 2);
	world_free(&w);
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
	history_advance(&w.history);
	assert_true(pair_history_is_blank(&w.history.pairs[0]));
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_find_nothing),
		cmocka_unit_test(test_plan),
		cmocka_unit_test(test_advance),
		cmocka_unit_test(test_stale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
