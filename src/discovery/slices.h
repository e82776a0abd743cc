/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pool behind a Service, as its EndpointSlices (discovery.k8s.io/v1) have
 * it: what the balancer would pick from, with the slices' ports and readiness.
 */
#ifndef CEM_DISCOVERY_SLICES_H
#define CEM_DISCOVERY_SLICES_H

#include "base/vector.h"
#include "discovery/lister.h"

/* Appends the endpoints of the job's Service to `found`, and its namespace to
 * `listed` if the slices are known. */
int slices_read(struct lister *lister, struct job_discovery *job,
		struct found *found, struct string_vector *listed,
		struct error *err) __attribute__((warn_unused_result));

#endif
