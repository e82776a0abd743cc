/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is seen only across pairs. A pool is all pairs that share job,
 * namespace, domain and type of key (and with the job the port): the pods among
 * which a load balancer would pick.
 *
 * Only certificates that name the domain count; a proxy's self-made default,
 * made anew at each start, never does.
 */
#ifndef CEM_ANALYSIS_POOL_H
#define CEM_ANALYSIS_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "probe/target.h"

#define LAG_NONE INT64_MIN /* the pair has no renewal lag */

struct pool {
	const struct job_config *job; /* borrowed, as all that follows */
	const char *ns;
	const struct domain *domain;
	const char *port_label;
	enum key_type key_type;
	size_t pairs[STATUS_COUNT]; /* how many are in each status */
	/* The different leaf certificates that name the domain, sorted by
	 * fingerprint. */
	const struct certificate **certificates;
	size_t certificate_count;
	/* Of pairs that are valid or expired, if has_dates: seconds since
	 * the epoch. */
	bool has_dates;
	int64_t newest_not_before;
	int64_t oldest_not_before;
	int64_t earliest_not_after;
};

struct pool_set {
	struct pool *pools; /* sorted by job, namespace, domain,
			     * port, key */
	size_t count;
	const struct pair *pairs; /* of the target set */
	int64_t *lags;		  /* one for each: pool_set_lag() */
	const struct certificate **certificates; /* the pools' share it */
};

/* From settled pairs. O(n log n). `targets` must outlive the set. */
int pool_set_build(const struct target_set *targets, struct pool_set *ret_set,
		   struct error *err) __attribute__((warn_unused_result));
/* How much older, in seconds, the pair's certificate is than the newest of its
 * pool: 0 on the newest; LAG_NONE if it is neither valid nor expired, or if the
 * run does not see the whole pool. */
int64_t pool_set_lag(const struct pool_set *set, const struct pair *pair);

/* The order of the pools that two pairs of a run belong to; 0 if it is one. */
int pool_compare(const struct pair *a, const struct pair *b);

/* Whether a run sees all pods of the job's pools: only then are they compared.
 * With a node, it sees that node's. */
bool pool_is_whole(const struct job_config *job);

void pool_set_free(struct pool_set *set);

#endif
