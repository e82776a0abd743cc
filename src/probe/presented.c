/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Presented certificates by GnuTLS, which gets to see none that would take it
 * long.
 */
#include <config.h>

#include "probe/presented.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509-ext.h>
#include <string.h>

#include "base/cleanup.h"
#include "probe/certificate.h"
#include "probe/der.h"
#include "probe/gnutls_cleanup.h"

#define ACCESS_DESCRIPTIONS_MAX 8 /* of a certificate, that are looked at */
/* Bytes of the extension with them: GnuTLS decodes all of it for each one. */
#define ACCESS_SIZE_MAX 4096
#define KEY_ID_MAX 64 /* bytes; longer ones are taken for none */

#define SIGNATURE_FLAGS                                                        \
	(GNUTLS_VERIFY_ALLOW_BROKEN | GNUTLS_VERIFY_ALLOW_SIGN_WITH_SHA1)

/* --- Reading ---------------------------------------------------------------
 */

static bool is_larger(gnutls_x509_crt_t crt, const char *oid, size_t limit)
{
	CLEANUP(cleanup_datum) gnutls_datum_t extension = { NULL, 0 };

	return gnutls_x509_crt_get_extension_by_oid2(crt, oid, 0, &extension,
						     NULL) >= 0 &&
	       extension.size > limit;
}

static bool has_many_purposes(gnutls_x509_crt_t crt)
{
	return is_larger(crt, GNUTLS_X509EXT_OID_EXTENDED_KEY_USAGE,
			 PRESENTED_PURPOSES_MAX);
}

static bool has_many_elements(const uint8_t *der, size_t size)
{
	struct der_counts counts;

	return !der_count(der, size, &counts) ||
	       counts.elements > PRESENTED_ELEMENTS_MAX;
}

static bool is_repeated(const struct chain *chain, size_t place)
{
	for (size_t i = 0; i < place; i++)
		if (chain->certificates[i].size ==
			    chain->certificates[place].size &&
		    memcmp(chain->certificates[i].bytes,
			   chain->certificates[place].bytes,
			   chain->certificates[place].size) == 0)
			return true;
	return false;
}

bool presented_read(const struct chain *chain, size_t place,
		    struct presented *ret_presented)
{
	const uint8_t *der = chain->certificates[place].bytes;
	size_t size = chain->certificates[place].size;
	struct presented p = { .der = der, .size = size, .place = place };

	if (is_repeated(chain, place) ||
	    (place > 0 && has_many_elements(der, size)))
		return false;
	p.crt = certificate_import(der, size);
	if (p.crt == NULL)
		return false;
	p.is_costly =
		certificate_key_is_costly(p.crt) || has_many_purposes(p.crt);
	if (!certificate_dates(p.crt, der, size, &p.not_before, &p.not_after) ||
	    (place > 0 && p.is_costly)) {
		gnutls_x509_crt_deinit(p.crt);
		return false;
	}
	p.is_self_issued = gnutls_x509_crt_check_issuer(p.crt, p.crt) != 0;
	*ret_presented = p;
	return true;
}

void presented_release(struct presented *presented)
{
	gnutls_x509_crt_deinit(presented->crt);
}

/* --- Signatures ------------------------------------------------------------
 */

/* What is signed, and the signature (RFC 5280, 4.1). */
static bool split(const struct presented *p, gnutls_datum_t *ret_signed,
		  gnutls_datum_t *ret_signature)
{
	struct der der = { p->der, p->size };
	struct der_element element;
	const uint8_t *start;

	if (!der_enter(&der, 0))
		return false;
	start = der.at;
	if (!der_next(&der, &element))
		return false;
	*ret_signed = (gnutls_datum_t){
		(unsigned char *)(uintptr_t)start,
		(unsigned int)(der.at - start),
	};
	if (!der_next(&der, &element) || !der_next(&der, &element) ||
	    element.content.left == 0)
		return false;
	/* Behind the number of unused bits. */
	*ret_signature = (gnutls_datum_t){
		(unsigned char *)(uintptr_t)(element.content.at + 1),
		(unsigned int)(element.content.left - 1),
	};
	return true;
}

static gnutls_sign_algorithm_t algorithm_of(const struct presented *p)
{
	int algorithm = gnutls_x509_crt_get_signature_algorithm(p->crt);

	return algorithm < 0 ? GNUTLS_SIGN_UNKNOWN :
			       (gnutls_sign_algorithm_t)algorithm;
}

bool presented_is_signed_by(const struct presented *presented,
			    const struct presented *issuer)
{
	CLEANUP(cleanup_public_key) gnutls_pubkey_t key = NULL;
	gnutls_sign_algorithm_t algorithm = algorithm_of(presented);
	gnutls_datum_t what;
	gnutls_datum_t signature;

	if (algorithm == GNUTLS_SIGN_UNKNOWN)
		return true;
	if (!split(presented, &what, &signature) ||
	    gnutls_pubkey_init(&key) < 0 ||
	    gnutls_pubkey_import_x509(key, issuer->crt, 0) < 0)
		return false;
	return gnutls_pubkey_verify_data2(key, algorithm, SIGNATURE_FLAGS,
					  &what, &signature) >= 0;
}

static bool has_weak_key(gnutls_x509_crt_t crt)
{
	unsigned int bits = 0;
	int algorithm = gnutls_x509_crt_get_pk_algorithm(crt, &bits);

	return algorithm < 0 ||
	       gnutls_pk_bits_to_sec_param((gnutls_pk_algorithm_t)algorithm,
					   bits) < GNUTLS_SEC_PARAM_MEDIUM;
}

bool presented_is_weak(const struct presented *presented)
{
	gnutls_sign_algorithm_t algorithm = algorithm_of(presented);

	return has_weak_key(presented->crt) ||
	       (!presented->is_self_issued &&
		algorithm != GNUTLS_SIGN_UNKNOWN &&
		gnutls_sign_is_secure2(algorithm,
				       GNUTLS_SIGN_FLAG_SECURE_FOR_CERTS) == 0);
}

/* --- Names -----------------------------------------------------------------
 */

bool presented_names_its_issuer(const struct presented *presented)
{
	if (is_larger(presented->crt, GNUTLS_X509EXT_OID_AUTHORITY_INFO_ACCESS,
		      ACCESS_SIZE_MAX))
		return false;
	for (unsigned int i = 0; i < ACCESS_DESCRIPTIONS_MAX; i++) {
		CLEANUP(cleanup_datum) gnutls_datum_t uri = { NULL, 0 };
		int r = gnutls_x509_crt_get_authority_info_access(
			presented->crt, i, GNUTLS_IA_CAISSUERS_URI, &uri, NULL);

		if (r >= 0)
			return true;
		if (r != GNUTLS_E_UNKNOWN_ALGORITHM)
			return false;
	}
	return false;
}

/* SHA-256 of a name and a key identifier, which may be empty. */
static bool name_digest(const gnutls_datum_t *dn, const uint8_t *id,
			size_t id_size, uint8_t digest[PRESENTED_NAME_SIZE])
{
	gnutls_hash_hd_t hash;
	bool ok;

	if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) < 0)
		return false;
	ok = gnutls_hash(hash, dn->data, dn->size) >= 0 &&
	     (id_size == 0 || gnutls_hash(hash, id, id_size) >= 0);
	gnutls_hash_deinit(hash, digest);
	return ok;
}

bool presented_subject(const struct presented *presented, bool with_key,
		       uint8_t digest[PRESENTED_NAME_SIZE])
{
	CLEANUP(cleanup_datum) gnutls_datum_t dn = { NULL, 0 };
	uint8_t id[KEY_ID_MAX];
	size_t size = sizeof(id);

	if (!with_key)
		size = 0;
	else if (gnutls_x509_crt_get_subject_key_id(presented->crt, id, &size,
						    NULL) < 0)
		return false;
	return gnutls_x509_crt_get_raw_dn(presented->crt, &dn) >= 0 &&
	       name_digest(&dn, id, size, digest);
}

bool presented_issuer(const struct presented *presented,
		      uint8_t digest[PRESENTED_NAME_SIZE])
{
	CLEANUP(cleanup_datum) gnutls_datum_t dn = { NULL, 0 };
	uint8_t id[KEY_ID_MAX];
	size_t size = sizeof(id);

	if (gnutls_x509_crt_get_authority_key_id(presented->crt, id, &size,
						 NULL) < 0)
		size = 0;
	return gnutls_x509_crt_get_raw_issuer_dn(presented->crt, &dn) >= 0 &&
	       name_digest(&dn, id, size, digest);
}
