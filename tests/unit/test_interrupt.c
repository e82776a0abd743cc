/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/interrupt: the termination signals as an event.
 */
#include <config.h>

#include "base/interrupt.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "support.h"

static bool is_readable(const struct interrupt *interrupt)
{
	struct pollfd p = { .fd = interrupt->fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static void test_signals(void **state)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(signals); i++) {
		struct interrupt interrupt;
		struct error err = { 0 };

		assert_ok(interrupt_init(&interrupt, &err), &err);
		assert_int_equal(fcntl(interrupt.fd, F_GETFD), FD_CLOEXEC);
		assert_false(interrupt_seen(&interrupt));
		assert_false(is_readable(&interrupt));
		assert_int_equal(interrupt.signal, 0);

		assert_int_equal(kill(getpid(), signals[i]), 0);
		assert_true(is_readable(&interrupt));
		assert_true(interrupt_seen(&interrupt));
		/* It stays seen. */
		assert_true(interrupt_seen(&interrupt));
		assert_int_equal(interrupt.signal, signals[i]);
		interrupt_release(&interrupt);
		assert_int_equal(interrupt.fd, -1);
		interrupt_release(&interrupt);
	}
}

/* One that comes before anyone looks is not lost, and the first one counts. */
static void test_first_counts(void **state)
{
	struct interrupt interrupt;
	struct error err = { 0 };

	(void)state;
	assert_ok(interrupt_init(&interrupt, &err), &err);
	assert_int_equal(kill(getpid(), SIGHUP), 0);
	assert_true(interrupt_seen(&interrupt));
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	assert_true(interrupt_seen(&interrupt));
	assert_int_equal(interrupt.signal, SIGHUP);
	/* Reads the second, which else would wait for the next test. */
	interrupt.signal = 0;
	assert_true(interrupt_seen(&interrupt));
	interrupt_release(&interrupt);
}

/* Once it is released, signals act as before. */
static void test_mask_is_restored(void **state)
{
	struct interrupt interrupt;
	struct error err = { 0 };
	sigset_t mask;

	(void)state;
	assert_ok(interrupt_init(&interrupt, &err), &err);
	assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &mask), 0);
	assert_int_equal(sigismember(&mask, SIGTERM), 1);
	interrupt_release(&interrupt);
	assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &mask), 0);
	assert_int_equal(sigismember(&mask, SIGTERM), 0);
	assert_int_equal(sigismember(&mask, SIGHUP), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_first_counts),
		cmocka_unit_test(test_mask_is_restored),
	};

	return cmocka_run_group_tests_name("interrupt", tests, NULL, NULL);
}
