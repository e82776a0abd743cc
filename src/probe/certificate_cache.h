/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of chains, shared by all pairs that show the same one: parsing
 * a leaf costs an eighth of a handshake, verifying its chain as much as the
 * handshake, and ten thousand pairs usually show ten chains. Found by a digest
 * of the chain's bytes and the store that it is verified against; whether a
 * leaf names a domain is remembered per chain and domain, what a stapled OCSP
 * response says per chain and response.
 *
 * Entries live as long as the cache. Their number is bounded by that of the
 * pairs, their size by CERTIFICATE_LABEL_MAX.
 */
#ifndef CEM_PROBE_CERTIFICATE_CACHE_H
#define CEM_PROBE_CERTIFICATE_CACHE_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "config/domain.h"
#include "probe/certificate.h"
#include "probe/ocsp.h"
#include "probe/trust.h"
#include "probe/verify.h"

/* Names of issuers that are remembered for certificate_cache_settle(). */
#define CERTIFICATE_CACHE_SUBJECTS_MAX 10000

struct certificate_cache {
	struct chain_entry *chains; /* uthash, as all of them */
	struct name_entry *names;
	struct staple_entry *staples;
	struct subject_entry *subjects; /* of what came behind a leaf */
};

/* What the cache says of a chain for a domain; borrowed from it. */
struct certificate_verdict {
	const struct certificate *certificate;
	const struct chain_facts *chain;
	bool names_domain;
};

/* `chain` must not be empty, `trust` (NULL: do not verify) and `domain` be the
 * same pointers for the same store and domain. O(bytes of the chain) when all
 * are known. */
int certificate_cache_look_up(struct certificate_cache *cache,
			      const struct chain *chain,
			      const struct trust_store *trust,
			      const struct domain *domain,
			      struct certificate_verdict *ret_verdict,
			      struct error *err)
	__attribute__((warn_unused_result));

/* What the response `staple` says of the leaf of a chain that was looked up:
 * `facts` is what came out, `presented` are its certificates as they came.
 * The result is borrowed from the cache. */
int certificate_cache_look_up_staple(
	struct certificate_cache *cache, const struct chain_facts *facts,
	const gnutls_datum_t *presented, size_t presented_count,
	const gnutls_datum_t *staple, const struct ocsp_facts **ret_staple,
	struct error *err) __attribute__((warn_unused_result));

/* When all chains are there: those whose missing issuer another one presents
 * are VERIFY_INCOMPLETE_CHAIN, no longer VERIFY_UNKNOWN_ISSUER. O(chains). */
void certificate_cache_settle(struct certificate_cache *cache);

/* How many different chains there are. */
size_t certificate_cache_count(const struct certificate_cache *cache);

void certificate_cache_release(struct certificate_cache *cache);

#endif
