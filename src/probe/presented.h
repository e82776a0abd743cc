/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A certificate that was presented, as the search for a path sees it: what it
 * says of itself, and what can be told of it alone or with its issuer.
 */
#ifndef CEM_PROBE_PRESENTED_H
#define CEM_PROBE_PRESENTED_H

#include <gnutls/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probe/chain.h"

/* Issuers with more DER elements are left out of the chain, as they cost GnuTLS
 * milliseconds: usual ones have 120, those with name constraints 200. */
#define PRESENTED_ELEMENTS_MAX 1024
/* So are those with a larger extendedKeyUsage, in bytes: GnuTLS takes 13 us for
 * each purpose in it. */
#define PRESENTED_PURPOSES_MAX 512
#define PRESENTED_NAME_SIZE 32 /* SHA-256 */

struct presented {
	gnutls_x509_crt_t crt;
	const uint8_t *der; /* of the chain */
	size_t size;
	size_t place; /* in the chain */
	int64_t not_before;
	int64_t not_after;
	bool is_self_issued;
	bool is_costly; /* a leaf that would be left out, were it an issuer */
};

/* Reads the certificate at `place`. False if it is to be left out: it cannot be
 * read (or memory is short), came before, or would hold up the run. */
bool presented_read(const struct chain *chain, size_t place,
		    struct presented *ret_presented);
void presented_release(struct presented *presented);

/* Whether the issuer's key made the signature, as far as GnuTLS can tell,
 * however weak it is. */
bool presented_is_signed_by(const struct presented *presented,
			    const struct presented *issuer);

/* Whether its key or its signature is too weak. The signature of one that is
 * self-issued says nothing, so it may be weak. */
bool presented_is_weak(const struct presented *presented);

/* Whether it says where its issuer can be fetched. */
bool presented_names_its_issuer(const struct presented *presented);

/* Digests of names by which an issuer that is missing here is found there: of
 * the issuer with its key identifier, if the certificate names one, else
 * without; of a subject either way. False for want of memory, or of an
 * identifier. */
bool presented_subject(const struct presented *presented, bool with_key,
		       uint8_t digest[PRESENTED_NAME_SIZE]);
bool presented_issuer(const struct presented *presented,
		      uint8_t digest[PRESENTED_NAME_SIZE]);

#endif
