/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/clock: rounding, saturation, the frozen clock.
 */
#include <config.h>

#include "base/clock.h"

#include "support.h"

static void test_seconds_round_down(void **state)
{
	static const struct {
		int64_t ms, seconds;
	} rows[] = {
		{ 0, 0 },    { 999, 0 },    { 1000, 1 },
		{ -1, -1 },  { -1000, -1 }, { -1001, -2 },
		{ 1999, 1 }, { -999, -1 },  { 253402300799000, 253402300799 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(wall_seconds((struct wall_time){ rows[i].ms }),
				 rows[i].seconds);
}

/* Against what `date -d ... +%s` says. */
static void test_parse(void **state)
{
	static const struct {
		const char *text;
		int64_t ms; /* -1: is none */
	} rows[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-11-24T02:06:29Z", 1795485989000 },
		{ "2026-11-24t02:06:29z", 1795485989000 },
		{ "2026-11-24 02:06:29Z", 1795485989000 },
		{ "2026-11-24T02:06:29.5Z", 1795485989500 },
		{ "2026-11-24T02:06:29.123456789Z", 1795485989123 },
		{ "2026-11-24T03:36:29+01:30", 1795485989000 },
		{ "2026-11-23T18:06:29-08:00", 1795485989000 },
		{ "2024-02-29T12:00:00Z", 1709208000000 },
		{ "9999-12-31T23:59:59Z", 253402300799000 },
		{ "2016-12-31T23:59:60Z", 1483228800000 },
		{ "", -1 },
		{ "null", -1 },
		{ "2026-11-24", -1 },
		{ "2026-11-24T02:06:29", -1 },
		{ "2026-11-24T02:06Z", -1 },
		{ "2026-11-24T02:06:29Z ", -1 },
		{ "2026-11-24T02:06:29.Z", -1 },
		{ "2026-11-24T02:06:29+0100", -1 },
		{ "2026-11-24T02:06:29+01", -1 },
		{ "2026-11-24T24:06:29Z", -1 },
		{ "2026-13-24T02:06:29Z", -1 },
		{ "2026-00-24T02:06:29Z", -1 },
		{ "2026-11-32T02:06:29Z", -1 },
		{ "2026-11-31T02:06:29Z", -1 },
		{ "2026-11-00T02:06:29Z", -1 },
		{ "2026-02-29T02:06:29Z", -1 },
		{ " 2026-11-24T02:06:29Z", -1 },
		{ "2026-11-24T02:06:29ZZ", -1 },
		{ "2026-11-24T02:06:29,5Z", -1 },
		{ "2026-11-24T02:06:29+24:00", -1 },
		{ "2026-11-24T02:06:29+01:60", -1 },
		{ "2026-11-24T02:06:29+01:00Z", -1 },
		{ "2026-11-24T-2:06:29Z", -1 },
		{ "2026-11-24T02:60:29Z", -1 },
		{ "2026-11-24T02:06:61Z", -1 },
		{ "2026-1-24T02:06:29Z", -1 },
		{ "+026-11-24T02:06:29Z", -1 },
		{ "1795485989", -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct wall_time t = { -1 };

		assert_row(wall_parse(rows[i].text, &t) == (rows[i].ms >= 0),
			   rows[i].text);
		assert_row(t.ms == rows[i].ms, rows[i].text);
	}
}

static void test_monotonic(void **state)
{
	struct mono_time never = MONO_NEVER;
	struct mono_time a = mono_now();
	struct mono_time b = mono_now();
	struct mono_time late = { INT64_MAX - 5 };

	(void)state;
	assert_true(b.ms >= a.ms);
	assert_int_equal(mono_after(a, 1500).ms, a.ms + 1500);
	assert_true(mono_after(late, 5).ms == INT64_MAX);
	assert_true(mono_after(late, 6).ms == INT64_MAX);
	assert_true(mono_after(late, 2).ms == INT64_MAX - 3);
	assert_true(mono_after(never, 1).ms == INT64_MAX);
	assert_int_equal(mono_until(a), 0);
	assert_true(mono_until(mono_after(a, 1000000)) > 0);
	assert_true(mono_until(mono_after(a, 1000000)) <= 1000000);
	assert_true(mono_earlier(a, never).ms == a.ms);
	assert_true(mono_earlier(never, a).ms == a.ms);
}

/* The same clock as mono_now(), a thousand times finer. */
static void test_microseconds(void **state)
{
	int64_t before_ms = mono_now().ms;
	int64_t first = mono_now_us();
	int64_t second = mono_now_us();
	int64_t third = mono_now_us();
	int64_t after_ms = mono_now().ms;

	(void)state;
	assert_true(first <= second);
	assert_true(second <= third);
	assert_true(first / 1000 >= before_ms);
	assert_true(third / 1000 <= after_ms);
	/* Not milliseconds with zeros behind them. */
	assert_true(first % 1000 != 0 || second % 1000 != 0 ||
		    third % 1000 != 0);
}

static void test_freeze(void **state)
{
	struct wall_time at = { 1700000000123 };

	(void)state;
	/* After this test was written, before all certificates ended. */
	assert_true(wall_now().ms > 1700000000000);
	wall_freeze(at);
	assert_true(wall_now().ms == at.ms);
	assert_true(wall_now().ms == at.ms);
	wall_freeze((struct wall_time){ -1 });
	assert_true(wall_now().ms == -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seconds_round_down),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_monotonic),
		cmocka_unit_test(test_microseconds),
		cmocka_unit_test(test_freeze),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
