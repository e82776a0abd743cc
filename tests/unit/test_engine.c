/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/engine: limits, deadlines, dead endpoints. connect(2) is counted by
 * the linker's --wrap.
 */
#include <config.h>

#include "probe/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "certs.h"
#include "server.h"
#include "support.h"
#include "world.h"

#define ONE_MINUTE_MS 60000

static int connects;	    /* so far */
static int connect_failure; /* errno of each, 0: a real one */

int __real_connect(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length);

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	connects++;
	if (connect_failure == 0)
		return __real_connect(fd, address, length);
	errno = connect_failure;
	return -1;
}

struct fixture {
	struct world w;
	struct job_config *job;
	struct test_cert cert;
	struct server server;
	struct certificate_cache cache;
	struct engine_options options;
	struct wall_time settled_at;
	bool cut_off;
	/* What on_progress() saw last. */
	struct engine_progress progress;
};

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	(void)signal(SIGPIPE, SIG_IGN);
	connects = 0;
	connect_failure = 0;
	world_init(&f->w);
	wall_freeze((struct wall_time){ TEST_CERT_NOT_BEFORE * 1000 + 7 });
	f->job = world_add_job(&f->w, "edge");
	f->cert = test_cert_make(
		&(struct test_cert_spec){ .dns = { "*.pool.example" } });
	f->options = (struct engine_options){
		.concurrency = 64,
		.deadline = mono_after(mono_now(), ONE_MINUTE_MS),
	};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	certificate_cache_release(&f->cache);
	test_cert_free(&f->cert);
	world_free(&f->w);
	test_free(f);
	return 0;
}

/* A server of this kind behind `pods` pods of `domains` domains each. */
static void prepare(struct fixture *f, enum server_kind kind, int pods,
		    int domains)
{
	struct pod_vector *v = &f->w.discovery.jobs[0].pods;

	assert_true(server_start(&f->server, kind, false, &f->cert, NULL));
	for (int i = 0; i < domains; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "d%d.pool.example", i);
		world_add_domain(f->job, name);
	}
	for (int i = 0; i < pods; i++) {
		world_add_pod(&f->w, f->job, "ns", "pod");
		v->items[i].port = f->server.port;
		assert_true(address_parse("127.0.0.1", &v->items[i].address));
	}
	world_build(&f->w);
}

static void run(struct fixture *f)
{
	struct error err = { 0 };

	assert_ok(engine_run(&f->w.targets, &f->cache, &f->options,
			     &f->settled_at, &f->cut_off, &err),
		  &err);
	assert_true(f->settled_at.ms == wall_now().ms);
}

static void assert_all(const struct fixture *f, enum pair_status status,
		       enum probe_reason reason)
{
	for (size_t i = 0; i < f->w.targets.pair_count; i++) {
		const struct probe_result *result =
			&f->w.targets.pairs[i].result;

		assert_string_equal(pair_status_name(result->status),
				    pair_status_name(status));
		assert_string_equal(probe_reason_name(result->reason),
				    probe_reason_name(reason));
	}
}

static void test_more_pairs_than_slots(void **state)
{
	struct fixture *f = *state;

	prepare(f, SERVER_TLS, 3, 7);
	f->options.concurrency = 2;
	run(f);
	server_stop(&f->server);
	assert_all(f, STATUS_VALID, REASON_NONE);
	assert_false(f->cut_off);
	assert_int_equal(f->server.accepted, 21);
	assert_int_equal(f->server.farewells, 21);
	assert_int_equal(certificate_cache_count(&f->cache), 1);
	assert_ptr_equal(f->w.targets.pairs[0].result.certificate,
			 f->w.targets.pairs[20].result.certificate);
}

static void test_nothing_to_do(void **state)
{
	struct fixture *f = *state;

	world_build(&f->w);
	run(f);
	assert_false(f->cut_off);
	assert_int_equal(connects, 0);
}

static void test_refused(void **state)
{
	struct fixture *f = *state;

	prepare(f, SERVER_REFUSES, 2, 5);
	run(f);
	server_stop(&f->server);
	assert_all(f, STATUS_NOT_FOUND, REASON_CONNECT_REFUSED);
	/* One for each endpoint, not one for each pair. */
	assert_int_equal(connects, 2);
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
	struct fixture *f = *state;

	prepare(f, SERVER_REFUSES, 2, 3);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		connects = 0;
		connect_failure = rows[i].error;
		run(f);
		assert_all(f, STATUS_NOT_FOUND, rows[i].reason);
		assert_int_equal(connects, 2);
	}
	server_stop(&f->server);
}

/* A dead pod costs one timeout, however many domains it has. */
static void test_dead_endpoint(void **state)
{
	struct fixture *f = *state;
	struct mono_time begin;

	prepare(f, SERVER_FULL, 1, 50);
	f->job->timeout_ms = 100;
	connects = 0;
	begin = mono_now();
	run(f);
	assert_all(f, STATUS_NOT_FOUND, REASON_CONNECT_TIMEOUT);
	assert_int_equal(connects, 1);
	assert_true(mono_now().ms - begin.ms >= 100);
	assert_true(mono_now().ms - begin.ms < 2500);
	assert_false(f->cut_off);
	server_stop(&f->server);
}

static void test_silent_listener(void **state)
{
	struct fixture *f = *state;

	prepare(f, SERVER_SILENT, 1, 6);
	f->job->timeout_ms = 50;
	run(f);
	server_stop(&f->server);
	assert_all(f, STATUS_NOT_FOUND, REASON_HANDSHAKE_TIMEOUT);
	/* TCP was up: each domain was tried. */
	assert_int_equal(connects, 6);
	assert_false(f->cut_off);
}

static void test_no_endpoint_is_hammered(void **state)
{
	struct fixture *f = *state;

	prepare(f, SERVER_COUNTS, 1, 10);
	run(f);
	server_stop(&f->server);
	assert_all(f, STATUS_NOT_FOUND, REASON_HANDSHAKE_CLOSED);
	assert_int_equal(f->server.most_open, ENGINE_ENDPOINT_MAX);
	assert_int_equal(f->server.accepted, 10);
}

static void test_concurrency(void **state)
{
	struct fixture *f = *state;

	prepare(f, SERVER_COUNTS, 8, 1);
	f->options.concurrency = 3;
	run(f);
	server_stop(&f->server);
	assert_int_equal(f->server.most_open, 3);
	assert_int_equal(f->server.accepted, 8);
}

static void test_deadline(void **state)
{
	struct fixture *f = *state;
	struct mono_time begin = mono_now();

	prepare(f, SERVER_SILENT, 2, 10);
	f->options.concurrency = 3;
	f->options.deadline = mono_after(begin, 50);
	run(f);
	server_stop(&f->server);
	assert_true(f->cut_off);
	/* In no status: the run's end says nothing about a pod. */
	assert_all(f, STATUS_NONE, REASON_DEADLINE);
	assert_true(mono_now().ms - begin.ms < 2500);
}

static void test_deadline_that_is_over(void **state)
{
	struct fixture *f = *state;

	prepare(f, SERVER_SILENT, 2, 2);
	f->options.deadline = mono_now();
	run(f);
	server_stop(&f->server);
	assert_true(f->cut_off);
	assert_all(f, STATUS_NONE, REASON_DEADLINE);
}

static void test_signal(void **state)
{
	struct fixture *f = *state;
	struct interrupt interrupt;
	struct error err = { 0 };

	assert_ok(interrupt_init(&interrupt, &err), &err);
	f->options.interrupt = &interrupt;
	prepare(f, SERVER_SILENT, 1, 3);
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	run(f);
	server_stop(&f->server);
	assert_int_equal(interrupt.signal, SIGTERM);
	assert_true(f->cut_off);
	assert_all(f, STATUS_NONE, REASON_DEADLINE);
	interrupt_release(&interrupt);
}

static void on_progress(const struct engine_progress *progress, void *data)
{
	struct fixture *f = data;

	assert_true(progress->done >= f->progress.done);
	assert_true(progress->failed <= progress->done);
	f->progress = *progress;
}

static void test_progress(void **state)
{
	struct fixture *f = *state;

	prepare(f, SERVER_REFUSES, 2, 5);
	f->options.on_progress = on_progress;
	f->options.data = f;
	run(f);
	server_stop(&f->server);
	assert_int_equal(f->progress.total, 10);
	assert_int_equal(f->progress.done, 10);
	assert_int_equal(f->progress.failed, 10);
}

/* In the child: with room for `spare` more descriptors than are open. Returns
 * the reason that all pairs have, or something past 100. */
static int run_limited(struct fixture *f, int spare)
{
	const struct target_set *targets = &f->w.targets;
	struct error err = { 0 };
	struct rlimit limit;
	int fd = dup(STDERR_FILENO); /* the lowest free one */

	(void)close(fd);
	limit.rlim_cur = limit.rlim_max = (rlim_t)(fd + spare);
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 101;
	if (engine_run(&f->w.targets, &f->cache, &f->options, &f->settled_at,
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
static int run_with_descriptors(struct fixture *f, int spare)
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
	struct fixture *f = *state;

	prepare(f, SERVER_REFUSES, 8, 2);
	server_stop(&f->server);
	/* The loop's own and two connections. */
	assert_int_equal(run_with_descriptors(f, 3), REASON_NONE);
	/* None for a connection: no pair hangs, each says why. */
	assert_int_equal(run_with_descriptors(f, 1), REASON_CONNECT_ERROR);
	/* Not even for the loop. */
	assert_int_equal(run_with_descriptors(f, 0), 102);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_more_pairs_than_slots),
		TEST(test_nothing_to_do),
		TEST(test_refused),
		TEST(test_connect_failures),
		TEST(test_dead_endpoint),
		TEST(test_silent_listener),
		TEST(test_no_endpoint_is_hammered),
		TEST(test_concurrency),
		TEST(test_deadline),
		TEST(test_deadline_that_is_over),
		TEST(test_signal),
		TEST(test_progress),
		TEST(test_few_descriptors),
	};

	return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
