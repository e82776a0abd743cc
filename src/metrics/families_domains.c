/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Families by pool (job, namespace, domain, port, type of key) and by job.
 */
#include <config.h>

#include "metrics/families_internal.h"

#include <string.h>

#include "probe/certificate.h"

#define POOL_LABELS 5

static void pool_sample(struct family_writer *w, const struct pool *pool,
			const char *label, const char *value, int64_t number)
{
	const struct label labels[POOL_LABELS + 1] = {
		{ "job_name", pool->job->name },  { "ns", pool->ns },
		{ "domain", pool->domain->name }, { "port", pool->port_label },
		key_label(pool->key_type),	  { label, value },
	};

	exposition_sample(w->x, labels, POOL_LABELS + 1, number);
}

void write_domain_pairs(struct family_writer *w)
{
	const struct pool_set *set = w->facts->pools;

	for (size_t i = 0; i < set->count; i++)
		for (enum pair_status s = STATUS_NONE; s < STATUS_COUNT; s++)
			pool_sample(w, &set->pools[i], "status",
				    pair_status_name(s),
				    (int64_t)set->pools[i].pairs[s]);
}

void write_domain_not_after(struct family_writer *w)
{
	const struct pool_set *set = w->facts->pools;

	for (size_t i = 0; i < set->count; i++)
		if (set->pools[i].has_dates)
			pool_sample(w, &set->pools[i], NULL, NULL,
				    set->pools[i].earliest_not_after);
}

void write_domain_not_before(struct family_writer *w)
{
	const struct pool_set *set = w->facts->pools;

	for (size_t i = 0; i < set->count; i++) {
		const struct pool *pool = &set->pools[i];

		if (!pool->has_dates)
			continue;
		pool_sample(w, pool, "bound", "oldest",
			    pool->oldest_not_before);
		pool_sample(w, pool, "bound", "newest",
			    pool->newest_not_before);
	}
}

void write_domain_fingerprints(struct family_writer *w)
{
	const struct pool_set *set = w->facts->pools;
	int64_t now = wall_seconds(w->facts->settled_at);

	for (size_t i = 0; i < set->count; i++) {
		const struct pool *pool = &set->pools[i];

		for (size_t j = 0; j < pool->certificate_count &&
				   j < SUMMARY_FINGERPRINTS_MAX;
		     j++)
			if (pool->certificates[j]->not_before <= now)
				pool_sample(w, pool, "fingerprint_sha256",
					    pool->certificates[j]->fingerprint,
					    1);
	}
}

void write_pairs(struct family_writer *w)
{
	const struct target_set *targets = w->facts->targets;
	const struct discovery *d = w->facts->discovery;
	size_t next = 0;

	/* Pairs are in the order of the jobs. */
	for (size_t i = 0; i < d->count; i++) {
		const struct job_config *job = d->jobs[i].job;
		int64_t counts[STATUS_COUNT] = { 0 };

		for (; next < targets->pair_count &&
		       targets->pairs[next].endpoint->job == job;
		     next++)
			counts[targets->pairs[next].result.status]++;
		for (enum pair_status s = STATUS_NONE; s < STATUS_COUNT; s++) {
			const struct label labels[] = {
				{ "job_name", job->name },
				{ "status", pair_status_name(s) },
			};

			exposition_sample(w->x, labels, 2, counts[s]);
		}
	}
}

void write_distinct_certs(struct family_writer *w)
{
	const struct pool_set *set = w->facts->pools;

	for (size_t i = 0; i < set->count; i++)
		if (pool_is_whole(set->pools[i].job))
			pool_sample(w, &set->pools[i], NULL, NULL,
				    (int64_t)set->pools[i].certificate_count);
}

/* When the newest certificate begins that cert-manager issued for the pool's
 * domain, 0 for none. */
static int64_t expected_of(const struct discovery *discovery,
			   const struct pool *pool)
{
	const struct job_discovery *job = discovery->jobs;

	while (job->job != pool->job)
		job++;
	if (job->expected_not_before == NULL)
		return 0;
	return job->expected_not_before[pool->domain - job->domains.items];
}

static bool is_same_domain(const struct pool *a, const struct pool *b)
{
	return a->job == b->job && a->domain == b->domain &&
	       strcmp(a->ns, b->ns) == 0;
}

void write_expected_not_before(struct family_writer *w)
{
	const struct pool_set *set = w->facts->pools;

	for (size_t i = 0; i < set->count; i++) {
		const struct pool *pool = &set->pools[i];
		int64_t expected = expected_of(w->facts->discovery, pool);
		const struct label labels[] = {
			{ "job_name", pool->job->name },
			{ "ns", pool->ns },
			{ "domain", pool->domain->name },
		};

		/* Once for all ports and types of keys. */
		if (expected == 0 ||
		    (i > 0 && is_same_domain(&set->pools[i - 1], pool)))
			continue;
		exposition_sample(w->x, labels, 3, expected);
	}
}
