/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/connection: one probe against servers of every kind.
 */
#include <config.h>

#include "probe/connection.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "one_pair.h"
#include "support.h"

static void test_kinds(void **state)
{
	static const struct {
		const char *name;
		enum server_kind kind;
		const char *priority;
		enum probe_reason reason;
		bool has_certificate, success;
		int farewells;
		bool is_complete; /* the handshake, without a farewell */
	} rows[] = {
		{ "TLS 1.2", SERVER_TLS, TLS12, REASON_NONE, true, true, 1,
		  false },
		{ "TLS 1.3", SERVER_TLS, TLS13, REASON_NONE, true, true, 1,
		  false },
		{ "P-256 only", SERVER_TLS,
		  TLS13 ":-GROUP-ALL:+GROUP-SECP256R1", REASON_NONE, true, true,
		  1, false },
		{ "asks, TLS 1.2", SERVER_ASKS, TLS12, REASON_NONE, true, true,
		  1, false },
		{ "asks, TLS 1.3", SERVER_ASKS, TLS13, REASON_NONE, true, true,
		  1, false },
		{ "demands, TLS 1.2", SERVER_DEMANDS, TLS12,
		  REASON_CLIENT_CERTIFICATE_REQUIRED, true, false, 0, false },
		{ "demands, TLS 1.3", SERVER_DEMANDS, TLS13,
		  REASON_CLIENT_CERTIFICATE_REQUIRED, true, false, 0, true },
		{ "unknown name, TLS 1.2", SERVER_NO_NAME, TLS12,
		  REASON_NAME_REJECTED, false, false, 0, false },
		{ "unknown name, TLS 1.3", SERVER_NO_NAME, TLS13,
		  REASON_NAME_REJECTED, false, false, 0, false },
		{ "handshake_failure", SERVER_ALERT, TLS13,
		  REASON_HANDSHAKE_ALERT, false, false, 0, false },
		{ "HTTP", SERVER_PLAIN_TEXT, NULL, REASON_NOT_TLS, false, false,
		  0, false },
		{ "closes", SERVER_CLOSES, NULL, REASON_HANDSHAKE_CLOSED, false,
		  false, 0, false },
		{ "refuses", SERVER_REFUSES, NULL, REASON_CONNECT_REFUSED,
		  false, false, 0, false },
	};
	struct one_pair *p = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct probe_result *result = &p->c.result;

		one_pair_probe(p, rows[i].kind, rows[i].priority);
		if (result->reason != rows[i].reason)
			print_error("'%s': %s, not %s\n", rows[i].name,
				    probe_reason_name(result->reason),
				    probe_reason_name(rows[i].reason));
		assert_row(result->reason == rows[i].reason, rows[i].name);
		assert_row((result->certificate != NULL) ==
				   rows[i].has_certificate,
			   rows[i].name);
		assert_row(result->names_domain == rows[i].has_certificate,
			   rows[i].name);
		assert_row(result->success == rows[i].success, rows[i].name);
		assert_row(!result->close_failed, rows[i].name);
		/* Of a complete handshake alone. */
		assert_row(
			(result->session != NULL) ==
				(rows[i].farewells > 0 || rows[i].is_complete),
			rows[i].name);
		assert_row(result->asked_for_staple ==
				   (result->session != NULL),
			   rows[i].name);
		assert_row(result->staple == NULL, rows[i].name);
		assert_row((result->chain != NULL) == rows[i].has_certificate,
			   rows[i].name);
		assert_row(result->duration_us > 0, rows[i].name);
		assert_row(p->server.farewells == rows[i].farewells,
			   rows[i].name);
	}
	/* One chain, however often and in whichever version it was shown. */
	assert_int_equal(certificate_cache_count(&p->cache), 1);
}

static void test_sni(void **state)
{
	static char wildcard[] = "*.a.example",
		    probed[] = "cem-probe.a.example";
	struct one_pair *p = *state;

	one_pair_probe(p, SERVER_TLS, NULL);
	assert_string_equal(p->server.sni, "a.example");
	/* The cache knows domains by their address. */
	certificate_cache_release(&p->cache);
	p->domain = (struct domain){ wildcard, probed, false };
	one_pair_probe(p, SERVER_TLS, NULL);
	assert_string_equal(p->server.sni, "cem-probe.a.example");
	assert_false(p->c.result.names_domain);
	assert_true(p->c.result.success);
}

/* RFC 6066: an address is no host name. */
static void test_no_sni_for_an_address(void **state)
{
	static char address[] = "127.0.0.1";
	struct one_pair *p = *state;

	p->domain = (struct domain){ address, address, true };
	one_pair_probe(p, SERVER_TLS, NULL);
	assert_string_equal(p->server.sni, "");
	assert_true(p->c.result.names_domain);
}

static void test_ipv6(void **state)
{
	struct one_pair *p = *state;

	if (!server_start(&p->server, SERVER_TLS, true, &p->cert, NULL))
		skip();
	assert_true(address_parse("::1", &p->pod.address));
	one_pair_open(p, p->server.port);
	one_pair_go_on(p, CONNECTION_CLOSED, 0);
	assert_true(p->c.result.success);
	connection_close(&p->c);
	server_stop(&p->server);
}

static void test_descriptor(void **state)
{
	struct one_pair *p = *state;

	assert_true(server_start(&p->server, SERVER_SILENT, false, NULL, NULL));
	one_pair_open(p, p->server.port);
	assert_int_equal(fcntl(p->c.fd, F_GETFD), FD_CLOEXEC);
	assert_true((fcntl(p->c.fd, F_GETFL) & O_NONBLOCK) != 0);
	connection_close(&p->c);
	connection_close(&p->c);
	server_stop(&p->server);
}

/* The ends that the engine puts to a connection, by its state. */
static void test_time_out_and_cut_off(void **state)
{
	static const struct {
		const char *name;
		enum server_kind kind;
		enum starttls_protocol starttls;
		enum connection_state reached;
		void (*end)(struct connection *c);
		enum probe_reason reason;
	} rows[] = {
		{ "timeout of the connect", SERVER_FULL, STARTTLS_NONE,
		  CONNECTION_CONNECTING, connection_time_out,
		  REASON_CONNECT_TIMEOUT },
		{ "timeout of the dialogue", SERVER_SILENT, STARTTLS_SMTP,
		  CONNECTION_PREFACE, connection_time_out,
		  REASON_STARTTLS_FAILED },
		{ "timeout of the handshake", SERVER_SILENT, STARTTLS_NONE,
		  CONNECTION_HANDSHAKE, connection_time_out,
		  REASON_HANDSHAKE_TIMEOUT },
		{ "cut off while connecting", SERVER_FULL, STARTTLS_NONE,
		  CONNECTION_CONNECTING, connection_cut_off, REASON_DEADLINE },
		{ "cut off in the dialogue", SERVER_SILENT, STARTTLS_SMTP,
		  CONNECTION_PREFACE, connection_cut_off, REASON_DEADLINE },
		{ "cut off in the handshake", SERVER_SILENT, STARTTLS_NONE,
		  CONNECTION_HANDSHAKE, connection_cut_off, REASON_DEADLINE },
	};
	struct one_pair *p = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		p->job.starttls = rows[i].starttls;
		assert_true(server_start(&p->server, rows[i].kind, false, NULL,
					 NULL));
		one_pair_open(p, p->server.port);
		assert_int_equal(p->c.state, CONNECTION_CONNECTING);
		assert_false(p->c.is_connected);
		if (rows[i].reached != CONNECTION_CONNECTING) {
			one_pair_go_on(p, rows[i].reached, 0);
			assert_row(p->c.is_connected, rows[i].name);
		}
		rows[i].end(&p->c);
		assert_int_equal(p->c.state, CONNECTION_CLOSED);
		assert_row(p->c.result.reason == rows[i].reason, rows[i].name);
		assert_row(!p->c.result.success, rows[i].name);
		assert_int_equal(connection_step(&p->c), CONNECTION_DONE);
		/* Ended, it stays as it is. */
		connection_time_out(&p->c);
		assert_row(p->c.result.reason == rows[i].reason, rows[i].name);
		connection_close(&p->c);
		server_stop(&p->server);
	}
}

/* A PROXY header that does not get out is no failed dialogue. */
static void test_time_out_of_the_header(void **state)
{
	struct one_pair *p = *state;

	p->job.proxy_protocol = PROXY_PROTOCOL_V1;
	assert_true(server_start(&p->server, SERVER_SILENT, false, NULL, NULL));
	one_pair_open(p, p->server.port);
	p->c.state = CONNECTION_PREFACE;
	connection_time_out(&p->c);
	assert_int_equal(p->c.result.reason, REASON_HANDSHAKE_TIMEOUT);
	server_stop(&p->server);
}

/* After a good handshake its result stays good. */
static void test_end_after_the_handshake(void **state)
{
	struct one_pair *p = *state;

	assert_true(
		server_start(&p->server, SERVER_TLS, false, &p->cert, NULL));
	one_pair_open(p, p->server.port);
	one_pair_go_on(p, CONNECTION_CLOSED, 0);
	/* Our side is closed: close_notify cannot be sent. */
	assert_false(p->c.result.close_failed);
	assert_int_equal(shutdown(p->c.fd, SHUT_WR), 0);
	p->c.state = CONNECTION_FAREWELL;
	assert_int_equal(connection_step(&p->c), CONNECTION_DONE);
	assert_true(p->c.result.success);
	assert_true(p->c.result.close_failed);
	assert_int_equal(p->c.result.reason, REASON_NONE);
	p->c.result.close_failed = false;
	p->c.state = CONNECTION_FAREWELL;
	connection_cut_off(&p->c);
	assert_true(p->c.result.success);
	assert_true(p->c.result.close_failed);
	assert_int_equal(p->c.result.reason, REASON_NONE);
	p->c.result.close_failed = false;
	p->c.state = CONNECTION_AFTERWORD;
	connection_time_out(&p->c);
	assert_true(p->c.result.success);
	assert_false(p->c.result.close_failed);
	assert_int_equal(p->c.state, CONNECTION_CLOSED);
	connection_close(&p->c);
	server_stop(&p->server);
}

/* --- What the job asks for ------------------------------------------------ */

#define PROXY_V1 "PROXY UNKNOWN\r\n"
#define PROXY_V2                                                               \
	"\r\n\r\n\0\r\nQUIT\n"                                                 \
	"\x20\0\0\0"
#define EHLO "EHLO certificate-expiry-monitor.invalid\r\n"
#define BYTES(text) (text), sizeof(text) - 1
#define NOTHING NULL, 0

static void test_preface(void **state)
{
	static const struct server_line v1[] = {
		{ BYTES(PROXY_V1), NOTHING },
		{ NOTHING, NOTHING },
	};
	static const struct server_line v2[] = {
		{ BYTES(PROXY_V2), NOTHING },
		{ NOTHING, NOTHING },
	};
	static const struct server_line smtp[] = {
		{ NOTHING, BYTES("220 a.example ESMTP\r\n") },
		{ BYTES(EHLO), BYTES("250-a.example\r\n250 STARTTLS\r\n") },
		{ BYTES("STARTTLS\r\n"), BYTES("220 go\r\n") },
		{ NOTHING, NOTHING },
	};
	static const struct server_line both[] = {
		{ BYTES(PROXY_V1), BYTES("220 a.example ESMTP\r\n") },
		{ BYTES(EHLO), BYTES("250 a.example\r\n") },
		{ BYTES("STARTTLS\r\n"), BYTES("220 go\r\n") },
		{ NOTHING, NOTHING },
	};
	static const struct {
		const char *name;
		enum proxy_protocol proxy;
		enum starttls_protocol starttls;
		const struct server_line *lines;
	} rows[] = {
		{ "PROXY v1", PROXY_PROTOCOL_V1, STARTTLS_NONE, v1 },
		{ "PROXY v2", PROXY_PROTOCOL_V2, STARTTLS_NONE, v2 },
		{ "SMTP", PROXY_PROTOCOL_NONE, STARTTLS_SMTP, smtp },
		{ "PROXY v1 and SMTP", PROXY_PROTOCOL_V1, STARTTLS_SMTP, both },
	};
	struct one_pair *p = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		p->job.proxy_protocol = rows[i].proxy;
		p->job.starttls = rows[i].starttls;
		one_pair_probe_as(
			p, &(struct server_spec){ .preface = rows[i].lines });
		assert_row(p->server.prefaces == 1, rows[i].name);
		assert_row(p->c.result.success, rows[i].name);
		assert_row(p->server.farewells == 1, rows[i].name);
	}
}

static void test_failed_dialogue(void **state)
{
	static const struct server_line refused[] = {
		{ NOTHING, BYTES("220 a.example\r\n") },
		{ BYTES(EHLO), BYTES("502 what?\r\n") },
		{ NOTHING, NOTHING },
	};
	/* It waits in vain for more, and hangs up. */
	static const struct server_line injected[] = {
		{ NOTHING, BYTES("220 a.example\r\n") },
		{ BYTES(EHLO), BYTES("250 a.example\r\n") },
		{ BYTES("STARTTLS\r\n"), BYTES("220 go\r\n220 again\r\n") },
		{ NOTHING, NOTHING },
	};
	static const struct server_line greeting[] = {
		{ NOTHING, BYTES("220 a.example\r\n") },
		{ NOTHING, NOTHING },
	};
	static const struct {
		const char *name;
		enum server_kind kind;
		const struct server_line *lines;
	} rows[] = {
		{ "refused", SERVER_HANGS, refused },
		{ "injected", SERVER_HANGS, injected },
		{ "closed", SERVER_CLOSES, greeting },
	};
	struct one_pair *p = *state;

	p->job.starttls = STARTTLS_SMTP;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		one_pair_probe_as(
			p, &(struct server_spec){ .kind = rows[i].kind,
						  .preface = rows[i].lines });
		assert_row(p->c.result.reason == REASON_STARTTLS_FAILED,
			   rows[i].name);
		assert_row(p->c.result.certificate == NULL, rows[i].name);
		assert_row(p->server.accepted == 1, rows[i].name);
	}
}

/* Hangs up when the certificate has arrived, in whichever version. */
static void test_certificate_mode(void **state)
{
	static const char *const versions[] = { TLS12, TLS13 };
	struct one_pair *p = *state;

	p->job.handshake = HANDSHAKE_CERTIFICATE;
	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		one_pair_probe(p, SERVER_TLS, versions[i]);
		assert_true(p->c.result.success);
		assert_true(p->c.result.names_domain);
		assert_non_null(p->c.result.certificate);
		assert_int_equal(p->c.result.reason, REASON_NONE);
		assert_false(p->c.result.close_failed);
		assert_null(p->c.result.session);
		assert_false(p->c.result.asked_for_staple);
		assert_int_equal(p->server.farewells, 0);
		/* No key of ours is needed for that. */
		one_pair_probe(p, SERVER_DEMANDS, versions[i]);
		assert_true(p->c.result.success);
	}
}

static void test_no_descriptor_leaks(void **state)
{
	static const enum server_kind kinds[] = {
		SERVER_TLS,	   SERVER_DEMANDS, SERVER_NO_NAME, SERVER_ALERT,
		SERVER_PLAIN_TEXT, SERVER_CLOSES,  SERVER_REFUSES
	};
	struct one_pair *p = *state;
	size_t before = count_entries("/proc/self/fd");

	for (int mode = 0; mode < 6; mode++) {
		p->job.handshake =
			mode % 2 == 0 ? HANDSHAKE_FULL : HANDSHAKE_CERTIFICATE;
		p->job.starttls = mode < 4 ? STARTTLS_NONE : STARTTLS_IMAP;
		p->job.proxy_protocol =
			mode < 2 ? PROXY_PROTOCOL_NONE : PROXY_PROTOCOL_V2;
		for (size_t i = 0; i < COUNT_OF(kinds); i++) {
			/* One that waits for us as we do for it would take
			 * its time. */
			if (mode >= 4 && kinds[i] != SERVER_CLOSES)
				continue;
			one_pair_probe(p, kinds[i], NULL);
			assert_int_equal(count_entries("/proc/self/fd"),
					 before);
		}
	}
}

int main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, one_pair_setup, one_pair_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_kinds),
		TEST(test_sni),
		TEST(test_no_sni_for_an_address),
		TEST(test_ipv6),
		TEST(test_descriptor),
		TEST(test_time_out_and_cut_off),
		TEST(test_time_out_of_the_header),
		TEST(test_end_after_the_handshake),
		TEST(test_preface),
		TEST(test_failed_dialogue),
		TEST(test_certificate_mode),
		TEST(test_no_descriptor_leaks),
	};

	return cmocka_run_group_tests_name("connection", tests, NULL, NULL);
}
