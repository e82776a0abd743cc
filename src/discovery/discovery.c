/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All jobs, one after another, with what fails kept to what it concerns.
 */
#include <config.h>

#include "discovery/discovery.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "discovery/api.h"
#include "discovery/pod_list.h"
#include "discovery/pods_file.h"

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

/* What cannot be read at all (a kubeconfig that is not there) counts as
 * invalid: the operator has to mend it. */
static enum discovery_reason reason_of(enum error_code code)
{
	switch (code) {
	case ERROR_UNREACHABLE:
		return DISCOVERY_UNREACHABLE;
	case ERROR_TIMEOUT:
		return DISCOVERY_TIMEOUT;
	case ERROR_TLS:
		return DISCOVERY_TLS;
	case ERROR_UNAUTHORIZED:
		return DISCOVERY_UNAUTHORIZED;
	case ERROR_FORBIDDEN:
		return DISCOVERY_FORBIDDEN;
	case ERROR_SERVER:
		return DISCOVERY_SERVER_ERROR;
	case ERROR_TOO_LARGE:
		return DISCOVERY_TOO_LARGE;
	case ERROR_NONE:
	case ERROR_MEMORY:
	case ERROR_SYSTEM:
	case ERROR_USAGE:
	case ERROR_INVALID:
	case ERROR_BUSY:
	case ERROR_INTERRUPTED:
		break;
	}
	return DISCOVERY_INVALID;
}

/* Whether an error is none of discovery's subject but the end of the run. */
static bool is_fatal(enum error_code code)
{
	return code == ERROR_MEMORY || code == ERROR_INTERRUPTED;
}

/* Puts in front of the message which job's list it was. */
static void name_list(const struct job_config *job, const char *ns,
		      struct error *err)
{
	if (job->pods_file != NULL)
		error_prefix(err, "cannot read the list of pods");
	else if (ns == NULL)
		error_prefix(err, "cannot list pods");
	else
		error_prefix(err, "cannot list pods in namespace '%s'", ns);
	if (strcmp(job->name, CONFIG_CLI_JOB) != 0)
		error_prefix(err, "job '%s'", job->name);
}

/* A failed list becomes data; `ns` is NULL where it is not about one
 * namespace. Returns 0, or the error if it is fatal. */
static int add_failure(struct job_discovery *job, const char *ns,
		       struct error *failure, struct error *err)
{
	struct discovery_failure entry = {
		.ns = strdup(ns == NULL ? "" : ns),
		.reason = reason_of(failure->code),
	};
	int r = 0;

	if (is_fatal(failure->code)) {
		*err = *failure;
		r = -(int)failure->code;
	}
	name_list(job->job, ns, failure);
	entry.message = strdup(failure->message);
	if (r == 0 && (entry.ns == NULL || entry.message == NULL))
		r = error_memory(err);
	if (r == 0)
		r = discovery_failure_vector_append(&job->failures, entry, err);
	if (r < 0) {
		free(entry.ns);
		free(entry.message);
	}
	return r;
}

/* One list of the job into `list`: all of it, or nothing and a failure. */
static int list_namespace(struct api *api, struct job_discovery *job,
			  const char *ns, struct pod_list *list,
			  struct error *err)
{
	struct error failure = { 0 };
	size_t before = list->facts.count;
	int r;

	if (job->job->pods_file != NULL)
		r = pods_file_read(job->job->pods_file, api->interrupt,
				   api->deadline, list, &failure);
	else
		r = api_list_pods(api, job->job, ns, list, &failure);
	if (r == 0)
		return string_vector_add(&list->listed, ns == NULL ? "" : ns,
					 err);
	pod_list_truncate(list, before);
	return add_failure(job, api_has_failed(api) ? NULL : ns, &failure, err);
}

static int list_job(struct api *api, struct job_discovery *job,
		    struct error *err)
{
	CLEANUP(pod_list_free) struct pod_list list = { .job = job->job };
	const struct string_vector *namespaces = &job->job->namespaces;
	struct wall_time begin = wall_now();
	int r = 0;

	if (job->job->pods_file != NULL ||
	    job_config_all_namespaces(job->job)) {
		r = list_namespace(api, job, NULL, &list, err);
	} else {
		bool goes_on = true;

		/* Once the API has failed, the other namespaces have the same
		 * failure, and it is said once. */
		for (size_t i = 0; goes_on && i < namespaces->count; i++) {
			r = list_namespace(api, job, namespaces->items[i],
					   &list, err);
			goes_on = r == 0 && !api_has_failed(api);
		}
	}
	if (r < 0)
		return r;
	if (list.listed.count > 0)
		job->listed_at = begin;
	return pod_list_finish(&list, job, err);
}

int discovery_run(const struct config *config, struct interrupt *interrupt,
		  struct mono_time deadline, struct discovery *ret_discovery,
		  struct error *err)
{
	CLEANUP(discovery_free) struct discovery discovery = { 0 };
	CLEANUP(api_close)
	struct api api = {
		.config = config,
		.interrupt = interrupt,
		.deadline = deadline,
	};

	discovery.jobs =
		calloc(config->jobs.count + 1, sizeof(discovery.jobs[0]));
	if (discovery.jobs == NULL)
		return error_memory(err);
	discovery.count = config->jobs.count;
	for (size_t i = 0; i < discovery.count; i++) {
		int r;

		discovery.jobs[i].job = &config->jobs.items[i];
		r = list_job(&api, &discovery.jobs[i], err);
		if (r < 0)
			return r;
	}
	*ret_discovery = discovery;
	discovery = (struct discovery){ 0 };
	return 0;
}

static void job_discovery_free(struct job_discovery *job)
{
	pod_vector_free(&job->pods);
	for (size_t i = 0; i < job->namespaces.count; i++)
		free(job->namespaces.items[i].ns);
	namespace_count_vector_clear(&job->namespaces);
	for (size_t i = 0; i < job->failures.count; i++) {
		free(job->failures.items[i].ns);
		free(job->failures.items[i].message);
	}
	discovery_failure_vector_clear(&job->failures);
}

void discovery_free(struct discovery *discovery)
{
	for (size_t i = 0; i < discovery->count; i++)
		job_discovery_free(&discovery->jobs[i]);
	free(discovery->jobs);
	*discovery = (struct discovery){ 0 };
}
