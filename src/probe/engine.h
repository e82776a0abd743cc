/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes all pairs: which connection is opened when, how many at once, and
 * until when. One engine, one loop, one thread, no globals.
 *
 * A connect failure belongs to the endpoint: its first pair goes alone until
 * TCP is up; then the others follow, ENGINE_ENDPOINT_MAX at a time. Whenever a
 * connection cannot be made, the endpoint's pairs that have not begun get the
 * same result at once. So no pod is hammered, and a dead one costs one timeout.
 * What a server takes of what is offered is remembered for its other pairs.
 * The most urgent endpoints have their turn first.
 */
#ifndef CEM_PROBE_ENGINE_H
#define CEM_PROBE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "probe/certificate_cache.h"
#include "probe/session_facts.h"
#include "probe/setup.h"
#include "probe/target.h"

#define ENGINE_ENDPOINT_MAX 4 /* connections to one endpoint at once */
#define ENGINE_TICK_MS 200    /* how often on_progress is called, about */

struct engine_progress {
	size_t done;   /* pairs */
	size_t total;  /* pairs */
	size_t failed; /* of those done: no good answer */
};

/* What the engine works with, all borrowed; results point into the latter
 * two. */
struct engine_store {
	const struct probe_setup *setup;
	struct certificate_cache *cache;
	struct session_facts_set *sessions;
};

struct engine_options {
	size_t concurrency; /* connections in flight */
	struct mono_time deadline;
	struct interrupt *interrupt; /* ends the run early; NULL for none */
	void (*on_progress)(const struct engine_progress *progress,
			    void *data); /* NULL for none */
	void *data;
};

/* Sets the result of every pair; at the end all are settled at *ret_settled_at
 * (probe_result_settle()). Pairs that the deadline or a signal left out have
 * REASON_DEADLINE; *ret_cut_off says whether there are any. Fails only if no
 * probing is possible at all. */
int engine_run(struct target_set *targets, const struct engine_store *store,
	       const struct engine_options *options,
	       struct wall_time *ret_settled_at, bool *ret_cut_off,
	       struct error *err) __attribute__((warn_unused_result));

#endif
