/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queue, limits and deadlines over connections.
 */
#include <config.h>

#include "probe/engine.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/event_loop.h"
#include "probe/connection.h"

#define SPARE_DESCRIPTORS 64 /* beside those of the connections */

/* The pairs of one endpoint: neighbours in the target set. */
struct endpoint_queue {
	const struct endpoint *endpoint;
	size_t started; /* of its pairs */
	unsigned int in_flight;
	bool is_open;	      /* a connection was made: others may follow */
	bool is_queued;	      /* in the engine's ready list */
	bool is_known_offer;  /* `offer` brought a certificate */
	enum tls_offer offer; /* what the next connection offers first */
	struct probe_context context;
	struct endpoint_queue *next_ready;
};

/* A place for a connection in flight. */
struct slot {
	struct connection connection;
	struct engine *engine;
	struct endpoint_queue *queue;
	struct event_watch watch;
	struct event_timer timer;
	struct slot *next_free;
	bool is_used;
};

struct engine {
	struct event_loop loop;
	struct target_set *targets;
	const struct engine_store *store;
	const struct engine_options *options;
	struct engine_progress progress;
	struct endpoint_queue *queues;
	struct endpoint_queue *first_ready; /* first in, first out: every */
	struct endpoint_queue *last_ready;  /* endpoint has its turn */
	struct slot *slots;
	struct slot *free_slots;
	size_t slot_count;
	size_t in_flight;
	size_t limit; /* of in_flight; less than asked if descriptors lack */
	struct event_timer deadline;
	struct event_timer tick;
	struct event_watch interrupt;
	bool is_over;	 /* the deadline or a signal has come */
	bool is_cut_off; /* and there were pairs left */
	bool is_broken;	 /* the loop failed: err says why */
	struct error *err;
};

static bool is_left(const struct endpoint_queue *queue)
{
	return queue->started < queue->endpoint->pair_count;
}

/* The pair to start next, if one is left. */
static struct pair *next_pair(const struct engine *engine,
			      const struct endpoint_queue *queue)
{
	const struct endpoint *endpoint = queue->endpoint;
	size_t place =
		(endpoint->pair_offset + queue->started) % endpoint->pair_count;

	return &engine->targets->pairs[endpoint->first_pair + place];
}

static bool may_start(const struct endpoint_queue *queue)
{
	return is_left(queue) &&
	       (queue->in_flight == 0 ||
		(queue->is_open && queue->in_flight < ENGINE_ENDPOINT_MAX));
}

static void make_ready(struct engine *engine, struct endpoint_queue *queue)
{
	if (queue->is_queued || !may_start(queue))
		return;
	queue->is_queued = true;
	queue->next_ready = NULL;
	if (engine->last_ready == NULL)
		engine->first_ready = queue;
	else
		engine->last_ready->next_ready = queue;
	engine->last_ready = queue;
}

static struct endpoint_queue *take_ready(struct engine *engine)
{
	struct endpoint_queue *queue = engine->first_ready;

	engine->first_ready = queue->next_ready;
	if (engine->first_ready == NULL)
		engine->last_ready = NULL;
	queue->is_queued = false;
	return queue;
}

static void finish_pair(struct engine *engine, struct pair *pair,
			const struct probe_result *result)
{
	pair->result = *result;
	engine->progress.done++;
	if (!result->success || !result->names_domain)
		engine->progress.failed++;
	if (result->reason == REASON_DEADLINE)
		engine->is_cut_off = true;
}

/* All pairs of the endpoint that are left have this result. */
static void finish_queue(struct engine *engine, struct endpoint_queue *queue,
			 const struct probe_result *result)
{
	for (; is_left(queue); queue->started++)
		finish_pair(engine, next_pair(engine, queue), result);
}

/* A connection is over: its result, and what it means for its endpoint. */
static void finish_slot(struct slot *slot)
{
	struct engine *engine = slot->engine;
	struct endpoint_queue *queue = slot->queue;
	struct connection *c = &slot->connection;
	struct pair *pair =
		&engine->targets->pairs[c->pair - engine->targets->pairs];

	event_timer_stop(&engine->loop, &slot->timer);
	if (c->fd >= 0)
		event_watch_stop(&engine->loop, &slot->watch);
	connection_close(c);
	slot->is_used = false;
	slot->next_free = engine->free_slots;
	engine->free_slots = slot;
	engine->in_flight--;
	queue->in_flight--;
	finish_pair(engine, pair, &c->result);
	/* The old versions are for a retry, never for a first offer. */
	if (c->result.certificate != NULL && c->offer != OFFER_OLD) {
		queue->offer = c->offer;
		queue->is_known_offer = true;
	}
	if (probe_reason_is_connect(c->result.reason)) {
		struct probe_result copy = c->result;

		copy.duration_us = DURATION_NONE;
		finish_queue(engine, queue, &copy);
	}
	make_ready(engine, queue);
}

/* From now on no later than `ms` milliseconds. */
static void shorten_timer(struct slot *slot, int64_t ms)
{
	struct event_loop *loop = &slot->engine->loop;

	event_timer_stop(loop, &slot->timer);
	slot->timer.at =
		mono_earlier(slot->timer.at, mono_after(mono_now(), ms));
	event_timer_start(loop, &slot->timer);
}

static void on_ready(void *data);

/* Waits for a connection that was just opened. */
static void watch(struct slot *slot)
{
	slot->watch = (struct event_watch){
		.fd = slot->connection.fd,
		.interest = EVENT_WRITE,
		.on_ready = on_ready,
		.data = slot,
	};
	if (event_watch_start(&slot->engine->loop, &slot->watch,
			      slot->engine->err) < 0)
		slot->engine->is_broken = true;
}

/* Connects once more, for another offer; the time goes on. */
static void retry(struct slot *slot)
{
	struct error err = { 0 };

	event_watch_stop(&slot->engine->loop, &slot->watch);
	if (connection_retry(&slot->connection, &err) == 0 &&
	    slot->connection.state != CONNECTION_CLOSED) {
		watch(slot);
		return;
	}
	connection_close(&slot->connection);
	finish_slot(slot);
}

/* Steps a connection and waits for what it wants next. */
static void on_ready(void *data)
{
	struct slot *slot = data;
	struct engine *engine = slot->engine;
	enum connection_state before = slot->connection.state;
	bool was_connected = slot->connection.is_connected;
	enum connection_want want = connection_step(&slot->connection);

	if (!was_connected && slot->connection.is_connected) {
		slot->queue->is_open = true;
		make_ready(engine, slot->queue);
	}
	if (slot->connection.state == CONNECTION_AFTERWORD &&
	    before != CONNECTION_AFTERWORD)
		shorten_timer(slot, CONNECTION_AFTERWORD_MS);
	if (want == CONNECTION_DONE)
		finish_slot(slot);
	else if (want == CONNECTION_WANT_RETRY)
		retry(slot);
	else if (event_watch_change(&engine->loop, &slot->watch,
				    want == CONNECTION_WANT_READ ? EVENT_READ :
								   EVENT_WRITE,
				    engine->err) < 0)
		engine->is_broken = true;
}

static void on_time_out(void *data)
{
	struct slot *slot = data;

	connection_time_out(&slot->connection);
	finish_slot(slot);
}

/* Opens the next connection of an endpoint. False if it cannot be done now,
 * for want of descriptors. */
static bool start(struct engine *engine, struct endpoint_queue *queue)
{
	struct slot *slot = engine->free_slots;
	struct pair *pair = next_pair(engine, queue);
	struct error err = { 0 };

	if (connection_open(&slot->connection, pair, &queue->context,
			    queue->offer, queue->is_known_offer, &err) < 0) {
		if (engine->in_flight > 0) {
			engine->limit = engine->in_flight;
			return false;
		}
		queue->started++;
		finish_pair(
			engine, pair,
			&(struct probe_result){ .reason = REASON_CONNECT_ERROR,
						.duration_us = DURATION_NONE });
		return true;
	}
	queue->started++;
	queue->in_flight++;
	engine->in_flight++;
	engine->free_slots = slot->next_free;
	slot->is_used = true;
	slot->queue = queue;
	slot->timer = (struct event_timer){
		.at = mono_after(mono_now(), pair->endpoint->job->timeout_ms),
		.on_time = on_time_out,
		.data = slot,
	};
	event_timer_start(&engine->loop, &slot->timer);
	if (slot->connection.state == CONNECTION_CLOSED) {
		/* Refused at once. */
		connection_close(&slot->connection);
		finish_slot(slot);
		return true;
	}
	watch(slot);
	return true;
}

static void start_more(struct engine *engine)
{
	while (engine->first_ready != NULL && engine->free_slots != NULL &&
	       engine->in_flight < engine->limit && !engine->is_broken) {
		struct endpoint_queue *queue = take_ready(engine);
		bool started = start(engine, queue);

		make_ready(engine, queue);
		if (!started)
			return;
	}
}

static void show_progress(struct engine *engine)
{
	if (engine->options->on_progress != NULL)
		engine->options->on_progress(&engine->progress,
					     engine->options->data);
}

static void on_tick(void *data)
{
	struct engine *engine = data;

	show_progress(engine);
	engine->tick.at = mono_after(mono_now(), ENGINE_TICK_MS);
	event_timer_start(&engine->loop, &engine->tick);
}

/* The run's time is over: everything ends here and now. */
static void on_over(void *data)
{
	struct engine *engine = data;
	const struct probe_result left_out = {
		.reason = REASON_DEADLINE,
		.duration_us = DURATION_NONE,
	};

	engine->is_over = true;
	for (size_t i = 0; i < engine->targets->endpoint_count; i++)
		finish_queue(engine, &engine->queues[i], &left_out);
	for (size_t i = 0; i < engine->slot_count; i++) {
		if (engine->slots[i].is_used) {
			connection_cut_off(&engine->slots[i].connection);
			finish_slot(&engine->slots[i]);
		}
	}
}

static void on_interrupt(void *data)
{
	struct engine *engine = data;

	if (interrupt_seen(engine->options->interrupt) && !engine->is_over)
		on_over(engine);
}

/* As many descriptors as the connections need, if the hard limit allows. */
static void raise_descriptor_limit(size_t slots)
{
	rlim_t needed = slots + SPARE_DESCRIPTORS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= needed)
		return;
	limit.rlim_cur = needed < limit.rlim_max ? needed : limit.rlim_max;
	/* If not, the engine makes do with what it gets. */
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* There is no address to connect to. */
static void fail_unresolved(struct engine *engine, struct endpoint_queue *queue)
{
	const struct probe_result result = {
		.reason = REASON_RESOLVE_FAILED,
		.duration_us = DURATION_NONE,
	};

	finish_queue(engine, queue, &result);
}

static void set_up(struct engine *engine, struct endpoint_queue *queue,
		   const struct endpoint *endpoint)
{
	queue->endpoint = endpoint;
	queue->offer = offer_first(endpoint->job->handshake);
	queue->context = (struct probe_context){
		.setup = probe_setup_of(engine->store->setup, endpoint->job),
		.cache = engine->store->cache,
		.sessions = engine->store->sessions,
	};
	if (endpoint->pod->address.family == 0)
		fail_unresolved(engine, queue);
}

static int by_urgency(const void *a, const void *b)
{
	const struct endpoint_queue *const *x = a;
	const struct endpoint_queue *const *y = b;
	int32_t urgency_x = (*x)->endpoint->urgency;
	int32_t urgency_y = (*y)->endpoint->urgency;

	if (urgency_x != urgency_y)
		return urgency_x > urgency_y ? -1 : 1;
	return (*x > *y) - (*x < *y);
}

static int make_all_ready(struct engine *engine, struct error *err)
{
	size_t count = engine->targets->endpoint_count;
	CLEANUP(cleanup_free)
	struct endpoint_queue **sorted = calloc(count + 1, sizeof(*sorted));

	if (sorted == NULL)
		return error_memory(err);
	for (size_t i = 0; i < count; i++)
		sorted[i] = &engine->queues[i];
	if (count > 1)
		qsort(sorted, count, sizeof(sorted[0]), by_urgency);
	for (size_t i = 0; i < count; i++)
		make_ready(engine, sorted[i]);
	return 0;
}

static int prepare(struct engine *engine, struct error *err)
{
	const struct target_set *targets = engine->targets;
	size_t slots = engine->options->concurrency;

	if (slots > targets->pair_count)
		slots = targets->pair_count;
	raise_descriptor_limit(slots);
	engine->slots = calloc(slots + 1, sizeof(*engine->slots));
	engine->queues =
		calloc(targets->endpoint_count + 1, sizeof(*engine->queues));
	if (engine->slots == NULL || engine->queues == NULL)
		return error_memory(err);
	engine->slot_count = engine->limit = slots;
	for (size_t i = slots; i-- > 0;) {
		engine->slots[i].engine = engine;
		engine->slots[i].next_free = engine->free_slots;
		engine->free_slots = &engine->slots[i];
	}
	for (size_t i = 0; i < targets->endpoint_count; i++)
		set_up(engine, &engine->queues[i], &targets->endpoints[i]);
	engine->progress.total = targets->pair_count;
	return make_all_ready(engine, err);
}

static int start_timers(struct engine *engine, struct error *err)
{
	engine->deadline = (struct event_timer){
		.at = engine->options->deadline,
		.on_time = on_over,
		.data = engine,
	};
	engine->tick = (struct event_timer){
		.on_time = on_tick,
		.data = engine,
	};
	event_timer_start(&engine->loop, &engine->deadline);
	if (engine->options->on_progress != NULL)
		on_tick(engine);
	if (engine->options->interrupt == NULL)
		return 0;
	engine->interrupt = (struct event_watch){
		.fd = engine->options->interrupt->fd,
		.interest = EVENT_READ,
		.on_ready = on_interrupt,
		.data = engine,
	};
	return event_watch_start(&engine->loop, &engine->interrupt, err);
}

static int run(struct engine *engine, struct error *err)
{
	int r = event_loop_init(&engine->loop, err);

	if (r == 0)
		r = prepare(engine, err);
	if (r == 0)
		r = start_timers(engine, err);
	if (r < 0)
		return r;
	if (engine->options->interrupt != NULL &&
	    interrupt_seen(engine->options->interrupt))
		on_over(engine);
	while (engine->progress.done < engine->progress.total) {
		start_more(engine);
		if (engine->progress.done == engine->progress.total)
			break;
		if (!engine->is_broken)
			r = event_loop_step(&engine->loop, err);
		if (r < 0 || engine->is_broken) {
			on_over(engine);
			return -(int)err->code;
		}
	}
	show_progress(engine);
	return 0;
}

static void release(struct engine *engine)
{
	event_timer_stop(&engine->loop, &engine->deadline);
	event_timer_stop(&engine->loop, &engine->tick);
	event_loop_release(&engine->loop);
	free(engine->slots);
	free(engine->queues);
}

int engine_run(struct target_set *targets, const struct engine_store *store,
	       const struct engine_options *options,
	       struct wall_time *ret_settled_at, bool *ret_cut_off,
	       struct error *err)
{
	struct engine engine = {
		.loop.epoll = -1,
		.targets = targets,
		.store = store,
		.options = options,
		.err = err,
	};
	struct wall_time now;
	int r = run(&engine, err);

	release(&engine);
	if (r < 0)
		return r;
	certificate_cache_settle(store->cache);
	now = wall_now();
	for (size_t i = 0; i < targets->pair_count; i++) {
		struct pair *pair = &targets->pairs[i];

		probe_result_settle(&pair->result, now);
		if (pair->endpoint->pod->is_remembered)
			probe_result_doubt(&pair->result);
	}
	*ret_settled_at = now;
	*ret_cut_off = engine.is_cut_off;
	return 0;
}
