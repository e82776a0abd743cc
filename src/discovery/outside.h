/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Servers outside Kubernetes: every address behind a name is an endpoint.
 */
#ifndef CEM_DISCOVERY_OUTSIDE_H
#define CEM_DISCOVERY_OUTSIDE_H

#include "discovery/lister.h"

/* Of one name: a CDN may have more; the rest is left out, and said so. */
#define OUTSIDE_ADDRESSES_MAX 64

/* Resolves the job's `endpoints`, with those of all other jobs at the same time
 * (discovery/resolver.h), and appends them to `found`: ns "", the address as
 * name; where a name does not resolve in time, one entry with the name as name
 * and no address (family 0). No failure of the discovery: the probe says so.
 * Fails with ERROR_INTERRUPTED, or for want of memory. */
int outside_read(struct lister *lister, struct job_discovery *job,
		 struct found *found, struct error *err)
	__attribute__((warn_unused_result));

#endif
