/* SPDX-License-Identifier: Apache-2.0 */
/*
 * epoll, level-triggered, and a sorted list of timers.
 */
#include <config.h>

#include "base/event_loop.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

int event_loop_init(struct event_loop *loop, struct error *err)
{
	*loop = (struct event_loop){ .epoll = epoll_create1(EPOLL_CLOEXEC) };
	if (loop->epoll < 0)
		return error_set(err, ERROR_SYSTEM, "epoll_create1: %s",
				 strerror(errno));
	return 0;
}

void event_loop_release(struct event_loop *loop)
{
	assert(loop->timers == NULL);
	if (loop->epoll >= 0)
		(void)close(loop->epoll);
	loop->epoll = -1;
}

static int control(struct event_loop *loop, int operation,
		   struct event_watch *watch, struct error *err)
{
	struct epoll_event event = {
		.events = watch->interest,
		.data.ptr = watch,
	};

	if (epoll_ctl(loop->epoll, operation, watch->fd, &event) < 0)
		return error_set(err, ERROR_SYSTEM, "epoll_ctl: %s",
				 strerror(errno));
	return 0;
}

int event_watch_start(struct event_loop *loop, struct event_watch *watch,
		      struct error *err)
{
	return control(loop, EPOLL_CTL_ADD, watch, err);
}

int event_watch_change(struct event_loop *loop, struct event_watch *watch,
		       enum event_interest interest, struct error *err)
{
	if (watch->interest == interest)
		return 0;
	watch->interest = interest;
	return control(loop, EPOLL_CTL_MOD, watch, err);
}

void event_watch_stop(struct event_loop *loop, struct event_watch *watch)
{
	struct error ignored = { 0 };

	/* Fails only if the watch was never started. */
	(void)control(loop, EPOLL_CTL_DEL, watch, &ignored);
	for (int i = 0; i < loop->batch_count; i++)
		if (loop->batch[i].data.ptr == watch)
			loop->batch[i].data.ptr = NULL;
}

void event_timer_start(struct event_loop *loop, struct event_timer *timer)
{
	struct event_timer *last;

	assert(!timer->is_running);
	timer->is_running = true;
	last = loop->timers == NULL ? NULL : loop->timers->prev;
	if (last == NULL || last->at.ms <= timer->at.ms) {
		DL_APPEND(loop->timers, timer);
		return;
	}
	while (last != loop->timers && last->prev->at.ms > timer->at.ms)
		last = last->prev;
	DL_PREPEND_ELEM(loop->timers, last, timer);
}

void event_timer_stop(struct event_loop *loop, struct event_timer *timer)
{
	if (!timer->is_running)
		return;
	timer->is_running = false;
	DL_DELETE(loop->timers, timer);
}

static int wait_ms(const struct event_loop *loop)
{
	int64_t left;

	if (loop->timers == NULL || loop->timers->at.ms == INT64_MAX)
		return -1;
	/* The clock was cut to milliseconds: no less than this is left. */
	left = mono_until(loop->timers->at);
	return left > INT_MAX ? INT_MAX : (int)left;
}

int event_loop_step(struct event_loop *loop, struct error *err)
{
	struct mono_time now;
	int count = epoll_wait(loop->epoll, loop->batch, EVENT_LOOP_BATCH,
			       wait_ms(loop));

	if (count < 0) {
		if (errno == EINTR)
			return 0;
		return error_set(err, ERROR_SYSTEM, "epoll_wait: %s",
				 strerror(errno));
	}
	loop->batch_count = count;
	for (int i = 0; i < count; i++) {
		struct event_watch *watch = loop->batch[i].data.ptr;

		if (watch != NULL)
			watch->on_ready(watch->data);
	}
	loop->batch_count = 0;

	now = mono_now();
	while (loop->timers != NULL && loop->timers->at.ms <= now.ms) {
		struct event_timer *timer = loop->timers;

		event_timer_stop(loop, timer);
		timer->on_time(timer->data);
	}
	return 0;
}
