/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pairs ranked, sorted, and compared with their neighbours.
 */
#include <config.h>

#include "report/rows.h"

#include <stdlib.h>
#include <string.h>

#include "probe/certificate.h"

static int compare(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int compare_certificates(const struct certificate *a,
				const struct certificate *b)
{
	/* The cache has most of them once. */
	return a == b ? 0 :
			strcmp(a == NULL ? "" : a->fingerprint,
			       b == NULL ? "" : b->fingerprint);
}

/* 0 if rows would show the same in words, but for the pod. */
static int compare_kinds(const struct pair *a, const struct pair *b)
{
	int r = pool_compare(a, b);

	if (r == 0)
		r = compare_certificates(a->result.certificate,
					 b->result.certificate);
	if (r == 0)
		r = strcmp(endpoint_family(a->endpoint),
			   endpoint_family(b->endpoint));
	if (r == 0)
		r = strcmp(verdict_reason(&a->result),
			   verdict_reason(&b->result));
	return r;
}

static int compare_places(const struct pair *a, const struct pair *b)
{
	return (a > b) - (a < b);
}

static int by_kind(const void *a, const void *b)
{
	const struct ranked_pair *x = a;
	const struct ranked_pair *y = b;
	int r = compare_kinds(x->pair, y->pair);

	return r != 0 ? r : compare_places(x->pair, y->pair);
}

/* Worst first, then the odd ones; 0 if the two are alike in all that a row
 * shows but the pod. */
static int compare_rows(const struct ranked_pair *x,
			const struct ranked_pair *y)
{
	int r = compare(y->verdict, x->verdict);

	if (r == 0)
		r = compare(y->status, x->status);
	if (r == 0)
		r = compare(y->oddness, x->oddness);
	if (r == 0)
		r = compare(y->lag, x->lag);
	if (r == 0)
		r = compare(x->not_after, y->not_after);
	return r != 0 ? r : compare_places(x->kind, y->kind);
}

static int by_row(const void *a, const void *b)
{
	const struct ranked_pair *x = a;
	const struct ranked_pair *y = b;
	int r = compare_rows(x, y);

	return r != 0 ? r : compare_places(x->pair, y->pair);
}

/* One pool, its `count` pairs sorted by kind. A certificate that does not name
 * the domain is no odd one: a proxy's self-made default is another on each
 * pod. */
static void rate_pool(struct ranked_pair *pairs, size_t count)
{
	int64_t most = 0;

	for (size_t first = 0, next; first < count; first = next) {
		const struct probe_result *result = &pairs[first].pair->result;

		for (next = first + 1; next < count; next++)
			if (compare_certificates(
				    result->certificate,
				    pairs[next].pair->result.certificate) != 0)
				break;
		if (!probe_result_has_dates(result))
			continue;
		if ((int64_t)(next - first) > most)
			most = (int64_t)(next - first);
		for (size_t i = first; i < next; i++)
			pairs[i].oddness = (int64_t)(next - first);
	}
	for (size_t i = 0; i < count; i++)
		if (pairs[i].oddness > 0)
			pairs[i].oddness = most - pairs[i].oddness;
}

/* From here on no words are compared: they lie all over the memory. */
static void rate_pools(struct rows *rows)
{
	struct ranked_pair *pairs = rows->pairs;

	qsort(pairs, rows->count, sizeof(*pairs), by_kind);
	for (size_t i = 0; i < rows->count; i++)
		pairs[i].kind = i > 0 && compare_kinds(pairs[i - 1].pair,
						       pairs[i].pair) == 0 ?
					pairs[i - 1].kind :
					pairs[i].pair;
	for (size_t first = 0, next; first < rows->count; first = next) {
		for (next = first + 1; next < rows->count; next++)
			if (pool_compare(pairs[first].pair, pairs[next].pair) !=
			    0)
				break;
		rate_pool(pairs + first, next - first);
	}
}

static struct ranked_pair rank(const struct run_facts *facts,
			       const struct pair *pair)
{
	struct ranked_pair ranked = {
		.pair = pair,
		.verdict = verdict_of(facts->config, pair, facts->settled_at),
		.status = pair_status_rank(pair->result.status),
		.lag = pool_set_lag(facts->pools, pair),
	};

	if (ranked.lag < 0)
		ranked.lag = 0;
	if (probe_result_has_dates(&pair->result))
		ranked.not_after = pair->result.certificate->not_after;
	return ranked;
}

int rows_build(const struct run_facts *facts, struct rows *ret_rows,
	       struct error *err)
{
	size_t count = facts->targets->pair_count;
	struct rows rows = {
		.pairs = calloc(count + 1, sizeof(*rows.pairs)),
		.count = count,
	};

	if (rows.pairs == NULL)
		return error_memory(err);
	for (size_t i = 0; i < count; i++)
		rows.pairs[i] = rank(facts, &facts->targets->pairs[i]);
	rate_pools(&rows);
	qsort(rows.pairs, count, sizeof(*rows.pairs), by_row);
	*ret_rows = rows;
	return 0;
}

size_t rows_length(const struct rows *rows, size_t first)
{
	const struct ranked_pair *pairs = rows->pairs;
	size_t next = first + 1;

	while (next < rows->count &&
	       compare_rows(&pairs[first], &pairs[next]) == 0)
		next++;
	return next - first < ROW_PODS_MIN ? 1 : next - first;
}

void rows_free(struct rows *rows)
{
	free(rows->pairs);
	*rows = (struct rows){ 0 };
}
