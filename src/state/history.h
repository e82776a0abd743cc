/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What earlier runs saw of the pairs that this one probes: how often it went
 * wrong, how it ended last, and whom the last run did not reach. Plain data
 * beside a target set; where it is kept from run to run is not known here.
 *
 *	history_init(&history, &targets, err)
 *	... what is remembered goes into history_find_pair() ...
 *	history_plan(&history, &targets)     before the probe
 *	... history.pairs[i] is what was before this run ...
 *	history_advance(&history, true)      after it
 *	history_free(&history)
 */
#ifndef CEM_STATE_HISTORY_H
#define CEM_STATE_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "probe/result.h"
#include "probe/target.h"

/* How a probe ended, as far as it is compared from run to run. */
struct pair_outcome {
	enum pair_status status;
	enum probe_reason reason;
	enum verify_reason verify; /* VERIFY_OK if nothing was checked */
};

/* Where counting stops: what a metric, a float64, can count to. */
#define HISTORY_COUNT_MAX (UINT64_C(1) << 53)

#define HISTORY_LEFT_OUT_MAX 1000000

struct pair_history {
	uint64_t open_errors;  /* connections or handshakes that failed */
	uint64_t close_errors; /* close_notify that could not be sent */
	/* Of the last probe that said something; of a pair that is not
	 * remembered, a good one. */
	struct pair_outcome outcome;
	int32_t left_out; /* by so many runs, up to the last one */
};

struct history {
	const struct target_set *targets; /* borrowed */
	struct pair_history *pairs;	  /* one for each pair of the set */
	const struct endpoint **index;	  /* sorted by their labels */
};

/* The labels of an endpoint, by which it is found again. */
struct endpoint_labels {
	const char *job_name;
	const char *ns;
	const char *pod;
	const char *port;
	const char *family; /* "" where it is none */
};

/* Of a target set of which nothing is remembered. O(endpoints log endpoints).
 * The set must outlive it. */
int history_init(struct history *history, const struct target_set *targets,
		 struct error *err) __attribute__((warn_unused_result));

void history_free(struct history *history);

/* The endpoint with these labels, NULL if it is not in the set. */
const struct endpoint *
history_find_endpoint(const struct history *history,
		      const struct endpoint_labels *labels);

/* What is remembered of the endpoint's pair, to be read or set; NULL if the
 * set does not have it. O(log pairs). */
struct pair_history *history_find_pair(const struct history *history,
				       const struct endpoint *endpoint,
				       const char *domain, enum key_type type);

struct endpoint_labels endpoint_labels_of(const struct endpoint *endpoint);

/* Sets the urgency of the set's endpoints: the longer a pair of it has been
 * left out, the more urgent it is, and begins with that pair; those to which no
 * connection came about last time are the least, unless they have been left out
 * twice since. So nobody starves, and nobody waits for the dead. `targets` is
 * the history's. */
void history_plan(const struct history *history, struct target_set *targets);

/* The outcome of this run's probe; false if it says nothing: the pair was not
 * reached, or what answered may have been another. */
bool pair_outcome_of(const struct probe_result *result,
		     struct pair_outcome *ret_outcome);

/* Whether nothing is wrong. */
bool pair_outcome_is_good(const struct pair_outcome *outcome);

bool pair_outcome_equals(const struct pair_outcome *a,
			 const struct pair_outcome *b);

/* Whether it says nothing that a pair which is not remembered does not say. */
bool pair_history_is_blank(const struct pair_history *history);

/* Counts one more, up to HISTORY_COUNT_MAX. */
void history_count(uint64_t *counter);

/* Counts what the settled results of this run say; with `outcomes`, how they
 * ended is remembered as well, as what changed has been said. */
void history_advance(struct history *history, bool outcomes);

#endif
