/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lists that make a job's pool: pods by selector or from a file, the
 * slices of a Service, or servers outside Kubernetes.
 */
#ifndef CEM_DISCOVERY_POD_LISTS_H
#define CEM_DISCOVERY_POD_LISTS_H

#include "base/vector.h"
#include "discovery/lister.h"

/* Appends the job's pool to `found`, and to `listed` the namespaces that were
 * listed, by name, "" for all of them or a file. */
int pod_lists_read(struct lister *lister, struct job_discovery *job,
		   struct found *found, struct string_vector *listed,
		   struct error *err) __attribute__((warn_unused_result));

#endif
