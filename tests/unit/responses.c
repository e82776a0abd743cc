/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OCSP responses (RFC 6960, 4.2.1).
 */
#include <config.h>

#include "responses.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

#define assert_gnutls(call) assert_true((call) >= 0)

/* --- DER ----------------------------------------------------------------- */

#define DER_MAX (96 * 1024)
#define POINT_SIZE 65 /* bytes, of P-256, uncompressed */

struct writer {
	uint8_t *bytes;
	size_t size;
};

static void put(struct writer *w, const void *bytes, size_t size)
{
	assert_true(size <= DER_MAX - w->size);
	if (size > 0)
		memcpy(w->bytes + w->size, bytes, size);
	w->size += size;
}

static void put_byte(struct writer *w, uint8_t byte)
{
	put(w, &byte, 1);
}

/* Returns what end() wants. */
static size_t begin(struct writer *w, uint8_t tag)
{
	put_byte(w, tag);
	return w->size;
}

/* The length, in front of all that was written since begin(). */
static void end(struct writer *w, size_t content_at)
{
	size_t size = w->size - content_at;
	size_t width = size < 0x80 ? 1 : size < 0x100 ? 2 : 3;
	uint8_t length[3] = { (uint8_t)size };

	if (width > 1)
		length[0] = (uint8_t)(0x7f + width);
	for (size_t i = 1; i < width; i++)
		length[i] = (uint8_t)(size >> 8 * (width - 1 - i));
	put(w, length, width);
	memmove(w->bytes + content_at + width, w->bytes + content_at, size);
	memcpy(w->bytes + content_at, length, width);
}

static void put_element(struct writer *w, uint8_t tag, const void *content,
			size_t size)
{
	size_t at = begin(w, tag);

	put(w, content, size);
	end(w, at);
}

static void put_time(struct writer *w, const char *time)
{
	put_element(w, 0x18, time, strlen(time));
}

/* An AlgorithmIdentifier without parameters. */
static void put_algorithm(struct writer *w, const void *oid, size_t size)
{
	size_t at = begin(w, 0x30);

	put_element(w, 0x06, oid, size);
	end(w, at);
}

/* --- What is signed ------------------------------------------------------ */

static void put_hash(struct writer *w, gnutls_digest_algorithm_t digest,
		     gnutls_datum_t bytes, size_t size)
{
	uint8_t hash[64] = { 0 };

	assert_gnutls(gnutls_hash_fast(digest, bytes.data, bytes.size, hash));
	put_element(w, 0x04, hash,
		    size == 0 ? gnutls_hash_get_len(digest) : size);
}

static gnutls_datum_t subject_of(const struct test_cert *cert)
{
	gnutls_datum_t name;

	assert_gnutls(gnutls_x509_crt_get_raw_dn(cert->crt, &name));
	return name;
}

/* The point that ends a SubjectPublicKeyInfo. */
static gnutls_datum_t point_of(const struct test_cert *cert)
{
	gnutls_datum_t spki;
	gnutls_pubkey_t key;

	assert_gnutls(gnutls_pubkey_init(&key));
	assert_gnutls(gnutls_pubkey_import_x509(key, cert->crt, 0));
	assert_gnutls(gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &spki));
	gnutls_pubkey_deinit(key);
	memmove(spki.data, spki.data + spki.size - POINT_SIZE, POINT_SIZE);
	spki.size = POINT_SIZE;
	return spki;
}

static void put_cert_id(struct writer *w, const struct test_single *single,
			const struct test_cert *signer)
{
	const struct test_cert *issuer =
		single->issuer == NULL ? signer : single->issuer;
	gnutls_datum_t name = subject_of(issuer);
	gnutls_datum_t point =
		point_of(single->key == NULL ? issuer : single->key);
	bool is_sha256 = single->digest == GNUTLS_DIG_SHA256;
	gnutls_digest_algorithm_t digest =
		is_sha256 ? GNUTLS_DIG_SHA256 : GNUTLS_DIG_SHA1;
	uint8_t serial[32];
	size_t serial_size = sizeof(serial);
	size_t at = begin(w, 0x30);

	if (is_sha256)
		put_algorithm(w, "\x60\x86\x48\x01\x65\x03\x04\x02\x01", 9);
	else
		put_algorithm(w, "\x2b\x0e\x03\x02\x1a", 5);
	put_hash(w, digest, name, 0);
	put_hash(w, digest, point, single->key_hash_size);
	assert_gnutls(gnutls_x509_crt_get_serial(single->leaf->crt, serial,
						 &serial_size));
	put_element(w, 0x02, serial, serial_size);
	end(w, at);
	gnutls_free(name.data);
	gnutls_free(point.data);
}

static void put_status(struct writer *w, const struct test_single *single)
{
	size_t at;

	switch (single->status) {
	case TEST_GOOD:
		put_element(w, 0x80, NULL, 0);
		return;
	case TEST_REVOKED:
		at = begin(w, 0xa1);
		put_time(w, TEST_RESPONSE_TIME);
		end(w, at);
		return;
	case TEST_UNKNOWN:
		put_element(w, 0x82, NULL, 0);
		return;
	}
}

static void put_extensions(struct writer *w, uint8_t tag, size_t fillers,
			   size_t padding)
{
	static const uint8_t zeros[DER_MAX];
	size_t outer = begin(w, tag);
	size_t list = begin(w, 0x30);
	size_t extension = begin(w, 0x30);
	size_t value;

	put_element(w, 0x06, "\x2a\x03", 2);
	value = begin(w, 0x04);
	for (size_t i = 0; i < fillers; i++)
		put_element(w, 0x05, NULL, 0);
	put_element(w, 0x0c, zeros, padding);
	end(w, value);
	end(w, extension);
	end(w, list);
	end(w, outer);
}

static void put_single(struct writer *w, const struct test_single *single,
		       const struct test_cert *signer)
{
	size_t at = begin(w, 0x30);
	size_t next;

	put_cert_id(w, single, signer);
	put_status(w, single);
	put_time(w, single->this_update == NULL ? TEST_RESPONSE_TIME :
						  single->this_update);
	if (single->next_update != NULL) {
		next = begin(w, 0xa0);
		put_time(w, single->next_update);
		end(w, next);
	}
	if (single->has_extension)
		put_extensions(w, 0xa1, 1, 0);
	end(w, at);
}

static void put_responder(struct writer *w,
			  const struct test_response_spec *spec)
{
	size_t at = begin(w, spec->is_by_key ? 0xa2 : 0xa1);
	gnutls_datum_t id = spec->is_by_key ? point_of(spec->signer) :
					      subject_of(spec->signer);

	if (spec->is_by_key)
		put_hash(w, GNUTLS_DIG_SHA1, id, 0);
	else
		put(w, id.data, id.size);
	gnutls_free(id.data);
	end(w, at);
}

static void put_tbs(struct writer *w, const struct test_response_spec *spec)
{
	size_t at = begin(w, 0x30);
	size_t list;

	put_responder(w, spec);
	put_time(w, TEST_RESPONSE_TIME); /* producedAt */
	list = begin(w, 0x30);
	for (size_t i = 0;
	     i < COUNT_OF(spec->singles) && spec->singles[i].leaf != NULL; i++)
		put_single(w, &spec->singles[i], spec->signer);
	end(w, list);
	if (spec->fillers + spec->padding > 0)
		put_extensions(w, 0xa1, spec->fillers, spec->padding);
	end(w, at);
}

/* --- What is around it --------------------------------------------------- */

static void put_signature(struct writer *w,
			  const struct test_response_spec *spec,
			  const struct writer *tbs)
{
	gnutls_datum_t data = { tbs->bytes, (unsigned int)tbs->size };
	gnutls_datum_t signature;
	gnutls_privkey_t key;
	size_t at;

	assert_gnutls(gnutls_privkey_init(&key));
	assert_gnutls(gnutls_privkey_import_x509(key, spec->signer->key, 0));
	assert_gnutls(gnutls_privkey_sign_data(key, GNUTLS_DIG_SHA256, 0, &data,
					       &signature));
	gnutls_privkey_deinit(key);
	if (spec->has_bad_signature)
		signature.data[signature.size - 1] ^= 1;
	/* ecdsa-with-SHA256 */
	put_algorithm(w, "\x2a\x86\x48\xce\x3d\x04\x03\x02", 8);
	at = begin(w, 0x03);
	put_byte(w, 0); /* unused bits */
	put(w, signature.data, signature.size);
	end(w, at);
	gnutls_free(signature.data);
}

static void put_basic(struct writer *w, const struct test_response_spec *spec,
		      const struct writer *tbs)
{
	size_t at = begin(w, 0x30);
	size_t certs;
	size_t list;

	put(w, tbs->bytes, tbs->size);
	put_signature(w, spec, tbs);
	if (spec->certs[0] != NULL) {
		certs = begin(w, 0xa0);
		list = begin(w, 0x30);
		for (size_t i = 0;
		     i < COUNT_OF(spec->certs) && spec->certs[i] != NULL; i++)
			put(w, spec->certs[i]->der.data,
			    spec->certs[i]->der.size);
		end(w, list);
		end(w, certs);
	}
	end(w, at);
}

/* id-pkix-ocsp-basic, or id-pkix-ocsp-nonce, which is none. */
static void put_type(struct writer *w, const struct test_response_spec *spec)
{
	uint8_t oid[] = { 0x2b, 6, 1, 5, 5, 7, 48, 1, 1 };

	oid[8] = spec->is_of_other_type ? 2 : 1;
	put_element(w, 0x06, oid, sizeof(oid));
}

struct test_response test_response_make(const struct test_response_spec *spec)
{
	struct writer w = { malloc(DER_MAX), 0 };
	struct writer tbs = { malloc(DER_MAX), 0 };
	struct test_response response;
	size_t outer;
	size_t bytes;
	size_t pair;
	size_t octets;

	assert_non_null(w.bytes);
	assert_non_null(tbs.bytes);
	put_tbs(&tbs, spec);
	outer = begin(&w, 0x30);
	put_element(&w, 0x0a, &spec->status, 1);
	if (spec->status == 0) {
		bytes = begin(&w, 0xa0);
		pair = begin(&w, 0x30);
		put_type(&w, spec);
		octets = begin(&w, 0x04);
		put_basic(&w, spec, &tbs);
		end(&w, octets);
		end(&w, pair);
		end(&w, bytes);
	}
	end(&w, outer);
	/* To the byte, for who reads past the end. */
	response = (struct test_response){ realloc(w.bytes, w.size), w.size, 0,
					   tbs.size };
	assert_non_null(response.der);
	while (response.tbs_at + tbs.size < w.size &&
	       memcmp(response.der + response.tbs_at, tbs.bytes, tbs.size) != 0)
		response.tbs_at++;
	free(tbs.bytes);
	return response;
}

void test_response_free(struct test_response *response)
{
	free(response->der);
	*response = (struct test_response){ 0 };
}
