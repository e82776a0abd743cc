/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/certificate: facts and names of good and hostile certificates.
 */
#include <config.h>

#include "probe/certificate.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "certs.h"
#include "support.h"

/* --- Facts --------------------------------------------------------------- */

static struct certificate *read_der(const gnutls_datum_t *der)
{
	struct certificate *c = NULL;
	struct error err = { 0 };

	assert_ok(certificate_read(der->data, der->size, &c, &err), &err);
	assert_non_null(c);
	return c;
}

static void test_facts(void **state)
{
	struct test_cert cert = test_cert_make(
		&(struct test_cert_spec){ .cn = "caf\xc3\xa9 \"x\"" });
	struct certificate *c = read_der(&cert.der);
	char expected[65];
	uint8_t digest[32];

	(void)state;
	assert_int_equal(gnutls_hash_fast(GNUTLS_DIG_SHA256, cert.der.data,
					  cert.der.size, digest),
			 0);
	for (size_t i = 0; i < sizeof(digest); i++)
		(void)snprintf(expected + 2 * i, 3, "%02x", digest[i]);
	assert_true(c->is_readable);
	assert_string_equal(c->fingerprint, expected);
	assert_true(c->not_before == TEST_CERT_NOT_BEFORE);
	assert_true(c->not_after == TEST_CERT_NOT_AFTER);
	assert_string_equal(c->serial_number, "01");
	assert_string_equal(c->subject_cn, "caf\xc3\xa9 \"x\"");
	assert_string_equal(c->issuer_cn, "caf\xc3\xa9 \"x\"");
	assert_string_equal(c->key_algorithm, "ecdsa-p256");
	assert_string_equal(c->signature_algorithm, "ecdsa-with-SHA256");
	certificate_free(c);
	certificate_free(NULL);
	test_cert_free(&cert);
}

#define P(curve) GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_##curve)

static void test_algorithms(void **state)
{
	static const struct {
		gnutls_pk_algorithm_t key;
		unsigned int bits;
		gnutls_digest_algorithm_t digest;
		const char *key_name, *signature_name;
	} rows[] = {
		{ GNUTLS_PK_ECDSA, P(SECP256R1), GNUTLS_DIG_SHA512,
		  "ecdsa-p256", "ecdsa-with-SHA512" },
		{ GNUTLS_PK_ECDSA, P(SECP384R1), GNUTLS_DIG_SHA384,
		  "ecdsa-p384", "ecdsa-with-SHA384" },
		{ GNUTLS_PK_ECDSA, P(SECP521R1), GNUTLS_DIG_SHA512,
		  "ecdsa-p521", "ecdsa-with-SHA512" },
		{ GNUTLS_PK_EDDSA_ED25519, 256, GNUTLS_DIG_SHA512, "ed25519",
		  "ED25519" },
		{ GNUTLS_PK_EDDSA_ED448, 448, GNUTLS_DIG_SHAKE_256, "ed448",
		  "ED448" },
		{ GNUTLS_PK_RSA, 2048, GNUTLS_DIG_SHA256, "rsa-2048",
		  "sha256WithRSAEncryption" },
		{ GNUTLS_PK_RSA, 1024, GNUTLS_DIG_SHA1, "rsa-1024",
		  "sha1WithRSAEncryption" },
		{ GNUTLS_PK_RSA_PSS, 2048, GNUTLS_DIG_SHA256, "rsa-pss-2048",
		  "rsassaPss" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct test_cert cert = test_cert_make(&(struct test_cert_spec){
			.key = rows[i].key,
			.bits = rows[i].bits,
			.digest = rows[i].digest,
		});
		struct certificate *c = read_der(&cert.der);

		assert_true(c->is_readable);
		assert_string_equal(c->key_algorithm, rows[i].key_name);
		assert_string_equal(c->signature_algorithm,
				    rows[i].signature_name);
		certificate_free(c);
		test_cert_free(&cert);
	}
}

static void test_serials(void **state)
{
	static const struct {
		const char *name;
		uint8_t bytes[20];
		size_t size;
		const char *expected;
	} rows[] = {
		{ "zero in front", { 0, 0x80 }, 2, "80" },
		{ "small", { 0x0a }, 1, "0a" },
		{ "20 bytes",
		  { 0x7f, 1,  2,  3,  4,  5,  6,  7,  8,  9,
		    10,	  11, 12, 13, 14, 15, 16, 17, 18, 0xff },
		  20,
		  "7f0102030405060708090a0b0c0d0e0f101112ff" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct test_cert cert = test_cert_make(&(struct test_cert_spec){
			.serial = rows[i].bytes,
			.serial_size = rows[i].size,
		});
		struct certificate *c = read_der(&cert.der);

		assert_string_equal(c->serial_number, rows[i].expected);
		certificate_free(c);
		test_cert_free(&cert);
	}
}

/* RFC 5280 forbids it, and servers have it. */
static void test_negative_serial(void **state)
{
	static const uint8_t serial[] = { 0x12, 0x34, 0x56, 0x78 };
	struct test_cert cert = test_cert_make(&(struct test_cert_spec){
		.serial = serial, .serial_size = sizeof(serial) });
	struct certificate *c;

	(void)state;
	test_cert_patch(&cert, serial, "\xff\x34\x56\x78", 4);
	c = read_der(&cert.der);
	assert_true(c->is_readable);
	assert_string_equal(c->serial_number, "ff345678");
	certificate_free(c);
	test_cert_free(&cert);
}

static void test_dates(void **state)
{
	static const struct {
		const char *name;
		time_t not_before, not_after;
	} rows[] = {
		{ "last of UTCTime", 1700000000, 2524607999 },
		{ "first of GeneralizedTime", 1700000000, 2524608000 },
		{ "year 2107", 2524608000, 4323456789 },
		{ "no well-defined end", 1700000000, 253402300799 },
		{ "the epoch", 1, 1700000000 },
		{ "past 32 bits", 2147483647, 2147483648 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct test_cert cert = test_cert_make(&(struct test_cert_spec){
			.not_before = rows[i].not_before,
			.not_after = rows[i].not_after,
		});
		struct certificate *c = read_der(&cert.der);

		assert_row(c->is_readable, rows[i].name);
		assert_row(c->not_before == rows[i].not_before, rows[i].name);
		assert_row(c->not_after == rows[i].not_after, rows[i].name);
		certificate_free(c);
		test_cert_free(&cert);
	}
}

/* GnuTLS knows no time before the epoch: 1950 is 1970. */
static void test_before_the_epoch(void **state)
{
	struct test_cert cert = test_cert_make(&(struct test_cert_spec){ 0 });
	struct certificate *c;

	(void)state;
	test_cert_patch(&cert, "231114221320Z", "500101000000Z", 13);
	c = read_der(&cert.der);
	assert_true(c->is_readable);
	assert_true(c->not_before == 0);
	certificate_free(c);
	test_cert_free(&cert);
}

/* Never a date in the year 1, nor the second before the epoch. */
static void test_impossible_dates(void **state)
{
	static const char good[] = "231114221320Z";
	static const char *const dates[] = { "231314221320Z", "23111422132xZ",
					     "\xff\xff\xff\xff\xff\xff\xff\xff"
					     "\xff\xff\xff\xff\xff" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(dates); i++) {
		struct test_cert cert =
			test_cert_make(&(struct test_cert_spec){ 0 });
		struct certificate *c;

		test_cert_patch(&cert, good, dates[i], sizeof(good) - 1);
		c = read_der(&cert.der);
		assert_row(!c->is_readable, dates[i]);
		assert_int_equal(c->not_before, 0);
		assert_int_equal(strlen(c->fingerprint), 64);
		certificate_free(c);
		test_cert_free(&cert);
	}
}

/* The name itself, not as a distinguished name would have it. */
static void test_common_names(void **state)
{
	static const struct {
		const char *cn;
		size_t size;
		const char *expected;
	} rows[] = {
		{ "Example, Inc. + \"Sons\"; <CA> #1", 0,
		  "Example, Inc. + \"Sons\"; <CA> #1" },
		{ "a\\b\\\\c\\", 0, "a\\b\\\\c\\" },
		{ "#1 = one", 0, "#1 = one" },
		{ " blanks ", 0, " blanks " },
		{ "\\00", 0, "\\00" },
		{ NULL, 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct test_cert cert = test_cert_make(&(struct test_cert_spec){
			.cn = rows[i].cn, .cn_size = rows[i].size });
		struct certificate *c = read_der(&cert.der);

		assert_string_equal(c->subject_cn, rows[i].expected);
		assert_string_equal(c->issuer_cn, rows[i].expected);
		certificate_free(c);
		test_cert_free(&cert);
	}
}

static void test_long_common_name(void **state)
{
	char long_cn[301];
	char long_expected[CERTIFICATE_LABEL_MAX + 1] = "";
	struct test_cert cert;
	struct certificate *c;

	(void)state;
	memset(long_cn, 'x', 300);
	long_cn[300] = '\0';
	memcpy(long_expected, long_cn, CERTIFICATE_LABEL_MAX);
	cert = test_cert_make(&(struct test_cert_spec){ .cn = long_cn });
	c = read_der(&cert.der);
	assert_string_equal(c->subject_cn, long_expected);
	assert_string_equal(c->issuer_cn, long_expected);
	certificate_free(c);
	test_cert_free(&cert);
}

/* Whatever bytes stand there, the label is valid UTF-8 without NUL. */
static void test_hostile_common_names(void **state)
{
	static const char good[] = "ORIGINAL-CN-1234";
	static const char *const bytes[] = {
		"\xff\xfe\xfd\xfc\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"abc\0def\0\0\0\0\0\0\0\0\0",
		"a\nb\"c\\d\r\x01\x7f{}=,12",
		"caf\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9",
		"\xed\xa0\x80\xed\xbf\xbf\xf4\x90\x80\x80\xc0\x80\xc1\xbf\xe0\x80",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bytes); i++) {
		struct test_cert cert =
			test_cert_make(&(struct test_cert_spec){ .cn = good });
		struct certificate *c;

		/* Issuer and subject are the same name: the first is the
		 * issuer's, the second the subject's. */
		test_cert_patch(&cert, good, bytes[i], 16);
		test_cert_patch(&cert, good, bytes[i], 16);
		c = read_der(&cert.der);
		assert_true(c->is_readable);
		assert_true(text_is_utf8(c->subject_cn));
		assert_true(text_is_utf8(c->issuer_cn));
		assert_true(strlen(c->subject_cn) <= CERTIFICATE_LABEL_MAX);
		certificate_free(c);
		test_cert_free(&cert);
	}
}

static void test_unreadable(void **state)
{
	struct test_cert cert = test_cert_make(&(struct test_cert_spec){ 0 });
	struct domain domain = { NULL, (char *)(uintptr_t) "a.example", false };
	gnutls_datum_t nothing = { cert.der.data, 0 };
	struct certificate *c;

	(void)state;
	c = read_der(&nothing);
	assert_false(c->is_readable);
	assert_string_equal(c->fingerprint,
			    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934c"
			    "a495991b7852b855");
	certificate_free(c);
	assert_false(certificate_names(cert.der.data, 0, &domain));

	/* Cut anywhere, it is unreadable, and nothing worse. */
	for (unsigned int size = 1; size < cert.der.size; size += 7) {
		gnutls_datum_t cut = { malloc(size), size };

		assert_non_null(cut.data);
		memcpy(cut.data, cert.der.data, size);
		c = read_der(&cut);
		assert_false(c->is_readable);
		assert_null(c->subject_cn);
		assert_false(certificate_names(cut.data, size, &domain));
		certificate_free(c);
		free(cut.data);
	}
	test_cert_free(&cert);
}

/* Every byte changed in turn: read or not, but nothing worse. */
static void test_every_byte_flipped(void **state)
{
	struct test_cert cert = test_cert_make(&(struct test_cert_spec){
		.cn = "a", .dns = { "a.example" }, .ip = "192.0.2.1" });
	struct domain domain = { NULL, (char *)(uintptr_t) "a.example", false };

	(void)state;
	for (unsigned int i = 0; i < cert.der.size; i++) {
		struct certificate *c;

		cert.der.data[i] ^= 0xff;
		c = read_der(&cert.der);
		if (c->is_readable) {
			assert_true(text_is_utf8(c->subject_cn));
			assert_true(text_is_utf8(c->issuer_cn));
			assert_true(text_is_utf8(c->key_algorithm));
			assert_true(text_is_utf8(c->signature_algorithm));
		}
		(void)certificate_names(cert.der.data, cert.der.size, &domain);
		certificate_free(c);
		cert.der.data[i] ^= 0xff;
	}
	test_cert_free(&cert);
}

/* An RSA key of which one signature would take minutes. */
static void test_costly_keys(void **state)
{
	static const struct {
		const char *name;
		gnutls_pk_algorithm_t key;
		unsigned int bits;
		size_t modulus_size, exponent_size; /* bytes; 0: a real key */
		bool is_costly;
	} rows[] = {
		{ "ECDSA", GNUTLS_PK_ECDSA, 0, 0, 0, false },
		{ "RSA", GNUTLS_PK_RSA, 2048, 0, 0, false },
		{ "RSA, 16384 bits", GNUTLS_PK_RSA, 0, 2048, 3, false },
		{ "RSA, more bits", GNUTLS_PK_RSA, 0, 2049, 3, true },
		{ "RSA, exponent of 8 bytes", GNUTLS_PK_RSA, 0, 256, 8, false },
		{ "RSA, longer exponent", GNUTLS_PK_RSA, 0, 256, 16, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct test_cert cert = test_cert_make(&(struct test_cert_spec){
			.key = rows[i].key,
			.bits = rows[i].bits,
			.rsa_modulus_size = rows[i].modulus_size,
			.rsa_exponent_size = rows[i].exponent_size,
		});
		struct certificate *c = read_der(&cert.der);

		assert_row(c->is_readable, rows[i].name);
		assert_row(c->has_costly_key == rows[i].is_costly,
			   rows[i].name);
		certificate_free(c);
		test_cert_free(&cert);
	}
}

/* --- Names --------------------------------------------------------------- */

static void test_names(void **state)
{
	static const struct {
		const char *name;
		struct test_cert_spec spec;
		const char *domain;
		bool is_address, names;
	} rows[] = {
		{ "same",
		  { .dns = { "a.example" } },
		  "a.example",
		  false,
		  true },
		{ "capitals",
		  { .dns = { "A.Example" } },
		  "a.example",
		  false,
		  true },
		{ "second of two",
		  { .dns = { "b.example", "a.example" } },
		  "a.example",
		  false,
		  true },
		{ "another",
		  { .dns = { "b.example" } },
		  "a.example",
		  false,
		  false },
		{ "parent",
		  { .dns = { "example" } },
		  "a.example",
		  false,
		  false },
		{ "suffix",
		  { .dns = { "a.example" } },
		  "xa.example",
		  false,
		  false },
		{ "wildcard",
		  { .dns = { "*.a.example" } },
		  "b.a.example",
		  false,
		  true },
		{ "wildcard of two labels",
		  { .dns = { "*.a.example" } },
		  "c.b.a.example",
		  false,
		  false },
		{ "wildcard and its parent",
		  { .dns = { "*.a.example" } },
		  "a.example",
		  false,
		  false },
		{ "part of a label",
		  { .dns = { "w*.a.example" } },
		  "www.a.example",
		  false,
		  false },
		{ "wildcard in the middle",
		  { .dns = { "www.*.example" } },
		  "www.a.example",
		  false,
		  false },
		{ "only a CN",
		  { .cn = "a.example" },
		  "a.example",
		  false,
		  false },
		{ "CN beside another SAN",
		  { .cn = "a.example", .dns = { "b.example" } },
		  "a.example",
		  false,
		  false },
		{ "CN beside an address",
		  { .cn = "a.example", .ip = "192.0.2.1" },
		  "a.example",
		  false,
		  false },
		{ "IPv4", { .ip = "192.0.2.1" }, "192.0.2.1", true, true },
		{ "another IPv4",
		  { .ip = "192.0.2.2" },
		  "192.0.2.1",
		  true,
		  false },
		{ "IPv6", { .ip = "2001:db8::1" }, "2001:db8::1", true, true },
		{ "IPv4 as dNSName",
		  { .dns = { "192.0.2.1" } },
		  "192.0.2.1",
		  true,
		  false },
		{ "IPv4 as CN",
		  { .cn = "192.0.2.1" },
		  "192.0.2.1",
		  true,
		  false },
		{ "nothing at all", { 0 }, "a.example", false, false },
		{ "A-label",
		  { .dns = { "xn--bcher-kva.example" } },
		  "xn--bcher-kva.example",
		  false,
		  true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct test_cert cert = test_cert_make(&rows[i].spec);
		struct domain domain = {
			.probe_name = (char *)(uintptr_t)rows[i].domain,
			.is_address = rows[i].is_address,
		};

		assert_row(certificate_names(cert.der.data, cert.der.size,
					     &domain) == rows[i].names,
			   rows[i].name);
		test_cert_free(&cert);
	}
}

/* CVE-2009-2408: a name that ends early for whoever reads C strings. */
static void test_nul_in_a_name(void **state)
{
	static const char good[] = "good.exampleX.evil.example";
	struct test_cert cert =
		test_cert_make(&(struct test_cert_spec){ .dns = { good } });
	struct domain domain = { NULL, (char *)(uintptr_t) "good.example",
				 false };

	(void)state;
	test_cert_patch(&cert, good, "good.example\0.evil.example", 26);
	assert_false(certificate_names(cert.der.data, cert.der.size, &domain));
	test_cert_free(&cert);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_algorithms),
		cmocka_unit_test(test_serials),
		cmocka_unit_test(test_negative_serial),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_before_the_epoch),
		cmocka_unit_test(test_impossible_dates),
		cmocka_unit_test(test_common_names),
		cmocka_unit_test(test_long_common_name),
		cmocka_unit_test(test_hostile_common_names),
		cmocka_unit_test(test_costly_keys),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_every_byte_flipped),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_nul_in_a_name),
	};

	return cmocka_run_group_tests_name("certificate", tests, NULL, NULL);
}
