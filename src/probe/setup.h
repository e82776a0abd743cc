/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sessions of a job share, made once from the configuration: offers,
 * CA store, client certificate. Files are read here, before anything else is
 * done, so that a wrong one ends the run while nothing was touched.
 */
#ifndef CEM_PROBE_SETUP_H
#define CEM_PROBE_SETUP_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "config/config.h"
#include "probe/offer.h"
#include "probe/trust.h"

/* Of one job; all borrowed from the probe_setup. */
struct job_setup {
	const struct offer_set *offers;
	const struct trust_store *trust; /* NULL: chains are not verified */
	gnutls_certificate_credentials_t credentials;
};

struct probe_setup {
	struct offer_set offers;
	struct job_setup *jobs; /* in the order of the configuration */
	const struct job_config *first_job;
	size_t count;
	struct trust_store *stores; /* the system's first, then files' */
	const char **store_paths;   /* borrowed from the configuration */
	size_t store_count;
	gnutls_certificate_credentials_t anonymous; /* without certificate */
	bool is_by_options; /* the job is: messages name those */
	/* A job verifies against the system's store, and that is empty. */
	bool lacks_system_store;
};

/* For all jobs of `config`, which must outlive it and stay where it is. Fails
 * with ERROR_USAGE, naming job and file. */
int probe_setup_init(struct probe_setup *setup, const struct config *config,
		     struct error *err) __attribute__((warn_unused_result));

const struct job_setup *probe_setup_of(const struct probe_setup *setup,
				       const struct job_config *job);

/* Keys are wiped. */
void probe_setup_release(struct probe_setup *setup);

#endif
