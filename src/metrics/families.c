/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of families, and the run's and discovery's own of them. Those of
 * pairs are in families_pairs.c, those by domain in families_domains.c, those
 * of muxinc/certificate-expiry-monitor in families_mux.c.
 */
#include <config.h>

#include "metrics/families.h"

#include <string.h>

#include "metrics/families_internal.h"

/* --- Discovery ----------------------------------------------------------- */

static void write_matching_pods(struct family_writer *w)
{
	const struct discovery *d = w->facts->discovery;

	for (size_t i = 0; i < d->count; i++) {
		const struct job_discovery *job = &d->jobs[i];

		for (size_t j = 0; j < job->namespaces.count; j++) {
			const struct namespace_count *ns =
				&job->namespaces.items[j];
			const struct label labels[] = {
				{ "job_name", job->job->name },
				{ "ns", ns->ns },
			};

			exposition_sample(w->x, labels, 2,
					  (int64_t)ns->matching);
		}
	}
}

static void write_skipped_pods(struct family_writer *w)
{
	const struct discovery *d = w->facts->discovery;

	for (size_t i = 0; i < d->count; i++) {
		const struct job_discovery *job = &d->jobs[i];

		for (size_t j = 0; j < job->namespaces.count * POD_SKIP_COUNT;
		     j++) {
			const struct namespace_count *ns =
				&job->namespaces.items[j / POD_SKIP_COUNT];
			enum pod_skip skip =
				(enum pod_skip)(j % POD_SKIP_COUNT);
			const struct label labels[] = {
				{ "job_name", job->job->name },
				{ "ns", ns->ns },
				{ "reason", pod_skip_name(skip) },
			};

			exposition_sample(w->x, labels, 3,
					  (int64_t)ns->skipped[skip]);
		}
	}
}

/* A sample of each source that a job uses. */
static void for_each_source(struct family_writer *w,
			    void (*write)(struct family_writer *w,
					  const struct source_discovery *source,
					  const struct label labels[2]))
{
	const struct discovery *d = w->facts->discovery;

	for (size_t i = 0; i < d->count; i++) {
		for (int s = 0; s < DISCOVERY_SOURCE_COUNT; s++) {
			const struct label labels[] = {
				{ "job_name", d->jobs[i].job->name },
				{ "source", discovery_source_name(
						    (enum discovery_source)s) },
			};

			if (d->jobs[i].sources[s].is_used)
				write(w, &d->jobs[i].sources[s], labels);
		}
	}
}

static void success_of(struct family_writer *w,
		       const struct source_discovery *source,
		       const struct label labels[2])
{
	exposition_sample(w->x, labels, 2, source->failures.count == 0);
}

static void write_discovery_success(struct family_writer *w)
{
	for_each_source(w, success_of);
}

static void failures_of(struct family_writer *w,
			const struct source_discovery *source,
			const struct label labels[2])
{
	for (size_t i = 0; i < source->failures.count; i++) {
		const struct discovery_failure *f = &source->failures.items[i];
		const struct label all[] = {
			labels[0],
			labels[1],
			{ "ns", f->ns },
			{ "reason", discovery_reason_name(f->reason) },
		};

		exposition_sample(w->x, all, 4, 1);
	}
}

static void write_discovery_failures(struct family_writer *w)
{
	for_each_source(w, failures_of);
}

static void timestamp_of(struct family_writer *w,
			 const struct source_discovery *source,
			 const struct label labels[2])
{
	if (source->listed_at.ms != 0)
		exposition_sample_milli(w->x, labels, 2, source->listed_at.ms);
}

static void write_discovery_timestamps(struct family_writer *w)
{
	for_each_source(w, timestamp_of);
}

static void write_api_date(struct family_writer *w,
			   const struct kube_dates *dates, int64_t date)
{
	const struct label labels[] = {
		{ "server", w->facts->discovery->api.server },
	};

	if (dates->is_known)
		exposition_sample(w->x, labels, 1, date);
}

static void write_api_server_not_after(struct family_writer *w)
{
	const struct kube_dates *d = &w->facts->discovery->api.server_dates;

	write_api_date(w, d, d->not_after);
}

static void write_api_server_not_before(struct family_writer *w)
{
	const struct kube_dates *d = &w->facts->discovery->api.server_dates;

	write_api_date(w, d, d->not_before);
}

static void write_client_not_after(struct family_writer *w)
{
	const struct kube_dates *d = &w->facts->discovery->api.client_dates;

	write_api_date(w, d, d->not_after);
}

static void write_client_not_before(struct family_writer *w)
{
	const struct kube_dates *d = &w->facts->discovery->api.client_dates;

	write_api_date(w, d, d->not_before);
}

/* --- The run ------------------------------------------------------------- */

static void write_run_timestamp(struct family_writer *w)
{
	exposition_sample_milli(w->x, NULL, 0, w->facts->started_at.ms);
}

static void write_run_duration(struct family_writer *w)
{
	exposition_sample_milli(w->x, NULL, 0, w->facts->duration_ms);
}

static void write_run_success(struct family_writer *w)
{
	exposition_sample(w->x, NULL, 0, w->facts->success);
}

static void write_last_success(struct family_writer *w)
{
	if (w->facts->record.last_success.ms != 0)
		exposition_sample_milli(w->x, NULL, 0,
					w->facts->record.last_success.ms);
}

static void write_runs(struct family_writer *w)
{
	if (w->facts->history != NULL)
		exposition_sample(w->x, NULL, 0,
				  (int64_t)w->facts->record.runs);
}

static void write_run_failures(struct family_writer *w)
{
	if (w->facts->history != NULL)
		exposition_sample(w->x, NULL, 0,
				  (int64_t)w->facts->record.failures);
}

static void write_deadline_exceeded(struct family_writer *w)
{
	exposition_sample(w->x, NULL, 0, w->facts->cut_off);
}

static void write_series_limited(struct family_writer *w)
{
	exposition_sample(w->x, NULL, 0, w->is_limited);
}

static void write_build_info(struct family_writer *w)
{
	const struct label labels[] = {
		{ "version", PACKAGE_VERSION },
		{ "gnutls", w->facts->gnutls_version },
		{ "libcurl", w->facts->curl_version },
		{ "json_c", w->facts->json_version },
	};

	exposition_sample(w->x, labels, 4, 1);
}

/* --- The table ----------------------------------------------------------- */

enum {
	STANDARD = 1 << METRICS_STANDARD,
	FULL = 1 << METRICS_FULL,
	SUMMARY = 1 << METRICS_SUMMARY,
	MUX = 1 << METRICS_MUX,
	/* The summary has them of its worst. */
	PAIRS = STANDARD | FULL | SUMMARY,
	ALL = PAIRS | MUX,
};

static const struct family {
	const char *name;
	const char *type;
	int modes;
	void (*write)(struct family_writer *w);
	const char *help;
} families[] = {
	{ "certificate", "gauge", PAIRS, write_certificate,
	  "1 for the status that the pair of pod and domain is in" },
	{ "certificate", "gauge", MUX, write_mux_certificate,
	  "1 for the status that the pair of pod and domain is in" },
	{ "seconds_until_cert_expires", "gauge", PAIRS, write_seconds_until,
	  "Seconds from the run to the end of the certificate" },
	{ "seconds_until_cert_expires", "gauge", MUX, write_mux_seconds_until,
	  "Seconds from the run to the end of the certificate" },
	{ "seconds_since_cert_issued", "gauge", PAIRS, write_seconds_since,
	  "Seconds from the start of the certificate to the run" },
	{ "seconds_since_cert_issued", "gauge", MUX, write_mux_seconds_since,
	  "Seconds from the start of the certificate to the run" },
	{ "cert_not_after_timestamp_seconds", "gauge", PAIRS, write_not_after,
	  "End of the certificate" },
	{ "cert_not_before_timestamp_seconds", "gauge", PAIRS, write_not_before,
	  "Start of the certificate" },
	{ "cert_chain_not_after_timestamp_seconds", "gauge", PAIRS,
	  write_chain_not_after,
	  "Earliest end of a certificate on the path to the trust anchor" },
	{ "cert_renewal_lag_seconds", "gauge", PAIRS, write_lag,
	  "How much older the certificate is than the newest in its pool" },
	{ "cert_fingerprint_info", "gauge", PAIRS, write_fingerprint,
	  "Which certificate the pod serves for the domain" },
	{ "cert_verified", "gauge", PAIRS, write_verified,
	  "1 if the chain verifies and the certificate names the domain" },
	{ "cert_verify_failure_info", "gauge", PAIRS, write_verify_failure,
	  "Why the chain or the certificate is not good" },
	{ "probe_success", "gauge", PAIRS, write_probe_success,
	  "1 if a certificate was received and the handshake went as far as "
	  "was asked" },
	{ "probe_failure_info", "gauge", PAIRS, write_probe_failure,
	  "Why there is no good answer" },
	{ "tls_open_connection_errors_total", "counter", PAIRS,
	  write_open_errors,
	  "Connections or handshakes that failed, over all runs" },
	{ "tls_close_connection_errors_total", "counter", PAIRS,
	  write_close_errors,
	  "Sessions in which close_notify could not be sent, over all runs" },
	{ "probe_duration_seconds", "gauge", FULL, write_probe_duration,
	  "How long the probe took, from connecting to the answer" },
	{ "tls_session_info", "gauge", FULL, write_tls_session,
	  "What client and server agreed on" },
	{ "ocsp_response_info", "gauge", FULL, write_ocsp_response,
	  "What the stapled OCSP response says of the certificate" },
	{ "ocsp_next_update_timestamp_seconds", "gauge", FULL,
	  write_ocsp_next_update,
	  "When the stapled OCSP response must be replaced" },
	{ "tls_open_connection_error", "untyped", MUX, write_mux_open_error,
	  "Connections or handshakes that failed" },
	{ "tls_close_connection_error", "untyped", MUX, write_mux_close_error,
	  "Sessions in which close_notify could not be sent" },
	{ "cert_info", "gauge", PAIRS, write_cert_info,
	  "What is in the certificate" },
	{ "domain_pairs", "gauge", SUMMARY, write_domain_pairs,
	  "Pods of the pool by the status of their certificate" },
	{ "domain_cert_not_after_timestamp_seconds", "gauge", SUMMARY,
	  write_domain_not_after, "Earliest end of a certificate in the pool" },
	{ "domain_cert_not_before_timestamp_seconds", "gauge", SUMMARY,
	  write_domain_not_before,
	  "Oldest and newest start of a certificate in the pool" },
	{ "domain_cert_fingerprint_info", "gauge", SUMMARY,
	  write_domain_fingerprints, "Which certificates the pool serves" },
	{ "matching_pods", "gauge", PAIRS, write_matching_pods,
	  "Pods that the selector matched, in any state" },
	{ "matching_pods", "gauge", MUX, write_mux_matching_pods,
	  "Pods that the selector matched, in any state" },
	{ "skipped_pods", "gauge", ALL, write_skipped_pods,
	  "Pods that the selector matched and that were not probed" },
	{ "discovery_success", "gauge", ALL, write_discovery_success,
	  "1 if every list of the source was read to its end" },
	{ "discovery_failure_info", "gauge", ALL, write_discovery_failures,
	  "Why a list could not be read" },
	{ "discovery_timestamp_seconds", "gauge", ALL,
	  write_discovery_timestamps, "When what is used now was listed" },
	{ "pairs", "gauge", ALL, write_pairs,
	  "Pairs of pod and domain in each status" },
	{ "distinct_certs", "gauge", PAIRS, write_distinct_certs,
	  "Different certificates that the pool serves for the domain" },
	{ "expected_cert_not_before_timestamp_seconds", "gauge", PAIRS,
	  write_expected_not_before,
	  "Start of the newest certificate that cert-manager issued" },
	{ "api_server_cert_not_after_timestamp_seconds", "gauge", ALL,
	  write_api_server_not_after,
	  "End of the API server's own certificate" },
	{ "api_server_cert_not_before_timestamp_seconds", "gauge", ALL,
	  write_api_server_not_before,
	  "Start of the API server's own certificate" },
	{ "client_cert_not_after_timestamp_seconds", "gauge", ALL,
	  write_client_not_after,
	  "End of the certificate with which the program logs in" },
	{ "client_cert_not_before_timestamp_seconds", "gauge", ALL,
	  write_client_not_before,
	  "Start of the certificate with which the program logs in" },
	{ "run_timestamp_seconds", "gauge", ALL, write_run_timestamp,
	  "When the run started" },
	{ "run_duration_seconds", "gauge", ALL, write_run_duration,
	  "How long the run took until this file was written" },
	{ "run_success", "gauge", ALL, write_run_success,
	  "1 if nothing failed that the operator must fix" },
	{ "last_success_timestamp_seconds", "gauge", ALL, write_last_success,
	  "When the last run that succeeded started" },
	{ "run_deadline_exceeded", "gauge", ALL, write_deadline_exceeded,
	  "1 if the run ended before all pairs were probed" },
	{ "series_limited", "gauge", ALL, write_series_limited,
	  "1 if the summary was written because there were too many series" },
	{ "runs_total", "counter", ALL, write_runs,
	  "Runs that came to write this file" },
	{ "run_failures_total", "counter", ALL, write_run_failures,
	  "Of them, those in which something failed that the operator must "
	  "fix" },
	{ "build_info", "gauge", ALL, write_build_info,
	  "Versions of the program and its libraries" },
};
#define FAMILY_COUNT (sizeof(families) / sizeof(families[0]))

static int write_all(struct exposition *x, const struct run_facts *facts,
		     enum metrics_mode mode, bool is_limited, struct error *err)
{
	struct family_writer w = {
		.x = x,
		.facts = facts,
		.mode = mode,
		.is_limited = is_limited,
	};
	int r = family_writer_select(&w, err);

	for (size_t i = 0; r == 0 && i < FAMILY_COUNT; i++) {
		if ((families[i].modes & 1 << mode) == 0)
			continue;
		exposition_family(x, families[i].name, families[i].type,
				  families[i].help);
		families[i].write(&w);
	}
	family_writer_release(&w);
	return r < 0 ? r : exposition_finish(x, err);
}

bool families_exceed_limit(const struct run_facts *facts,
			   enum metrics_mode mode)
{
	struct exposition x;
	struct error ignored = { 0 };

	if (facts->config->max_series == 0 || mode == METRICS_SUMMARY)
		return false;
	exposition_init(&x, EXPOSITION_COUNT);
	/* Fails only for want of memory; then the summary is the safe choice.
	 */
	return write_all(&x, facts, mode, false, &ignored) < 0 ||
	       x.samples > facts->config->max_series;
}

int families_write(struct exposition *x, const struct run_facts *facts,
		   enum metrics_mode mode, bool is_limited, struct error *err)
{
	return write_all(x, facts, mode, is_limited, err);
}

void families_print(FILE *out)
{
	for (size_t i = 0; i < FAMILY_COUNT; i++)
		(void)fprintf(out, "%s%s %s\n", EXPOSITION_PREFIX,
			      families[i].name, families[i].type);
}
