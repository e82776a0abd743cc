/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines about what was listed.
 */
#include <config.h>

#include "monitor_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "analysis/pool.h"
#include "base/log.h"

#define LOGGED_FAILURES_MAX 10 /* lines of one kind; then a line sums up */

const char *job_words(const struct job_config *job, char words[JOB_WORDS_MAX])
{
	words[0] = '\0';
	if (strcmp(job->name, CONFIG_CLI_JOB) != 0)
		(void)snprintf(words, JOB_WORDS_MAX, "job '%s': ", job->name);
	return words;
}

static void log_failure(const struct job_discovery *job,
			enum discovery_source source,
			const struct discovery_failure *failure)
{
	const struct log_field fields[] = {
		{ "JOB_NAME", job->job->name },
		{ "SOURCE", discovery_source_name(source) },
		{ "NS", failure->ns },
		{ "REASON", discovery_reason_name(failure->reason) },
	};

	log_line_with(LOG_LEVEL_ERROR, fields,
		      sizeof(fields) / sizeof(fields[0]), "%s",
		      failure->message);
}

static void log_failures(const struct job_discovery *job)
{
	size_t count = 0;
	char words[JOB_WORDS_MAX];

	for (int s = 0; s < DISCOVERY_SOURCE_COUNT; s++) {
		const struct discovery_failure_vector *failures =
			&job->sources[s].failures;

		for (size_t i = 0; i < failures->count; i++)
			if (++count <= LOGGED_FAILURES_MAX)
				log_failure(job, (enum discovery_source)s,
					    &failures->items[i]);
	}
	if (count > LOGGED_FAILURES_MAX)
		log_error("%sand %zu more lists failed",
			  job_words(job->job, words),
			  count - LOGGED_FAILURES_MAX);
}

/* "2 not_ready, 1 no_address" */
static void describe_skipped(const struct namespace_count *ns, char *text,
			     size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (int s = 0; s < POD_SKIP_COUNT && used < size; s++)
		if (ns->skipped[s] > 0)
			used += (size_t)snprintf(
				text + used, size - used, "%s%" PRIu64 " %s",
				used == 0 ? "" : ", ", ns->skipped[s],
				pod_skip_name((enum pod_skip)s));
}

static uint64_t count_skipped(const struct namespace_count *ns)
{
	uint64_t skipped = 0;

	for (int s = 0; s < POD_SKIP_COUNT; s++)
		skipped += ns->skipped[s];
	return skipped;
}

/* A selection without a pod to probe is said: it is hardly ever meant. On one
 * node of many it is the usual thing. */
static void log_empty_namespaces(const struct job_discovery *job)
{
	enum log_level level =
		pool_is_whole(job->job) ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG;
	char words[JOB_WORDS_MAX];
	const char *which = job_words(job->job, words);
	size_t logged = 0;

	for (size_t i = 0; i < job->namespaces.count; i++) {
		const struct namespace_count *ns = &job->namespaces.items[i];
		char skipped[256];

		if (ns->matching > count_skipped(ns))
			continue;
		if (++logged > LOGGED_FAILURES_MAX)
			continue;
		describe_skipped(ns, skipped, sizeof(skipped));
		if (ns->matching == 0 && ns->ns[0] == '\0')
			log_line(level, "%sno pod matches", which);
		else if (ns->matching == 0 && job->job->service_name != NULL)
			log_line(level,
				 "%sservice '%s/%s' has no endpoints, or is "
				 "not there",
				 which, ns->ns, job->job->service_name);
		else if (ns->matching == 0)
			log_line(level, "%sno pod matches in namespace '%s'",
				 which, ns->ns);
		else
			log_line(level,
				 "%snone of the %" PRIu64
				 " pods in namespace '%s' can be probed: %s",
				 which, ns->matching, ns->ns, skipped);
	}
	if (logged > LOGGED_FAILURES_MAX)
		log_line(level,
			 "%sand %zu more namespaces without a pod to probe",
			 which, logged - LOGGED_FAILURES_MAX);
}

/* Likewise a job without a domain, where they come from elsewhere. */
static void log_no_domains(const struct job_discovery *job)
{
	char words[JOB_WORDS_MAX];

	if (job->domains.count == 0 && !job_discovery_has_failed(job))
		log_warning("%sno domains were found to probe",
			    job_words(job->job, words));
}

void log_discovery(const struct job_discovery *job)
{
	log_failures(job);
	log_empty_namespaces(job);
	log_no_domains(job);
}
