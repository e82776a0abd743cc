/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading, remembering and failing, for lists of any kind.
 */
#include <config.h>

#include "discovery/lister.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/log.h"

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
	case ERROR_NOT_FOUND:
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

/* The failure of this namespace and reason, NULL if there is none yet. */
static struct discovery_failure *find_failure(struct source_discovery *source,
					      const char *ns,
					      enum discovery_reason reason)
{
	for (size_t i = 0; i < source->failures.count; i++) {
		struct discovery_failure *f = &source->failures.items[i];

		if (f->reason == reason && strcmp(f->ns, ns) == 0)
			return f;
	}
	return NULL;
}

/* A failed list becomes data; `ns` is "" where it is not about one namespace.
 * Lists that fail alike (Gateways and their routes) are one failure, as they
 * are one series, with both messages. */
static int add_failure(struct source_discovery *source, const char *ns,
		       const struct error *failure, struct error *err)
{
	struct discovery_failure entry = { .reason = reason_of(failure->code) };
	struct discovery_failure *same = find_failure(source, ns, entry.reason);
	int r = 0;

	if (same != NULL) {
		char *both;

		if (asprintf(&both, "%s; %s", same->message, failure->message) <
		    0)
			return error_memory(err);
		free(same->message);
		same->message = both;
		return 0;
	}
	entry.ns = strdup(ns);
	entry.message = strdup(failure->message);
	if (entry.ns == NULL || entry.message == NULL)
		r = error_memory(err);
	if (r == 0)
		r = discovery_failure_vector_append(&source->failures, entry,
						    err);
	if (r < 0) {
		free(entry.ns);
		free(entry.message);
	}
	return r;
}

/* Once the API has failed as a whole, all lists to come have the same failure,
 * and it is said once for each source. */
static bool is_said(const struct source_discovery *source)
{
	for (size_t i = 0; i < source->failures.count; i++)
		if (source->failures.items[i].ns[0] == '\0')
			return true;
	return false;
}

/* What stands in for the list, if something does: whoever reads the log wants
 * to know whether its pairs are still probed. */
static void say_what_is_used(struct error *failure,
			     const struct wall_time *recalled)
{
	char age[DURATION_WORDS_MAX];

	if (recalled == NULL)
		return;
	duration_words((wall_now().ms - recalled->ms) / 1000, age);
	(void)error_set(failure, failure->code,
			"%s; what was read %s ago is used", failure->message,
			age);
}

/* Puts in front what could not be done, and whose job it is; there is but one
 * of options. */
static void name_part(struct error *failure, const struct job_config *job,
		      const struct list_part *part)
{
	error_prefix(failure, "cannot %s", part->what);
	if (strcmp(job->name, CONFIG_CLI_JOB) != 0)
		error_prefix(failure, "job '%s'", job->name);
}

/* Notes that `part` failed, and what was `recalled` in its place, NULL for
 * nothing. */
static int note_failure(struct lister *lister, struct job_discovery *job,
			const struct list_part *part, bool had_failed,
			const struct wall_time *recalled, struct error *failure,
			struct error *err)
{
	bool is_general =
		api_has_failed(&lister->api) &&
		strcmp(failure->message, lister->api.failure.message) == 0;
	const char *ns = is_general || part->ns == NULL ? "" : part->ns;

	if (had_failed && is_general && is_said(&job->sources[part->source]))
		return 0;
	name_part(failure, job->job, part);
	say_what_is_used(failure, recalled);
	return add_failure(&job->sources[part->source], ns, failure, err);
}

static void note_time(struct source_discovery *source, struct wall_time at)
{
	if (source->listed_at.ms == 0 || at.ms < source->listed_at.ms)
		source->listed_at = at;
}

/* What is remembered of the part, if it is not too old and `found` has room for
 * it. 1 if there is. */
static int recall(const struct lister *lister, const struct list_part *part,
		  int64_t max_age_ms, const struct found *found,
		  struct found *own, struct wall_time *ret_listed_at,
		  struct error *err)
{
	struct error too_large = { 0 };
	int r;

	if (lister->memory == NULL || part->key == NULL || max_age_ms <= 0)
		return 0;
	r = lister->memory->recall(lister->memory->data, part->key, max_age_ms,
				   own, ret_listed_at, err);
	if (r > 0 && found_check_room(found, own, &too_large) < 0) {
		found_truncate(own, 0, 0);
		return 0;
	}
	return r;
}

static int take(struct source_discovery *source, struct wall_time listed_at,
		struct found *from, struct found *found, bool *ret_is_known,
		struct error *err)
{
	note_time(source, listed_at);
	if (ret_is_known != NULL)
		*ret_is_known = true;
	return found_append(found, from, err);
}

/* Whether there may be clusters without the source's kinds. */
static bool is_optional(enum discovery_source source)
{
	return source != SOURCE_PODS && source != SOURCE_SERVICES;
}

/* Reads the part, for which `found` has to have room; a kind that the cluster
 * does not have is an empty list. */
static int read_part(const struct list_part *part, const struct job_config *job,
		     const struct found *found, struct found *own,
		     struct error *failure)
{
	int r = part->read(part->data, own, failure);

	if (r == -ERROR_NOT_FOUND && is_optional(part->source)) {
		name_part(failure, job, part);
		log_info("%s: the cluster has no such kind, which is no "
			 "failure",
			 failure->message);
		found_truncate(own, 0, 0);
		r = 0;
	}
	return r < 0 ? r : found_check_room(found, own, failure);
}

int lister_list(struct lister *lister, struct job_discovery *job,
		const struct list_part *part, struct found *found,
		bool *ret_is_known, struct error *err)
{
	CLEANUP(found_free) struct found own = { 0 };
	struct source_discovery *source = &job->sources[part->source];
	struct wall_time listed_at = wall_now();
	struct error failure = { 0 };
	bool had_failed = api_has_failed(&lister->api);
	bool is_recalled;
	int r;

	source->is_used = true;
	if (ret_is_known != NULL)
		*ret_is_known = false;
	r = recall(lister, part, part->fresh_ms, found, &own, &listed_at, err);
	if (r > 0)
		return take(source, listed_at, &own, found, ret_is_known, err);
	if (r < 0)
		return r;
	if (read_part(part, job->job, found, &own, &failure) == 0) {
		if (lister->memory != NULL && part->key != NULL)
			lister->memory->keep(lister->memory->data, part->key,
					     listed_at, &own);
		return take(source, listed_at, &own, found, ret_is_known, err);
	}
	if (is_fatal(failure.code)) {
		*err = failure;
		return -(int)failure.code;
	}
	found_truncate(&own, 0, 0);
	r = recall(lister, part, lister->api.config->discovery_max_age_ms,
		   found, &own, &listed_at, err);
	if (r < 0)
		return r;
	is_recalled = r > 0;
	r = note_failure(lister, job, part, had_failed,
			 is_recalled ? &listed_at : NULL, &failure, err);
	if (r < 0 || !is_recalled)
		return r;
	for (size_t i = 0; i < own.pods.count; i++)
		own.pods.items[i].is_remembered = true;
	return take(source, listed_at, &own, found, ret_is_known, err);
}

/* The server is remembered as a list of one name, by where it was read. */

static int recall_server(struct lister *lister, const char *key,
			 struct error *err)
{
	CLEANUP(found_free) struct found found = { 0 };
	struct wall_time read_at;
	int r = lister->memory->recall(lister->memory->data, key,
				       lister->api.config->discovery_max_age_ms,
				       &found, &read_at, err);

	if (r < 0)
		return r;
	lister->server =
		strdup(found.names.count == 1 ? found.names.items[0].text : "");
	return lister->server == NULL ? error_memory(err) : 0;
}

static int keep_server(struct lister *lister, const char *key,
		       const char *server, struct error *err)
{
	CLEANUP(found_free) struct found found = { 0 };

	lister->server = strdup(server);
	if (lister->server == NULL)
		return error_memory(err);
	if (found_add_name(&found, server, NULL, 0, err) < 0)
		return -(int)err->code;
	if (lister->memory != NULL)
		lister->memory->keep(lister->memory->data, key, wall_now(),
				     &found);
	return 0;
}

static int find_server(struct lister *lister, struct error *err)
{
	const struct config *config = lister->api.config;
	CLEANUP(cleanup_free) char *key = NULL;
	const char *server;

	if (lister->server != NULL)
		return 0;
	if (api_server(&lister->api, &server, err) < 0)
		return -(int)err->code;
	if (asprintf(&key, "server kubeconfig=%s context=%s",
		     config->kubernetes.kubeconfig == NULL ?
			     "" :
			     config->kubernetes.kubeconfig,
		     config->kubernetes.context == NULL ?
			     "" :
			     config->kubernetes.context) < 0) {
		key = NULL;
		return error_memory(err);
	}
	if (server != NULL)
		return keep_server(lister, key, server, err);
	if (lister->memory != NULL)
		return recall_server(lister, key, err);
	return 0;
}

int lister_key(struct lister *lister, char **ret_key, struct error *err,
	       const char *format, ...)
{
	CLEANUP(cleanup_free) char *rest = NULL;
	va_list args;
	int length;
	int r = find_server(lister, err);

	if (r < 0)
		return r;
	va_start(args, format);
	length = vasprintf(&rest, format, args);
	va_end(args);
	if (length < 0) {
		rest = NULL;
		return error_memory(err);
	}
	if (asprintf(ret_key, "%s server=%s", rest,
		     lister->server == NULL ? "" : lister->server) < 0) {
		*ret_key = NULL;
		return error_memory(err);
	}
	return 0;
}
