/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is to be probed: the pods of each job times its domains. An endpoint
 * is a pod's address and port in one job; a pair is an endpoint and a domain
 * (and a type of key, where the job asks for types).
 *
 * Both arrays are in the order in which they are shown: jobs as configured,
 * pods by namespace and name, domains by name. The pairs of an endpoint are
 * neighbours.
 */
#ifndef CEM_PROBE_TARGET_H
#define CEM_PROBE_TARGET_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/config.h"
#include "discovery/discovery.h"
#include "probe/result.h"

#define TARGET_PAIRS_MAX 1000000

struct endpoint {
	const struct job_config *job; /* borrowed */
	const struct pod *pod;	      /* borrowed from the discovery */
	size_t first_pair;	      /* its pairs: their place in the set */
	size_t pair_count;
	int32_t urgency;    /* where a run may not reach all, those with the
			     * largest go first */
	size_t pair_offset; /* the pair to begin with, from first_pair on */
};

struct pair {
	const struct endpoint *endpoint;
	const struct domain *domain; /* borrowed from the discovery */
	enum key_type key_type;	     /* of the certificate that is asked for */
	struct probe_result result;
};

struct target_set {
	struct endpoint *endpoints;
	size_t endpoint_count;
	struct pair *pairs;
	size_t pair_count;
};

/* `discovery` must outlive the set. ERROR_TOO_LARGE past TARGET_PAIRS_MAX. */
int target_set_build(const struct discovery *discovery,
		     struct target_set *ret_set, struct error *err)
	__attribute__((warn_unused_result));

/* "ipv4" or "ipv6" where the job probes each family by itself, else "". */
const char *endpoint_family(const struct endpoint *endpoint);

void target_set_free(struct target_set *set);

#endif
