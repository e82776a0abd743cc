/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/event_loop: descriptors, timers, and callbacks that stop others.
 */
#include <config.h>

#include "base/event_loop.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support.h"

struct fixture {
	struct event_loop loop;
	struct event_watch watches[2];
	struct event_timer timers[6];
	int pairs[2][2];
	char order[32]; /* what was called, a letter each */
	struct error err;
};

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	assert_ok(event_loop_init(&f->loop, &f->err), &f->err);
	for (int i = 0; i < 2; i++)
		assert_int_equal(
			socketpair(AF_UNIX,
				   SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
				   0, f->pairs[i]),
			0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	event_loop_release(&f->loop);
	for (int i = 0; i < 2; i++) {
		(void)close(f->pairs[i][0]);
		(void)close(f->pairs[i][1]);
	}
	test_free(f);
	return 0;
}

static void note(struct fixture *f, char letter)
{
	size_t length = strlen(f->order);

	assert_true(length + 1 < sizeof(f->order));
	f->order[length] = letter;
}

static void on_first(void *data)
{
	note(data, 'a');
}

static void watch(struct fixture *f, int i, enum event_interest interest,
		  void (*on_ready)(void *data))
{
	f->watches[i] = (struct event_watch){
		.fd = f->pairs[i][0],
		.interest = interest,
		.on_ready = on_ready,
		.data = f,
	};
	assert_ok(event_watch_start(&f->loop, &f->watches[i], &f->err),
		  &f->err);
}

static void step(struct fixture *f)
{
	assert_ok(event_loop_step(&f->loop, &f->err), &f->err);
}

static void test_is_closed_on_exec(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fcntl(f->loop.epoll, F_GETFD), FD_CLOEXEC);
}

static void test_read_then_write(void **state)
{
	struct fixture *f = *state;

	watch(f, 0, EVENT_READ, on_first);
	assert_int_equal(write(f->pairs[0][1], "x", 1), 1);
	step(f);
	step(f); /* level-triggered: still there */
	assert_string_equal(f->order, "aa");
	assert_ok(event_watch_change(&f->loop, &f->watches[0], EVENT_WRITE,
				     &f->err),
		  &f->err);
	step(f);
	assert_string_equal(f->order, "aaa");
	event_watch_stop(&f->loop, &f->watches[0]);
}

/* The peer that is gone is told as readiness, whatever was asked for. */
static void test_hang_up(void **state)
{
	struct fixture *f = *state;

	watch(f, 0, EVENT_READ, on_first);
	(void)close(f->pairs[0][1]);
	f->pairs[0][1] = -1;
	step(f);
	assert_string_equal(f->order, "a");
	event_watch_stop(&f->loop, &f->watches[0]);
}

static void on_stops_both(void *data)
{
	struct fixture *f = data;

	note(f, 'b');
	event_watch_stop(&f->loop, &f->watches[0]);
	event_watch_stop(&f->loop, &f->watches[1]);
}

/* Both are in one batch; whichever comes first stops the other. */
static void test_stopped_watch_is_not_called(void **state)
{
	struct fixture *f = *state;

	watch(f, 0, EVENT_WRITE, on_stops_both);
	watch(f, 1, EVENT_WRITE, on_stops_both);
	step(f);
	assert_string_equal(f->order, "b");
}

static void test_refused_watch(void **state)
{
	struct fixture *f = *state;
	struct event_watch bad = { .fd = -1, .interest = EVENT_READ };

	assert_error(event_watch_start(&f->loop, &bad, &f->err), &f->err,
		     ERROR_SYSTEM, "epoll_ctl");
	/* Stopping it does no harm. */
	event_watch_stop(&f->loop, &bad);
}

/* --- Timers ----------------------------------------------------------------
 */

struct lettered {
	struct fixture *f;
	char letter;
};

static void on_lettered(void *data)
{
	const struct lettered *l = data;

	note(l->f, l->letter);
}

static void start_timer(struct fixture *f, int i, int64_t ms,
			struct lettered *l)
{
	f->timers[i] = (struct event_timer){
		.at = { ms },
		.on_time = on_lettered,
		.data = l,
	};
	event_timer_start(&f->loop, &f->timers[i]);
}

static void test_timers_in_order(void **state)
{
	struct fixture *f = *state;
	struct lettered l[6];
	/* All in the past: one step is enough. Equal ones keep their order. */
	static const int64_t at[6] = { 50, 20, 50, 10, 30, 20 };

	for (int i = 0; i < 6; i++) {
		l[i] = (struct lettered){ f, (char)('0' + i) };
		start_timer(f, i, at[i], &l[i]);
	}
	step(f);
	assert_string_equal(f->order, "315402");
	for (int i = 0; i < 6; i++)
		assert_false(f->timers[i].is_running);
}

static void test_stopped_timers(void **state)
{
	struct fixture *f = *state;
	struct lettered l[6];

	for (int i = 0; i < 6; i++) {
		l[i] = (struct lettered){ f, (char)('0' + i) };
		start_timer(f, i, 10 + i, &l[i]);
	}
	event_timer_stop(&f->loop, &f->timers[0]); /* the first */
	event_timer_stop(&f->loop, &f->timers[5]); /* the last */
	event_timer_stop(&f->loop, &f->timers[2]);
	event_timer_stop(&f->loop, &f->timers[2]); /* nothing */
	step(f);
	assert_string_equal(f->order, "134");
}

static void on_restart(void *data)
{
	struct fixture *f = data;

	note(f, 'r');
	if (strlen(f->order) < 3) {
		event_timer_stop(&f->loop, &f->timers[1]);
		event_timer_start(&f->loop, &f->timers[0]);
	}
}

/* A timer may start itself again, and stop one that is due as well. */
static void test_timer_starts_itself(void **state)
{
	struct fixture *f = *state;
	struct lettered l = { f, 'x' };

	f->timers[0] = (struct event_timer){
		.at = { 1 },
		.on_time = on_restart,
		.data = f,
	};
	event_timer_start(&f->loop, &f->timers[0]);
	start_timer(f, 1, 2, &l);
	step(f);
	assert_string_equal(f->order, "rrr");
}

static void test_waits_no_less_than_asked(void **state)
{
	struct fixture *f = *state;
	struct mono_time begin = mono_now();
	struct lettered l = { f, 't' };
	int steps = 0;

	start_timer(f, 0, mono_after(begin, 20).ms, &l);
	while (f->order[0] == '\0') {
		step(f);
		steps++;
	}
	assert_true(mono_now().ms >= begin.ms + 20);
	/* No spinning through the last part. */
	assert_true(steps <= 2);
}

static void test_never_does_not_wake(void **state)
{
	struct fixture *f = *state;
	struct lettered l = { f, 'n' };

	start_timer(f, 0, MONO_NEVER.ms, &l);
	watch(f, 0, EVENT_WRITE, on_first);
	step(f);
	assert_string_equal(f->order, "a");
	event_watch_stop(&f->loop, &f->watches[0]);
	event_timer_stop(&f->loop, &f->timers[0]);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_is_closed_on_exec),
		TEST(test_read_then_write),
		TEST(test_hang_up),
		TEST(test_stopped_watch_is_not_called),
		TEST(test_refused_watch),
		TEST(test_timers_in_order),
		TEST(test_stopped_timers),
		TEST(test_timer_starts_itself),
		TEST(test_waits_no_less_than_asked),
		TEST(test_never_does_not_wake),
	};

	return cmocka_run_group_tests_name("event_loop", tests, NULL, NULL);
}
