/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether, when and how often a request is tried again.
 */
#include <config.h>

#include "kube/retry.h"

#include <limits.h>
#include <poll.h>
#include <sys/random.h>

#include "base/clock.h"

bool retry_is_worth_it(const struct kube_answer *answer)
{
	return answer->is_broken || answer->status == 408 ||
	       answer->status == 429 || answer->status >= 500;
}

int64_t retry_wait_ms(const struct kube_answer *answer, int tries,
		      uint32_t random)
{
	int64_t back_off_ms = RETRY_BACK_OFF_MS;
	int64_t least_ms;

	for (int i = 1; i < tries; i++)
		back_off_ms *= RETRY_BACK_OFF_FACTOR;
	least_ms = back_off_ms / 2;
	if (least_ms < answer->retry_after_ms)
		least_ms = answer->retry_after_ms;
	/* A server may ask for any number of seconds. */
	if (least_ms > INT64_MAX - back_off_ms)
		return INT64_MAX;
	return least_ms + random % back_off_ms;
}

int retry_pause(struct interrupt *interrupt, int64_t wait_ms, struct error *err)
{
	struct mono_time end = mono_after(mono_now(), wait_ms);
	/* poll() passes over a negative descriptor. */
	struct pollfd watch = {
		.fd = interrupt == NULL ? -1 : interrupt->fd,
		.events = POLLIN,
	};

	for (;;) {
		int64_t left_ms = mono_until(end);

		if (interrupt != NULL && interrupt_seen(interrupt))
			return error_set(err, ERROR_INTERRUPTED, "interrupted");
		if (left_ms == 0)
			return 0;
		(void)poll(&watch, 1,
			   left_ms > INT_MAX ? INT_MAX : (int)left_ms);
	}
}

/* Nothing depends on its quality. */
static uint32_t any_number(void)
{
	uint32_t number;

	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != sizeof(number))
		number = (uint32_t)mono_now_us();
	return number;
}

static int fail(int tries, struct error *err)
{
	if (tries > 1)
		return error_prefix(err, "tried %d times", tries);
	return -(int)err->code;
}

int retry_plan(const struct kube_answer *answer, int tries, int64_t left_ms,
	       int64_t *ret_wait_ms, struct error *err)
{
	int64_t wait_ms;

	if (tries > RETRY_MAX || !retry_is_worth_it(answer))
		return fail(tries, err);
	wait_ms = retry_wait_ms(answer, tries, any_number());
	if (wait_ms < left_ms) {
		*ret_wait_ms = wait_ms;
		return 0;
	}
	if (answer->retry_after_ms > 0)
		error_prefix(err,
			     "the server asks to wait for %lld s, and the "
			     "deadline comes first",
			     (long long)answer->retry_after_ms / 1000);
	return fail(tries, err);
}
