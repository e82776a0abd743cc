/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the table of families share.
 */
#ifndef CEM_METRICS_FAMILIES_INTERNAL_H
#define CEM_METRICS_FAMILIES_INTERNAL_H

#include "metrics/families.h"

struct family_writer {
	struct exposition *x;
	const struct run_facts *facts;
	enum metrics_mode mode;
	bool is_limited;
	/* The pairs that have series of their own, in the order of the target
	 * set; in METRICS_MUX sorted by namespace, pod and domain. */
	const struct pair **pairs;
	size_t pair_count;
	/* The certificates that are shown, by fingerprint, each once. */
	const struct certificate **certificates;
	size_t certificate_count;
};

/* Picks the pairs and certificates that `w->mode` shows. */
int family_writer_select(struct family_writer *w, struct error *err)
	__attribute__((warn_unused_result));
void family_writer_release(struct family_writer *w);

/* The label `key` where a type of key was asked for; else none. */
struct label key_label(enum key_type type);

/* How often the pair's connection, or its handshake, failed, and how often its
 * close_notify could not be sent: over all runs, or in this one where nothing
 * is remembered. */
struct pair_errors {
	uint64_t open;
	uint64_t close;
};
struct pair_errors pair_errors_of(const struct family_writer *w,
				  const struct pair *pair);

/* Sorts w->pairs as METRICS_MUX wants them. */
void family_writer_sort_mux(struct family_writer *w);

/* How many fingerprints a pool shows in the summary at most; distinct_certs
 * counts all. */
#define SUMMARY_FINGERPRINTS_MAX 100

/* families_pairs.c */
void write_certificate(struct family_writer *w);
void write_seconds_until(struct family_writer *w);
void write_seconds_since(struct family_writer *w);
void write_not_after(struct family_writer *w);
void write_not_before(struct family_writer *w);
void write_chain_not_after(struct family_writer *w);
void write_lag(struct family_writer *w);
void write_fingerprint(struct family_writer *w);
void write_verified(struct family_writer *w);
void write_verify_failure(struct family_writer *w);
void write_probe_success(struct family_writer *w);
void write_probe_failure(struct family_writer *w);
void write_open_errors(struct family_writer *w);
void write_close_errors(struct family_writer *w);
void write_probe_duration(struct family_writer *w);
void write_tls_session(struct family_writer *w);
void write_ocsp_response(struct family_writer *w);
void write_ocsp_next_update(struct family_writer *w);
void write_cert_info(struct family_writer *w);

/* families_domains.c */
void write_domain_pairs(struct family_writer *w);
void write_domain_not_after(struct family_writer *w);
void write_domain_not_before(struct family_writer *w);
void write_domain_fingerprints(struct family_writer *w);
void write_pairs(struct family_writer *w);
void write_expected_not_before(struct family_writer *w);
void write_distinct_certs(struct family_writer *w);

/* families_mux.c */
void write_mux_certificate(struct family_writer *w);
void write_mux_seconds_until(struct family_writer *w);
void write_mux_seconds_since(struct family_writer *w);
void write_mux_open_error(struct family_writer *w);
void write_mux_close_error(struct family_writer *w);
void write_mux_matching_pods(struct family_writer *w);

#endif
