/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OCSP responses by GnuTLS, which gets to see only what it reads and verifies
 * in little time.
 */
#include <config.h>

#include "probe/ocsp.h"

#include <assert.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/ocsp.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "probe/certificate.h"
#include "probe/der.h"
#include "probe/gnutls_cleanup.h"

#define HASH_MAX 64 /* bytes: SHA-512 */
/* Extended key usages of a certificate in a response; responders have one. */
#define PURPOSES_MAX 8

static const char *const status_names[] = {
	[OCSP_NOT_ASKED] = "",	    [OCSP_NONE] = "none",
	[OCSP_GOOD] = "good",	    [OCSP_REVOKED] = "revoked",
	[OCSP_UNKNOWN] = "unknown", [OCSP_STALE] = "stale",
	[OCSP_INVALID] = "invalid",
};
static_assert(sizeof(status_names) / sizeof(status_names[0]) ==
		      OCSP_STATUS_COUNT,
	      "a name for each status");

const char *ocsp_status_name(enum ocsp_status status)
{
	return status_names[status];
}

static void cleanup_response(gnutls_ocsp_resp_t *response)
{
	if (*response != NULL)
		gnutls_ocsp_resp_deinit(*response);
}

/* NULL if it is malformed or says no more than that there was an error. */
static gnutls_ocsp_resp_t import(const uint8_t *der, size_t size)
{
	CLEANUP(cleanup_response) gnutls_ocsp_resp_t response = NULL;
	gnutls_datum_t datum = {
		(unsigned char *)(uintptr_t)der,
		(unsigned int)size,
	};

	if (gnutls_ocsp_resp_init(&response) < 0 ||
	    gnutls_ocsp_resp_import2(response, &datum, GNUTLS_X509_FMT_DER) <
		    0 ||
	    gnutls_ocsp_resp_get_status(response) !=
		    GNUTLS_OCSP_RESP_SUCCESSFUL)
		return NULL;
	return TAKE(response);
}

/* Whether GnuTLS would take long over a signature by the certificate, or over
 * its purposes, which it decodes anew for each of the first 64. */
static bool is_costly(gnutls_x509_crt_t certificate)
{
	char oid[1];
	size_t size = sizeof(oid);

	return certificate_key_is_costly(certificate) ||
	       gnutls_x509_crt_get_key_purpose_oid(certificate, PURPOSES_MAX,
						   oid, &size, NULL) !=
		       GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
}

/* Whether a certificate in the response is so, or cannot be read. */
static bool has_costly_certificate(gnutls_ocsp_resp_t response)
{
	gnutls_x509_crt_t *certificates = NULL;
	size_t count = 0;
	bool has_one = false;

	if (gnutls_ocsp_resp_get_certs(response, &certificates, &count) < 0)
		return true;
	for (size_t i = 0; i < count; i++) {
		has_one = has_one || is_costly(certificates[i]);
		gnutls_x509_crt_deinit(certificates[i]);
	}
	gnutls_free(certificates);
	return has_one;
}

/* The issuer's signature, or that of a responder whose certificate it signed,
 * which is of this time and for this purpose. */
static bool is_signed_for(gnutls_ocsp_resp_t response, gnutls_x509_crt_t issuer)
{
	unsigned int reasons = 0;

	return !has_costly_certificate(response) &&
	       gnutls_ocsp_resp_verify_direct(response, issuer, &reasons, 0) ==
		       0 &&
	       reasons == 0;
}

/* Else a server could show an issuer of its own making, of the right name,
 * that vouches for a leaf which the real one has revoked. Whether the issuer
 * is to be trusted, and the leaf still of this time, is asked elsewhere. */
static bool is_issued_by(gnutls_x509_crt_t leaf, gnutls_x509_crt_t issuer)
{
	unsigned int status = 0;

	return gnutls_x509_crt_verify(
		       leaf, &issuer, 1,
		       GNUTLS_VERIFY_DISABLE_TIME_CHECKS |
			       GNUTLS_VERIFY_ALLOW_SIGN_WITH_SHA1,
		       &status) == 0 &&
	       status == 0;
}

/* Whether `hash` is that of the issuer's public key: the value of the BIT
 * STRING, without its number of unused bits (RFC 6960, 4.1.1). */
static bool is_hash_of_key(const gnutls_datum_t *hash,
			   gnutls_digest_algorithm_t algorithm,
			   gnutls_x509_crt_t issuer)
{
	CLEANUP(cleanup_public_key) gnutls_pubkey_t key = NULL;
	CLEANUP(cleanup_datum) gnutls_datum_t spki = { NULL, 0 };
	uint8_t digest[HASH_MAX];
	struct der bits;

	if (gnutls_hash_get_len(algorithm) != hash->size ||
	    hash->size > sizeof(digest) || gnutls_pubkey_init(&key) < 0 ||
	    gnutls_pubkey_import_x509(key, issuer, 0) < 0 ||
	    gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &spki) < 0)
		return false;
	bits = (struct der){ spki.data, spki.size };
	return der_enter(&bits, 0) && der_enter(&bits, 1) && bits.left > 0 &&
	       gnutls_hash_fast(algorithm, bits.at + 1, bits.left - 1,
				digest) == 0 &&
	       memcmp(digest, hash->data, hash->size) == 0;
}

/* Whether single response `index` is about the leaf. GnuTLS compares its
 * serial number and the hash of its issuer's name. */
static bool is_about(gnutls_ocsp_resp_t response, unsigned int index,
		     gnutls_x509_crt_t leaf, gnutls_x509_crt_t issuer)
{
	CLEANUP(cleanup_datum) gnutls_datum_t key_hash = { NULL, 0 };
	gnutls_digest_algorithm_t algorithm;

	return gnutls_ocsp_resp_check_crt(response, index, leaf) == 0 &&
	       gnutls_ocsp_resp_get_single(response, index, &algorithm, NULL,
					   &key_hash, NULL, NULL, NULL, NULL,
					   NULL, NULL) == 0 &&
	       is_hash_of_key(&key_hash, algorithm, issuer);
}

/* Moves to the list of single responses in a response that GnuTLS took. */
static bool enter_singles(struct der *der)
{
	struct der_element element;

	/* OCSPResponse, responseBytes, its SEQUENCE, response,
	 * BasicOCSPResponse, tbsResponseData */
	if (!der_enter(der, 0) || !der_enter(der, 1) || !der_enter(der, 0) ||
	    !der_enter(der, 1) || !der_enter(der, 0) || !der_enter(der, 0))
		return false;
	do {
		if (!der_next(der, &element))
			return false;
	} while (element.tag != DER_GENERALIZED_TIME); /* producedAt */
	return der_enter(der, 0);
}

/* Whether single response `index` has a nextUpdate: GnuTLS says the same of
 * none and of one that it cannot read. */
static bool has_next_update(struct der der, unsigned int index)
{
	struct der_element element = { 0 };

	if (!enter_singles(&der) || !der_enter(&der, index))
		return false;
	for (int i = 0; i < 4; i++) /* certID, certStatus, thisUpdate, ... */
		if (!der_next(&der, &element))
			return false;
	return element.tag == DER_CONTEXT(0);
}

/* OCSP_INVALID if a time cannot be read. */
static struct ocsp_facts
read_single(struct der der, gnutls_ocsp_resp_t response, unsigned int index)
{
	static const enum ocsp_status statuses[] = {
		[GNUTLS_OCSP_CERT_GOOD] = OCSP_GOOD,
		[GNUTLS_OCSP_CERT_REVOKED] = OCSP_REVOKED,
		[GNUTLS_OCSP_CERT_UNKNOWN] = OCSP_UNKNOWN,
	};
	struct ocsp_facts facts = { .status = OCSP_INVALID };
	time_t this_update = -1;
	time_t next_update = -1;
	unsigned int status = 0;

	if (gnutls_ocsp_resp_get_single(response, index, NULL, NULL, NULL, NULL,
					&status, &this_update, &next_update,
					NULL, NULL) < 0 ||
	    status >= sizeof(statuses) / sizeof(statuses[0]) ||
	    this_update == (time_t)-1 ||
	    (next_update == (time_t)-1 && has_next_update(der, index)))
		return facts;
	facts.status = statuses[status];
	facts.this_update = this_update;
	facts.has_next_update = next_update != (time_t)-1;
	facts.next_update = facts.has_next_update ? next_update : 0;
	return facts;
}

struct ocsp_facts ocsp_read(const uint8_t *der, size_t size,
			    gnutls_x509_crt_t leaf, gnutls_x509_crt_t issuer)
{
	static const struct ocsp_facts invalid = { .status = OCSP_INVALID };
	CLEANUP(cleanup_response) gnutls_ocsp_resp_t response = NULL;
	struct der_counts counts;

	if (leaf == NULL || issuer == NULL || size > OCSP_RESPONSE_MAX ||
	    !der_count(der, size, &counts) ||
	    counts.elements > OCSP_ELEMENTS_MAX ||
	    certificate_key_is_costly(issuer))
		return invalid;
	response = import(der, size);
	if (response == NULL || !is_signed_for(response, issuer) ||
	    !is_issued_by(leaf, issuer))
		return invalid;
	/* No more single responses than elements. */
	for (unsigned int i = 0; i < counts.elements; i++)
		if (is_about(response, i, leaf, issuer))
			return read_single((struct der){ der, size }, response,
					   i);
	return invalid;
}

enum ocsp_status ocsp_status_at(const struct ocsp_facts *facts, int64_t now)
{
	if (facts->status != OCSP_GOOD && facts->status != OCSP_UNKNOWN)
		return facts->status;
	if (facts->this_update > now + OCSP_SKEW_SECONDS)
		return OCSP_STALE;
	if (facts->has_next_update ?
		    now > facts->next_update :
		    now - facts->this_update > OCSP_FRESH_SECONDS)
		return OCSP_STALE;
	return facts->status;
}
