/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The six families of muxinc/certificate-expiry-monitor, with its names and
 * label values. It knows neither jobs nor ports nor types of keys: where those
 * collide the worst status wins and counts add up.
 */
#include <config.h>

#include "metrics/families_internal.h"

#include <stdlib.h>
#include <string.h>

#include "probe/certificate.h"

static int compare(const struct pair *a, const struct pair *b)
{
	int r = strcmp(a->endpoint->pod->ns, b->endpoint->pod->ns);

	if (r == 0)
		r = strcmp(a->endpoint->pod->name, b->endpoint->pod->name);
	return r != 0 ? r : strcmp(a->domain->name, b->domain->name);
}

static int by_series(const void *a, const void *b)
{
	const struct pair *const *x = a;
	const struct pair *const *y = b;
	int r = compare(*x, *y);

	return r != 0 ? r : (*x > *y) - (*x < *y);
}

void family_writer_sort_mux(struct family_writer *w)
{
	if (w->pair_count > 1)
		qsort(w->pairs, w->pair_count, sizeof(w->pairs[0]), by_series);
}

/* The end of the pairs that share the series of pair `first`. */
static size_t series_end(const struct family_writer *w, size_t first)
{
	size_t end = first + 1;

	while (end < w->pair_count &&
	       compare(w->pairs[first], w->pairs[end]) == 0)
		end++;
	return end;
}

/* The server has no certificate of a type that was asked for. That may be
 * meant, and says nothing of what it has. */
static bool lacks_key_type(const struct pair *pair)
{
	return pair->result.reason == REASON_KEY_TYPE_MISSING;
}

static bool is_worse(const struct pair *a, const struct pair *b)
{
	int rank_a = pair_status_rank(a->result.status);
	int rank_b = pair_status_rank(b->result.status);

	if (lacks_key_type(a) != lacks_key_type(b))
		return lacks_key_type(b);
	if (rank_a != rank_b)
		return rank_a > rank_b;
	return probe_result_has_dates(&a->result) &&
	       a->result.certificate->not_after <
		       b->result.certificate->not_after;
}

/* Of several with the same status, the one that ends first. */
static const struct pair *worst_of(const struct family_writer *w, size_t first,
				   size_t end)
{
	const struct pair *worst = w->pairs[first];

	for (size_t i = first + 1; i < end; i++)
		if (is_worse(w->pairs[i], worst))
			worst = w->pairs[i];
	return worst;
}

static void mux_sample(struct family_writer *w, const struct pair *pair,
		       const char *status, int64_t value)
{
	const struct label labels[] = {
		{ "ns", pair->endpoint->pod->ns },
		{ "pod", pair->endpoint->pod->name },
		{ "domain", pair->domain->name },
		{ status == NULL ? NULL : "status", status },
	};

	exposition_sample(w->x, labels, 4, value);
}

void write_mux_certificate(struct family_writer *w)
{
	for (size_t i = 0, end; i < w->pair_count; i = end) {
		const struct pair *worst;

		end = series_end(w, i);
		worst = worst_of(w, i, end);
		for (enum pair_status s = STATUS_VALID; s < STATUS_COUNT; s++)
			mux_sample(w, worst,
				   s == STATUS_NOT_YET_VALID ?
					   "soon" :
					   pair_status_name(s),
				   worst->result.status == s);
	}
}

static void write_seconds(struct family_writer *w, bool is_until)
{
	int64_t now = wall_seconds(w->facts->settled_at);

	for (size_t i = 0, end; i < w->pair_count; i = end) {
		const struct pair *worst;
		const struct certificate *c;

		end = series_end(w, i);
		worst = worst_of(w, i, end);
		c = worst->result.certificate;
		if (probe_result_has_dates(&worst->result))
			mux_sample(w, worst, NULL,
				   is_until ? c->not_after - now :
					      now - c->not_before);
	}
}

void write_mux_seconds_until(struct family_writer *w)
{
	write_seconds(w, true);
}

void write_mux_seconds_since(struct family_writer *w)
{
	write_seconds(w, false);
}

static void write_errors(struct family_writer *w, bool is_open)
{
	for (size_t i = 0, end; i < w->pair_count; i = end) {
		const struct pair *worst;
		int64_t errors = 0;

		end = series_end(w, i);
		worst = worst_of(w, i, end);
		for (size_t j = i; j < end; j++) {
			const struct pair *pair = w->pairs[j];
			struct pair_errors of_pair = pair_errors_of(w, pair);

			if (lacks_key_type(pair) && !lacks_key_type(worst))
				continue;
			errors += (int64_t)(is_open ? of_pair.open :
						      of_pair.close);
		}
		mux_sample(w, worst, NULL, errors);
	}
}

void write_mux_open_error(struct family_writer *w)
{
	write_errors(w, true);
}

void write_mux_close_error(struct family_writer *w)
{
	write_errors(w, false);
}

static int by_namespace(const void *a, const void *b)
{
	const struct namespace_count *const *x = a;
	const struct namespace_count *const *y = b;

	return strcmp((*x)->ns, (*y)->ns);
}

void write_mux_matching_pods(struct family_writer *w)
{
	const struct discovery *d = w->facts->discovery;
	const struct namespace_count **counts;
	size_t total = 0;
	size_t n = 0;

	for (size_t i = 0; i < d->count; i++)
		total += d->jobs[i].namespaces.count;
	counts = calloc(total + 1, sizeof(*counts));
	if (counts == NULL) {
		(void)error_memory(&w->x->error);
		return;
	}
	for (size_t i = 0; i < d->count; i++)
		for (size_t j = 0; j < d->jobs[i].namespaces.count; j++)
			counts[n++] = &d->jobs[i].namespaces.items[j];
	if (n > 1)
		qsort(counts, n, sizeof(counts[0]), by_namespace);
	for (size_t i = 0, end; i < n; i = end) {
		const struct label labels[] = { { "ns", counts[i]->ns } };
		int64_t sum = 0;

		for (end = i;
		     end < n && strcmp(counts[i]->ns, counts[end]->ns) == 0;
		     end++)
			sum += (int64_t)counts[end]->matching;
		exposition_sample(w->x, labels, 1, sum);
	}
	free(counts);
}
