/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/duration: Prometheus' durations, and words for a person.
 */
#include <config.h>

#include "base/duration.h"

#include "support.h"

#define DAY_MS (INT64_C(86400) * 1000)

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {
		{ "0", 0 },
		{ "0s", 0 },
		{ "500ms", 500 },
		{ "5s", 5000 },
		{ "1m30s", 90000 },
		{ "2h", 7200000 },
		{ "7d", 7 * DAY_MS },
		{ "1w", 7 * DAY_MS },
		{ "1y", 365 * DAY_MS },
		{ "1y2w3d4h5m6s7ms",
		  382 * DAY_MS + 4 * 3600000 + 5 * 60000 + 6007 },
		{ "1h1ms", 3600001 },
		{ "00005s", 5000 },
		{ "100y", 36500 * DAY_MS },
		{ "90m", 5400000 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct error err = { 0 };
		int64_t ms = -1;

		assert_ok(duration_parse(rows[i].text, &ms, &err), &err);
		assert_row(ms == rows[i].ms, rows[i].text);
	}
}

static void test_refuses(void **state)
{
	static const struct {
		const char *text, *part;
	} rows[] = {
		{ "", "not a duration" },
		{ "5", "not a duration" },
		{ "s", "not a duration" },
		{ "-5s", "not a duration" },
		{ "+5s", "not a duration" },
		{ " 5s", "not a duration" },
		{ "5s ", "not a duration" },
		{ "5 s", "not a duration" },
		{ "1.5h", "not a duration" },
		{ "5S", "not a duration" },
		{ "5sec", "not a duration" },
		{ "5us", "not a duration" },
		{ "5s5s", "not a duration" },
		{ "5s5m", "not a duration" },
		{ "5ms5s", "not a duration" },
		{ "1m5", "not a duration" },
		{ "00", "not a duration" },
		{ "100y1ms", "longer than 100 years" },
		{ "101y", "longer than 100 years" },
		{ "9223372036854775807s", "longer than 100 years" },
		{ "99999999999999999999999ms", "longer than 100 years" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct error err = { 0 };
		int64_t ms = -1;
		int r = duration_parse(rows[i].text, &ms, &err);

		assert_row(r < 0, rows[i].text);
		assert_error(r, &err, ERROR_INVALID, rows[i].part);
		assert_row(ms == -1, rows[i].text);
	}
}

static void test_words(void **state)
{
	static const struct {
		int64_t seconds;
		const char *words;
	} rows[] = {
		{ 0, "0s" },
		{ 3, "3s" },
		{ 59, "59s" },
		{ 60, "1m 0s" },
		{ 310, "5m 10s" },
		{ 3600, "1h 0m" },
		{ 86399, "23h 59m" },
		{ 86400, "1d" },
		{ 187200, "2d 4h" },
		{ 10 * 86400 - 1, "9d 23h" },
		{ 10 * 86400 + 7200, "10d" },
		{ 89 * 86400, "89d" },
		{ -1, "-1s" },
		{ -187200, "-2d 4h" },
		{ INT64_MIN, "-106751991167300d" },
		{ INT64_MAX, "106751991167300d" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char words[DURATION_WORDS_MAX];

		duration_words(rows[i].seconds, words);
		assert_string_equal(words, rows[i].words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests_name("duration", tests, NULL, NULL);
}
