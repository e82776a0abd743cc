/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An array beside the pairs, and a sorted index of the endpoints.
 */
#include <config.h>

#include "state/history.h"

#include <stdlib.h>
#include <string.h>

/* --- Finding -------------------------------------------------------------- */

struct endpoint_labels endpoint_labels_of(const struct endpoint *endpoint)
{
	return (struct endpoint_labels){
		.job_name = endpoint->job->name,
		.ns = endpoint->pod->ns,
		.pod = endpoint->pod->name,
		.port = endpoint->pod->port_label,
		.family = endpoint_family(endpoint),
	};
}

static int compare_labels(const struct endpoint_labels *a,
			  const struct endpoint_labels *b)
{
	int order = strcmp(a->job_name, b->job_name);

	if (order == 0)
		order = strcmp(a->ns, b->ns);
	if (order == 0)
		order = strcmp(a->pod, b->pod);
	if (order == 0)
		order = strcmp(a->port, b->port);
	return order != 0 ? order : strcmp(a->family, b->family);
}

static int by_labels(const void *a, const void *b)
{
	const struct endpoint *const *x = a;
	const struct endpoint *const *y = b;
	struct endpoint_labels labels_x = endpoint_labels_of(*x);
	struct endpoint_labels labels_y = endpoint_labels_of(*y);

	return compare_labels(&labels_x, &labels_y);
}

static int is_named(const void *key, const void *element)
{
	const struct endpoint *const *endpoint = element;
	struct endpoint_labels labels = endpoint_labels_of(*endpoint);

	return compare_labels(key, &labels);
}

const struct endpoint *
history_find_endpoint(const struct history *history,
		      const struct endpoint_labels *labels)
{
	const struct endpoint **found = bsearch(
		labels, history->index, history->targets->endpoint_count,
		sizeof(history->index[0]), is_named);

	return found == NULL ? NULL : *found;
}

struct wanted_pair {
	const char *domain;
	enum key_type type;
};

static int is_wanted(const void *key, const void *element)
{
	const struct wanted_pair *wanted = key;
	const struct pair *pair = element;
	int order = strcmp(wanted->domain, pair->domain->name);

	if (order != 0)
		return order;
	return (wanted->type > pair->key_type) -
	       (wanted->type < pair->key_type);
}

struct pair_history *history_find_pair(const struct history *history,
				       const struct endpoint *endpoint,
				       const char *domain, enum key_type type)
{
	const struct target_set *targets = history->targets;
	const struct wanted_pair wanted = { domain, type };
	/* An endpoint's pairs are sorted by domain and type. */
	const struct pair *pair = bsearch(
		&wanted, targets->pairs + endpoint->first_pair,
		endpoint->pair_count, sizeof(targets->pairs[0]), is_wanted);

	return pair == NULL ? NULL : &history->pairs[pair - targets->pairs];
}

int history_init(struct history *history, const struct target_set *targets,
		 struct error *err)
{
	struct history made = {
		.targets = targets,
		.pairs = calloc(targets->pair_count + 1, sizeof(*made.pairs)),
		.index = calloc(targets->endpoint_count + 1,
				sizeof(*made.index)),
	};

	if (made.pairs == NULL || made.index == NULL) {
		history_free(&made);
		return error_memory(err);
	}
	for (size_t i = 0; i < targets->pair_count; i++)
		made.pairs[i].outcome.status = STATUS_VALID;
	for (size_t i = 0; i < targets->endpoint_count; i++)
		made.index[i] = &targets->endpoints[i];
	if (targets->endpoint_count > 1)
		qsort(made.index, targets->endpoint_count,
		      sizeof(made.index[0]), by_labels);
	*history = made;
	return 0;
}

void history_free(struct history *history)
{
	free(history->pairs);
	free(history->index);
	*history = (struct history){ 0 };
}

/* --- Whose turn it is ----------------------------------------------------- */

static void plan_endpoint(const struct history *history,
			  struct endpoint *endpoint)
{
	const struct pair_history *pairs =
		history->pairs + endpoint->first_pair;
	bool is_dead = endpoint->pair_count > 0;

	endpoint->urgency = 0;
	endpoint->pair_offset = 0;
	for (size_t i = 0; i < endpoint->pair_count; i++) {
		if (pairs[i].left_out > endpoint->urgency) {
			endpoint->urgency = pairs[i].left_out;
			endpoint->pair_offset = i;
		}
		is_dead &= probe_reason_is_connect(pairs[i].outcome.reason);
	}
	if (is_dead && endpoint->urgency < 2)
		endpoint->urgency = -1;
}

void history_plan(const struct history *history, struct target_set *targets)
{
	for (size_t i = 0; i < targets->endpoint_count; i++)
		plan_endpoint(history, &targets->endpoints[i]);
}

/* --- How it ended --------------------------------------------------------- */

bool pair_outcome_of(const struct probe_result *result,
		     struct pair_outcome *ret_outcome)
{
	if (result->reason == REASON_DEADLINE ||
	    result->reason == REASON_STALE_TARGET)
		return false;
	*ret_outcome = (struct pair_outcome){
		.status = result->status,
		.reason = result->reason,
		.verify = probe_result_is_checked(result) ? result->verify :
							    VERIFY_OK,
	};
	return true;
}

bool pair_outcome_equals(const struct pair_outcome *a,
			 const struct pair_outcome *b)
{
	return a->status == b->status && a->reason == b->reason &&
	       a->verify == b->verify;
}

bool pair_outcome_is_good(const struct pair_outcome *outcome)
{
	static const struct pair_outcome good = { .status = STATUS_VALID };

	return pair_outcome_equals(outcome, &good);
}

bool pair_history_is_blank(const struct pair_history *history)
{
	return history->open_errors == 0 && history->close_errors == 0 &&
	       history->left_out == 0 &&
	       pair_outcome_is_good(&history->outcome);
}

void history_count(uint64_t *counter)
{
	if (*counter < HISTORY_COUNT_MAX)
		++*counter;
}

void history_advance(struct history *history, bool outcomes)
{
	for (size_t i = 0; i < history->targets->pair_count; i++) {
		const struct probe_result *result =
			&history->targets->pairs[i].result;
		struct pair_history *pair = &history->pairs[i];

		if (probe_result_open_failed(result))
			history_count(&pair->open_errors);
		if (result->close_failed)
			history_count(&pair->close_errors);
		if (result->reason != REASON_DEADLINE)
			pair->left_out = 0;
		else if (pair->left_out < HISTORY_LEFT_OUT_MAX)
			pair->left_out++;
		if (outcomes)
			(void)pair_outcome_of(result, &pair->outcome);
	}
}
