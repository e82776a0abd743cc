/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a job goes together, and what it comes to as a whole.
 */
#include <config.h>

#include "config/job.h"

#include <stdlib.h>
#include <string.h>

bool job_config_all_namespaces(const struct job_config *job)
{
	return string_vector_has(&job->namespaces, "*");
}

/* Which keys about certificates go together, and which exclude each other. */
static int finish_tls(struct job_config *job, struct error *err)
{
	if (job->ca_file != NULL &&
	    strcmp(job->ca_file, CONFIG_CA_FILE_NONE) == 0) {
		free(job->ca_file);
		job->ca_file = NULL;
		job->verify = false;
	}
	if (!job->verify && job->ca_file != NULL)
		return error_set(err, ERROR_INVALID,
				 "ca_file is '%s', but verify is false",
				 job->ca_file);
	if (job->client_certificate != NULL && job->client_key == NULL)
		return error_set(err, ERROR_INVALID,
				 "client_certificate needs a client_key");
	if (job->client_key != NULL && job->client_certificate == NULL)
		return error_set(err, ERROR_INVALID,
				 "client_key needs a client_certificate");
	return 0;
}

bool job_config_finds_domains(const struct job_config *job)
{
	const struct domains_from *from = &job->domains_from;

	return from->file != NULL || from->ingresses.is_used ||
	       from->gateways.is_used || from->ingressroutes.is_used ||
	       from->certificates.is_used;
}

/* What says which pool the job is about: one of them. */
static int finish_pool(struct job_config *job, struct error *err)
{
	bool has_selector = job->namespaces.count > 0 ||
			    job->labels[0] != '\0' || job->node[0] != '\0' ||
			    job->pods_file != NULL;

	if (job->endpoints.count > 0) {
		if (has_selector || job->service_name != NULL)
			return error_set(err, ERROR_INVALID,
					 "endpoints are the pool itself: not "
					 "together with namespaces, labels, "
					 "node or service");
		if (job->has_port)
			return error_set(err, ERROR_INVALID,
					 "port: each of the endpoints has its "
					 "own");
		if (job->families != FAMILIES_PRIMARY ||
		    job->address != JOB_ADDRESS_POD || job->unready)
			return error_set(err, ERROR_INVALID,
					 "families, address and unready are "
					 "about pods, not endpoints");
		return 0;
	}
	if (job->service_name == NULL)
		return 0;
	if (has_selector)
		return error_set(err, ERROR_INVALID,
				 "the service is the pool itself: not together "
				 "with namespaces, labels or node");
	if (job->address != JOB_ADDRESS_POD)
		return error_set(err, ERROR_INVALID,
				 "address: a service has the pods' addresses");
	if (!job->has_port)
		return error_set(err, ERROR_INVALID,
				 "port is needed with service: the name of the "
				 "Service's port, or the number that its pods "
				 "listen on");
	return 0;
}

/* Objects are looked for where the pods are, if nothing else is said. */
static int finish_objects(const struct job_config *job,
			  struct domain_objects *objects, const char *key,
			  struct error *err)
{
	int r = 0;

	if (!objects->is_used || objects->namespaces.count > 0)
		return 0;
	if (job->service_ns != NULL)
		return domain_objects_add_namespace(objects, job->service_ns,
						    err);
	if (job->namespaces.count == 0)
		return error_set(err, ERROR_INVALID,
				 "domains_from: %s: needs namespaces", key);
	for (size_t i = 0; r == 0 && i < job->namespaces.count; i++)
		r = domain_objects_add_namespace(objects,
						 job->namespaces.items[i], err);
	return r;
}

static int finish_domains(struct job_config *job, struct error *err)
{
	bool had_domains = job->domains.count > 0;
	struct domains_from *from = &job->domains_from;
	int r;

	if (job->domains.count > CONFIG_DOMAINS_MAX)
		return error_set(err, ERROR_INVALID, "more than %d domains",
				 CONFIG_DOMAINS_MAX);
	domain_vector_normalise(&job->domains);
	domain_vector_filter(&job->domains, &job->ignored);
	if (job->domains.count == 0 && !job_config_finds_domains(job))
		return error_set(err, ERROR_INVALID,
				 had_domains ?
					 "all of its domains are ignored" :
					 "names no domains to probe");
	r = finish_objects(job, &from->ingresses, "ingresses", err);
	if (r == 0)
		r = finish_objects(job, &from->gateways, "gateways", err);
	if (r == 0)
		r = finish_objects(job, &from->ingressroutes, "ingressroutes",
				   err);
	if (r == 0)
		r = finish_objects(job, &from->certificates, "certificates",
				   err);
	return r;
}

int job_config_finish(struct job_config *job, struct error *err)
{
	int r = finish_tls(job, err);

	if (r == 0)
		r = finish_pool(job, err);
	/* A list read from a file is the selection, as others are. */
	if (r == 0 && job->namespaces.count == 0 && job->pods_file == NULL &&
	    job->endpoints.count == 0 && job->service_name == NULL)
		r = job_config_add_namespace(job, "default", err);
	return r < 0 ? r : finish_domains(job, err);
}
