/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables by libsmartcols, which knows wide characters and breaks names, and
 * shows control characters as text.
 */
#include <config.h>

#include "report/report.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/duration.h"
#include "base/text.h"
#include "probe/certificate.h"
#include "report/layout.h"
#include "report/rows.h"
#include "report/terminal.h"

#define NAMES_MAX 24 /* bytes of two pods' names, to give both */

struct column {
	const char *name;
	double width_hint; /* a share of the terminal if below 1 */
	int flags;
};

void report_init(void)
{
	(void)setlocale(LC_CTYPE, "");
}

static void cleanup_table(struct libscols_table **table)
{
	scols_unref_table(*table);
}

/* A table with these columns; the first is left out if there is one job. */
static struct libscols_table *new_table(FILE *out, const struct column *columns,
					size_t count)
{
	struct libscols_table *table = scols_new_table();
	bool ok = table != NULL && scols_table_set_stream(table, out) == 0 &&
		  scols_table_enable_colors(
			  table, terminal_has_colour(fileno(out))) == 0;

	for (size_t i = 0; ok && i < count; i++)
		ok = scols_table_new_column(table, columns[i].name,
					    columns[i].width_hint,
					    columns[i].flags) != NULL;
	if (ok)
		return table;
	scols_unref_table(table);
	return NULL;
}

/* Reports a failed write only once, at the end. */
static int check_stream(FILE *out, struct error *err)
{
	if (fflush(out) != 0)
		return error_set(err, ERROR_SYSTEM,
				 "the report cannot be written: %s",
				 strerror(errno));
	if (ferror(out) == 0)
		return 0;
	return error_set(err, ERROR_SYSTEM, "the report cannot be written");
}

static const char *verdict_colour(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_GOOD:
		return NULL;
	case VERDICT_UNKNOWN:
		return "magenta";
	case VERDICT_WARNING:
		return "yellow";
	case VERDICT_CRITICAL:
		return "red";
	}
	return NULL;
}

enum result_column {
	COLUMN_STATUS,
	COLUMN_LEFT,
	COLUMN_LAG,
	COLUMN_NAMESPACE,
	COLUMN_POD,
	COLUMN_DOMAIN,
	COLUMN_PORT,
	COLUMN_FAMILY, /* only where each is probed by itself */
	COLUMN_KEY,    /* only where types of keys are asked for */
	COLUMN_CERTIFICATE,
	COLUMN_REASON,
	COLUMN_JOB, /* only if there are several */
};

static bool set(struct libscols_line *line, enum result_column column,
		const char *text)
{
	return scols_line_set_data(line, column, text) == 0;
}

/* Who is in the row. Of good ones nobody asks for names. */
static void name_pods(const struct ranked_pair *pairs, size_t count, char *text,
		      size_t size)
{
	const struct endpoint *endpoint = pairs[0].pair->endpoint;
	const char *first = endpoint->pod->name;
	const char *second;

	if (count == 1) {
		(void)snprintf(text, size, "%s", first);
		return;
	}
	if (pairs[0].verdict == VERDICT_GOOD && pairs[0].lag == 0) {
		(void)snprintf(text, size, "%zu %s, same certificate", count,
			       endpoint->job->endpoints.count > 0 ?
				       "addresses" :
				       "pods");
		return;
	}
	second = pairs[1].pair->endpoint->pod->name;
	if (strlen(first) + strlen(second) <= NAMES_MAX)
		(void)snprintf(text, size, "%s, %s and %zu more", first, second,
			       count - 2);
	else
		(void)snprintf(text, size, "%s and %zu more", first, count - 1);
}

/* The row of `count` pairs that are alike. */
static bool add_row(struct libscols_table *table, const struct run_facts *facts,
		    const struct ranked_pair *pairs, size_t count)
{
	const struct pair *pair = pairs[0].pair;
	const struct probe_result *result = &pair->result;
	const struct certificate *c = result->certificate;
	struct libscols_line *line = scols_table_new_line(table, NULL);
	const char *colour = verdict_colour(pairs[0].verdict);
	char left[DURATION_WORDS_MAX] = "";
	char behind[DURATION_WORDS_MAX] = "";
	char fingerprint[13] = "";
	char pods[300]; /* a name has at most 253 bytes */
	bool ok;

	if (line == NULL)
		return false;
	if (probe_result_has_dates(result))
		duration_words(c->not_after - wall_seconds(facts->settled_at),
			       left);
	if (pairs[0].lag > 0)
		duration_words(pairs[0].lag, behind);
	if (c != NULL)
		(void)snprintf(fingerprint, sizeof(fingerprint), "%.12s",
			       c->fingerprint);
	name_pods(pairs, count, pods, sizeof(pods));
	ok = set(line, COLUMN_STATUS, pair_status_name(result->status)) &&
	     set(line, COLUMN_LEFT, left) && set(line, COLUMN_LAG, behind) &&
	     set(line, COLUMN_NAMESPACE, pair->endpoint->pod->ns) &&
	     set(line, COLUMN_POD, pods) &&
	     set(line, COLUMN_DOMAIN, pair->domain->name) &&
	     set(line, COLUMN_PORT, pair->endpoint->pod->port_label) &&
	     set(line, COLUMN_CERTIFICATE, fingerprint) &&
	     set(line, COLUMN_FAMILY, endpoint_family(pair->endpoint)) &&
	     set(line, COLUMN_KEY, key_type_name(pair->key_type)) &&
	     set(line, COLUMN_REASON, verdict_reason(result));
	if (ok && facts->config->jobs.count > 1)
		ok = set(line, COLUMN_JOB, pair->endpoint->job->name);
	if (ok && colour != NULL)
		ok = scols_line_set_color(line, colour) == 0;
	return ok;
}

/* "12 pairs: 11 valid, 1 expired" */
static void print_sum(FILE *out, const struct run_facts *facts)
{
	const struct target_set *targets = facts->targets;
	size_t counts[STATUS_COUNT] = { 0 };
	const char *separator = ":";

	for (size_t i = 0; i < targets->pair_count; i++)
		counts[targets->pairs[i].result.status]++;
	(void)fprintf(out, "%zu pair%s", targets->pair_count,
		      targets->pair_count == 1 ? "" : "s");
	for (enum pair_status s = STATUS_NONE; s < STATUS_COUNT; s++) {
		if (counts[s] == 0)
			continue;
		(void)fprintf(out, "%s %zu %s", separator, counts[s],
			      pair_status_name(s));
		separator = ",";
	}
	(void)fprintf(out, " (%" PRId64 ".%" PRId64 " s)\n",
		      facts->duration_ms / 1000,
		      facts->duration_ms % 1000 / 100);
}

static void hide(struct libscols_table *table, size_t column)
{
	(void)scols_column_set_flags(scols_table_get_column(table, column),
				     SCOLS_FL_HIDDEN);
}

static bool has_key_types(const struct target_set *targets)
{
	for (size_t i = 0; i < targets->pair_count; i++)
		if (targets->pairs[i].key_type != KEY_TYPE_ANY)
			return true;
	return false;
}

static bool has_families(const struct target_set *targets)
{
	for (size_t i = 0; i < targets->endpoint_count; i++)
		if (*endpoint_family(&targets->endpoints[i]) != '\0')
			return true;
	return false;
}

/* What would be empty. */
static void hide_columns(struct libscols_table *table,
			 const struct run_facts *facts)
{
	const struct target_set *targets = facts->targets;
	bool has_lag = false;

	if (!has_key_types(targets))
		hide(table, COLUMN_KEY);
	if (!has_families(targets))
		hide(table, COLUMN_FAMILY);
	for (size_t i = 0; !has_lag && i < targets->pair_count; i++)
		has_lag = pool_set_lag(facts->pools, &targets->pairs[i]) > 0;
	if (!has_lag)
		hide(table, COLUMN_LAG);
}

int report_table(FILE *out, const struct run_facts *facts, struct error *err)
{
	static const struct column columns[] = {
		[COLUMN_STATUS] = { "STATUS", 0, 0 },
		[COLUMN_LEFT] = { "LEFT", 0, SCOLS_FL_RIGHT },
		[COLUMN_LAG] = { "LAG", 0, SCOLS_FL_RIGHT },
		[COLUMN_NAMESPACE] = { "NAMESPACE", 0.1, SCOLS_FL_WRAP },
		[COLUMN_POD] = { "POD", 0.33, SCOLS_FL_WRAP },
		[COLUMN_DOMAIN] = { "DOMAIN", 0.3, SCOLS_FL_WRAP },
		[COLUMN_PORT] = { "PORT", 0, SCOLS_FL_RIGHT },
		[COLUMN_FAMILY] = { "FAMILY", 0, 0 },
		[COLUMN_KEY] = { "KEY", 0, 0 },
		[COLUMN_CERTIFICATE] = { "CERTIFICATE", 0, 0 },
		[COLUMN_REASON] = { "REASON", 0, 0 },
		[COLUMN_JOB] = { "JOB", 0.1, SCOLS_FL_WRAP },
	};
	size_t column_count = sizeof(columns) / sizeof(columns[0]) -
			      (facts->config->jobs.count > 1 ? 0 : 1);
	/* The fingerprint is of use beside another tool only. */
	static const struct spare_column spare[] = {
		{ COLUMN_CERTIFICATE, .if_uniform = false },
		{ COLUMN_NAMESPACE, .if_uniform = true },
		{ COLUMN_PORT, .if_uniform = true },
	};
	CLEANUP(cleanup_table)
	struct libscols_table *table = new_table(out, columns, column_count);
	CLEANUP(rows_free) struct rows rows = { 0 };
	size_t first = 0;
	int r = rows_build(facts, &rows, err);

	if (r < 0)
		return r;
	if (table == NULL)
		return error_memory(err);
	for (size_t i = 0; i < REPORT_ROWS_MAX && first < rows.count; i++) {
		size_t length = rows_length(&rows, first);

		if (!add_row(table, facts, &rows.pairs[first], length))
			return error_memory(err);
		first += length;
	}
	hide_columns(table, facts);
	if (!layout_fit(table, terminal_columns(fileno(out)), spare,
			sizeof(spare) / sizeof(spare[0])) ||
	    (rows.count > 0 && scols_print_table(table) != 0))
		return error_memory(err);
	if (first < rows.count)
		(void)fprintf(out, "... and %zu more pairs, no worse\n",
			      rows.count - first);
	print_sum(out, facts);
	return check_stream(out, err);
}

#define TARGET_COLUMN_KEY 5

static bool add_target(struct libscols_table *table, const struct pair *pair)
{
	const struct pod *pod = pair->endpoint->pod;
	struct libscols_line *line = scols_table_new_line(table, NULL);
	char address[ADDRESS_TEXT_MAX];
	char endpoint[ADDRESS_TEXT_MAX + 10];

	if (line == NULL)
		return false;
	if (pod->address.family == 0) {
		(void)snprintf(endpoint, sizeof(endpoint), "not resolved");
	} else {
		address_format(&pod->address, address);
		(void)snprintf(endpoint, sizeof(endpoint),
			       pod->address.family == AF_INET6 ? "[%s]:%u" :
								 "%s:%u",
			       address, (unsigned int)pod->port);
	}
	return scols_line_set_data(line, 0, pair->endpoint->job->name) == 0 &&
	       scols_line_set_data(line, 1, pod->ns) == 0 &&
	       scols_line_set_data(line, 2, pod->name) == 0 &&
	       scols_line_set_data(line, 3, endpoint) == 0 &&
	       scols_line_set_data(line, 4, pair->domain->name) == 0 &&
	       scols_line_set_data(line, TARGET_COLUMN_KEY,
				   key_type_name(pair->key_type)) == 0;
}

/* A name from elsewhere on the terminal, without what would steer that. */
static void print_name(FILE *out, const char *name)
{
	char line[256];

	(void)snprintf(line, sizeof(line), "%s", name);
	text_make_line(line);
	(void)fputs(line, out);
}

/* "job edge, namespace shop: 12 pods match, 2 skipped (1 not_ready, ...)" */
static void print_counts(FILE *out, const struct job_discovery *job)
{
	for (size_t i = 0; i < job->namespaces.count; i++) {
		const struct namespace_count *ns = &job->namespaces.items[i];
		const char *separator = ", skipped:";

		print_name(out, job->job->name);
		(void)fputs(": ", out);
		print_name(out, ns->ns[0] == '\0' ? "all namespaces" : ns->ns);
		(void)fprintf(out, ": %" PRIu64 " pod%s matching", ns->matching,
			      ns->matching == 1 ? "" : "s");
		for (int skip = 0; skip < POD_SKIP_COUNT; skip++) {
			if (ns->skipped[skip] == 0)
				continue;
			(void)fprintf(out, "%s %" PRIu64 " %s", separator,
				      ns->skipped[skip],
				      pod_skip_name((enum pod_skip)skip));
			separator = ",";
		}
		(void)fputc('\n', out);
	}
}

/* Goes on from the pair *next past those of `job`, and says how many. */
static size_t skip_job(const struct target_set *targets, size_t *next,
		       const struct job_discovery *job)
{
	size_t begin = *next;

	while (*next < targets->pair_count &&
	       targets->pairs[*next].endpoint->job == job->job)
		(*next)++;
	return *next - begin;
}

/* "edge: 11 endpoints, 2 domains: 22 pairs" */
static void print_product(FILE *out, const struct job_discovery *job,
			  size_t pairs)
{
	print_name(out, job->job->name);
	(void)fprintf(out, ": %zu endpoint%s, %zu domain%s: %zu pair%s\n",
		      job->pods.count, job->pods.count == 1 ? "" : "s",
		      job->domains.count, job->domains.count == 1 ? "" : "s",
		      pairs, pairs == 1 ? "" : "s");
}

int report_targets(FILE *out, const struct discovery *discovery,
		   const struct target_set *targets, struct error *err)
{
	static const struct column columns[] = {
		{ "JOB", 0, 0 },      { "NAMESPACE", 0, 0 }, { "POD", 0, 0 },
		{ "ENDPOINT", 0, 0 }, { "DOMAIN", 0, 0 },    { "KEY", 0, 0 },
	};
	CLEANUP(cleanup_table)
	struct libscols_table *table =
		new_table(out, columns, sizeof(columns) / sizeof(columns[0]));
	size_t next = 0;

	if (table == NULL)
		return error_memory(err);
	for (size_t i = 0; i < targets->pair_count; i++)
		if (!add_target(table, &targets->pairs[i]))
			return error_memory(err);
	if (!has_key_types(targets))
		hide(table, TARGET_COLUMN_KEY);
	if (targets->pair_count > 0 && scols_print_table(table) != 0)
		return error_memory(err);
	if (discovery->api.server != NULL)
		(void)fprintf(out, "API server: %s, by %s\n",
			      discovery->api.server, discovery->api.source);
	for (size_t i = 0; i < discovery->count; i++) {
		print_counts(out, &discovery->jobs[i]);
		print_product(out, &discovery->jobs[i],
			      skip_job(targets, &next, &discovery->jobs[i]));
	}
	(void)fprintf(out, "%zu pair%s in all\n", targets->pair_count,
		      targets->pair_count == 1 ? "" : "s");
	return check_stream(out, err);
}
