/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates by GnuTLS.
 */
#include <config.h>

#include "certs.h"

#include <arpa/inet.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509-ext.h>
#include <string.h>

#include "probe/der.h"
#include "support.h"

#define assert_gnutls(call) assert_true((call) >= 0)

static void set_names(gnutls_x509_crt_t crt, const struct test_cert_spec *spec)
{
	unsigned char address[16];

	if (spec->cn != NULL)
		assert_gnutls(gnutls_x509_crt_set_dn_by_oid(
			crt, GNUTLS_OID_X520_COMMON_NAME, spec->cn_is_der,
			spec->cn,
			(unsigned int)(spec->cn_size > 0 ? spec->cn_size :
							   strlen(spec->cn))));
	for (size_t i = 0; i < COUNT_OF(spec->dns) && spec->dns[i] != NULL; i++)
		assert_gnutls(gnutls_x509_crt_set_subject_alt_name(
			crt, GNUTLS_SAN_DNSNAME, spec->dns[i],
			(unsigned int)strlen(spec->dns[i]),
			GNUTLS_FSAN_APPEND));
	if (spec->ip == NULL)
		return;
	if (inet_pton(AF_INET, spec->ip, address) == 1)
		assert_gnutls(gnutls_x509_crt_set_subject_alt_name(
			crt, GNUTLS_SAN_IPADDRESS, address, 4,
			GNUTLS_FSAN_APPEND));
	else {
		assert_int_equal(inet_pton(AF_INET6, spec->ip, address), 1);
		assert_gnutls(gnutls_x509_crt_set_subject_alt_name(
			crt, GNUTLS_SAN_IPADDRESS, address, 16,
			GNUTLS_FSAN_APPEND));
	}
}

static void set_features(gnutls_x509_crt_t crt,
			 const struct test_cert_spec *spec)
{
	gnutls_x509_tlsfeatures_t features;

	if (!spec->must_staple && spec->other_feature == 0)
		return;
	assert_gnutls(gnutls_x509_tlsfeatures_init(&features));
	if (spec->other_feature != 0)
		assert_gnutls(gnutls_x509_tlsfeatures_add(features,
							  spec->other_feature));
	if (spec->must_staple)
		assert_gnutls(gnutls_x509_tlsfeatures_add(features, 5));
	assert_gnutls(gnutls_x509_crt_set_tlsfeatures(crt, features));
	gnutls_x509_tlsfeatures_deinit(features);
}

static bool is_fake(const struct test_cert_spec *spec)
{
	return spec->rsa_modulus_size > 0 || spec->dsa_p_size > 0;
}

/* A key that nobody has the other half of. */
static void set_fake_key(gnutls_x509_crt_t crt,
			 const struct test_cert_spec *spec)
{
	static unsigned char ones[4096];
	gnutls_datum_t modulus = { ones, (unsigned int)spec->rsa_modulus_size };
	gnutls_datum_t exponent = { ones,
				    (unsigned int)spec->rsa_exponent_size };
	gnutls_datum_t p = { ones, (unsigned int)spec->dsa_p_size };
	gnutls_datum_t q = { ones, (unsigned int)spec->dsa_q_size };
	gnutls_pubkey_t key;

	assert_true(modulus.size + p.size <= sizeof(ones));
	assert_true(exponent.size + q.size <= sizeof(ones));
	memset(ones, 0xff, sizeof(ones));
	assert_gnutls(gnutls_pubkey_init(&key));
	if (modulus.size > 0)
		assert_gnutls(
			gnutls_pubkey_import_rsa_raw(key, &modulus, &exponent));
	else
		assert_gnutls(
			gnutls_pubkey_import_dsa_raw(key, &p, &q, &p, &p));
	assert_gnutls(gnutls_x509_crt_set_pubkey(crt, key));
	gnutls_pubkey_deinit(key);
}

/* Other than by an issuer: with its own key, as if its issuer had the same. */
static void sign(struct test_cert *cert, const struct test_cert_spec *spec)
{
	gnutls_digest_algorithm_t digest = spec->digest == GNUTLS_DIG_UNKNOWN ?
						   GNUTLS_DIG_SHA256 :
						   spec->digest;
	gnutls_x509_crt_t issuer;

	if (spec->issuer != NULL) {
		assert_gnutls(
			gnutls_x509_crt_sign2(cert->crt, spec->issuer->crt,
					      spec->issuer->key, digest, 0));
		return;
	}
	assert_gnutls(gnutls_x509_crt_init(&issuer));
	assert_gnutls(gnutls_x509_crt_set_version(issuer, 3));
	assert_gnutls(gnutls_x509_crt_set_key(issuer, cert->key));
	assert_gnutls(gnutls_x509_crt_sign2(cert->crt,
					    is_fake(spec) ? issuer : cert->crt,
					    cert->key, digest, 0));
	gnutls_x509_crt_deinit(issuer);
}

static void set_key(struct test_cert *cert, const struct test_cert_spec *spec)
{
	assert_gnutls(gnutls_x509_privkey_init(&cert->key));
	if (spec->same_key != NULL)
		assert_gnutls(gnutls_x509_privkey_cpy(cert->key,
						      spec->same_key->key));
	else
		assert_gnutls(gnutls_x509_privkey_generate(
			cert->key,
			spec->key == GNUTLS_PK_UNKNOWN || is_fake(spec) ?
				GNUTLS_PK_ECDSA :
				spec->key,
			spec->bits != 0 ? spec->bits :
					  GNUTLS_CURVE_TO_BITS(
						  GNUTLS_ECC_CURVE_SECP256R1),
			0));
	assert_gnutls(gnutls_x509_crt_set_key(cert->crt, cert->key));
	if (is_fake(spec))
		set_fake_key(cert->crt, spec);
}

static void set_key_ids(const struct test_cert *cert,
			const struct test_cert *issuer)
{
	unsigned char id[64];
	size_t size = sizeof(id);

	assert_gnutls(gnutls_x509_crt_get_key_id(cert->crt, 0, id, &size));
	assert_gnutls(gnutls_x509_crt_set_subject_key_id(cert->crt, id, size));
	size = sizeof(id);
	assert_gnutls(gnutls_x509_crt_get_key_id(
		issuer == NULL ? cert->crt : issuer->crt, 0, id, &size));
	assert_gnutls(
		gnutls_x509_crt_set_authority_key_id(cert->crt, id, size));
}

static gnutls_datum_t datum_of(const char *text)
{
	return (gnutls_datum_t){ (unsigned char *)(uintptr_t)text,
				 (unsigned int)strlen(text) };
}

static void set_name_constraints(gnutls_x509_crt_t crt,
				 const struct test_cert_spec *spec)
{
	gnutls_x509_name_constraints_t constraints;
	gnutls_datum_t name;

	if (spec->permitted_name == NULL && spec->excluded_name == NULL)
		return;
	assert_gnutls(gnutls_x509_name_constraints_init(&constraints));
	if (spec->permitted_name != NULL) {
		name = datum_of(spec->permitted_name);
		assert_gnutls(gnutls_x509_name_constraints_add_permitted(
			constraints, GNUTLS_SAN_DNSNAME, &name));
	}
	if (spec->excluded_name != NULL) {
		name = datum_of(spec->excluded_name);
		assert_gnutls(gnutls_x509_name_constraints_add_excluded(
			constraints, GNUTLS_SAN_DNSNAME, &name));
	}
	assert_gnutls(
		gnutls_x509_crt_set_name_constraints(crt, constraints, 1));
	gnutls_x509_name_constraints_deinit(constraints);
}

static void set_access(gnutls_x509_crt_t crt, int what, const char *url)
{
	gnutls_datum_t datum;

	if (url == NULL)
		return;
	datum = datum_of(url);
	assert_gnutls(
		gnutls_x509_crt_set_authority_info_access(crt, what, &datum));
}

static void set_extensions(const struct test_cert *cert,
			   const struct test_cert_spec *spec)
{
	gnutls_x509_crt_t crt = cert->crt;

	if (spec->is_ca)
		assert_gnutls(gnutls_x509_crt_set_basic_constraints(
			crt, 1,
			spec->has_path_length ? spec->path_length : -1));
	if (spec->has_key_ids)
		set_key_ids(cert, spec->issuer);
	for (size_t i = 0;
	     i < COUNT_OF(spec->purposes) && spec->purposes[i] != NULL; i++)
		assert_gnutls(gnutls_x509_crt_set_key_purpose_oid(
			crt, spec->purposes[i], 0));
	for (size_t i = 0; i < spec->purpose_repeats; i++)
		assert_gnutls(gnutls_x509_crt_set_key_purpose_oid(
			crt, spec->purposes[0], 0));
	set_name_constraints(crt, spec);
	set_access(crt, GNUTLS_IA_OCSP_URI, spec->ocsp_url);
	set_access(crt, GNUTLS_IA_CAISSUERS_URI, spec->issuer_url);
	for (size_t i = 0; i < spec->empty_extensions; i++) {
		char oid[32];

		(void)snprintf(oid, sizeof(oid), "1.2.3.%zu", i);
		assert_gnutls(gnutls_x509_crt_set_extension_by_oid(
			crt, oid, "\x05", 2, 0));
	}
	if (spec->extension.oid != NULL)
		assert_gnutls(gnutls_x509_crt_set_extension_by_oid(
			crt, spec->extension.oid, spec->extension.der.data,
			spec->extension.der.size, spec->extension.is_critical));
}

struct test_cert test_cert_make(const struct test_cert_spec *spec)
{
	static const uint8_t one[] = { 1 };
	struct test_cert cert = { 0 };

	assert_gnutls(gnutls_x509_crt_init(&cert.crt));
	assert_gnutls(gnutls_x509_crt_set_version(cert.crt, 3));
	set_names(cert.crt, spec);
	set_features(cert.crt, spec);
	assert_gnutls(gnutls_x509_crt_set_serial(
		cert.crt, spec->serial == NULL ? one : spec->serial,
		spec->serial == NULL ? sizeof(one) : spec->serial_size));
	assert_gnutls(gnutls_x509_crt_set_activation_time(
		cert.crt, spec->not_before == 0 ? TEST_CERT_NOT_BEFORE :
						  spec->not_before));
	assert_gnutls(gnutls_x509_crt_set_expiration_time(
		cert.crt,
		spec->not_after == 0 ? TEST_CERT_NOT_AFTER : spec->not_after));
	set_key(&cert, spec);
	set_extensions(&cert, spec);
	sign(&cert, spec);
	assert_gnutls(gnutls_x509_crt_export2(cert.crt, GNUTLS_X509_FMT_DER,
					      &cert.der));
	/* GnuTLS compares certificates by what it imported of them. */
	gnutls_x509_crt_deinit(cert.crt);
	assert_gnutls(gnutls_x509_crt_init(&cert.crt));
	assert_gnutls(gnutls_x509_crt_import(cert.crt, &cert.der,
					     GNUTLS_X509_FMT_DER));
	return cert;
}

void test_cert_sign(struct test_cert *cert, const struct test_cert *issuer)
{
	assert_gnutls(gnutls_x509_crt_sign2(cert->crt, issuer->crt, issuer->key,
					    GNUTLS_DIG_SHA256, 0));
	gnutls_free(cert->der.data);
	assert_gnutls(gnutls_x509_crt_export2(cert->crt, GNUTLS_X509_FMT_DER,
					      &cert->der));
}

void test_cert_free(struct test_cert *cert)
{
	gnutls_free(cert->der.data);
	gnutls_x509_crt_deinit(cert->crt);
	gnutls_x509_privkey_deinit(cert->key);
	*cert = (struct test_cert){ 0 };
}

void test_cert_patch(struct test_cert *cert, const void *from, const void *to,
		     size_t size)
{
	unsigned char *at = memmem(cert->der.data, cert->der.size, from, size);

	assert_non_null(at);
	memcpy(at, to, size);
}

void test_cert_sign_md5(struct test_cert *cert, const struct test_cert *issuer)
{
	/* A DigestInfo (RFC 8017, 9.2), the digest at its end. */
	unsigned char info[] = "\x30\x20\x30\x0c\x06\x08\x2a\x86\x48\x86\xf7"
			       "\x0d\x02\x05\x05\x00\x04\x10"
			       "0123456789abcdef";
	gnutls_datum_t datum = { info, sizeof(info) - 1 };
	gnutls_datum_t signature;
	gnutls_privkey_t key;
	struct der der;
	struct der_element element;
	const uint8_t *start;

	/* sha1WithRSAEncryption twice: 1.2.840.113549.1.1.5, and .4 */
	for (int i = 0; i < 2; i++)
		test_cert_patch(cert, "\xf7\x0d\x01\x01\x05",
				"\xf7\x0d\x01\x01\x04", 5);
	der = (struct der){ cert->der.data, cert->der.size };
	assert_true(der_enter(&der, 0));
	start = der.at;
	assert_true(der_next(&der, &element));
	assert_gnutls(gnutls_hash_fast(GNUTLS_DIG_MD5, start,
				       (size_t)(der.at - start),
				       info + datum.size - 16));
	assert_gnutls(gnutls_privkey_init(&key));
	assert_gnutls(gnutls_privkey_import_x509(key, issuer->key, 0));
	assert_gnutls(gnutls_privkey_sign_hash(
		key, GNUTLS_DIG_MD5, GNUTLS_PRIVKEY_SIGN_FLAG_TLS1_RSA, &datum,
		&signature));
	memcpy(cert->der.data + cert->der.size - signature.size, signature.data,
	       signature.size);
	gnutls_free(signature.data);
	gnutls_privkey_deinit(key);
}

void test_cert_tamper(struct test_cert *cert)
{
	cert->der.data[cert->der.size - 1] ^= 1;
}

static void append(const char *path, const gnutls_datum_t *pem)
{
	FILE *out = fopen(path, "ae");

	assert_non_null(out);
	assert_int_equal(fwrite(pem->data, 1, pem->size, out), pem->size);
	assert_int_equal(fclose(out), 0);
}

void test_cert_write(const char *path, const struct test_cert *certs,
		     size_t count)
{
	for (size_t i = 0; i < count; i++) {
		gnutls_datum_t pem;

		assert_gnutls(gnutls_pem_base64_encode2("CERTIFICATE",
							&certs[i].der, &pem));
		append(path, &pem);
		gnutls_free(pem.data);
	}
}

void test_cert_write_key(const char *path, const struct test_cert *cert,
			 const char *password)
{
	gnutls_datum_t pem;

	assert_gnutls(gnutls_x509_privkey_export2_pkcs8(
		cert->key, GNUTLS_X509_FMT_PEM, password,
		password == NULL ? GNUTLS_PKCS_PLAIN :
				   GNUTLS_PKCS_PBES2_AES_256,
		&pem));
	append(path, &pem);
	gnutls_free(pem.data);
}
