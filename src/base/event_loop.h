/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small event loop: descriptors by epoll(7), deadlines on the monotonic
 * clock. One thread, no globals; callers may have several.
 *
 * Watches and timers are embedded in their owner's struct and know it by
 * `data`. A callback may stop any watch or timer, its own included: an event
 * that is already in the batch for a stopped watch is dropped.
 */
#ifndef CEM_BASE_EVENT_LOOP_H
#define CEM_BASE_EVENT_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/error.h"

#define EVENT_LOOP_BATCH 64 /* events taken from the kernel at once */

enum event_interest {
	EVENT_READ = EPOLLIN,
	EVENT_WRITE = EPOLLOUT,
};

struct event_watch {
	int fd;
	enum event_interest interest;
	/* Ready for what was asked, or broken: the next read or write tells
	 * (EPOLLERR and EPOLLHUP are delivered alike). */
	void (*on_ready)(void *data);
	void *data;
};

struct event_timer {
	struct mono_time at;
	void (*on_time)(void *data);
	void *data;
	bool is_running;
	struct event_timer *prev, *next;
};

struct event_loop {
	int epoll;
	struct event_timer *timers; /* sorted, the next to come first */
	struct epoll_event batch[EVENT_LOOP_BATCH];
	int batch_count;
};

int event_loop_init(struct event_loop *loop, struct error *err)
	__attribute__((warn_unused_result));
void event_loop_release(struct event_loop *loop);

/* `watch` with all members set; it must stay where it is until stopped. */
int event_watch_start(struct event_loop *loop, struct event_watch *watch,
		      struct error *err) __attribute__((warn_unused_result));
int event_watch_change(struct event_loop *loop, struct event_watch *watch,
		       enum event_interest interest, struct error *err)
	__attribute__((warn_unused_result));
/* Before the descriptor is closed. */
void event_watch_stop(struct event_loop *loop, struct event_watch *watch);

/* `timer` with at, on_time and data set; fires once. O(1) if it is the latest
 * so far, as with equal timeouts; O(timers) at worst. */
void event_timer_start(struct event_loop *loop, struct event_timer *timer);
/* Nothing if it is not running. */
void event_timer_stop(struct event_loop *loop, struct event_timer *timer);

/* Waits for the next event or timer and runs the callbacks of all that are
 * due. Fails only if the kernel refuses to wait. */
int event_loop_step(struct event_loop *loop, struct error *err)
	__attribute__((warn_unused_result));

#endif
