/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lists that a job takes domains from: objects of the cluster, and a file.
 */
#ifndef CEM_DISCOVERY_DOMAIN_LISTS_H
#define CEM_DISCOVERY_DOMAIN_LISTS_H

#include "discovery/lister.h"

/* Appends the names that the job's domains_from gives to `found`, as they are
 * written there. Objects are read anew every `refresh` (a little earlier or
 * later, so that hosts do not all ask at once), the file in every run. */
int domain_lists_read(struct lister *lister, struct job_discovery *job,
		      struct found *found, struct error *err)
	__attribute__((warn_unused_result));

#endif
