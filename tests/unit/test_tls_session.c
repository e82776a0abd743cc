/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/tls_session: servers that no library would make, whose messages are
 * written by hand. Up to the server's own Finished, TLS 1.2 is in the clear.
 */
#include <config.h>

#include "probe/tls_session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "one_pair.h"
#include "support.h"

#define ECDHE_ECDSA_AES128_GCM 0xc02b
#define RSA_AES128_GCM 0x009c

#define RECORD_MAX 16384

/* --- What a server says --------------------------------------------------- */

struct flight {
	uint8_t *bytes;
	size_t size;
	size_t capacity;
};

static void put(struct flight *f, const void *bytes, size_t size)
{
	if (f->capacity - f->size < size) {
		f->capacity = 2 * f->capacity + size;
		f->bytes = realloc(f->bytes, f->capacity);
		assert_non_null(f->bytes);
	}
	if (size > 0)
		memcpy(f->bytes + f->size, bytes, size);
	f->size += size;
}

static void put_number(struct flight *f, size_t number, size_t width)
{
	while (width-- > 0) {
		const uint8_t byte = (uint8_t)(number >> 8 * width);

		put(f, &byte, 1);
	}
}

/* A handshake message, in records of up to `record_size` bytes. */
static void put_pieces(struct flight *f, uint8_t type, const void *body,
		       size_t size, size_t record_size)
{
	struct flight message = { .size = 0 };

	put_number(&message, type, 1);
	put_number(&message, size, 3);
	put(&message, body, size);
	for (size_t at = 0, step; at < message.size; at += step) {
		step = message.size - at;
		if (step > record_size)
			step = record_size;
		put_number(f, 22, 1);
		put_number(f, 0x0303, 2);
		put_number(f, step, 2);
		put(f, message.bytes + at, step);
	}
	free(message.bytes);
}

static void put_message(struct flight *f, uint8_t type, const void *body,
			size_t size)
{
	put_pieces(f, type, body, size, RECORD_MAX);
}

static void put_hello(struct flight *f, size_t suite)
{
	uint8_t hello[2 + 32 + 1 + 2 + 1] = { 3, 3, 1 };

	hello[35] = (uint8_t)(suite >> 8);
	hello[36] = (uint8_t)suite;
	put_message(f, 2, hello, sizeof(hello));
}

/* A Certificate message with this one; none if it has no bytes. */
static void put_certificate(struct flight *f, const void *der, size_t size)
{
	struct flight body = { .size = 0 };

	put_number(&body, size == 0 ? 0 : size + 3, 3);
	if (size > 0) {
		put_number(&body, size, 3);
		put(&body, der, size);
	}
	put_message(f, 11, body.bytes, body.size);
	free(body.bytes);
}

/* Asks for a client certificate, and ends the server's part. */
static void put_request_and_done(struct flight *f)
{
	static const uint8_t request[] = { 1, 1, 0, 2, 4, 1, 0, 0 };

	put_message(f, 13, request, sizeof(request));
	put_message(f, 14, "", 0);
}

static void put_alert(struct flight *f, uint8_t level, uint8_t alert)
{
	const uint8_t record[] = { 21, 3, 3, 0, 2, level, alert };

	put(f, record, sizeof(record));
}

/* Frees the flight. */
static void probe(struct one_pair *p, struct flight *f)
{
	one_pair_probe_as(p, &(struct server_spec){ .kind = SERVER_SAYS,
						    .says = f->bytes,
						    .says_size = f->size });
	free(f->bytes);
	*f = (struct flight){ .size = 0 };
}

/* --- Certificate messages ------------------------------------------------- */

/* A server that does not care what is offered. */
static void test_other_key(void **state)
{
	static const struct {
		enum key_type asked;
		bool is_taken;
	} rows[] = {
		{ KEY_TYPE_ECDSA, false },
		{ KEY_TYPE_RSA, true },
		{ KEY_TYPE_ANY, true },
	};
	struct one_pair *p = *state;
	struct test_cert rsa = test_cert_make(&(struct test_cert_spec){
		.dns = { "a.example" }, .key = GNUTLS_PK_RSA, .bits = 2048 });

	for (size_t i = 0; i < COUNT_OF(rows) * 2; i++) {
		const struct probe_result *result = &p->c.result;
		bool is_taken = rows[i / 2].is_taken;
		struct flight f = { .size = 0 };

		p->pair.key_type = rows[i / 2].asked;
		p->job.handshake =
			i % 2 == 0 ? HANDSHAKE_FULL : HANDSHAKE_CERTIFICATE;
		put_hello(&f,
			  is_taken ? RSA_AES128_GCM : ECDHE_ECDSA_AES128_GCM);
		put_certificate(&f, rsa.der.data, rsa.der.size);
		probe(p, &f);
		assert_int_equal(p->c.tls.is_other_key, !is_taken);
		assert_int_equal(result->certificate != NULL, is_taken);
		assert_int_equal(result->chain != NULL, is_taken);
		assert_int_equal(result->names_domain, is_taken);
		if (!is_taken)
			assert_int_equal(result->reason,
					 REASON_KEY_TYPE_MISSING);
		else if (p->job.handshake == HANDSHAKE_CERTIFICATE)
			assert_true(result->success);
		else
			assert_int_equal(result->reason,
					 REASON_HANDSHAKE_CLOSED);
		assert_int_equal(p->server.accepted, 1);
	}
	test_cert_free(&rsa);
}

static void test_no_certificate(void **state)
{
	struct one_pair *p = *state;

	for (int i = 0; i < 2; i++) {
		struct flight f = { .size = 0 };

		p->job.handshake =
			i == 0 ? HANDSHAKE_FULL : HANDSHAKE_CERTIFICATE;
		put_hello(&f, RSA_AES128_GCM);
		put_certificate(&f, NULL, 0);
		probe(p, &f);
		assert_int_equal(p->c.result.reason, REASON_NO_CERTIFICATE);
		assert_null(p->c.result.certificate);
		assert_false(p->c.result.success);
	}
}

static void test_malformed_message(void **state)
{
	static const uint8_t body[] = { 0, 0, 9, 0, 0, 1, 'c' };
	struct one_pair *p = *state;

	for (int i = 0; i < 2; i++) {
		struct flight f = { .size = 0 };

		p->job.handshake =
			i == 0 ? HANDSHAKE_FULL : HANDSHAKE_CERTIFICATE;
		put_hello(&f, RSA_AES128_GCM);
		put_message(&f, 11, body, sizeof(body));
		probe(p, &f);
		assert_true(p->c.tls.is_bad_message);
		assert_int_equal(p->c.result.reason, REASON_BAD_CERTIFICATE);
		assert_null(p->c.result.certificate);
	}
}

/* Nobody knows what type its key has: it is kept, and no answer, however little
 * was asked for. */
static void test_unreadable_certificate(void **state)
{
	struct one_pair *p = *state;

	p->pair.key_type = KEY_TYPE_RSA;
	for (int i = 0; i < 2; i++) {
		struct flight f = { .size = 0 };

		p->job.handshake =
			i == 0 ? HANDSHAKE_FULL : HANDSHAKE_CERTIFICATE;
		put_hello(&f, RSA_AES128_GCM);
		put_certificate(&f, "no certificate", 14);
		probe(p, &f);
		assert_non_null(p->c.result.certificate);
		assert_false(p->c.result.certificate->is_readable);
		assert_non_null(p->c.result.chain);
		assert_false(p->c.result.success);
		assert_int_equal(p->c.result.reason, REASON_HANDSHAKE_ERROR);
	}
}

/* After an alert another offer brings a certificate: what comes then is about
 * that. */
static void test_end_of_a_second_offer(void **state)
{
	struct one_pair *p = *state;
	struct flight f = { .size = 0 };

	put_hello(&f, ECDHE_ECDSA_AES128_GCM);
	put_certificate(&f, p->cert.der.data, p->cert.der.size);
	one_pair_probe_as(p, &(struct server_spec){ .kind = SERVER_SAYS,
						    .says = f.bytes,
						    .says_size = f.size,
						    .alert = 40,
						    .alert_count = 1 });
	free(f.bytes);
	assert_non_null(p->c.result.certificate);
	assert_int_equal(p->c.result.reason, REASON_HANDSHAKE_CLOSED);
	assert_int_equal(p->server.accepted, 2);
}

/* Larger than what GnuTLS takes by itself, up to our own limit. What cannot be
 * read is remembered by its fingerprint. */
static void test_large_messages(void **state)
{
	static const struct {
		size_t size;
		bool is_taken;
	} rows[] = {
		{ 100, true },
		{ 300000, true },
		{ TLS_MESSAGE_MAX, false },
	};
	struct one_pair *p = *state;
	uint8_t *der = test_calloc(1, TLS_MESSAGE_MAX);

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct flight f = { .size = 0 };

		put_hello(&f, RSA_AES128_GCM);
		put_certificate(&f, der, rows[i].size);
		probe(p, &f);
		assert_int_equal(p->c.tls.got_message, rows[i].is_taken);
		assert_int_equal(p->c.result.certificate != NULL,
				 rows[i].is_taken);
		if (rows[i].is_taken)
			assert_false(p->c.result.certificate->is_readable);
		assert_false(p->c.result.success);
		assert_int_equal(p->c.result.reason, REASON_HANDSHAKE_ERROR);
	}
	test_free(der);
}

/* It is not to be used, but it can be read: with it the answer is there where
 * no more was asked for. */
static void test_costly_key(void **state)
{
	struct one_pair *p = *state;
	struct test_cert costly = test_cert_make(
		&(struct test_cert_spec){ .dns = { "a.example" },
					  .rsa_modulus_size = 2049,
					  .rsa_exponent_size = 3 });

	for (int i = 0; i < 2; i++) {
		struct flight f = { .size = 0 };

		p->job.handshake =
			i == 0 ? HANDSHAKE_FULL : HANDSHAKE_CERTIFICATE;
		put_hello(&f, RSA_AES128_GCM);
		put_certificate(&f, costly.der.data, costly.der.size);
		probe(p, &f);
		assert_non_null(p->c.result.certificate);
		assert_true(p->c.result.names_domain);
		assert_int_equal(p->c.result.success, i == 1);
		assert_int_equal(p->c.result.reason,
				 i == 1 ? REASON_NONE : REASON_HANDSHAKE_ERROR);
	}
	test_cert_free(&costly);
}

/* --- What else a server may say ------------------------------------------- */

static void test_not_tls(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		enum probe_reason reason;
	} rows[] = {
		{ "H", 1, REASON_NOT_TLS },
		{ "220 a.example ESMTP\r\n", 21, REASON_NOT_TLS },
		{ "\x13\x03\x03", 3, REASON_NOT_TLS },
		{ "\x18\x03\x03", 3, REASON_NOT_TLS },
		{ "\x16\x02\x00", 3, REASON_NOT_TLS },
		{ "\x15\x04", 2, REASON_NOT_TLS },
		/* It may have become TLS. */
		{ "\x16", 1, REASON_HANDSHAKE_CLOSED },
		{ "\x14\x03", 2, REASON_HANDSHAKE_CLOSED },
		{ "\x17\x03\x03", 3, REASON_HANDSHAKE_CLOSED },
		{ "", 0, REASON_HANDSHAKE_CLOSED },
	};
	struct one_pair *p = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		one_pair_probe_as(
			p, &(struct server_spec){ .kind = SERVER_SAYS,
						  .says = rows[i].bytes,
						  .says_size = rows[i].size });
		assert_row(p->c.result.reason == rows[i].reason, rows[i].bytes);
		assert_row(p->server.accepted == 1, rows[i].bytes);
	}
}

/* A message that is small enough, in records of a byte each. */
static void test_server_that_sends_on(void **state)
{
	struct one_pair *p = *state;
	struct flight f = { .size = 0 };
	size_t size = TLS_MESSAGE_MAX / 2;
	uint8_t *body = test_calloc(1, size);

	put_hello(&f, RSA_AES128_GCM);
	put_pieces(&f, 11, body, size, 1);
	assert_true(f.size / 6 > TLS_READS_MAX);
	probe(p, &f);
	assert_int_equal(p->c.result.reason, REASON_HANDSHAKE_ERROR);
	assert_int_equal(p->c.tls.system_error, EMSGSIZE);
	assert_false(p->c.tls.got_message);
	assert_int_equal(p->c.tls.reads, TLS_READS_MAX);
	assert_true(p->c.tls.received < TLS_READS_MAX * 6);
	test_free(body);
}

/* The words for a client without a certificate differ from server to server.
 */
static void test_alerts_after_a_request(void **state)
{
	static const struct {
		uint8_t alert;
		bool is_asked;
		enum probe_reason reason;
	} rows[] = {
		{ 116, true, REASON_CLIENT_CERTIFICATE_REQUIRED },
		{ 40, true, REASON_CLIENT_CERTIFICATE_REQUIRED },
		{ 41, true, REASON_CLIENT_CERTIFICATE_REQUIRED },
		{ 42, true, REASON_CLIENT_CERTIFICATE_REQUIRED },
		{ 43, true, REASON_CLIENT_CERTIFICATE_REQUIRED },
		{ 44, true, REASON_CLIENT_CERTIFICATE_REQUIRED },
		{ 45, true, REASON_CLIENT_CERTIFICATE_REQUIRED },
		{ 46, true, REASON_CLIENT_CERTIFICATE_REQUIRED },
		{ 48, true, REASON_CLIENT_CERTIFICATE_REQUIRED },
		{ 49, true, REASON_CLIENT_CERTIFICATE_REQUIRED },
		{ 50, true, REASON_CLIENT_CERTIFICATE_REQUIRED },
		{ 80, true, REASON_HANDSHAKE_ALERT },
		{ 20, true, REASON_HANDSHAKE_ALERT },
		{ 112, true, REASON_NAME_REJECTED },
		{ 116, false, REASON_HANDSHAKE_ALERT },
		{ 40, false, REASON_HANDSHAKE_ALERT },
	};
	struct one_pair *p = *state;
	struct test_cert rsa = test_cert_make(&(struct test_cert_spec){
		.dns = { "a.example" }, .key = GNUTLS_PK_RSA, .bits = 2048 });

	/* It has that, whatever the alert says. */
	p->pair.key_type = KEY_TYPE_RSA;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct flight f = { .size = 0 };

		put_hello(&f, RSA_AES128_GCM);
		put_certificate(&f, rsa.der.data, rsa.der.size);
		if (rows[i].is_asked)
			put_request_and_done(&f);
		put_alert(&f, 2, rows[i].alert);
		probe(p, &f);
		if (p->c.result.reason != rows[i].reason)
			print_error("alert %u: %s\n", rows[i].alert,
				    probe_reason_name(p->c.result.reason));
		assert_int_equal(p->c.result.reason, rows[i].reason);
		/* It was received, whatever came then. */
		assert_non_null(p->c.result.certificate);
		assert_false(p->c.result.success);
		/* Nor is the offer to blame. */
		assert_int_equal(p->server.accepted, 1);
	}
	test_cert_free(&rsa);
}

/* Before one is there, nothing is to be ended. */
static void test_end_of_none(void **state)
{
	struct tls_session session = { .gnutls = NULL };

	(void)state;
	tls_session_end(&session);
	tls_session_end(&session);
	assert_null(session.gnutls);
}

int main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, one_pair_setup, one_pair_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_other_key),
		TEST(test_no_certificate),
		TEST(test_malformed_message),
		TEST(test_unreadable_certificate),
		TEST(test_end_of_a_second_offer),
		TEST(test_large_messages),
		TEST(test_costly_key),
		TEST(test_not_tls),
		TEST(test_server_that_sends_on),
		TEST(test_alerts_after_a_request),
		cmocka_unit_test(test_end_of_none),
	};

	return cmocka_run_group_tests_name("tls_session", tests, NULL, NULL);
}
