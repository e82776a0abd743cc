/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates by GnuTLS.
 */
#include <config.h>

#include "certs.h"

#include <arpa/inet.h>
#include <gnutls/abstract.h>
#include <string.h>

#include "support.h"

#define assert_gnutls(call) assert_true((call) >= 0)

static void set_names(gnutls_x509_crt_t crt, const struct test_cert_spec *spec)
{
	unsigned char address[16];

	if (spec->cn != NULL)
		assert_gnutls(gnutls_x509_crt_set_dn_by_oid(
			crt, GNUTLS_OID_X520_COMMON_NAME, 0, spec->cn,
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

/* An RSA key that nobody has the other half of. */
static void set_rsa(gnutls_x509_crt_t crt, size_t modulus_size,
		    size_t exponent_size)
{
	static unsigned char ones[4096];
	gnutls_datum_t modulus = { ones, (unsigned int)modulus_size };
	gnutls_datum_t exponent = { ones, (unsigned int)exponent_size };
	gnutls_pubkey_t key;

	assert_true(modulus_size <= sizeof(ones));
	assert_true(exponent_size <= sizeof(ones));
	memset(ones, 0xff, sizeof(ones));
	assert_gnutls(gnutls_pubkey_init(&key));
	assert_gnutls(gnutls_pubkey_import_rsa_raw(key, &modulus, &exponent));
	assert_gnutls(gnutls_x509_crt_set_pubkey(crt, key));
	gnutls_pubkey_deinit(key);
}

/* With its own key, as if its issuer had the same. */
static void sign(struct test_cert *cert, const struct test_cert_spec *spec)
{
	gnutls_x509_crt_t issuer;

	assert_gnutls(gnutls_x509_crt_init(&issuer));
	assert_gnutls(gnutls_x509_crt_set_version(issuer, 3));
	assert_gnutls(gnutls_x509_crt_set_key(issuer, cert->key));
	assert_gnutls(gnutls_x509_crt_sign2(
		cert->crt, spec->rsa_modulus_size > 0 ? issuer : cert->crt,
		cert->key,
		spec->digest == GNUTLS_DIG_UNKNOWN ? GNUTLS_DIG_SHA256 :
						     spec->digest,
		0));
	gnutls_x509_crt_deinit(issuer);
}

struct test_cert test_cert_make(const struct test_cert_spec *spec)
{
	static const uint8_t one[] = { 1 };
	struct test_cert cert = { 0 };

	assert_gnutls(gnutls_x509_privkey_init(&cert.key));
	assert_gnutls(gnutls_x509_privkey_generate(
		cert.key,
		spec->key == GNUTLS_PK_UNKNOWN || spec->rsa_modulus_size > 0 ?
			GNUTLS_PK_ECDSA :
			spec->key,
		spec->bits != 0 ?
			spec->bits :
			GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
		0));
	assert_gnutls(gnutls_x509_crt_init(&cert.crt));
	assert_gnutls(gnutls_x509_crt_set_version(cert.crt, 3));
	set_names(cert.crt, spec);
	assert_gnutls(gnutls_x509_crt_set_serial(
		cert.crt, spec->serial == NULL ? one : spec->serial,
		spec->serial == NULL ? sizeof(one) : spec->serial_size));
	assert_gnutls(gnutls_x509_crt_set_activation_time(
		cert.crt, spec->not_before == 0 ? TEST_CERT_NOT_BEFORE :
						  spec->not_before));
	assert_gnutls(gnutls_x509_crt_set_expiration_time(
		cert.crt,
		spec->not_after == 0 ? TEST_CERT_NOT_AFTER : spec->not_after));
	assert_gnutls(gnutls_x509_crt_set_key(cert.crt, cert.key));
	if (spec->rsa_modulus_size > 0)
		set_rsa(cert.crt, spec->rsa_modulus_size,
			spec->rsa_exponent_size);
	sign(&cert, spec);
	assert_gnutls(gnutls_x509_crt_export2(cert.crt, GNUTLS_X509_FMT_DER,
					      &cert.der));
	return cert;
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
