/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/connection: offers that are refused, and what comes of the next one.
 */
#include <config.h>

#include "probe/connection.h"

#include <gnutls/gnutls.h>
#include <unistd.h>

#include "one_pair.h"
#include "support.h"

/* --- Which alerts lead to another offer ----------------------------------- */

static void test_alerts(void **state)
{
	static const struct {
		const char *name;
		uint8_t alert;
		bool is_known_offer, is_retried;
		enum probe_reason reason; /* if it is not */
	} rows[] = {
		{ "handshake_failure", 40, false, true, REASON_NONE },
		{ "insufficient_security", 71, false, true, REASON_NONE },
		{ "protocol_version", 70, false, true, REASON_NONE },
		{ "close_notify", 0, false, false, REASON_HANDSHAKE_ALERT },
		{ "internal_error", 80, false, false, REASON_HANDSHAKE_ALERT },
		{ "access_denied", 49, false, false, REASON_HANDSHAKE_ALERT },
		{ "an unknown one", 199, false, false, REASON_HANDSHAKE_ALERT },
		{ "unrecognized_name", 112, false, false,
		  REASON_NAME_REJECTED },
		/* What the endpoint took before is not what it minds. */
		{ "known, handshake_failure", 40, true, false,
		  REASON_HANDSHAKE_ALERT },
		{ "known, insufficient_security", 71, true, false,
		  REASON_HANDSHAKE_ALERT },
		{ "known, protocol_version", 70, true, true, REASON_NONE },
	};
	struct one_pair *p = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct probe_result *result = &p->c.result;

		p->is_known_offer = rows[i].is_known_offer;
		one_pair_probe_as(p,
				  &(struct server_spec){ .alert = rows[i].alert,
							 .alert_count = 1 });
		assert_row(p->retries == rows[i].is_retried, rows[i].name);
		assert_row(p->server.accepted == 1 + rows[i].is_retried,
			   rows[i].name);
		assert_row(result->success == rows[i].is_retried, rows[i].name);
		if (result->reason != rows[i].reason)
			print_error("'%s': %s\n", rows[i].name,
				    probe_reason_name(result->reason));
		assert_row(result->reason == rows[i].reason, rows[i].name);
		assert_row(p->c.offer == (rows[i].is_retried ? OFFER_OLD :
							       OFFER_MODERN),
			   rows[i].name);
		assert_row(result->duration_us > 0, rows[i].name);
	}
}

/* --- Which offers are made, one after another ----------------------------- */

static void test_order(void **state)
{
	static const struct {
		const char *name;
		enum handshake_mode mode;
		const char *priority;
		int alerts; /* protocol_version, before that */
		int connections;
		enum tls_offer offer; /* the last one */
		bool success;
		gnutls_protocol_t version;
	} rows[] = {
		{ "full, both", HANDSHAKE_FULL, "NORMAL", 0, 1, OFFER_MODERN,
		  true, GNUTLS_TLS1_3 },
		{ "full, TLS 1.2", HANDSHAKE_FULL, TLS12, 0, 1, OFFER_MODERN,
		  true, GNUTLS_TLS1_2 },
		{ "full, TLS 1.3", HANDSHAKE_FULL, TLS13, 0, 1, OFFER_MODERN,
		  true, GNUTLS_TLS1_3 },
		{ "full, TLS 1.1", HANDSHAKE_FULL, TLS11, 0, 2, OFFER_OLD, true,
		  GNUTLS_TLS1_1 },
		{ "full, alerts without end", HANDSHAKE_FULL, "NORMAL", 99, 2,
		  OFFER_OLD, false, GNUTLS_VERSION_UNKNOWN },
		/* Where hanging up early is cheap comes first. */
		{ "certificate, both", HANDSHAKE_CERTIFICATE, "NORMAL", 0, 1,
		  OFFER_TLS12, true, GNUTLS_TLS1_2 },
		{ "certificate, TLS 1.2", HANDSHAKE_CERTIFICATE, TLS12, 0, 1,
		  OFFER_TLS12, true, GNUTLS_TLS1_2 },
		{ "certificate, TLS 1.3", HANDSHAKE_CERTIFICATE, TLS13, 0, 2,
		  OFFER_TLS13, true, GNUTLS_TLS1_3 },
		{ "certificate, TLS 1.1", HANDSHAKE_CERTIFICATE, TLS11, 0, 3,
		  OFFER_OLD, true, GNUTLS_TLS1_1 },
		{ "certificate, two alerts", HANDSHAKE_CERTIFICATE, "NORMAL", 2,
		  3, OFFER_OLD, true, GNUTLS_TLS1_3 },
		{ "certificate, alerts without end", HANDSHAKE_CERTIFICATE,
		  "NORMAL", 99, 3, OFFER_OLD, false, GNUTLS_VERSION_UNKNOWN },
	};
	struct one_pair *p = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		p->job.handshake = rows[i].mode;
		one_pair_probe_as(p, &(struct server_spec){
					     .priority = rows[i].priority,
					     .alert = 70,
					     .alert_count = rows[i].alerts });
		assert_row(p->server.accepted == rows[i].connections,
			   rows[i].name);
		assert_row(p->c.offer == rows[i].offer, rows[i].name);
		assert_row(p->c.result.success == rows[i].success,
			   rows[i].name);
		assert_row((p->c.result.certificate != NULL) == rows[i].success,
			   rows[i].name);
		assert_row(p->c.result.reason ==
				   (rows[i].success ? REASON_NONE :
						      REASON_HANDSHAKE_ALERT),
			   rows[i].name);
		if (rows[i].success)
			assert_row(p->server.version == rows[i].version,
				   rows[i].name);
	}
}

/* A server that only knows SSL 3.0 says so in its ServerHello: the alert is
 * ours. What it says to the next offer is no better. */
static void test_older_than_all_offers(void **state)
{
	static const uint8_t hello[] = {
		22, 3, 0, 0,  42,	      /* record, SSL 3.0 */
		2,  0, 0, 38, 3,  0,	      /* ServerHello, SSL 3.0 */
		1,  1, 1, 1,  1,  1, 1, 1, 1, /* random */
		1,  1, 1, 1,  1,  1, 1, 1, 1, /**/
		1,  1, 1, 1,  1,  1, 1, 1, 1, /**/
		1,  1, 1, 1,  1,	      /**/
		0,  0, 4, 0,		      /* session, suite, compression */
	};
	struct one_pair *p = *state;

	one_pair_probe_as(p,
			  &(struct server_spec){ .kind = SERVER_SAYS,
						 .says = hello,
						 .says_size = sizeof(hello) });
	assert_int_equal(p->server.accepted, 2);
	assert_int_equal(p->c.offer, OFFER_OLD);
	assert_int_equal(p->c.result.reason, REASON_HANDSHAKE_ERROR);
}

/* --- What the last one comes to ------------------------------------------- */

static void test_reason_of_the_end(void **state)
{
	static const struct {
		const char *name;
		enum server_kind kind; /* after one alert */
		enum probe_reason reason;
		bool has_certificate;
	} rows[] = {
		/* That the server hangs up says less than its alert did. */
		{ "closes", SERVER_CLOSES, REASON_HANDSHAKE_ALERT, false },
		{ "HTTP", SERVER_PLAIN_TEXT, REASON_HANDSHAKE_ALERT, false },
		{ "another alert", SERVER_ALERT, REASON_HANDSHAKE_ALERT,
		  false },
		{ "no such name", SERVER_NO_NAME, REASON_NAME_REJECTED, false },
		{ "a certificate is demanded", SERVER_DEMANDS,
		  REASON_CLIENT_CERTIFICATE_REQUIRED, true },
		{ "good", SERVER_TLS, REASON_NONE, true },
	};
	struct one_pair *p = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		one_pair_probe_as(p,
				  &(struct server_spec){ .kind = rows[i].kind,
							 .alert = 40,
							 .alert_count = 1 });
		assert_row(p->c.result.reason == rows[i].reason, rows[i].name);
		assert_row((p->c.result.certificate != NULL) ==
				   rows[i].has_certificate,
			   rows[i].name);
		assert_row(p->c.result.success ==
				   (rows[i].reason == REASON_NONE),
			   rows[i].name);
		assert_row(p->retries == 1, rows[i].name);
	}
}

/* The ends that the engine puts to a second offer. */
static void test_ends_by_the_engine(void **state)
{
	static const struct {
		const char *name;
		const char *address; /* the second time */
		void (*end)(struct connection *c);
		enum probe_reason reason;
	} rows[] = {
		{ "timeout", NULL, connection_time_out,
		  REASON_HANDSHAKE_ALERT },
		{ "cut off", NULL, connection_cut_off, REASON_DEADLINE },
		{ "refused", "127.0.0.1", NULL, REASON_HANDSHAKE_ALERT },
		{ "refused at once", "255.255.255.255", NULL,
		  REASON_HANDSHAKE_ALERT },
	};
	struct one_pair *p = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct error err = { 0 };

		assert_true(server_start_as(
			&p->server, &(struct server_spec){ .kind = SERVER_HANGS,
							   .alert = 40,
							   .alert_count = 1 }));
		one_pair_open(p, p->server.port);
		if (rows[i].address != NULL) {
			while (connection_step(&p->c) != CONNECTION_WANT_RETRY)
				(void)usleep(1000);
			p->pod.port = 1; /* tcpmux: nobody has it */
			assert_true(address_parse(rows[i].address,
						  &p->pod.address));
			assert_ok(connection_retry(&p->c, &err), &err);
			if (p->c.state != CONNECTION_CLOSED)
				one_pair_go_on(p, CONNECTION_CLOSED, 0);
			assert_row(!p->c.tls.is_eof, rows[i].name);
			assert_row(p->c.tls.gnutls == NULL, rows[i].name);
		} else {
			one_pair_go_on(p, CONNECTION_HANDSHAKE, 1);
			rows[i].end(&p->c);
		}
		assert_row(p->c.state == CONNECTION_CLOSED, rows[i].name);
		assert_row(p->c.result.reason == rows[i].reason, rows[i].name);
		assert_row(!p->c.result.success, rows[i].name);
		connection_close(&p->c);
		server_stop(&p->server);
		assert_true(address_parse("127.0.0.1", &p->pod.address));
	}
}

/* Between two offers a connection has no session to speak with. */
static void test_ends_between_two_offers(void **state)
{
	static const struct {
		void (*end)(struct connection *c);
		enum probe_reason reason;
	} rows[] = {
		{ connection_time_out, REASON_HANDSHAKE_ALERT },
		{ connection_cut_off, REASON_DEADLINE },
	};
	struct one_pair *p = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_true(server_start(&p->server, SERVER_ALERT, false,
					 &p->cert, NULL));
		one_pair_open(p, p->server.port);
		while (connection_step(&p->c) != CONNECTION_WANT_RETRY)
			(void)usleep(1000);
		assert_int_equal(p->c.state, CONNECTION_REFUSED);
		assert_int_equal(connection_step(&p->c), CONNECTION_WANT_RETRY);
		rows[i].end(&p->c);
		assert_int_equal(p->c.result.reason, rows[i].reason);
		assert_int_equal(connection_step(&p->c), CONNECTION_DONE);
		connection_close(&p->c);
		server_stop(&p->server);
	}
}

/* Of two refusals the first is what is remembered. */
static void test_first_of_two_refusals(void **state)
{
	static const uint8_t protocol_version[] = { 21, 3, 3, 0, 2, 2, 70 };
	struct one_pair *p = *state;
	struct error err = { 0 };

	p->job.handshake = HANDSHAKE_CERTIFICATE;
	p->pair.key_type = KEY_TYPE_RSA;
	assert_true(server_start_as(
		&p->server, &(struct server_spec){ .kind = SERVER_SAYS,
						   .says = protocol_version,
						   .says_size = 7,
						   .alert = 40,
						   .alert_count = 1 }));
	one_pair_open(p, p->server.port);
	for (int i = 0; i < 2; i++) {
		while (connection_step(&p->c) != CONNECTION_WANT_RETRY)
			(void)usleep(1000);
		if (i == 0)
			assert_ok(connection_retry(&p->c, &err), &err);
	}
	connection_time_out(&p->c);
	assert_int_equal(p->c.result.reason, REASON_KEY_TYPE_MISSING);
	connection_close(&p->c);
	server_stop(&p->server);
}

/* Once another version was needed, nothing is known any more. */
static void test_known_offer_that_is_refused(void **state)
{
	struct one_pair *p = *state;

	p->job.handshake = HANDSHAKE_CERTIFICATE;
	p->is_known_offer = true;
	one_pair_probe_as(p, &(struct server_spec){ .kind = SERVER_ALERT,
						    .alert = 70,
						    .alert_count = 1 });
	assert_int_equal(p->server.accepted, 3);
	assert_int_equal(p->c.offer, OFFER_OLD);
}

/* What is said before TLS is said again. */
static void test_preface_is_said_again(void **state)
{
	static const char header[] = "PROXY UNKNOWN\r\n";
	static const struct server_line lines[] = {
		{ header, sizeof(header) - 1, NULL, 0 },
		{ NULL, 0, NULL, 0 },
	};
	struct one_pair *p = *state;
	size_t before = count_entries("/proc/self/fd");

	p->job.proxy_protocol = PROXY_PROTOCOL_V1;
	one_pair_probe_as(p, &(struct server_spec){ .preface = lines,
						    .alert = 70,
						    .alert_count = 1 });
	assert_true(p->c.result.success);
	assert_int_equal(p->server.prefaces, 2);
	assert_int_equal(count_entries("/proc/self/fd"), before);
}

/* --- Types of keys -------------------------------------------------------- */

static void test_key_types(void **state)
{
	static const struct {
		const char *name;
		enum key_type asked;
		bool has_rsa, has_ecdsa, success;
	} rows[] = {
		{ "RSA of both", KEY_TYPE_RSA, true, true, true },
		{ "ECDSA of both", KEY_TYPE_ECDSA, true, true, true },
		{ "any of both", KEY_TYPE_ANY, true, true, true },
		{ "RSA of RSA", KEY_TYPE_RSA, true, false, true },
		{ "ECDSA of ECDSA", KEY_TYPE_ECDSA, false, true, true },
		{ "RSA of ECDSA", KEY_TYPE_RSA, false, true, false },
		{ "ECDSA of RSA", KEY_TYPE_ECDSA, true, false, false },
	};
	static const char *const versions[] = { TLS12, TLS13 };
	struct one_pair *p = *state;
	struct test_cert rsa = test_cert_make(&(struct test_cert_spec){
		.dns = { "a.example" }, .key = GNUTLS_PK_RSA, .bits = 2048 });

	for (size_t i = 0; i < COUNT_OF(rows) * 4; i++) {
		size_t row = i / 4;
		const struct probe_result *result = &p->c.result;

		p->pair.key_type = rows[row].asked;
		p->job.handshake =
			i % 2 == 0 ? HANDSHAKE_FULL : HANDSHAKE_CERTIFICATE;
		one_pair_probe_as(
			p, &(struct server_spec){
				   .priority = versions[i / 2 % 2],
				   .cert = rows[row].has_rsa ? &rsa : &p->cert,
				   .second_cert =
					   rows[row].has_rsa &&
							   rows[row].has_ecdsa ?
						   &p->cert :
						   NULL });
		assert_row(result->success == rows[row].success,
			   rows[row].name);
		assert_row((result->certificate != NULL) == rows[row].success,
			   rows[row].name);
		assert_row(result->reason == (rows[row].success ?
						      REASON_NONE :
						      REASON_KEY_TYPE_MISSING),
			   rows[row].name);
		if (rows[row].success && rows[row].asked != KEY_TYPE_ANY)
			assert_row(result->certificate->key_type ==
					   rows[row].asked,
				   rows[row].name);
	}
	test_cert_free(&rsa);
}

/* An alert about the type, and one about something else, one after the other:
 * the last one says most. */
static void test_key_type_and_two_alerts(void **state)
{
	static const uint8_t internal_error[] = { 21, 3, 3, 0, 2, 2, 80 };
	static const uint8_t handshake_failure[] = { 21, 3, 3, 0, 2, 2, 40 };
	static const struct {
		uint8_t first;
		const uint8_t *second;
		enum probe_reason reason;
	} rows[] = {
		{ 40, internal_error, REASON_HANDSHAKE_ALERT },
		{ 70, handshake_failure, REASON_KEY_TYPE_MISSING },
		{ 40, handshake_failure, REASON_KEY_TYPE_MISSING },
	};
	struct one_pair *p = *state;

	p->pair.key_type = KEY_TYPE_RSA;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		one_pair_probe_as(p,
				  &(struct server_spec){ .kind = SERVER_SAYS,
							 .says = rows[i].second,
							 .says_size = 7,
							 .alert = rows[i].first,
							 .alert_count = 1 });
		assert_int_equal(p->c.result.reason, rows[i].reason);
		assert_int_equal(p->server.accepted, 2);
	}
}

/* The alert is about something else. */
static void test_key_type_and_another_alert(void **state)
{
	struct one_pair *p = *state;

	p->pair.key_type = KEY_TYPE_ECDSA;
	one_pair_probe_as(
		p, &(struct server_spec){ .alert = 80, .alert_count = 1 });
	assert_int_equal(p->c.result.reason, REASON_HANDSHAKE_ALERT);
	one_pair_probe(p, SERVER_NO_NAME, NULL);
	assert_int_equal(p->c.result.reason, REASON_NAME_REJECTED);
}

int main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, one_pair_setup, one_pair_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_alerts),
		TEST(test_order),
		TEST(test_older_than_all_offers),
		TEST(test_reason_of_the_end),
		TEST(test_ends_by_the_engine),
		TEST(test_ends_between_two_offers),
		TEST(test_first_of_two_refusals),
		TEST(test_known_offer_that_is_refused),
		TEST(test_preface_is_said_again),
		TEST(test_key_types),
		TEST(test_key_type_and_two_alerts),
		TEST(test_key_type_and_another_alert),
	};

	return cmocka_run_group_tests_name("connection_retry", tests, NULL,
					   NULL);
}
