/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CA stores by path, each loaded once, and client certificates.
 */
#include <config.h>

#include "probe/setup.h"

#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "probe/gnutls_cleanup.h"
#include "probe/pem.h"

/* --- CA stores -------------------------------------------------------------
 */

/* The place of the store in `path` (NULL: the system's) among those that are
 * loaded; its own place at the end if it is not yet. */
static size_t find_store(const struct probe_setup *setup, const char *path)
{
	for (size_t i = 0; i < setup->store_count; i++) {
		const char *other = setup->store_paths[i];

		if (path == NULL ? other == NULL :
				   other != NULL && strcmp(other, path) == 0)
			return i;
	}
	return setup->store_count;
}

static int load_store(struct probe_setup *setup, const char *path,
		      const struct trust_store **ret_store, struct error *err)
{
	size_t place = find_store(setup, path);
	int r = 0;

	if (place == setup->store_count) {
		struct trust_store *store = &setup->stores[place];

		r = path == NULL ? trust_store_load_system(store, err) :
				   trust_store_load(store, path, err);
		if (r < 0)
			return r;
		if (path == NULL && store->count == 0)
			setup->lacks_system_store = true;
		setup->store_paths[place] = path;
		setup->store_count++;
	}
	*ret_store = &setup->stores[place];
	return 0;
}

/* --- Client certificates ---------------------------------------------------
 */

static int load_client(const struct job_config *job,
		       gnutls_certificate_credentials_t credentials,
		       struct error *err)
{
	CLEANUP(cleanup_private_key) gnutls_x509_privkey_t key = NULL;
	gnutls_x509_crt_t *crts = NULL;
	unsigned int count = 0;
	int r = pem_read_key(job->client_key, &key, err);

	if (r < 0)
		return error_prefix(err, "client_key");
	r = pem_read_certificates(job->client_certificate, &crts, &count, err);
	if (r < 0)
		return error_prefix(err, "client_certificate");
	r = gnutls_certificate_set_x509_key(credentials, crts, (int)count, key);
	pem_free_certificates(crts, count);
	if (r == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		return error_set(err, ERROR_USAGE,
				 "client_key: %s: is not the key of the "
				 "certificate in %s",
				 job->client_key, job->client_certificate);
	if (r < 0)
		return error_set(err, ERROR_USAGE, "client_certificate: %s: %s",
				 job->client_certificate, gnutls_strerror(r));
	return 0;
}

/* --- Jobs ------------------------------------------------------------------
 */

static int new_credentials(gnutls_certificate_credentials_t *ret_credentials,
			   struct error *err)
{
	int r = gnutls_certificate_allocate_credentials(ret_credentials);

	if (r < 0)
		*ret_credentials = NULL;
	return r < 0 ? error_set(err, ERROR_SYSTEM, "GnuTLS: %s",
				 gnutls_strerror(r)) :
		       0;
}

static int set_up_job(struct probe_setup *setup, const struct job_config *job,
		      struct job_setup *ret_job, struct error *err)
{
	int r = 0;

	*ret_job = (struct job_setup){
		.offers = &setup->offers,
		.credentials = setup->anonymous,
	};
	if (job->verify) {
		r = load_store(setup, job->ca_file, &ret_job->trust, err);
		if (r < 0)
			return error_prefix(err, setup->is_by_options ?
							 "--ca-file" :
							 "ca_file");
	}
	if (job->client_certificate != NULL) {
		r = new_credentials(&ret_job->credentials, err);
		if (r == 0)
			r = load_client(job, ret_job->credentials, err);
	}
	return r;
}

static int set_up_all(struct probe_setup *setup, const struct config *config,
		      struct error *err)
{
	size_t count = config->jobs.count;
	int r = offer_set_init(&setup->offers, err);

	if (r == 0)
		r = new_credentials(&setup->anonymous, err);
	if (r < 0)
		return r;
	setup->first_job = config->jobs.items;
	setup->is_by_options = config->has_cli_job;
	setup->jobs = calloc(count + 1, sizeof(*setup->jobs));
	setup->stores = calloc(count + 1, sizeof(*setup->stores));
	setup->store_paths = calloc(count + 1, sizeof(*setup->store_paths));
	if (setup->jobs == NULL || setup->stores == NULL ||
	    setup->store_paths == NULL)
		return error_memory(err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		const struct job_config *job = &config->jobs.items[i];

		setup->count++;
		r = set_up_job(setup, job, &setup->jobs[i], err);
		if (r < 0 && !setup->is_by_options)
			(void)error_prefix(err, "job '%s'", job->name);
	}
	return r;
}

int probe_setup_init(struct probe_setup *setup, const struct config *config,
		     struct error *err)
{
	int r;

	*setup = (struct probe_setup){ 0 };
	r = set_up_all(setup, config, err);
	if (r < 0)
		probe_setup_release(setup);
	return r;
}

const struct job_setup *probe_setup_of(const struct probe_setup *setup,
				       const struct job_config *job)
{
	return &setup->jobs[job - setup->first_job];
}

void probe_setup_release(struct probe_setup *setup)
{
	for (size_t i = 0; i < setup->count; i++)
		if (setup->jobs[i].credentials != NULL &&
		    setup->jobs[i].credentials != setup->anonymous)
			gnutls_certificate_free_credentials(
				setup->jobs[i].credentials);
	for (size_t i = 0; i < setup->store_count; i++)
		trust_store_release(&setup->stores[i]);
	if (setup->anonymous != NULL)
		gnutls_certificate_free_credentials(setup->anonymous);
	offer_set_release(&setup->offers);
	free(setup->jobs);
	free(setup->stores);
	free(setup->store_paths);
	*setup = (struct probe_setup){ 0 };
}
