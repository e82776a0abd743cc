/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/certificate: facts of good and hostile certificates.
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
	assert_false(c->must_staple);
	assert_false(c->has_costly_key);
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
		enum key_type type;
	} rows[] = {
		{ GNUTLS_PK_ECDSA, P(SECP256R1), GNUTLS_DIG_SHA512,
		  "ecdsa-p256", "ecdsa-with-SHA512", KEY_TYPE_ECDSA },
		{ GNUTLS_PK_ECDSA, P(SECP384R1), GNUTLS_DIG_SHA384,
		  "ecdsa-p384", "ecdsa-with-SHA384", KEY_TYPE_ECDSA },
		{ GNUTLS_PK_ECDSA, P(SECP521R1), GNUTLS_DIG_SHA512,
		  "ecdsa-p521", "ecdsa-with-SHA512", KEY_TYPE_ECDSA },
		{ GNUTLS_PK_EDDSA_ED25519, 256, GNUTLS_DIG_SHA512, "ed25519",
		  "ED25519", KEY_TYPE_ANY },
		{ GNUTLS_PK_EDDSA_ED448, 448, GNUTLS_DIG_SHAKE_256, "ed448",
		  "ED448", KEY_TYPE_ANY },
		{ GNUTLS_PK_RSA, 2048, GNUTLS_DIG_SHA256, "rsa-2048",
		  "sha256WithRSAEncryption", KEY_TYPE_RSA },
		{ GNUTLS_PK_RSA, 1024, GNUTLS_DIG_SHA1, "rsa-1024",
		  "sha1WithRSAEncryption", KEY_TYPE_RSA },
		{ GNUTLS_PK_RSA_PSS, 2048, GNUTLS_DIG_SHA256, "rsa-pss-2048",
		  "rsassaPss", KEY_TYPE_RSA },
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
		assert_int_equal(c->key_type, rows[i].type);
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

/* RFC 5280 forbids it, and servers have it. The words are those of "openssl
 * x509 -serial", in lower case. */
static void test_negative_serial(void **state)
{
	static const uint8_t serial[] = { 0x12, 0x34, 0x56, 0x78 };
	static const struct {
		uint8_t bytes[4];
		const char *expected;
	} rows[] = {
		{ { 0xf3, 0x45, 0x67, 0x78 }, "-0cba9888" },
		{ { 0xff, 0x34, 0x56, 0x78 }, "-cba988" },
		{ { 0x80, 0x00, 0x00, 0x00 }, "-80000000" },
		{ { 0xff, 0x00, 0x00, 0x00 }, "-01000000" },
		{ { 0xff, 0x7f, 0xff, 0xff }, "-800001" },
		{ { 0x7f, 0xff, 0xff, 0xff }, "7fffffff" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct test_cert cert = test_cert_make(&(struct test_cert_spec){
			.serial = serial, .serial_size = sizeof(serial) });
		struct certificate *c;

		test_cert_patch(&cert, serial, rows[i].bytes, 4);
		c = read_der(&cert.der);
		assert_true(c->is_readable);
		assert_string_equal(c->serial_number, rows[i].expected);
		certificate_free(c);
		test_cert_free(&cert);
	}
}

/* One byte is the least that DER has for a number. */
static void test_serials_of_one_byte(void **state)
{
	static const uint8_t serial[] = { 0x55 };
	static const struct {
		const char *der, *expected;
	} rows[] = {
		{ "\x02\x01\x00", "00" },
		{ "\x02\x01\x7f", "7f" },
		{ "\x02\x01\x80", "-80" },
		{ "\x02\x01\xff", "-01" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct test_cert cert = test_cert_make(&(struct test_cert_spec){
			.serial = serial, .serial_size = 1 });
		struct certificate *c;

		test_cert_patch(&cert, "\x02\x01\x55", rows[i].der, 3);
		c = read_der(&cert.der);
		assert_string_equal(c->serial_number, rows[i].expected);
		certificate_free(c);
		test_cert_free(&cert);
	}
}

/* Longer than any label: it is cut, with its sign as without. */
static void test_long_serial(void **state)
{
	uint8_t serial[200];
	char expected[CERTIFICATE_LABEL_MAX + 1];
	struct test_cert cert;
	struct certificate *c;

	(void)state;
	memset(serial, 0x5a, sizeof(serial));
	for (size_t i = 0; i < CERTIFICATE_LABEL_MAX; i++)
		expected[i] = i % 2 == 0 ? '5' : 'a';
	expected[CERTIFICATE_LABEL_MAX] = '\0';
	cert = test_cert_make(&(struct test_cert_spec){
		.serial = serial, .serial_size = sizeof(serial) });
	c = read_der(&cert.der);
	assert_string_equal(c->serial_number, expected);
	certificate_free(c);
	test_cert_patch(&cert, serial, "\xa5\xa5", 2);
	c = read_der(&cert.der);
	assert_int_equal(c->serial_number[0], '-');
	assert_true(strlen(c->serial_number) <= CERTIFICATE_LABEL_MAX);
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

/* GnuTLS knows no time before the epoch, some devices nothing else. */
static void test_before_the_epoch(void **state)
{
	static const struct {
		const char *time;
		int64_t seconds;
	} rows[] = {
		{ "500101000000Z", -631152000 },
		{ "691231235959Z", -1 },
		{ "700101000000Z", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct test_cert cert =
			test_cert_make(&(struct test_cert_spec){ 0 });
		struct certificate *c;

		test_cert_patch(&cert, "231114221320Z", rows[i].time, 13);
		c = read_der(&cert.der);
		assert_true(c->is_readable);
		assert_true(c->not_before == rows[i].seconds);
		assert_true(c->not_after == TEST_CERT_NOT_AFTER);
		certificate_free(c);
		test_cert_free(&cert);
	}
}

/* What RFC 5280 forbids and GnuTLS reads: a time without seconds. */
static void test_other_form_of_a_date(void **state)
{
	struct test_cert cert = test_cert_make(&(struct test_cert_spec){ 0 });
	struct certificate *c;

	(void)state;
	test_cert_patch(&cert,
			"\x17\x0d"
			"231114221320Z",
			"\x18\x0d"
			"202311142213Z",
			15);
	c = read_der(&cert.der);
	assert_true(c->is_readable);
	assert_true(c->not_before == TEST_CERT_NOT_BEFORE - 20);
	assert_true(c->not_after == TEST_CERT_NOT_AFTER);
	certificate_free(c);
	test_cert_free(&cert);
}

/* RFC 7633; 17 is status_request_v2. */
static void test_must_staple(void **state)
{
	static const struct {
		bool must_staple;
		unsigned int other;
	} rows[] = { { false, 0 }, { true, 0 }, { false, 17 }, { true, 17 } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct test_cert cert = test_cert_make(&(struct test_cert_spec){
			.must_staple = rows[i].must_staple,
			.other_feature = rows[i].other });
		struct certificate *c = read_der(&cert.der);

		assert_true(c->is_readable);
		assert_int_equal(c->must_staple, rows[i].must_staple);
		certificate_free(c);
		test_cert_free(&cert);
	}
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

/* A key of which one signature would take seconds, or minutes. */
static void test_costly_keys(void **state)
{
	static const struct {
		const char *name;
		struct test_cert_spec spec;
		bool is_costly;
	} rows[] = {
		{ "ECDSA", { 0 }, false },
		{ "RSA", { .key = GNUTLS_PK_RSA, .bits = 2048 }, false },
		{ "RSA, 16384 bits",
		  { .rsa_modulus_size = 2048, .rsa_exponent_size = 3 },
		  false },
		{ "RSA, more bits",
		  { .rsa_modulus_size = 2049, .rsa_exponent_size = 3 },
		  true },
		{ "RSA, exponent of 8 bytes",
		  { .rsa_modulus_size = 256, .rsa_exponent_size = 8 },
		  false },
		{ "RSA, longer exponent",
		  { .rsa_modulus_size = 256, .rsa_exponent_size = 16 },
		  true },
		{ "DSA, 3072 and 256 bits",
		  { .dsa_p_size = 384, .dsa_q_size = 32 },
		  false },
		{ "DSA, more bits",
		  { .dsa_p_size = 385, .dsa_q_size = 32 },
		  true },
		{ "DSA, 512 bits",
		  { .dsa_p_size = 64, .dsa_q_size = 20 },
		  false },
		{ "DSA, fewer bits",
		  { .dsa_p_size = 63, .dsa_q_size = 20 },
		  true },
		{ "DSA, larger subgroup",
		  { .dsa_p_size = 384, .dsa_q_size = 64 },
		  true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct test_cert cert = test_cert_make(&rows[i].spec);
		struct certificate *c = read_der(&cert.der);

		assert_row(c->is_readable, rows[i].name);
		assert_row(c->has_costly_key == rows[i].is_costly,
			   rows[i].name);
		certificate_free(c);
		test_cert_free(&cert);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_algorithms),
		cmocka_unit_test(test_serials),
		cmocka_unit_test(test_negative_serial),
		cmocka_unit_test(test_serials_of_one_byte),
		cmocka_unit_test(test_long_serial),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_before_the_epoch),
		cmocka_unit_test(test_other_form_of_a_date),
		cmocka_unit_test(test_impossible_dates),
		cmocka_unit_test(test_must_staple),
		cmocka_unit_test(test_costly_keys),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_every_byte_flipped),
	};

	return cmocka_run_group_tests_name("certificate", tests, NULL, NULL);
}
