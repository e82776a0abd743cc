/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the lists of a job come to once all are read: the pods to probe, the
 * counts, and the domains.
 */
#ifndef CEM_DISCOVERY_JOIN_H
#define CEM_DISCOVERY_JOIN_H

#include "base/error.h"
#include "base/vector.h"
#include "discovery/discovery.h"
#include "discovery/found.h"

/* Sorts, counts, removes duplicates, and moves the pods into `job`, which gets
 * pods and namespaces. `listed` has the namespaces that were listed. After
 * join_domains(). O(n log n). */
int join_pods(struct job_discovery *job, struct found *found,
	      const struct string_vector *listed, struct error *err)
	__attribute__((warn_unused_result));

/* Joins the configured domains with the names of `found`, without those that
 * are ignored: `job` gets domains, scopes and expected_not_before. What names
 * no domain (an Ingress for every host) is left out. */
int join_domains(struct job_discovery *job, const struct found *found,
		 struct error *err) __attribute__((warn_unused_result));

#endif
