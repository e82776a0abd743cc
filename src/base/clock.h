/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two clocks, two types: wall time for what is shown and compared with
 * certificates, monotonic time for deadlines and durations.
 */
#ifndef CEM_BASE_CLOCK_H
#define CEM_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Milliseconds since 1970-01-01T00:00:00Z, without leap seconds. */
struct wall_time {
	int64_t ms;
};

/* Milliseconds since some moment in the past; never goes back. */
struct mono_time {
	int64_t ms;
};

/* A deadline that never comes. */
#define MONO_NEVER ((struct mono_time){ INT64_MAX })

struct wall_time wall_now(void);
struct mono_time mono_now(void);

/* The monotonic clock in microseconds: for what is shorter than a deadline. */
int64_t mono_now_us(void);

/* Whole seconds since the epoch, rounded down. */
int64_t wall_seconds(struct wall_time t);

/* Whether `text` is a point in time as RFC 3339 has it
 * ("2026-11-24T02:06:29.5+01:00"); stores it in *ret_time if so. */
bool wall_parse(const char *text, struct wall_time *ret_time);

/* For tests: wall_now() stands still at `t` from here on. */
void wall_freeze(struct wall_time t);

static inline struct mono_time mono_after(struct mono_time t, int64_t ms)
{
	if (t.ms > INT64_MAX - ms)
		return MONO_NEVER;
	return (struct mono_time){ t.ms + ms };
}

/* Milliseconds from now until t, 0 if it has come. */
static inline int64_t mono_until(struct mono_time t)
{
	int64_t left = t.ms - mono_now().ms;

	return left > 0 ? left : 0;
}

static inline struct mono_time mono_earlier(struct mono_time a,
					    struct mono_time b)
{
	return a.ms <= b.ms ? a : b;
}

#endif
