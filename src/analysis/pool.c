/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pairs sorted into pools, pools summed up.
 */
#include <config.h>

#include "analysis/pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "probe/certificate.h"

int pool_compare(const struct pair *a, const struct pair *b)
{
	int r;

	/* Jobs are in one array, in the order of the configuration. */
	if (a->endpoint->job != b->endpoint->job)
		return a->endpoint->job < b->endpoint->job ? -1 : 1;
	r = strcmp(a->endpoint->pod->ns, b->endpoint->pod->ns);
	if (r != 0)
		return r;
	if (a->domain != b->domain)
		return a->domain < b->domain ? -1 : 1;
	r = strcmp(a->endpoint->pod->port_label, b->endpoint->pod->port_label);
	if (r != 0)
		return r;
	return (a->key_type > b->key_type) - (a->key_type < b->key_type);
}

static int by_pool(const void *a, const void *b)
{
	const struct pair *const *x = a;
	const struct pair *const *y = b;
	int r = pool_compare(*x, *y);

	return r != 0 ? r : (*x > *y) - (*x < *y);
}

static int by_fingerprint(const void *a, const void *b)
{
	const struct certificate *const *x = a;
	const struct certificate *const *y = b;

	return strcmp((*x)->fingerprint, (*y)->fingerprint);
}

bool pool_is_whole(const struct job_config *job)
{
	return job->node[0] == '\0';
}

static bool is_current(const struct probe_result *result)
{
	return result->status == STATUS_VALID ||
	       result->status == STATUS_EXPIRED;
}

static void add_dates(struct pool *pool, const struct certificate *c)
{
	if (!pool->has_dates || c->not_before > pool->newest_not_before)
		pool->newest_not_before = c->not_before;
	if (!pool->has_dates || c->not_before < pool->oldest_not_before)
		pool->oldest_not_before = c->not_before;
	if (!pool->has_dates || c->not_after < pool->earliest_not_after)
		pool->earliest_not_after = c->not_after;
	pool->has_dates = true;
}

/* One pool from its `count` neighbouring pairs; its certificates go to
 * `certificates`, where there is room for `count`. */
static struct pool sum_up(struct pair **pairs, size_t count,
			  const struct certificate **certificates)
{
	struct pool pool = {
		.job = pairs[0]->endpoint->job,
		.ns = pairs[0]->endpoint->pod->ns,
		.domain = pairs[0]->domain,
		.port_label = pairs[0]->endpoint->pod->port_label,
		.key_type = pairs[0]->key_type,
		.certificates = certificates,
	};
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		const struct probe_result *result = &pairs[i]->result;

		pool.pairs[result->status]++;
		if (probe_result_has_dates(result))
			certificates[found++] = result->certificate;
		if (is_current(result))
			add_dates(&pool, result->certificate);
	}
	if (found > 1)
		qsort(certificates, found, sizeof(certificates[0]),
		      by_fingerprint);
	/* The same leaf may come in different chains. */
	for (size_t i = 0; i < found; i++)
		if (i == 0 || strcmp(certificates[i]->fingerprint,
				     certificates[i - 1]->fingerprint) != 0)
			certificates[pool.certificate_count++] =
				certificates[i];
	return pool;
}

static int64_t lag_behind(const struct pool *pool,
			  const struct probe_result *result)
{
	if (!is_current(result) || !pool_is_whole(pool->job))
		return LAG_NONE;
	return pool->newest_not_before - result->certificate->not_before;
}

int pool_set_build(const struct target_set *targets, struct pool_set *ret_set,
		   struct error *err)
{
	size_t n = targets->pair_count;
	CLEANUP(cleanup_free)
	struct pair **sorted = calloc(n + 1, sizeof(struct pair *));
	struct pool_set set = {
		.pools = calloc(n + 1, sizeof(*set.pools)),
		.lags = calloc(n + 1, sizeof(*set.lags)),
		.certificates = calloc(n + 1, sizeof(*set.certificates)),
	};

	if (sorted == NULL || set.pools == NULL || set.lags == NULL ||
	    set.certificates == NULL) {
		pool_set_free(&set);
		return error_memory(err);
	}
	for (size_t i = 0; i < n; i++)
		sorted[i] = &targets->pairs[i];
	if (n > 1)
		qsort(sorted, n, sizeof(sorted[0]), by_pool);
	for (size_t first = 0, next; first < n; first = next) {
		struct pool *pool = &set.pools[set.count++];

		for (next = first + 1; next < n; next++)
			if (pool_compare(sorted[first], sorted[next]) != 0)
				break;
		*pool = sum_up(sorted + first, next - first,
			       set.certificates + first);
		for (size_t i = first; i < next; i++) {
			set.lags[sorted[i] - targets->pairs] =
				lag_behind(pool, &sorted[i]->result);
		}
	}
	set.pairs = targets->pairs;
	*ret_set = set;
	return 0;
}

int64_t pool_set_lag(const struct pool_set *set, const struct pair *pair)
{
	return set->lags[pair - set->pairs];
}

void pool_set_free(struct pool_set *set)
{
	free(set->pools);
	free(set->lags);
	free(set->certificates);
	*set = (struct pool_set){ 0 };
}
