/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system's clocks in milliseconds, and a time as text.
 */
#include <config.h>

#include "base/clock.h"

#include <stddef.h>
#include <time.h>

static struct {
	bool is_frozen;
	struct wall_time at;
} frozen;

static int64_t now_ms(clockid_t clock)
{
	struct timespec now;

	/* Cannot fail: both clocks exist and the pointer is good. */
	(void)clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct wall_time wall_now(void)
{
	if (frozen.is_frozen)
		return frozen.at;
	return (struct wall_time){ now_ms(CLOCK_REALTIME) };
}

struct mono_time mono_now(void)
{
	return (struct mono_time){ now_ms(CLOCK_MONOTONIC) };
}

int64_t mono_now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t wall_seconds(struct wall_time t)
{
	return t.ms / 1000 - (t.ms % 1000 < 0);
}

/* The next `count` digits, which what follows is moved past; -1 if there are
 * others. */
static int take_digits(const char **at, int count)
{
	int number = 0;

	for (; count > 0; count--, (*at)++) {
		if (**at < '0' || **at > '9')
			return -1;
		number = number * 10 + (**at - '0');
	}
	return number;
}

/* One of `characters`, moved past; NUL if it is another. */
static char take_one(const char **at, const char *characters)
{
	for (const char *c = characters; *c != '\0'; c++)
		if (*c == **at) {
			(*at)++;
			return *c;
		}
	return '\0';
}

/* A number of `count` digits in [minimum, maximum] behind one of `before`
 * (NULL: nothing). */
static bool take_field(const char **at, const char *before, int count,
		       int minimum, int maximum, int *ret_number)
{
	if (before != NULL && take_one(at, before) == '\0')
		return false;
	*ret_number = take_digits(at, count);
	return *ret_number >= minimum && *ret_number <= maximum;
}

/* "Z" or "+01:00", in seconds. */
static bool take_offset(const char **at, int *ret_seconds)
{
	int hours;
	int minutes;
	char sign = take_one(at, "Zz+-");

	*ret_seconds = 0;
	if (sign == '\0' || sign == 'Z' || sign == 'z')
		return sign != '\0';
	if (!take_field(at, NULL, 2, 0, 23, &hours) ||
	    !take_field(at, ":", 2, 0, 59, &minutes))
		return false;
	*ret_seconds = (hours * 60 + minutes) * (sign == '-' ? -60 : 60);
	return true;
}

/* Whether the month has that day: timegm() makes another of one it lacks. */
static bool is_date(struct tm tm)
{
	int day = tm.tm_mday;

	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	(void)timegm(&tm);
	return tm.tm_mday == day;
}

bool wall_parse(const char *text, struct wall_time *ret_time)
{
	const char *at = text;
	struct tm tm = { 0 };
	int64_t thousandths = 0;
	int offset;

	if (!take_field(&at, NULL, 4, 0, 9999, &tm.tm_year) ||
	    !take_field(&at, "-", 2, 1, 12, &tm.tm_mon) ||
	    !take_field(&at, "-", 2, 1, 31, &tm.tm_mday) ||
	    !take_field(&at, "Tt ", 2, 0, 23, &tm.tm_hour) ||
	    !take_field(&at, ":", 2, 0, 59, &tm.tm_min) ||
	    !take_field(&at, ":", 2, 0, 60, &tm.tm_sec))
		return false;
	if (take_one(&at, ".") != '\0') {
		int digit = take_digits(&at, 1);

		if (digit < 0)
			return false;
		for (int unit = 100; digit >= 0; unit /= 10) {
			thousandths += (int64_t)unit * digit;
			digit = *at >= '0' && *at <= '9' ? take_digits(&at, 1) :
							   -1;
		}
	}
	if (!take_offset(&at, &offset) || *at != '\0')
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	if (!is_date(tm))
		return false;
	ret_time->ms = ((int64_t)timegm(&tm) - offset) * 1000 + thousandths;
	return true;
}

void wall_freeze(struct wall_time t)
{
	frozen.is_frozen = true;
	frozen.at = t;
}
