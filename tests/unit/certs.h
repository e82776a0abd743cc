/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates made on the spot by GnuTLS. A helper that fails ends the test.
 */
#ifndef CEM_TESTS_CERTS_H
#define CEM_TESTS_CERTS_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* What is zero or NULL gets a default or is left out. */
struct test_cert_spec {
	const char *cn;	       /* left out */
	size_t cn_size;	       /* strlen() */
	const char *dns[4];    /* dNSName */
	const char *ip;	       /* iPAddress */
	time_t not_before;     /* 2023-11-14T22:13:20Z */
	time_t not_after;      /* a year later */
	const uint8_t *serial; /* one byte, 1 */
	size_t serial_size;
	gnutls_pk_algorithm_t key;	  /* GNUTLS_PK_ECDSA */
	unsigned int bits;		  /* or curve: P-256 */
	gnutls_digest_algorithm_t digest; /* SHA-256 */
	/* Bytes, of an RSA key that is none: all bits are ones. Signed with
	 * another. */
	size_t rsa_modulus_size, rsa_exponent_size;
};

#define TEST_CERT_NOT_BEFORE ((time_t)1700000000)
#define TEST_CERT_NOT_AFTER ((time_t)1731536000)

struct test_cert {
	gnutls_datum_t der;
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_t key;
};

/* Self-signed. */
struct test_cert test_cert_make(const struct test_cert_spec *spec);
void test_cert_free(struct test_cert *cert);

/* Replaces the first `size` bytes equal to `from` in the DER by `to`: for
 * what no library would sign. The signature is wrong then, which nobody
 * checks who only reads. */
void test_cert_patch(struct test_cert *cert, const void *from, const void *to,
		     size_t size);

#endif
