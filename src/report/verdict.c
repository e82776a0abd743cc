/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thresholds, order, --check.
 */
#include <config.h>

#include "report/verdict.h"

#include <stdlib.h>

#include "probe/certificate.h"

/* Whether less is left than the threshold's time, or than its share of the
 * lifetime where that is less. */
static bool is_below(const struct threshold *threshold,
		     const struct certificate *c, int64_t now)
{
	int64_t share =
		(c->not_after - c->not_before) / 100 * threshold->percent;
	int64_t limit = share < threshold->seconds ? share : threshold->seconds;

	return c->not_after - now < limit;
}

static bool is_unverified(const struct probe_result *result)
{
	return probe_result_is_checked(result) && result->verify != VERIFY_OK;
}

enum verdict verdict_of(const struct config *config, const struct pair *pair,
			struct wall_time now)
{
	const struct probe_result *result = &pair->result;

	switch (result->status) {
	case STATUS_NONE:
		return VERDICT_UNKNOWN;
	case STATUS_EXPIRED:
	case STATUS_NOT_YET_VALID:
	case STATUS_NOT_FOUND:
		return VERDICT_CRITICAL;
	case STATUS_VALID:
		break;
	}
	if (is_below(&config->crit, result->certificate, wall_seconds(now)))
		return VERDICT_CRITICAL;
	if (!result->success || is_unverified(result) ||
	    is_below(&config->warn, result->certificate, wall_seconds(now)))
		return VERDICT_WARNING;
	return VERDICT_GOOD;
}

bool verdict_check_fails(const struct run_facts *facts)
{
	const struct target_set *targets = facts->targets;

	for (size_t i = 0; i < targets->pair_count; i++)
		if (verdict_of(facts->config, &targets->pairs[i],
			       facts->settled_at) == VERDICT_CRITICAL)
			return true;
	return targets->pair_count == 0;
}

struct rated_pair {
	const struct pair *pair;
	enum verdict verdict;
	int status;	 /* the larger the worse */
	int64_t lag;	 /* the larger the worse */
	int64_t seconds; /* the less is left the worse */
};

static int by_badness(const void *a, const void *b)
{
	const struct rated_pair *x = a;
	const struct rated_pair *y = b;

	if (x->verdict != y->verdict)
		return x->verdict > y->verdict ? -1 : 1;
	if (x->status != y->status)
		return x->status > y->status ? -1 : 1;
	if (x->lag != y->lag)
		return x->lag > y->lag ? -1 : 1;
	if (x->seconds != y->seconds)
		return x->seconds < y->seconds ? -1 : 1;
	return (x->pair > y->pair) - (x->pair < y->pair);
}

static struct rated_pair rate(const struct run_facts *facts,
			      const struct pair *pair)
{
	struct rated_pair rated = {
		.pair = pair,
		.verdict = verdict_of(facts->config, pair, facts->settled_at),
		.status = pair_status_rank(pair->result.status),
		.lag = pool_set_lag(facts->pools, pair),
	};

	if (rated.lag < 0)
		rated.lag = 0;
	if (probe_result_has_dates(&pair->result))
		rated.seconds = pair->result.certificate->not_after;
	return rated;
}

const struct pair **verdict_sort(const struct run_facts *facts)
{
	size_t count = facts->targets->pair_count;
	const struct pair **sorted = calloc(count + 1, sizeof(*sorted));
	struct rated_pair *rated = calloc(count + 1, sizeof(*rated));

	if (sorted == NULL || rated == NULL) {
		free(sorted);
		free(rated);
		return NULL;
	}
	for (size_t i = 0; i < count; i++)
		rated[i] = rate(facts, &facts->targets->pairs[i]);
	if (count > 1)
		qsort(rated, count, sizeof(*rated), by_badness);
	for (size_t i = 0; i < count; i++)
		sorted[i] = rated[i].pair;
	free(rated);
	return sorted;
}
