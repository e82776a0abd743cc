/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates made on the spot by GnuTLS. A helper that fails ends the test.
 */
#ifndef CEM_TESTS_CERTS_H
#define CEM_TESTS_CERTS_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* What is zero or NULL gets a default or is left out. */
struct test_cert_spec {
	const char *cn;	       /* left out */
	size_t cn_size;	       /* strlen() */
	bool cn_is_der;	       /* with tag and length; else a string */
	const char *dns[4];    /* dNSName */
	const char *ip;	       /* iPAddress */
	time_t not_before;     /* 2023-11-14T22:13:20Z */
	time_t not_after;      /* a year later */
	const uint8_t *serial; /* one byte, 1 */
	size_t serial_size;
	bool must_staple; /* RFC 7633: status_request */
	unsigned int other_feature;
	gnutls_pk_algorithm_t key;	  /* GNUTLS_PK_ECDSA */
	unsigned int bits;		  /* or curve: P-256 */
	gnutls_digest_algorithm_t digest; /* SHA-256 */
	/* Bytes, of an RSA or a DSA key that is none: all bits are ones.
	 * Signed with another. */
	size_t rsa_modulus_size, rsa_exponent_size;
	size_t dsa_p_size, dsa_q_size;

	const struct test_cert *issuer;	  /* itself */
	const struct test_cert *same_key; /* has this one's key; a new one */
	bool is_ca;
	bool has_path_length;
	int path_length;
	bool has_key_ids;	    /* SKI, and the issuer's as AKI */
	const char *purposes[2];    /* extendedKeyUsage: OIDs */
	size_t purpose_repeats;	    /* of the first, beyond that */
	const char *permitted_name; /* nameConstraints: dNSName */
	const char *excluded_name;
	const char *ocsp_url;	/* authorityInfoAccess: ocsp */
	const char *issuer_url; /* behind it: caIssuers */
	struct {		/* any other extension */
		const char *oid;
		gnutls_datum_t der;
		bool is_critical;
	} extension;
	size_t empty_extensions; /* as many more, each of its own OID */
};

#define TEST_CERT_NOT_BEFORE ((time_t)1700000000)
#define TEST_CERT_NOT_AFTER ((time_t)1731536000)

struct test_cert {
	gnutls_datum_t der;
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_t key;
};

struct test_cert test_cert_make(const struct test_cert_spec *spec);
void test_cert_free(struct test_cert *cert);

/* Makes `issuer` the issuer. */
void test_cert_sign(struct test_cert *cert, const struct test_cert *issuer);

/* Replaces the first `size` bytes equal to `from` in the DER by `to`: for
 * what no library would sign. The signature is wrong then, which nobody
 * checks who only reads. */
void test_cert_patch(struct test_cert *cert, const void *from, const void *to,
		     size_t size);

/* Signs the DER of one that was signed with SHA-1 by this RSA key once more,
 * with MD5: GnuTLS would not. */
void test_cert_sign_md5(struct test_cert *cert, const struct test_cert *issuer);

/* Makes the signature in the DER a wrong one. */
void test_cert_tamper(struct test_cert *cert);

/* Writes `count` certificates, or the key of one (PKCS#8, encrypted if
 * `password` is not NULL), in PEM form to the end of a file. */
void test_cert_write(const char *path, const struct test_cert *certs,
		     size_t count);
void test_cert_write_key(const char *path, const struct test_cert *cert,
			 const char *password);

#endif
