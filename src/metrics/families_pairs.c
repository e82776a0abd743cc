/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Families with one series per pair, and which pairs have them.
 */
#include <config.h>

#include "metrics/families_internal.h"

#include <stdlib.h>
#include <string.h>

#include "probe/certificate.h"
#include "probe/session_facts.h"
#include "probe/verify.h"

/* --- Which pairs, which certificates ------------------------------------- */

/* Whether the certificate is valid, and all the same something is wrong. */
static bool is_flawed(const struct probe_result *result)
{
	return !result->success ||
	       (probe_result_is_checked(result) && result->verify != VERIFY_OK);
}

/* How bad a pair is: the larger the worse, 0 for a good one. */
static int64_t badness(const struct run_facts *facts, const struct pair *pair)
{
	int64_t lag = pool_set_lag(facts->pools, pair);

	if (pair->result.status == STATUS_VALID && lag > 0)
		return lag + 2;
	if (pair->result.status == STATUS_VALID)
		return is_flawed(&pair->result) ? 2 : 0;
	/* A whole fleet may be without certificates of a type, as is meant. */
	if (pair->result.reason == REASON_KEY_TYPE_MISSING)
		return 1;
	/* Worse than any lag. */
	return INT64_MAX - STATUS_COUNT + pair_status_rank(pair->result.status);
}

struct rated_pair {
	const struct pair *pair;
	int64_t badness;
};

static int by_badness(const void *a, const void *b)
{
	const struct rated_pair *x = a;
	const struct rated_pair *y = b;

	if (x->badness != y->badness)
		return x->badness > y->badness ? -1 : 1;
	return (x->pair > y->pair) - (x->pair < y->pair);
}

static int by_place(const void *a, const void *b)
{
	const struct pair *const *x = a;
	const struct pair *const *y = b;

	return (*x > *y) - (*x < *y);
}

/* The worst SUMMARY_PAIRS_MAX of those that are not good. */
static int select_worst(struct family_writer *w, struct error *err)
{
	const struct target_set *targets = w->facts->targets;
	struct rated_pair *rated =
		calloc(targets->pair_count + 1, sizeof(*rated));
	size_t count = 0;

	if (rated == NULL)
		return error_memory(err);
	for (size_t i = 0; i < targets->pair_count; i++) {
		const struct pair *pair = &targets->pairs[i];
		int64_t bad = badness(w->facts, pair);

		if (bad != 0)
			rated[count++] = (struct rated_pair){ pair, bad };
	}
	if (count > 1)
		qsort(rated, count, sizeof(*rated), by_badness);
	if (count > SUMMARY_PAIRS_MAX)
		count = SUMMARY_PAIRS_MAX;
	for (size_t i = 0; i < count; i++)
		w->pairs[w->pair_count++] = rated[i].pair;
	free(rated);
	if (count > 1)
		qsort(w->pairs, count, sizeof(w->pairs[0]), by_place);
	return 0;
}

static int by_fingerprint(const void *a, const void *b)
{
	const struct certificate *const *x = a;
	const struct certificate *const *y = b;

	return strcmp((*x)->fingerprint, (*y)->fingerprint);
}

static void add_certificate(struct family_writer *w,
			    const struct certificate *c)
{
	if (c != NULL && c->is_readable)
		w->certificates[w->certificate_count++] = c;
}

static int select_certificates(struct family_writer *w, struct error *err)
{
	const struct pool_set *pools = w->facts->pools;
	size_t kept = 0;

	/* A pool has at most as many certificates as pairs. */
	w->certificates =
		calloc(w->pair_count + w->facts->targets->pair_count + 1,
		       sizeof(*w->certificates));
	if (w->certificates == NULL)
		return error_memory(err);
	for (size_t i = 0; i < w->pair_count; i++)
		add_certificate(w, w->pairs[i]->result.certificate);
	for (size_t i = 0; w->mode == METRICS_SUMMARY && i < pools->count; i++)
		for (size_t j = 0; j < pools->pools[i].certificate_count &&
				   j < SUMMARY_FINGERPRINTS_MAX;
		     j++)
			add_certificate(w, pools->pools[i].certificates[j]);
	if (w->certificate_count > 1)
		qsort(w->certificates, w->certificate_count,
		      sizeof(w->certificates[0]), by_fingerprint);
	for (size_t i = 0; i < w->certificate_count; i++)
		if (kept == 0 || strcmp(w->certificates[kept - 1]->fingerprint,
					w->certificates[i]->fingerprint) != 0)
			w->certificates[kept++] = w->certificates[i];
	w->certificate_count = kept;
	return 0;
}

int family_writer_select(struct family_writer *w, struct error *err)
{
	const struct target_set *targets = w->facts->targets;

	w->pairs = calloc(targets->pair_count + 1, sizeof(*w->pairs));
	if (w->pairs == NULL)
		return error_memory(err);
	if (w->mode == METRICS_SUMMARY) {
		int r = select_worst(w, err);

		if (r < 0)
			return r;
	} else {
		for (size_t i = 0; i < targets->pair_count; i++)
			w->pairs[w->pair_count++] = &targets->pairs[i];
	}
	if (w->mode == METRICS_MUX)
		family_writer_sort_mux(w);
	return select_certificates(w, err);
}

void family_writer_release(struct family_writer *w)
{
	free(w->pairs);
	free(w->certificates);
}

/* --- Series -------------------------------------------------------------- */

#define PAIR_LABELS 7
#define PAIR_LABELS_ROOM 4 /* for more behind them */

struct label key_label(enum key_type type)
{
	return (struct label){ type == KEY_TYPE_ANY ? NULL : "key",
			       key_type_name(type) };
}

/* The label `family` where each is probed by itself; else none. */
static struct label family_label(const struct endpoint *endpoint)
{
	const char *family = endpoint_family(endpoint);

	return (struct label){ *family == '\0' ? NULL : "family", family };
}

static void pair_labels(const struct pair *pair,
			struct label labels[PAIR_LABELS + PAIR_LABELS_ROOM])
{
	const struct endpoint *endpoint = pair->endpoint;

	labels[0] = (struct label){ "job_name", endpoint->job->name };
	labels[1] = (struct label){ "ns", endpoint->pod->ns };
	labels[2] = (struct label){ "pod", endpoint->pod->name };
	labels[3] = (struct label){ "domain", pair->domain->name };
	labels[4] = (struct label){ "port", endpoint->pod->port_label };
	labels[5] = family_label(endpoint);
	labels[6] = key_label(pair->key_type);
}

static void pair_sample(struct family_writer *w, const struct pair *pair,
			int64_t value)
{
	struct label labels[PAIR_LABELS + PAIR_LABELS_ROOM];

	pair_labels(pair, labels);
	exposition_sample(w->x, labels, PAIR_LABELS, value);
}

static void pair_info(struct family_writer *w, const struct pair *pair,
		      const char *label, const char *value, int64_t number)
{
	struct label labels[PAIR_LABELS + PAIR_LABELS_ROOM];

	pair_labels(pair, labels);
	labels[PAIR_LABELS] = (struct label){ label, value };
	exposition_sample(w->x, labels, PAIR_LABELS + 1, number);
}

void write_certificate(struct family_writer *w)
{
	for (size_t i = 0; i < w->pair_count; i++)
		for (enum pair_status s = STATUS_VALID; s < STATUS_COUNT; s++)
			pair_info(w, w->pairs[i], "status", pair_status_name(s),
				  w->pairs[i]->result.status == s);
}

/* A sample for each pair whose dates are those of a certificate for its
 * domain: `sign` times the certificate's time, and `offset`. */
static void write_dates(struct family_writer *w, bool is_end, int sign,
			int64_t offset)
{
	for (size_t i = 0; i < w->pair_count; i++) {
		const struct probe_result *result = &w->pairs[i]->result;
		const struct certificate *c = result->certificate;

		if (probe_result_has_dates(result))
			pair_sample(
				w, w->pairs[i],
				sign * (is_end ? c->not_after : c->not_before) +
					offset);
	}
}

void write_seconds_until(struct family_writer *w)
{
	write_dates(w, true, 1, -wall_seconds(w->facts->settled_at));
}

void write_seconds_since(struct family_writer *w)
{
	write_dates(w, false, -1, wall_seconds(w->facts->settled_at));
}

void write_not_after(struct family_writer *w)
{
	write_dates(w, true, 1, 0);
}

void write_not_before(struct family_writer *w)
{
	write_dates(w, false, 1, 0);
}

void write_chain_not_after(struct family_writer *w)
{
	for (size_t i = 0; i < w->pair_count; i++) {
		const struct probe_result *result = &w->pairs[i]->result;

		if (probe_result_has_dates(result) && result->chain != NULL)
			pair_sample(w, w->pairs[i],
				    result->chain->presented_not_after);
	}
}

void write_lag(struct family_writer *w)
{
	for (size_t i = 0; i < w->pair_count; i++) {
		int64_t lag = pool_set_lag(w->facts->pools, w->pairs[i]);

		if (lag != LAG_NONE)
			pair_sample(w, w->pairs[i], lag);
	}
}

void write_fingerprint(struct family_writer *w)
{
	for (size_t i = 0; i < w->pair_count; i++)
		if (w->pairs[i]->result.certificate != NULL)
			pair_info(w, w->pairs[i], "fingerprint_sha256",
				  w->pairs[i]->result.certificate->fingerprint,
				  1);
}

void write_verified(struct family_writer *w)
{
	for (size_t i = 0; i < w->pair_count; i++)
		if (probe_result_is_checked(&w->pairs[i]->result))
			pair_sample(w, w->pairs[i],
				    w->pairs[i]->result.verify == VERIFY_OK);
}

void write_verify_failure(struct family_writer *w)
{
	for (size_t i = 0; i < w->pair_count; i++) {
		const struct probe_result *result = &w->pairs[i]->result;

		if (probe_result_is_checked(result) &&
		    result->verify != VERIFY_OK)
			pair_info(w, w->pairs[i], "reason",
				  verify_reason_name(result->verify), 1);
	}
}

void write_probe_success(struct family_writer *w)
{
	for (size_t i = 0; i < w->pair_count; i++)
		pair_sample(w, w->pairs[i], w->pairs[i]->result.success);
}

void write_probe_failure(struct family_writer *w)
{
	for (size_t i = 0; i < w->pair_count; i++)
		if (w->pairs[i]->result.reason != REASON_NONE)
			pair_info(w, w->pairs[i], "reason",
				  probe_reason_name(w->pairs[i]->result.reason),
				  1);
}

struct pair_errors pair_errors_of(const struct family_writer *w,
				  const struct pair *pair)
{
	const struct history *history = w->facts->history;
	const struct pair_history *pair_history;

	if (history == NULL)
		return (struct pair_errors){
			.open = probe_result_open_failed(&pair->result),
			.close = pair->result.close_failed,
		};
	pair_history = &history->pairs[pair - w->facts->targets->pairs];
	return (struct pair_errors){
		.open = pair_history->open_errors,
		.close = pair_history->close_errors,
	};
}

/* Counters that would begin anew with each run are none. */
static void write_errors(struct family_writer *w, bool is_open)
{
	if (w->facts->history == NULL)
		return;
	for (size_t i = 0; i < w->pair_count; i++) {
		struct pair_errors errors = pair_errors_of(w, w->pairs[i]);

		pair_sample(w, w->pairs[i],
			    (int64_t)(is_open ? errors.open : errors.close));
	}
}

void write_open_errors(struct family_writer *w)
{
	write_errors(w, true);
}

void write_close_errors(struct family_writer *w)
{
	write_errors(w, false);
}

void write_probe_duration(struct family_writer *w)
{
	struct label labels[PAIR_LABELS + PAIR_LABELS_ROOM];

	for (size_t i = 0; i < w->pair_count; i++) {
		if (w->pairs[i]->result.duration_us == DURATION_NONE)
			continue;
		pair_labels(w->pairs[i], labels);
		exposition_sample_micro(w->x, labels, PAIR_LABELS,
					w->pairs[i]->result.duration_us);
	}
}

void write_tls_session(struct family_writer *w)
{
	struct label labels[PAIR_LABELS + PAIR_LABELS_ROOM];

	for (size_t i = 0; i < w->pair_count; i++) {
		const struct session_facts *s = w->pairs[i]->result.session;

		if (s == NULL)
			continue;
		pair_labels(w->pairs[i], labels);
		labels[PAIR_LABELS] = (struct label){ "version", s->version };
		labels[PAIR_LABELS + 1] = (struct label){ "cipher", s->cipher };
		labels[PAIR_LABELS + 2] = (struct label){ "group", s->group };
		labels[PAIR_LABELS + 3] =
			(struct label){ "signature", s->signature };
		exposition_sample(w->x, labels, PAIR_LABELS + 4, 1);
	}
}

void write_ocsp_response(struct family_writer *w)
{
	for (size_t i = 0; i < w->pair_count; i++)
		if (w->pairs[i]->result.ocsp != OCSP_NOT_ASKED)
			pair_info(w, w->pairs[i], "status",
				  ocsp_status_name(w->pairs[i]->result.ocsp),
				  1);
}

void write_ocsp_next_update(struct family_writer *w)
{
	for (size_t i = 0; i < w->pair_count; i++) {
		const struct ocsp_facts *staple = w->pairs[i]->result.staple;

		if (staple != NULL && staple->has_next_update)
			pair_sample(w, w->pairs[i], staple->next_update);
	}
}

void write_cert_info(struct family_writer *w)
{
	for (size_t i = 0; i < w->certificate_count; i++) {
		const struct certificate *c = w->certificates[i];
		const struct label labels[] = {
			{ "fingerprint_sha256", c->fingerprint },
			{ "subject_cn", c->subject_cn },
			{ "issuer_cn", c->issuer_cn },
			{ "serial_number", c->serial_number },
			{ "key_algorithm", c->key_algorithm },
			{ "signature_algorithm", c->signature_algorithm },
		};

		exposition_sample(w->x, labels, 6, 1);
	}
}
