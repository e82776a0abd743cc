/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/x509: A-labels, base64, names and dates in PEM, words of a verification.
 */
#include <config.h>

#include "base/x509.h"

#include <ctype.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

#include "certs.h"
#include "support.h"

static void test_to_ascii(void **state)
{
	static const struct {
		const char *name, *ascii; /* NULL: not a name */
	} rows[] = {
		{ "www.example.com", "www.example.com" },
		{ "WWW.Example.COM", "www.example.com" },
		{ "b\xc3\xbc"
		  "cher.example",
		  "xn--bcher-kva.example" },
		{ "B\xc3\x9c"
		  "CHER.example",
		  "xn--bcher-kva.example" },
		{ "stra\xc3\x9f"
		  "e.example",
		  "xn--strae-oqa.example" }, /* IDNA2008, not "strasse" */
		{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
		{ "a_b.example", "a_b.example" },
		{ "\xff\xfe", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct error err = { 0 };
		char *ascii = NULL;
		int r = x509_to_ascii(rows[i].name, &ascii, &err);

		if (rows[i].ascii == NULL) {
			assert_row(r < 0, rows[i].name);
			assert_error(r, &err, ERROR_INVALID,
				     "is not a domain name");
			continue;
		}
		assert_ok(r, &err);
		assert_string_equal(ascii, rows[i].ascii);
		free(ascii);
	}
}

static void test_base64(void **state)
{
	static const struct {
		const char *text, *bytes; /* NULL: not base64 */
	} rows[] = {
		{ "Zg==", "f" },      { "Zm8=", "fo" },
		{ "Zm9v", "foo" },    { "Zm9v\nYmFy\n", "foobar" },
		{ "Zm9*", NULL },     { "Zm9vY", NULL },
		{ "\xff\xff", NULL },
	};
	struct buffer small = BUFFER_INIT(2);
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct buffer b = BUFFER_INIT(100);
		int r = x509_base64_decode(rows[i].text, &b, &err);

		if (rows[i].bytes == NULL) {
			assert_row(r < 0, rows[i].text);
			assert_error(r, &err, ERROR_INVALID, "is not base64");
		} else {
			assert_ok(r, &err);
			assert_string_equal(b.data, rows[i].bytes);
		}
		buffer_free(&b);
	}
	assert_error(x509_base64_decode("Zm9v", &small, &err), &err,
		     ERROR_TOO_LARGE, NULL);
	buffer_free(&small);
}

static void test_common_name(void **state)
{
	static const struct {
		const char *cn, *expected; /* NULL: an error */
	} rows[] = {
		{ "system:node:a", "system:node:a" },
		{ "caf\xc3\xa9", "caf\xc3\xa9" },
		{ NULL, NULL },
	};
	struct error err = { 0 };
	char *name = NULL;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct test_cert cert = test_cert_make(&(struct test_cert_spec){
			.cn = rows[i].cn,
		});
		gnutls_datum_t pem;
		int r;

		assert_int_equal(gnutls_pem_base64_encode2("CERTIFICATE",
							   &cert.der, &pem),
				 0);
		r = x509_common_name((const char *)pem.data, pem.size, &name,
				     &err);
		if (rows[i].expected == NULL) {
			assert_error(r, &err, ERROR_INVALID, "no common name");
		} else {
			assert_ok(r, &err);
			assert_string_equal(name, rows[i].expected);
			free(name);
		}
		gnutls_free(pem.data);
		test_cert_free(&cert);
	}
	assert_error(x509_common_name("nonsense", 8, &name, &err), &err,
		     ERROR_INVALID, "not a PEM certificate");
	assert_error(x509_common_name("", 0, &name, &err), &err, ERROR_INVALID,
		     "not a PEM certificate");
}

/* The other way round, and whatever the bytes. */
static void test_to_base64(void **state)
{
	static const struct {
		const char *bytes, *text;
	} rows[] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "foobar", "Zm9vYmFy" },
		/* More than a line of PEM. */
		{ "0123456789012345678901234567890123456789012345678901234",
		  "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0"
		  "NTY3ODkwMTIzNA==" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct buffer b = BUFFER_INIT(100);
		struct error err = { 0 };

		assert_ok(x509_base64_encode(rows[i].bytes,
					     strlen(rows[i].bytes), &b, &err),
			  &err);
		assert_string_equal(b.data, rows[i].text);
		buffer_free(&b);
	}
}

static void test_dates(void **state)
{
	static const struct {
		time_t not_before, not_after;
	} rows[] = {
		{ TEST_CERT_NOT_BEFORE, TEST_CERT_NOT_AFTER },
		{ 1, 86400 },
		{ 4102444800, 7258118400 },   /* 2100, 2200 */
		{ 1700000000, 253402300799 }, /* has no end: RFC 5280 */
	};
	struct error err = { 0 };
	int64_t not_before = 0;
	int64_t not_after = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct test_cert cert = test_cert_make(&(struct test_cert_spec){
			.not_before = rows[i].not_before,
			.not_after = rows[i].not_after,
		});
		gnutls_datum_t pem;

		assert_int_equal(gnutls_pem_base64_encode2("CERTIFICATE",
							   &cert.der, &pem),
				 0);
		assert_ok(x509_dates((const char *)pem.data, pem.size,
				     &not_before, &not_after, &err),
			  &err);
		assert_true(not_before == rows[i].not_before);
		assert_true(not_after == rows[i].not_after);
		gnutls_free(pem.data);
		test_cert_free(&cert);
	}
	assert_error(x509_dates("nonsense", 8, &not_before, &not_after, &err),
		     &err, ERROR_INVALID, "not a PEM certificate");
}

static void test_verify_words(void **state)
{
	static const unsigned int statuses[] = {
		0,
		GNUTLS_CERT_INVALID,
		GNUTLS_CERT_INVALID | GNUTLS_CERT_SIGNER_NOT_FOUND,
		GNUTLS_CERT_INVALID | GNUTLS_CERT_EXPIRED,
		GNUTLS_CERT_INVALID | GNUTLS_CERT_SIGNER_NOT_FOUND |
			GNUTLS_CERT_EXPIRED | GNUTLS_CERT_UNEXPECTED_OWNER |
			GNUTLS_CERT_INSECURE_ALGORITHM,
		~0U,
	};
	char words[X509_WORDS_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(statuses); i++) {
		x509_verify_words(statuses[i], words);
		assert_true(strlen(words) > 0);
		assert_true(words[strlen(words) - 1] != '.');
		assert_true(words[strlen(words) - 1] != ' ');
		assert_false(isupper((unsigned char)words[0]));
	}
	x509_verify_words(statuses[2], words);
	assert_string_equal(words, "the certificate issuer is unknown");
}

static void test_version(void **state)
{
	(void)state;
	assert_string_equal(x509_library_version(), gnutls_check_version(NULL));
	assert_true(isdigit((unsigned char)x509_library_version()[0]));
}

/* GnuTLS goes on working while what it frees is wiped, and after. */
static void test_wipe_freed(void **state)
{
	(void)state;
	x509_wipe_freed(true);
	test_to_ascii(state);
	test_common_name(state);
	x509_wipe_freed(false);
	test_common_name(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_to_ascii),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_to_base64),
		cmocka_unit_test(test_common_name),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_verify_words),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_wipe_freed),
	};

	return cmocka_run_group_tests_name("x509", tests, NULL, NULL);
}
