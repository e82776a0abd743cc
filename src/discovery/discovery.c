/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All jobs, one after another.
 */
#include <config.h>

#include "discovery/discovery.h"

#include <assert.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "discovery/domain_lists.h"
#include "discovery/join.h"
#include "discovery/lister.h"
#include "discovery/pod_lists.h"
#include "discovery/resolver.h"

static const char *const reason_names[] = {
	[DISCOVERY_UNREACHABLE] = "unreachable",
	[DISCOVERY_TIMEOUT] = "timeout",
	[DISCOVERY_UNAUTHORIZED] = "unauthorized",
	[DISCOVERY_FORBIDDEN] = "forbidden",
	[DISCOVERY_INVALID] = "invalid",
	[DISCOVERY_SERVER_ERROR] = "server_error",
	[DISCOVERY_TLS] = "tls",
	[DISCOVERY_TOO_LARGE] = "too_large",
};
static_assert(sizeof(reason_names) / sizeof(reason_names[0]) ==
		      DISCOVERY_TOO_LARGE + 1,
	      "a name for each reason");

const char *discovery_reason_name(enum discovery_reason reason)
{
	return reason_names[reason];
}

static const char *const source_names[] = {
	[SOURCE_PODS] = "pods",
	[SOURCE_SERVICES] = "services",
	[SOURCE_INGRESSES] = "ingresses",
	[SOURCE_GATEWAYS] = "gateways",
	[SOURCE_INGRESSROUTES] = "ingressroutes",
	[SOURCE_CERTIFICATES] = "certificates",
	[SOURCE_FILE] = "file",
};
static_assert(sizeof(source_names) / sizeof(source_names[0]) ==
		      DISCOVERY_SOURCE_COUNT,
	      "a name for each source");

const char *discovery_source_name(enum discovery_source source)
{
	return source_names[source];
}

static int list_job(struct lister *lister, struct job_discovery *job,
		    struct error *err)
{
	CLEANUP(found_free) struct found found = { 0 };
	CLEANUP(string_vector_free) struct string_vector listed = { 0 };
	int r = pod_lists_read(lister, job, &found, &listed, err);

	if (r == 0)
		r = domain_lists_read(lister, job, &found, err);
	if (r == 0)
		r = join_domains(job, &found, err);
	if (r == 0)
		r = join_pods(job, &found, &listed, err);
	return r;
}

static void cleanup_lister(struct lister *lister)
{
	resolver_close(lister->resolver);
	api_close(&lister->api);
	free(lister->server);
}

int discovery_run(const struct config *config, const struct list_memory *memory,
		  struct interrupt *interrupt, struct mono_time deadline,
		  struct discovery *ret_discovery, struct error *err)
{
	CLEANUP(discovery_free) struct discovery discovery = { 0 };
	CLEANUP(cleanup_lister)
	struct lister lister = {
		.api.config = config,
		.api.interrupt = interrupt,
		.api.deadline = deadline,
		.memory = memory,
	};
	int r;

	discovery.jobs =
		calloc(config->jobs.count + 1, sizeof(discovery.jobs[0]));
	if (discovery.jobs == NULL)
		return error_memory(err);
	discovery.count = config->jobs.count;
	/* Before any list, which may take all the time there is. */
	r = resolver_open(config, deadline, &lister.resolver, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < discovery.count; i++) {
		discovery.jobs[i].job = &config->jobs.items[i];
		r = list_job(&lister, &discovery.jobs[i], err);
		if (r < 0)
			return r;
	}
	if (api_identify(&lister.api, &discovery.api, err) < 0)
		return -(int)err->code;
	*ret_discovery = discovery;
	discovery = (struct discovery){ 0 };
	return 0;
}

bool job_discovery_has_failed(const struct job_discovery *job)
{
	for (int s = 0; s < DISCOVERY_SOURCE_COUNT; s++)
		if (job->sources[s].failures.count > 0)
			return true;
	return false;
}

static void source_free(struct source_discovery *source)
{
	for (size_t i = 0; i < source->failures.count; i++) {
		free(source->failures.items[i].ns);
		free(source->failures.items[i].message);
	}
	discovery_failure_vector_clear(&source->failures);
}

static void job_discovery_free(struct job_discovery *job)
{
	for (size_t i = 0; i < job->pods.count; i++) {
		free(job->pods.items[i].ns);
		free(job->pods.items[i].name);
	}
	pod_vector_clear(&job->pods);
	for (size_t i = 0; i < job->namespaces.count; i++)
		free(job->namespaces.items[i].ns);
	namespace_count_vector_clear(&job->namespaces);
	domain_vector_free(&job->domains);
	free(job->expected_not_before);
	for (size_t i = 0; i < job->scopes.count; i++) {
		free(job->scopes.items[i].gateway);
		free(job->scopes.items[i].domains);
	}
	domain_scope_vector_clear(&job->scopes);
	for (int s = 0; s < DISCOVERY_SOURCE_COUNT; s++)
		source_free(&job->sources[s]);
}

void discovery_free(struct discovery *discovery)
{
	for (size_t i = 0; i < discovery->count; i++)
		job_discovery_free(&discovery->jobs[i]);
	free(discovery->jobs);
	free(discovery->api.server);
	free(discovery->api.source);
	*discovery = (struct discovery){ 0 };
}
