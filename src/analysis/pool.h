/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is seen only across pairs. A pool is all pairs that share job,
 * namespace and domain (and with the job the port): the pods among which a
 * load balancer would pick.
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
	struct pool *pools; /* sorted by job, namespace and domain */
	size_t count;
	/* For each pair of the target set, in seconds, how much older its
	 * certificate is than the newest of its pool: 0 on the newest;
	 * LAG_NONE if it is neither valid nor expired. */
	int64_t *lags;
	const struct certificate **certificates; /* the pools' share it */
};

/* From settled pairs. O(n log n). `targets` must outlive the set. */
int pool_set_build(const struct target_set *targets, struct pool_set *ret_set,
		   struct error *err) __attribute__((warn_unused_result));
void pool_set_free(struct pool_set *set);

#endif
