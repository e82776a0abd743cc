/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OCSP responses made on the spot: DER by hand, signatures by GnuTLS. Keys are
 * P-256, as those of test_cert_make() are. A helper that fails ends the test.
 */
#ifndef CEM_TESTS_RESPONSES_H
#define CEM_TESTS_RESPONSES_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "certs.h"

/* A SingleResponse. What is zero or NULL gets a default or is left out. */
struct test_single {
	const struct test_cert *leaf;	  /* whose serial number */
	const struct test_cert *issuer;	  /* whose name; the signer's */
	const struct test_cert *key;	  /* whose key; the issuer's */
	gnutls_digest_algorithm_t digest; /* of both in the CertID; SHA-1 */
	size_t key_hash_size;		  /* bytes; those of the digest */
	enum {
		TEST_GOOD,
		TEST_REVOKED,
		TEST_UNKNOWN
	} status;
	const char *this_update; /* TEST_RESPONSE_TIME */
	const char *next_update; /* left out */
	bool has_extension;	 /* singleExtensions after it */
};

#define TEST_RESPONSE_TIME "20231114221320Z" /* TEST_CERT_NOT_BEFORE */

struct test_response_spec {
	struct test_single singles[4]; /* up to one without a leaf */
	/* In an extension: elements of no meaning, and bytes in one more. */
	size_t fillers, padding;
	/* Who signs, and its name or key hash as responder. */
	const struct test_cert *signer;
	bool is_by_key;
	/* What is sent along. */
	const struct test_cert *certs[3];
	uint8_t status;	       /* OCSPResponseStatus; 0, successful */
	bool is_of_other_type; /* no BasicOCSPResponse */
	bool has_bad_signature;
};

struct test_response {
	uint8_t *der;
	size_t size;
	size_t tbs_at, tbs_size; /* what is signed */
};

struct test_response test_response_make(const struct test_response_spec *spec);
void test_response_free(struct test_response *response);

#endif
