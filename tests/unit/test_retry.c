/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kube/retry: which failed requests are tried again, after what wait, and what
 * ends the waiting.
 */
#include <config.h>

#include "kube/retry.h"

#include <signal.h>
#include <unistd.h>

#include "base/clock.h"

#include "support.h"

static const struct {
	const char *name;
	struct kube_answer answer;
	bool is_worth_it;
} answers[] = {
	{ "broken", { .is_broken = true }, true },
	{ "no answer for another reason", { .status = 0 }, false },
	{ "200", { .status = 200 }, false },
	{ "200, cut off", { .status = 200, .is_broken = true }, true },
	{ "302", { .status = 302 }, false },
	{ "400", { .status = 400 }, false },
	{ "401", { .status = 401 }, false },
	{ "403", { .status = 403 }, false },
	{ "404", { .status = 404 }, false },
	{ "404, asked to wait", { .status = 404, .retry_after_ms = 1 }, false },
	{ "408", { .status = 408 }, true },
	{ "410", { .status = 410 }, false },
	{ "429", { .status = 429 }, true },
	{ "500", { .status = 500 }, true },
	{ "503", { .status = 503 }, true },
	{ "504", { .status = 504 }, true },
};

static void test_worth(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(answers); i++)
		assert_row(retry_is_worth_it(&answers[i].answer) ==
				   answers[i].is_worth_it,
			   answers[i].name);
}

static const struct {
	const char *name;
	int64_t retry_after_ms;
	int tries;
	int64_t least_ms;
	int64_t most_ms;
} waits[] = {
	{ "first", 0, 1, 125, 374 },
	{ "second", 0, 2, 375, 1124 },
	{ "third", 0, 3, 1125, 3374 },
	{ "asked for less", 1, 2, 375, 1124 },
	{ "asked for more", 2000, 1, 2000, 2249 },
	{ "asked for more, later", 2000, 3, 2000, 4249 },
	{ "asked for an age", INT64_MAX / 1000 * 1000, 1,
	  INT64_MAX / 1000 * 1000, INT64_MAX / 1000 * 1000 + 249 },
	{ "asked for an age, later", INT64_MAX / 1000 * 1000, 3, INT64_MAX,
	  INT64_MAX },
};

static void test_waits(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(waits); i++) {
		struct kube_answer answer = {
			.retry_after_ms = waits[i].retry_after_ms,
		};
		int64_t span = waits[i].most_ms - waits[i].least_ms + 1;

		assert_row(retry_wait_ms(&answer, waits[i].tries, 0) ==
				   waits[i].least_ms,
			   waits[i].name);
		assert_row(retry_wait_ms(&answer, waits[i].tries,
					 (uint32_t)span - 1) ==
				   waits[i].most_ms,
			   waits[i].name);
		assert_row(retry_wait_ms(&answer, waits[i].tries,
					 (uint32_t)span) == waits[i].least_ms,
			   waits[i].name);
		assert_row(retry_wait_ms(&answer, waits[i].tries, UINT32_MAX) <=
				   waits[i].most_ms,
			   waits[i].name);
	}
}

static void test_pause(void **state)
{
	struct mono_time begin = mono_now();
	struct interrupt interrupt;
	struct error err = { 0 };

	(void)state;
	assert_ok(retry_pause(NULL, 20, &err), &err);
	assert_true(mono_now().ms - begin.ms >= 20);
	assert_ok(interrupt_init(&interrupt, &err), &err);
	assert_ok(retry_pause(&interrupt, 20, &err), &err);
	assert_true(mono_now().ms - begin.ms >= 40);
	/* One that is there, and one that comes. */
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	assert_error(retry_pause(&interrupt, 3600000, &err), &err,
		     ERROR_INTERRUPTED, "interrupted");
	assert_error(retry_pause(&interrupt, 0, &err), &err, ERROR_INTERRUPTED,
		     NULL);
	interrupt.signal = 0;
	if (fork() == 0) {
		(void)usleep(50000);
		_exit(kill(getppid(), SIGINT));
	}
	assert_error(retry_pause(&interrupt, 3600000, &err), &err,
		     ERROR_INTERRUPTED, NULL);
	interrupt_release(&interrupt);
}

static const struct {
	const char *name;
	struct kube_answer answer;
	int tries;
	int64_t left_ms;
	const char *message; /* NULL: tried again */
} failures[] = {
	{ "refused", { .status = 403 }, 1, 60000, "why" },
	{ "refused later", { .status = 403 }, 2, 60000, "tried 2 times: why" },
	{ "once more", { .status = 500 }, 1, 60000, NULL },
	{ "for ever", { .status = 500 }, 1, INT64_MAX, NULL },
	{ "often enough",
	  { .status = 500 },
	  RETRY_MAX + 1,
	  60000,
	  "tried 4 times: why" },
	{ "no time to wait", { .status = 500 }, 1, 100, "why" },
	{ "no time at all", { .is_broken = true }, 2, 0, "tried 2 times: why" },
	{ "asked too much",
	  { .status = 429, .retry_after_ms = 3600000 },
	  1,
	  60000,
	  "the server asks to wait for 3600 s, and the deadline comes first: "
	  "why" },
	{ "asked too much, later",
	  { .status = 503, .retry_after_ms = 60000 },
	  3,
	  60000,
	  "tried 3 times: the server asks to wait for 60 s, and the deadline "
	  "comes first: why" },
};

static void test_failures(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(failures); i++) {
		struct error err = { 0 };
		int64_t wait_ms = -1;
		int r;

		error_set(&err, ERROR_SERVER, "why");
		r = retry_plan(&failures[i].answer, failures[i].tries,
			       failures[i].left_ms, &wait_ms, &err);
		if (failures[i].message == NULL) {
			assert_row(r == 0 && wait_ms >= 125 && wait_ms < 375,
				   failures[i].name);
			continue;
		}
		assert_row(r == -ERROR_SERVER && wait_ms == -1,
			   failures[i].name);
		assert_string_equal(err.message, failures[i].message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_worth),
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests_name("retry", tests, NULL, NULL);
}
