/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report/verdict: thresholds, --check.
 */
#include <config.h>

#include "report/verdict.h"

#include "support.h"
#include "world.h"

static void test_thresholds(void **state)
{
	static const struct {
		const char *name;
		int64_t lifetime, left; /* seconds */
		enum verdict verdict;
	} rows[] = {
		/* 90 days: 21 d and 7 d are less than 25 % and 10 %. */
		{ "21 d of 90 d", 90 * WORLD_DAY, 21 * WORLD_DAY,
		  VERDICT_GOOD },
		{ "below 21 d", 90 * WORLD_DAY, 21 * WORLD_DAY - 1,
		  VERDICT_WARNING },
		{ "7 d of 90 d", 90 * WORLD_DAY, 7 * WORLD_DAY,
		  VERDICT_WARNING },
		{ "below 7 d", 90 * WORLD_DAY, 7 * WORLD_DAY - 1,
		  VERDICT_CRITICAL },
		/* 10 days: a quarter is 2.5 d, a tenth is one. */
		{ "25 %", 10 * WORLD_DAY, 216000, VERDICT_GOOD },
		{ "below 25 %", 10 * WORLD_DAY, 215999, VERDICT_WARNING },
		{ "10 %", 10 * WORLD_DAY, WORLD_DAY, VERDICT_WARNING },
		{ "below 10 %", 10 * WORLD_DAY, WORLD_DAY - 1,
		  VERDICT_CRITICAL },
		/* 68 years and more: no overflow. */
		{ "to the year 9999", 253402300799 - 1700000000,
		  253402300799 - 1700000000, VERDICT_GOOD },
		{ "a long life at its end", 253402300799, WORLD_DAY,
		  VERDICT_CRITICAL },
		{ "the last second", 90 * WORLD_DAY, 0, VERDICT_CRITICAL },
	};
	struct config config = { .warn = CONFIG_WARN_DEFAULT,
				 .crit = CONFIG_CRIT_DEFAULT };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct certificate c = {
			.not_before =
				WORLD_NOW + rows[i].left - rows[i].lifetime,
			.not_after = WORLD_NOW + rows[i].left,
			.is_readable = true,
		};
		struct pair pair = { .result = { .certificate = &c,
						 .names_domain = true,
						 .success = true,
						 .status = STATUS_VALID } };
		struct wall_time now = { WORLD_NOW * 1000 };

		assert_row(verdict_of(&config, &pair, now) == rows[i].verdict,
			   rows[i].name);
	}
}

static void test_statuses(void **state)
{
	static const struct chain_facts unchecked = { .reason = VERIFY_OTHER };
	static const struct chain_facts checked = { .is_checked = true };
	static const struct {
		enum pair_status status;
		bool success;
		enum verdict verdict;
		const struct chain_facts *chain;
		enum verify_reason verify;
	} rows[] = {
		{ STATUS_NONE, false, VERDICT_UNKNOWN, NULL, VERIFY_OK },
		{ STATUS_VALID, true, VERDICT_GOOD, NULL, VERIFY_OK },
		{ STATUS_VALID, false, VERDICT_WARNING, NULL, VERIFY_OK },
		{ STATUS_VALID, true, VERDICT_GOOD, &checked, VERIFY_OK },
		{ STATUS_VALID, true, VERDICT_WARNING, &checked,
		  VERIFY_UNKNOWN_ISSUER },
		{ STATUS_VALID, true, VERDICT_WARNING, &checked, VERIFY_OTHER },
		/* Nobody asked for it. */
		{ STATUS_VALID, true, VERDICT_GOOD, &unchecked, VERIFY_OTHER },
		{ STATUS_EXPIRED, true, VERDICT_CRITICAL, &checked,
		  VERIFY_EXPIRED },
		{ STATUS_EXPIRED, true, VERDICT_CRITICAL, NULL, VERIFY_OK },
		{ STATUS_NOT_YET_VALID, true, VERDICT_CRITICAL, NULL,
		  VERIFY_OK },
		{ STATUS_NOT_FOUND, true, VERDICT_CRITICAL, NULL, VERIFY_OK },
		{ STATUS_NOT_FOUND, false, VERDICT_CRITICAL, NULL, VERIFY_OK },
	};
	struct config config = { .warn = CONFIG_WARN_DEFAULT,
				 .crit = CONFIG_CRIT_DEFAULT };
	struct certificate c = world_certificate('a', -10, 80);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct pair pair = { .result = { .certificate = &c,
						 .chain = rows[i].chain,
						 .success = rows[i].success,
						 .status = rows[i].status,
						 .verify = rows[i].verify } };
		struct wall_time now = { WORLD_NOW * 1000 };

		assert_int_equal(verdict_of(&config, &pair, now),
				 rows[i].verdict);
	}
}

static void test_check(void **state)
{
	static const struct {
		const char *name;
		int64_t begin, end; /* days; 0: no certificate */
		enum probe_reason reason;
		bool fails;
	} rows[] = {
		{ "good", -10, 80, REASON_NONE, false },
		{ "below --warn", -80, 10, REASON_NONE, false },
		{ "below --crit", -85, 5, REASON_NONE, true },
		{ "expired", -91, -1, REASON_NONE, true },
		{ "not yet valid", 1, 91, REASON_NONE, true },
		{ "refused", 0, 0, REASON_CONNECT_REFUSED, true },
		{ "not reached", 0, 0, REASON_DEADLINE, false },
		{ "no such key", 0, 0, REASON_KEY_TYPE_MISSING, false },
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct certificate good = world_certificate('a', -10, 80);
		struct certificate c =
			world_certificate('b', rows[i].begin, rows[i].end);
		struct job_config *job;

		world_init(&w);
		job = world_add_job(&w, "edge");
		world_add_domain(job, "a.example");
		world_add_pod(&w, job, "ns", "p1");
		world_add_pod(&w, job, "ns", "p2");
		world_build(&w);
		world_show(&w, 0, &good);
		if (rows[i].reason == REASON_NONE)
			world_show(&w, 1, &c);
		else
			world_break(&w, 1, rows[i].reason);
		world_finish(&w);
		assert_row(verdict_check_fails(&w.facts) == rows[i].fails,
			   rows[i].name);
		world_free(&w);
	}
	/* No pair at all is hardly ever meant. */
	world_init(&w);
	world_build(&w);
	world_finish(&w);
	assert_true(verdict_check_fails(&w.facts));
	world_free(&w);
}

/* A chain that does not verify warns: what clients make of it depends on their
 * stores. */
static void test_check_of_a_chain(void **state)
{
	struct certificate good = world_certificate('a', -10, 80);
	struct job_config *job;
	struct world w;

	(void)state;
	world_init(&w);
	job = world_add_job(&w, "edge");
	world_add_domain(job, "a.example");
	world_add_pod(&w, job, "ns", "p1");
	world_build(&w);
	world_show(&w, 0, &good);
	world_verify(&w, 0, VERIFY_UNKNOWN_ISSUER);
	world_finish(&w);
	assert_int_equal(
		verdict_of(&w.config, &w.targets.pairs[0], w.facts.settled_at),
		VERDICT_WARNING);
	assert_false(verdict_check_fails(&w.facts));
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_thresholds),
		cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_check_of_a_chain),
	};

	return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
