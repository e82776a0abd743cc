/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes sorted by outcome and job: those that are alike are neighbours.
 */
#include <config.h>

#include "monitor_changes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/vector.h"
#include "monitor_log.h"

#define PAIR_WORDS_MAX 640 /* bytes; longer ones are cut */
#define OUTCOME_WORDS_MAX 96
#define EXAMPLES_MAX 3 /* pairs that a line about many names */

struct change {
	const struct pair *pair;
	struct pair_outcome now;
	bool is_better; /* good again */
};
VECTOR_DEFINE(change_vector, struct change);

struct change_log {
	const struct target_set *targets;
	size_t lines;  /* so far */
	size_t unsaid; /* changes, once there were too many lines */
};

/* --- Which changed -------------------------------------------------------- */

static int collect(const struct history *history, struct change_vector *v,
		   struct error *err)
{
	const struct target_set *targets = history->targets;
	int r = 0;

	for (size_t i = 0; r == 0 && i < targets->pair_count; i++) {
		struct change change = { .pair = &targets->pairs[i] };

		if (!pair_outcome_of(&change.pair->result, &change.now) ||
		    pair_outcome_equals(&change.now,
					&history->pairs[i].outcome))
			continue;
		change.is_better = pair_outcome_is_good(&change.now);
		r = change_vector_append(v, change, err);
	}
	return r;
}

static int compare_jobs(const struct change *a, const struct change *b)
{
	const struct job_config *x = a->pair->endpoint->job;
	const struct job_config *y = b->pair->endpoint->job;

	/* Jobs are in one array, as configured. */
	return (x > y) - (x < y);
}

static bool are_alike(const struct change *a, const struct change *b)
{
	return compare_jobs(a, b) == 0 && pair_outcome_equals(&a->now, &b->now);
}

static int by_kind(const void *a, const void *b)
{
	const struct change *x = a;
	const struct change *y = b;
	/* The worst are not to be those that are left out. */
	int order = pair_status_rank(y->now.status) -
		    pair_status_rank(x->now.status);

	if (order == 0)
		order = (int)x->is_better - (int)y->is_better;
	if (order == 0)
		order = compare_jobs(x, y);
	if (order == 0)
		order = (int)x->now.reason - (int)y->now.reason;
	if (order == 0)
		order = (int)x->now.verify - (int)y->now.verify;
	return order != 0 ? order : (x->pair > y->pair) - (x->pair < y->pair);
}

/* --- In words ------------------------------------------------------------- */

/* "edge/proxy-1 shop.example.com:443", with family and type of key if they are
 * told apart. */
static void pair_words(const struct pair *pair, char words[PAIR_WORDS_MAX])
{
	const struct endpoint_labels labels =
		endpoint_labels_of(pair->endpoint);
	const char *type = key_type_name(pair->key_type);

	(void)snprintf(words, PAIR_WORDS_MAX, "%s%s%s %s:%s%s%s%s%s", labels.ns,
		       *labels.ns == '\0' ? "" : "/", labels.pod,
		       pair->domain->name, labels.port,
		       *labels.family == '\0' ? "" : " ", labels.family,
		       *type == '\0' ? "" : " ", type);
}

/* Why it is not good; "" if the status says so. */
static const char *reason_of(const struct pair_outcome *outcome)
{
	if (outcome->reason != REASON_NONE)
		return probe_reason_name(outcome->reason);
	return outcome->status == STATUS_VALID ?
		       verify_reason_name(outcome->verify) :
		       "";
}

/* "notfound: connect_refused" */
static void outcome_words(const struct change *change,
			  char words[OUTCOME_WORDS_MAX])
{
	const struct pair_outcome *now = &change->now;
	const char *between = ": ";

	if (change->is_better)
		between = " again";
	else if (now->status == STATUS_VALID && now->reason != REASON_NONE)
		between = ", but the probe failed: ";
	else if (now->status == STATUS_VALID)
		between = ", but not verified: ";
	else if (*reason_of(now) == '\0')
		between = "";
	(void)snprintf(words, OUTCOME_WORDS_MAX, "%s%s%s",
		       now->status == STATUS_NONE ?
			       "in no status" :
			       pair_status_name(now->status),
		       between, reason_of(now));
}

/* --- Lines ---------------------------------------------------------------- */

static enum log_level level_of(const struct change *change)
{
	return change->is_better ? LOG_LEVEL_INFO : LOG_LEVEL_NOTICE;
}

static void log_pair(const struct change *change)
{
	const struct endpoint_labels labels =
		endpoint_labels_of(change->pair->endpoint);
	const struct log_field fields[] = {
		{ "JOB_NAME", labels.job_name },
		{ "NS", labels.ns },
		{ "POD", labels.pod },
		{ "DOMAIN", change->pair->domain->name },
		{ "PORT", labels.port },
		{ "STATUS", pair_status_name(change->now.status) },
		{ "REASON", reason_of(&change->now) },
	};
	char pair[PAIR_WORDS_MAX];
	char outcome[OUTCOME_WORDS_MAX];

	pair_words(change->pair, pair);
	outcome_words(change, outcome);
	log_line_with(level_of(change), fields,
		      sizeof(fields) / sizeof(fields[0]), "%s is %s", pair,
		      outcome);
}

/* Whether all pods of the job, several of them, ran into the timeout. */
static bool is_whole_job(const struct target_set *targets,
			 const struct change *change)
{
	size_t endpoints = 0;

	if (change->now.reason != REASON_CONNECT_TIMEOUT)
		return false;
	for (size_t i = 0; i < targets->pair_count; i++) {
		const struct pair *pair = &targets->pairs[i];

		if (pair->endpoint->job != change->pair->endpoint->job)
			continue;
		if (pair->result.reason != REASON_CONNECT_TIMEOUT)
			return false;
		endpoints +=
			pair == &targets->pairs[pair->endpoint->first_pair];
	}
	return endpoints > 1;
}

static void log_alike(const struct change_log *log,
		      const struct change *changes, size_t count)
{
	const struct endpoint *endpoint = changes[0].pair->endpoint;
	char number[32];
	const struct log_field fields[] = {
		{ "JOB_NAME", endpoint->job->name },
		{ "STATUS", pair_status_name(changes[0].now.status) },
		{ "REASON", reason_of(&changes[0].now) },
		{ "PAIRS", number },
	};
	size_t field_count = sizeof(fields) / sizeof(fields[0]);
	char examples[EXAMPLES_MAX * (PAIR_WORDS_MAX + 2)] = "";
	char outcome[OUTCOME_WORDS_MAX];
	char words[JOB_WORDS_MAX];
	const char *job = job_words(endpoint->job, words);

	(void)snprintf(number, sizeof(number), "%zu", count);
	if (is_whole_job(log->targets, &changes[0])) {
		log_line_with(level_of(&changes[0]), fields, field_count,
			      "%sno pod answers at port %s "
			      "(connect_timeout): does a NetworkPolicy or a "
			      "firewall keep this host away?",
			      job, endpoint->pod->port_label);
		return;
	}
	for (size_t i = 0; i < count && i < EXAMPLES_MAX; i++) {
		size_t used = strlen(examples);
		char pair[PAIR_WORDS_MAX];

		pair_words(changes[i].pair, pair);
		(void)snprintf(examples + used, sizeof(examples) - used, "%s%s",
			       i == 0 ? "" : ", ", pair);
	}
	outcome_words(&changes[0], outcome);
	log_line_with(level_of(&changes[0]), fields, field_count,
		      "%s%zu pairs are %s (%s, ...)", job, count, outcome,
		      examples);
}

/* Changes that are alike, in one line or a few. */
static void log_kind(struct change_log *log, const struct change *changes,
		     size_t count)
{
	bool is_one = count > CHANGES_ALIKE_MAX ||
		      (count > 1 && is_whole_job(log->targets, &changes[0]));
	size_t lines = is_one ? 1 : count;

	if (log->lines + lines > CHANGES_LINES_MAX) {
		log->unsaid += count;
		return;
	}
	log->lines += lines;
	if (is_one)
		log_alike(log, changes, count);
	for (size_t i = 0; !is_one && i < count; i++)
		log_pair(&changes[i]);
}

int log_changes(const struct history *history, size_t *ret_changes,
		struct error *err)
{
	struct change_log log = { .targets = history->targets };
	struct change_vector v = { 0 };
	int r = collect(history, &v, err);

	if (v.count > 1)
		qsort(v.items, v.count, sizeof(v.items[0]), by_kind);
	for (size_t i = 0, end; r == 0 && i < v.count; i = end) {
		for (end = i + 1; end < v.count; end++)
			if (!are_alike(&v.items[i], &v.items[end]))
				break;
		log_kind(&log, &v.items[i], end - i);
	}
	if (log.unsaid > 0)
		log_line(LOG_LEVEL_NOTICE, "and %zu more pairs have changed",
			 log.unsaid);
	if (r == 0)
		*ret_changes = v.count;
	change_vector_clear(&v);
	return r;
}
