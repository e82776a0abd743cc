/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Durations to milliseconds, and seconds to words.
 */
#include <config.h>

#include "base/duration.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
	char name[3];
	int64_t ms;
} units[] = {
	{ "y", INT64_C(365) * 86400 * 1000 },
	{ "w", INT64_C(7) * 86400 * 1000 },
	{ "d", INT64_C(86400) * 1000 },
	{ "h", INT64_C(3600) * 1000 },
	{ "m", INT64_C(60) * 1000 },
	{ "s", 1000 },
	{ "ms", 1 },
};
#define UNIT_COUNT (sizeof(units) / sizeof(units[0]))
#define DURATION_MAX_MS (INT64_C(100) * 365 * 86400 * 1000)

/* The index of the unit at the start of `text`, from `first` on; UNIT_COUNT
 * if there is none. */
static size_t find_unit(const char *text, size_t first)
{
	size_t length = strspn(text, "ymwdhs");

	for (size_t i = first; i < UNIT_COUNT; i++)
		if (strlen(units[i].name) == length &&
		    strncmp(text, units[i].name, length) == 0)
			return i;
	return UNIT_COUNT;
}

int duration_parse(const char *text, int64_t *ret_ms, struct error *err)
{
	const char *at = text;
	int64_t total = 0;
	size_t unit = 0;

	if (strcmp(text, "0") == 0) {
		*ret_ms = 0;
		return 0;
	}
	do {
		int64_t number = 0;

		if (*at < '0' || *at > '9')
			goto malformed;
		for (; *at >= '0' && *at <= '9'; at++) {
			number = number * 10 + (*at - '0');
			if (number > DURATION_MAX_MS)
				goto too_long;
		}
		unit = find_unit(at, unit);
		if (unit == UNIT_COUNT)
			goto malformed;
		if (__builtin_mul_overflow(number, units[unit].ms, &number) ||
		    number > DURATION_MAX_MS - total)
			goto too_long;
		total += number;
		at += strlen(units[unit].name);
		unit++;
	} while (*at != '\0');
	*ret_ms = total;
	return 0;

malformed:
	return error_set(err, ERROR_INVALID,
			 "'%s' is not a duration (such as 500ms, 5s, 1m30s or "
			 "7d)",
			 text);
too_long:
	return error_set(err, ERROR_INVALID,
			 "the duration '%s' is longer than 100 years", text);
}

void duration_words(int64_t seconds, char words[DURATION_WORDS_MAX])
{
	const char *sign = seconds < 0 ? "-" : "";
	uint64_t s = seconds < 0 ? 0 - (uint64_t)seconds : (uint64_t)seconds;
	uint64_t days = s / 86400;
	uint64_t hours = s / 3600 % 24;
	uint64_t minutes = s / 60 % 60;

	if (days >= 10 || (days > 0 && hours == 0))
		(void)snprintf(words, DURATION_WORDS_MAX, "%s%" PRIu64 "d",
			       sign, days);
	else if (days > 0)
		(void)snprintf(words, DURATION_WORDS_MAX,
			       "%s%" PRIu64 "d %" PRIu64 "h", sign, days,
			       hours);
	else if (hours > 0)
		(void)snprintf(words, DURATION_WORDS_MAX,
			       "%s%" PRIu64 "h %" PRIu64 "m", sign, hours,
			       minutes);
	else if (minutes > 0)
		(void)snprintf(words, DURATION_WORDS_MAX,
			       "%s%" PRIu64 "m %" PRIu64 "s", sign, minutes,
			       s % 60);
	else
		(void)snprintf(words, DURATION_WORDS_MAX, "%s%" PRIu64 "s",
			       sign, s);
}
