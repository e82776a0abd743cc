/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/connection: one probe against servers of every kind.
 */
#include <config.h>

#include "probe/connection.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "certs.h"
#include "server.h"
#include "support.h"

#define TLS12 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TLS13 "NORMAL:-VERS-ALL:+VERS-TLS1.3"
#define PATIENCE_MS 10000

/* One pair, of one endpoint. */
struct fixture {
	struct test_cert cert;
	struct job_config job;
	struct pod pod;
	struct endpoint endpoint;
	struct domain domain;
	struct pair pair;
	struct tls_setup setup;
	struct certificate_cache cache;
	struct server server;
	struct connection c;
};

static char job_name[] = "edge", ns[] = "ns", pod_name[] = "pod",
	    a_example[] = "a.example";

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));
	struct error err = { 0 };

	(void)signal(SIGPIPE, SIG_IGN);
	f->cert = test_cert_make(&(struct test_cert_spec){ .dns = { a_example },
							   .ip = "127.0.0.1" });
	f->job = (struct job_config){ .name = job_name };
	f->pod = (struct pod){ .ns = ns, .name = pod_name };
	assert_true(address_parse("127.0.0.1", &f->pod.address));
	f->endpoint = (struct endpoint){ &f->job, &f->pod };
	f->domain = (struct domain){ a_example, a_example, false };
	f->pair =
		(struct pair){ .endpoint = &f->endpoint, .domain = &f->domain };
	assert_ok(tls_setup_init(&f->setup, &err), &err);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	connection_close(&f->c);
	certificate_cache_release(&f->cache);
	tls_setup_release(&f->setup);
	test_cert_free(&f->cert);
	test_free(f);
	return 0;
}

static void open_to(struct fixture *f, uint16_t port)
{
	struct error err = { 0 };

	f->pod.port = port;
	assert_ok(connection_open(&f->c, &f->pair, &f->setup, &f->cache, &err),
		  &err);
}

/* Goes on until the connection is over, or wants to read in `until`. */
static void go_on(struct fixture *f, enum connection_state until)
{
	enum connection_want want = CONNECTION_WANT_WRITE;

	while (want != CONNECTION_DONE &&
	       !(f->c.state == until && want == CONNECTION_WANT_READ)) {
		struct pollfd p = { .fd = f->c.fd,
				    .events = want == CONNECTION_WANT_READ ?
						      POLLIN :
						      POLLOUT };

		if (f->c.state != CONNECTION_CLOSED)
			assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
		want = connection_step(&f->c);
	}
}

static void probe(struct fixture *f, enum server_kind kind,
		  const char *priority)
{
	assert_true(server_start(&f->server, kind, false, &f->cert, priority));
	open_to(f, f->server.port);
	go_on(f, CONNECTION_CLOSED);
	connection_close(&f->c);
	assert_int_equal(f->c.fd, -1);
	server_stop(&f->server);
}

static void test_kinds(void **state)
{
	static const struct {
		const char *name;
		enum server_kind kind;
		const char *priority;
		enum probe_reason reason;
		bool has_certificate, success;
		int farewells;
	} rows[] = {
		{ "TLS 1.2", SERVER_TLS, TLS12, REASON_NONE, true, true, 1 },
		{ "TLS 1.3", SERVER_TLS, TLS13, REASON_NONE, true, true, 1 },
		{ "P-256 only", SERVER_TLS,
		  TLS13 ":-GROUP-ALL:+GROUP-SECP256R1", REASON_NONE, true, true,
		  1 },
		{ "asks, TLS 1.2", SERVER_ASKS, TLS12, REASON_NONE, true, true,
		  1 },
		{ "asks, TLS 1.3", SERVER_ASKS, TLS13, REASON_NONE, true, true,
		  1 },
		{ "demands, TLS 1.2", SERVER_DEMANDS, TLS12,
		  REASON_CLIENT_CERTIFICATE_REQUIRED, true, false, 0 },
		{ "demands, TLS 1.3", SERVER_DEMANDS, TLS13,
		  REASON_CLIENT_CERTIFICATE_REQUIRED, true, false, 0 },
		{ "unknown name, TLS 1.2", SERVER_NO_NAME, TLS12,
		  REASON_NAME_REJECTED, false, false, 0 },
		{ "unknown name, TLS 1.3", SERVER_NO_NAME, TLS13,
		  REASON_NAME_REJECTED, false, false, 0 },
		{ "handshake_failure", SERVER_ALERT, TLS13,
		  REASON_HANDSHAKE_ALERT, false, false, 0 },
		{ "HTTP", SERVER_PLAIN_TEXT, NULL, REASON_NOT_TLS, false, false,
		  0 },
		{ "closes", SERVER_CLOSES, NULL, REASON_HANDSHAKE_CLOSED, false,
		  false, 0 },
		{ "refuses", SERVER_REFUSES, NULL, REASON_CONNECT_REFUSED,
		  false, false, 0 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct probe_result *result = &f->c.result;

		probe(f, rows[i].kind, rows[i].priority);
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
		assert_row(f->server.farewells == rows[i].farewells,
			   rows[i].name);
	}
	/* One chain, however often and in whichever version it was shown. */
	assert_int_equal(certificate_cache_count(&f->cache), 1);
}

static void test_sni(void **state)
{
	static char wildcard[] = "*.a.example",
		    probed[] = "cem-probe.a.example";
	struct fixture *f = *state;

	probe(f, SERVER_TLS, NULL);
	assert_string_equal(f->server.sni, "a.example");
	/* The cache knows domains by their address. */
	certificate_cache_release(&f->cache);
	f->domain = (struct domain){ wildcard, probed, false };
	probe(f, SERVER_TLS, NULL);
	assert_string_equal(f->server.sni, "cem-probe.a.example");
	assert_false(f->c.result.names_domain);
	assert_true(f->c.result.success);
}

/* RFC 6066: an address is no host name. */
static void test_no_sni_for_an_address(void **state)
{
	static char address[] = "127.0.0.1";
	struct fixture *f = *state;

	f->domain = (struct domain){ address, address, true };
	probe(f, SERVER_TLS, NULL);
	assert_string_equal(f->server.sni, "");
	assert_true(f->c.result.names_domain);
}

static void test_ipv6(void **state)
{
	struct fixture *f = *state;

	if (!server_start(&f->server, SERVER_TLS, true, &f->cert, NULL))
		skip();
	assert_true(address_parse("::1", &f->pod.address));
	open_to(f, f->server.port);
	go_on(f, CONNECTION_CLOSED);
	assert_true(f->c.result.success);
	connection_close(&f->c);
	server_stop(&f->server);
}

static void test_descriptor(void **state)
{
	struct fixture *f = *state;

	assert_true(server_start(&f->server, SERVER_SILENT, false, NULL, NULL));
	open_to(f, f->server.port);
	assert_int_equal(fcntl(f->c.fd, F_GETFD), FD_CLOEXEC);
	assert_true((fcntl(f->c.fd, F_GETFL) & O_NONBLOCK) != 0);
	connection_close(&f->c);
	connection_close(&f->c);
	server_stop(&f->server);
}

/* The ends that the engine puts to a connection, by its state. */
static void test_time_out_and_cut_off(void **state)
{
	static const struct {
		const char *name;
		enum server_kind kind;
		bool in_handshake;
		void (*end)(struct connection *c);
		enum probe_reason reason;
	} rows[] = {
		{ "timeout of the connect", SERVER_FULL, false,
		  connection_time_out, REASON_CONNECT_TIMEOUT },
		{ "timeout of the handshake", SERVER_SILENT, true,
		  connection_time_out, REASON_HANDSHAKE_TIMEOUT },
		{ "cut off while connecting", SERVER_FULL, false,
		  connection_cut_off, REASON_DEADLINE },
		{ "cut off in the handshake", SERVER_SILENT, true,
		  connection_cut_off, REASON_DEADLINE },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_true(server_start(&f->server, rows[i].kind, false, NULL,
					 NULL));
		open_to(f, f->server.port);
		assert_int_equal(f->c.state, CONNECTION_CONNECTING);
		assert_false(connection_is_connected(&f->c));
		if (rows[i].in_handshake) {
			go_on(f, CONNECTION_HANDSHAKE);
			assert_row(connection_is_connected(&f->c),
				   rows[i].name);
		}
		rows[i].end(&f->c);
		assert_int_equal(f->c.state, CONNECTION_CLOSED);
		assert_row(f->c.result.reason == rows[i].reason, rows[i].name);
		assert_row(!f->c.result.success, rows[i].name);
		assert_int_equal(connection_step(&f->c), CONNECTION_DONE);
		/* Ended, it stays as it is. */
		connection_time_out(&f->c);
		assert_row(f->c.result.reason == rows[i].reason, rows[i].name);
		connection_close(&f->c);
		server_stop(&f->server);
	}
}

/* After a good handshake its result stays good. */
static void test_end_after_the_handshake(void **state)
{
	struct fixture *f = *state;

	assert_true(
		server_start(&f->server, SERVER_TLS, false, &f->cert, NULL));
	open_to(f, f->server.port);
	go_on(f, CONNECTION_CLOSED);
	f->c.state = CONNECTION_FAREWELL;
	connection_cut_off(&f->c);
	assert_true(f->c.result.success);
	assert_true(f->c.result.close_failed);
	assert_int_equal(f->c.result.reason, REASON_NONE);
	f->c.result.close_failed = false;
	f->c.state = CONNECTION_AFTERWORD;
	connection_time_out(&f->c);
	assert_true(f->c.result.success);
	assert_false(f->c.result.close_failed);
	assert_int_equal(f->c.state, CONNECTION_CLOSED);
	connection_close(&f->c);
	server_stop(&f->server);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_kinds),
		TEST(test_sni),
		TEST(test_no_sni_for_an_address),
		TEST(test_ipv6),
		TEST(test_descriptor),
		TEST(test_time_out_and_cut_off),
		TEST(test_end_after_the_handshake),
	};

	return cmocka_run_group_tests_name("connection", tests, NULL, NULL);
}
