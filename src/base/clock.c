/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system's clocks in milliseconds.
 */
#include <config.h>

#include "base/clock.h"

#include <stdbool.h>
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

void wall_freeze(struct wall_time t)
{
	frozen.is_frozen = true;
	frozen.at = t;
}
