/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/engine: limits, deadlines, dead endpoints. connect(2) is counted by
 * the linker's --wrap.
 */
#include <config.h>

#include "probe/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "many_pairs.h"
#include "probe/connection.h"
#include "support.h"

static int connects;		     /* so far */
static int connect_failure;	     /* errno of each, 0: a real one */
static in_port_t connected_ports[8]; /* of the first ones */

int __real_connect(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length);

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	const struct sockaddr_in *ipv4 = (const void *)address;

	if ((size_t)connects < COUNT_OF(connected_ports))
		connected_ports[connects] = ntohs(ipv4->sin_port);
	connects++;
	if (connect_failure == 0)
		return __real_connect(fd, address, length);
	errno = connect_failure;
	return -1;
}

static int setup(void **state)
{
	connects = 0;
	connect_failure = 0;
	return many_pairs_setup(state);
}

static void test_more_pairs_than_slots(void **state)
{
	struct many_pairs *f = *state;

	many_pairs_prepare(f, SERVER_TLS, 3, 7);
	f->options.concurrency = 2;
	many_pairs_run(f);
	server_stop(&f->server);
	many_pairs_assert_all(f, STATUS_VALID, REASON_NONE);
	assert_false(f->cut_off);
	assert_int_equal(f->server.accepted, 21);
	assert_int_equal(f->server.farewells, 21);
	assert_int_equal(certificate_cache_count(&f->cache), 1);
	assert_ptr_equal(f->w.targets.pairs[0].result.certificate,
			 f->w.targets.pairs[20].result.certificate);
	/* What was agreed on is shared as well. */
	assert_non_null(f->w.targets.pairs[0].result.session);
	assert_ptr_equal(f->w.targets.pairs[0].result.session,
			 f->w.targets.pairs[20].result.session);
	assert_int_equal(f->sessions.count, 1);
	for (size_t i = 0; i < 21; i++)
		assert_true(f->w.targets.pairs[i].result.duration_us > 0);
}

static void test_nothing_to_do(void **state)
{
	struct many_pairs *f = *state;

	world_build(&f->w);
	many_pairs_run(f);
	assert_false(f->cut_off);
	assert_int_equal(connects, 0);
}

static void test_refused(void **state)
{
	struct many_pairs *f = *state;

	many_pairs_prepare(f, SERVER_REFUSES, 2, 5);
	many_pairs_run(f);
	server_stop(&f->server);
	many_pairs_assert_all(f, STATUS_NOT_FOUND, REASON_CONNECT_REFUSED);
	/* One for each endpoint, not one for each pair. */
	assert_int_equal(connects, 2);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(f->w.targets.pairs[i].result.duration_us ==
					 DURATION_NONE,
				 i % 5 != 0);
	assert_false(f->cut_off);
}

static void test_connect_failures(void **state)
{
	static const struct {
		int error;
		enum probe_reason reason;
	} rows[] = {
		{ ECONNREFUSED, REASON_CONNECT_REFUSED },
		{ ETIMEDOUT, REASON_CONNECT_TIMEOUT },
		{ EHOSTUNREACH, REASON_CONNECT_UNREACHABLE },
		{ ENETUNREACH, REASON_CONNECT_UNREACHABLE },
		{ EACCES, REASON_CONNECT_ERROR },
		{ EADDRNOTAVAIL, REASON_CONNECT_ERROR },
	};
	struct many_pairs *f = *state;

	many_pairs_prepare(f, SERVER_REFUSES, 2, 3);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		connects = 0;
		connect_failure = rows[i].error;
		many_pairs_run(f);
		many_pairs_assert_all(f, STATUS_NOT_FOUND, rows[i].reason);
		assert_int_equal(connects, 2);
	}
	server_stop(&f->server);
}

/* Whoever was left out, or is dead, has another turn. */
static void test_turns(void **state)
{
	static const struct {
		int32_t urgency;
		in_port_t port;
	} order[] = {
		{ -1, 6 }, { 0, 4 }, { 2, 2 }, { 0, 5 }, { 7, 1 }, { 2, 3 },
	};
	struct many_pairs *f = *state;

	many_pairs_prepare(f, SERVER_REFUSES, COUNT_OF(order), 3);
	for (size_t i = 0; i < COUNT_OF(order); i++) {
		f->w.targets.endpoints[i].urgency = order[i].urgency;
		f->w.discovery.jobs[0].pods.items[i].port = order[i].port;
	}
	f->w.targets.endpoints[2].pair_offset = 2;
	f->options.concurrency = 1;
	connect_failure = ECONNREFUSED;
	many_pairs_run(f);
	server_stop(&f->server);
	assert_int_equal(connects, COUNT_OF(order));
	for (size_t i = 0; i < COUNT_OF(order); i++)
		assert_int_equal(connected_ports[i], i + 1);
	many_pairs_assert_all(f, STATUS_NOT_FOUND, REASON_CONNECT_REFUSED);
	/* An endpoint begins with the pair that was left out, and goes round.
	 */
	for (size_t i = 0; i < COUNT_OF(order) * 3; i++)
		assert_int_equal(f->w.targets.pairs[i].result.duration_us !=
					 DURATION_NONE,
				 i == 6 + 2 || (i % 3 == 0 && i != 6));
}

/* A dead pod costs one timeout, however many domains it has. */
static void test_dead_endpoint(void **state)
{
	struct many_pairs *f = *state;
	struct mono_time begin;

	many_pairs_prepare(f, SERVER_FULL, 1, 50);
	f->job->timeout_ms = 100;
	connects = 0;
	begin = mono_now();
	many_pairs_run(f);
	many_pairs_assert_all(f, STATUS_NOT_FOUND, REASON_CONNECT_TIMEOUT);
	assert_int_equal(connects, 1);
	assert_true(mono_now().ms - begin.ms >= 100);
	assert_true(mono_now().ms - begin.ms < 2500);
	assert_false(f->cut_off);
	server_stop(&f->server);
}

static void test_silent_listener(void **state)
{
	struct many_pairs *f = *state;

	many_pairs_prepare(f, SERVER_SILENT, 1, 6);
	f->job->timeout_ms = 50;
	many_pairs_run(f);
	server_stop(&f->server);
	many_pairs_assert_all(f, STATUS_NOT_FOUND, REASON_HANDSHAKE_TIMEOUT);
	/* TCP was up: each domain was tried. */
	assert_int_equal(connects, 6);
	assert_false(f->cut_off);
}

/* Only one that asked for a client certificate has a moment to object, and no
 * more. */
static void test_lingering_server(void **state)
{
	static const struct {
		enum server_kind kind;
		int64_t at_least_ms, less_than_ms;
	} rows[] = {
		{ SERVER_TLS, 0, CONNECTION_AFTERWORD_MS },
		{ SERVER_ASKS, CONNECTION_AFTERWORD_MS,
		  5 * CONNECTION_AFTERWORD_MS },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct many_pairs own;
		struct many_pairs *f = &own;
		struct mono_time begin;
		int64_t elapsed_ms;

		many_pairs_init(f);
		many_pairs_prepare_as(
			f,
			&(struct server_spec){ .kind = rows[i].kind,
					       .cert = &f->cert,
					       .lingers = true },
			1, 1);
		f->job->timeout_ms = 10000;
		begin = mono_now();
		many_pairs_run(f);
		elapsed_ms = mono_now().ms - begin.ms;
		server_stop(&f->server);
		many_pairs_assert_all(f, STATUS_VALID, REASON_NONE);
		assert_true(f->w.targets.pairs[0].result.success);
		assert_true(elapsed_ms >= rows[i].at_least_ms);
		assert_true(elapsed_ms < rows[i].less_than_ms);
		many_pairs_release(f);
	}
}

static void test_no_endpoint_is_hammered(void **state)
{
	struct many_pairs *f = *state;

	many_pairs_prepare(f, SERVER_COUNTS, 1, 10);
	many_pairs_run(f);
	server_stop(&f->server);
	many_pairs_assert_all(f, STATUS_NOT_FOUND, REASON_HANDSHAKE_CLOSED);
	assert_int_equal(f->server.most_open, ENGINE_ENDPOINT_MAX);
	assert_int_equal(f->server.accepted, 10);
}

static void test_concurrency(void **state)
{
	struct many_pairs *f = *state;

	many_pairs_prepare(f, SERVER_COUNTS, 8, 1);
	f->options.concurrency = 3;
	many_pairs_run(f);
	server_stop(&f->server);
	assert_int_equal(f->server.most_open, 3);
	assert_int_equal(f->server.accepted, 8);
}

static void test_deadline(void **state)
{
	struct many_pairs *f = *state;
	struct mono_time begin = mono_now();

	many_pairs_prepare(f, SERVER_SILENT, 2, 10);
	f->options.concurrency = 3;
	f->options.deadline = mono_after(begin, 50);
	many_pairs_run(f);
	server_stop(&f->server);
	assert_true(f->cut_off);
	/* In no status: the run's end says nothing about a pod. */
	many_pairs_assert_all(f, STATUS_NONE, REASON_DEADLINE);
	assert_true(mono_now().ms - begin.ms < 2500);
}

static void test_deadline_that_is_over(void **state)
{
	struct many_pairs *f = *state;

	many_pairs_prepare(f, SERVER_SILENT, 2, 2);
	f->options.deadline = mono_now();
	many_pairs_run(f);
	server_stop(&f->server);
	assert_true(f->cut_off);
	many_pairs_assert_all(f, STATUS_NONE, REASON_DEADLINE);
}

static void test_signal(void **state)
{
	struct many_pairs *f = *state;
	struct interrupt interrupt;
	struct error err = { 0 };

	assert_ok(interrupt_init(&interrupt, &err), &err);
	f->options.interrupt = &interrupt;
	many_pairs_prepare(f, SERVER_SILENT, 1, 3);
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	many_pairs_run(f);
	server_stop(&f->server);
	assert_int_equal(interrupt.signal, SIGTERM);
	assert_true(f->cut_off);
	many_pairs_assert_all(f, STATUS_NONE, REASON_DEADLINE);
	interrupt_release(&interrupt);
}

static void on_progress(const struct engine_progress *progress, void *data)
{
	struct many_pairs *f = data;

	assert_true(progress->done >= f->progress.done);
	assert_true(progress->failed <= progress->done);
	f->progress = *progress;
}

static void test_progress(void **state)
{
	struct many_pairs *f = *state;

	many_pairs_prepare(f, SERVER_REFUSES, 2, 5);
	f->options.on_progress = on_progress;
	f->options.data = f;
	many_pairs_run(f);
	server_stop(&f->server);
	assert_int_equal(f->progress.total, 10);
	assert_int_equal(f->progress.done, 10);
	assert_int_equal(f->progress.failed, 10);
}

/* In the child: with room for `spare` more descriptors than are open. Returns
 * the reason that all pairs have, or something past 100. */
static int run_limited(struct many_pairs *f, int spare)
{
	const struct target_set *targets = &f->w.targets;
	struct error err = { 0 };
	struct rlimit limit;
	int fd = dup(STDERR_FILENO); /* the lowest free one */

	(void)close(fd);
	limit.rlim_cur = limit.rlim_max = (rlim_t)(fd + spare);
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 101;
	if (engine_run(&f->w.targets, &f->store, &f->options, &f->settled_at,
		       &f->cut_off, &err) < 0)
		return 102;
	for (size_t i = 1; i < targets->pair_count; i++)
		if (targets->pairs[i].result.reason !=
		    targets->pairs[0].result.reason)
			return 103;
	return targets->pairs[0].result.reason;
}

/* A child process, as a limit that was lowered stays low. The server comes
 * after it: a process with threads does not fork well. */
static int run_with_descriptors(struct many_pairs *f, int spare)
{
	struct pod_vector *pods = &f->w.discovery.jobs[0].pods;
	struct server server;
	uint16_t port;
	int ports[2];
	int status;
	pid_t child;

	assert_int_equal(pipe2(ports, O_CLOEXEC), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (read(ports[0], &port, sizeof(port)) != sizeof(port))
			_exit(100);
		(void)close(ports[0]);
		(void)close(ports[1]);
		for (size_t i = 0; i < pods->count; i++)
			pods->items[i].port = port;
		_exit(run_limited(f, spare));
	}
	assert_true(server_start(&server, SERVER_TLS, false, &f->cert, NULL));
	assert_int_equal(write(ports[1], &server.port, sizeof(server.port)),
			 sizeof(server.port));
	assert_int_equal(waitpid(child, &status, 0), child);
	server_stop(&server);
	(void)close(ports[0]);
	(void)close(ports[1]);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_few_descriptors(void **state)
{
	struct many_pairs *f = *state;

	many_pairs_prepare(f, SERVER_REFUSES, 8, 2);
	server_stop(&f->server);
	/* The loop's own and two connections. */
	assert_int_equal(run_with_descriptors(f, 3), REASON_NONE);
	/* None for a connection: no pair hangs, each says why. */
	assert_int_equal(run_with_descriptors(f, 1), REASON_CONNECT_ERROR);
	/* Not even for the loop. */
	assert_int_equal(run_with_descriptors(f, 0), 102);
}

/* Verifies against a store of this one certificate. */
static void verify_against(struct many_pairs *f, const struct test_cert *root,
			   const char *directory)
{
	char *path = path_join(directory, "ca.pem");
	struct error err = { 0 };
	gnutls_datum_t pem;

	assert_int_equal(
		gnutls_x509_crt_export2(root->crt, GNUTLS_X509_FMT_PEM, &pem),
		0);
	write_file(path, (const char *)pem.data);
	gnutls_free(pem.data);
	probe_setup_release(&f->setup);
	f->job->verify = true;
	f->job->ca_file = path; /* the job's from now on */
	assert_ok(probe_setup_init(&f->setup, &f->w.config, &err), &err);
}

/* What only all chains together show: the issuer that one lacks is in another.
 */
static void test_settles_the_chains(void **state)
{
	struct many_pairs *f = *state;
	struct test_cert root =
		test_cert_make(&(struct test_cert_spec){ .cn = "root" });
	struct test_cert issuer =
		test_cert_make(&(struct test_cert_spec){ .cn = "issuer" });
	struct test_cert other = test_cert_make(
		&(struct test_cert_spec){ .dns = { "b.pool.example" } });
	struct chain whole = {
		.certificates = { { NULL, 0 }, { NULL, 0 } },
		.count = 2,
	};
	char *directory = temp_dir_make();
	struct certificate_verdict verdict;
	struct error err = { 0 };

	test_cert_sign(&issuer, &root);
	test_cert_sign(&f->cert, &issuer);
	test_cert_sign(&other, &issuer);
	whole.certificates[0].bytes = other.der.data;
	whole.certificates[0].size = other.der.size;
	whole.certificates[1].bytes = issuer.der.data;
	whole.certificates[1].size = issuer.der.size;
	verify_against(f, &root, directory);
	many_pairs_prepare(f, SERVER_TLS, 1, 2);
	many_pairs_run(f);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(f->w.targets.pairs[i].result.verify,
				 VERIFY_UNKNOWN_ISSUER);
	assert_ok(certificate_cache_look_up(
			  &f->cache, &whole,
			  probe_setup_of(&f->setup, f->job)->trust,
			  &f->job->domains.items[0], &verdict, &err),
		  &err);
	many_pairs_run(f);
	server_stop(&f->server);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(f->w.targets.pairs[i].result.verify,
				 VERIFY_INCOMPLETE_CHAIN);
	many_pairs_assert_all(f, STATUS_VALID, REASON_NONE);
	temp_dir_remove(directory);
	test_cert_free(&root);
	test_cert_free(&issuer);
	test_cert_free(&other);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, many_pairs_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_more_pairs_than_slots),
		TEST(test_nothing_to_do),
		TEST(test_refused),
		TEST(test_connect_failures),
		TEST(test_turns),
		TEST(test_dead_endpoint),
		TEST(test_silent_listener),
		cmocka_unit_test(test_lingering_server),
		TEST(test_no_endpoint_is_hammered),
		TEST(test_concurrency),
		TEST(test_deadline),
		TEST(test_deadline_that_is_over),
		TEST(test_signal),
		TEST(test_progress),
		TEST(test_few_descriptors),
		TEST(test_settles_the_chains),
	};

	return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
