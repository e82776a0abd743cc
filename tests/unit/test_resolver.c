/* SPDX-License-Identifier: Apache-2.0 */
/*
 * discovery/resolver: names that resolve, do not, or are looked up for ever.
 * The C library's part is the test's (the linker's --wrap); test_outside has
 * the real one.
 */
#include <config.h>

#include "discovery/resolver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "support.h"

#define ASKED_MAX 8

/* What a name comes to, by how it begins. */
enum fate {
	GOOD,	 /* at once, with the addresses below */
	SLOW,	 /* likewise, after some waiting */
	BAD,	 /* at once, with none */
	QUEUED,	 /* never begun */
	RUNNING, /* never over */
	LOST,	 /* could not even be queued */
};

static const struct {
	const char *prefix;
	enum fate fate;
} fates[] = {
	{ "good", GOOD },     { "slow", SLOW },	      { "bad", BAD },
	{ "queued", QUEUED }, { "running", RUNNING }, { "lost", LOST },
};

static struct gaicb *asked[ASKED_MAX];
static int asked_count;
static int suspends;
static int slow_left; /* waits until the slow ones are there */
static int lists;     /* of addresses, not freed yet */
/* Whether this host can speak the family. */
static bool has_four = true;
static bool has_six = true;
static const char *routed; /* the only address with a route, NULL: any */

static enum fate fate_of(const struct gaicb *request)
{
	for (size_t i = 0; i < COUNT_OF(fates); i++)
		if (strncmp(request->ar_name, fates[i].prefix,
			    strlen(fates[i].prefix)) == 0)
			return fates[i].fate;
	fail_msg("%s", request->ar_name);
	return BAD;
}

static struct addrinfo *make_list(void)
{
	static const char *const addresses[] = {
		"2001:db8::2", "192.0.2.2", "fe80::1",	   "192.0.2.1",
		"2001:db8::1", "192.0.2.2", "2001:db8::2",
	};
	struct addrinfo *list = NULL;

	for (size_t i = 0; i < COUNT_OF(addresses); i++) {
		struct addrinfo *node = calloc(1, sizeof(*node));
		struct sockaddr_storage *socket = calloc(1, sizeof(*socket));
		struct address address;

		assert_non_null(node);
		assert_non_null(socket);
		assert_true(address_parse(addresses[i], &address));
		node->ai_addrlen = address_to_socket(&address, 0, socket);
		node->ai_family = address.family;
		node->ai_addr = (struct sockaddr *)socket;
		node->ai_next = list;
		list = node;
	}
	lists++;
	return list;
}

void __wrap_freeaddrinfo(struct addrinfo *list);
void __wrap_freeaddrinfo(struct addrinfo *list)
{
	lists--;
	while (list != NULL) {
		struct addrinfo *next = list->ai_next;

		free(list->ai_addr);
		free(list);
		list = next;
	}
}

int __wrap_getaddrinfo_a(int mode, struct gaicb *list[], int count,
			 struct sigevent *event);
int __wrap_getaddrinfo_a(int mode, struct gaicb *list[], int count,
			 struct sigevent *event)
{
	assert_int_equal(mode, GAI_NOWAIT);
	assert_int_equal(count, 1);
	assert_null(event);
	assert_null(list[0]->ar_service);
	assert_int_equal(list[0]->ar_request->ai_family, AF_UNSPEC);
	assert_int_equal(list[0]->ar_request->ai_socktype, SOCK_STREAM);
	assert_int_equal(list[0]->ar_request->ai_flags, 0);
	assert_true(asked_count < ASKED_MAX);
	asked[asked_count++] = list[0];
	if (fate_of(list[0]) == GOOD)
		list[0]->ar_result = make_list();
	return fate_of(list[0]) == LOST ? EAI_AGAIN : 0;
}

int __wrap_gai_error(struct gaicb *request);
int __wrap_gai_error(struct gaicb *request)
{
	switch (fate_of(request)) {
	case GOOD:
		return 0;
	case SLOW:
		if (slow_left > 0)
			return EAI_INPROGRESS;
		if (request->ar_result == NULL)
			request->ar_result = make_list();
		return 0;
	case BAD:
		return EAI_NONAME;
	case QUEUED:
	case RUNNING:
	case LOST:
		break;
	}
	return EAI_INPROGRESS;
}

int __wrap_gai_suspend(const struct gaicb *const list[], int count,
		       const struct timespec *timeout);
int __wrap_gai_suspend(const struct gaicb *const list[], int count,
		       const struct timespec *timeout)
{
	suspends++;
	assert_int_equal(count, 1);
	assert_int_equal(timeout->tv_sec, 0);
	assert_true(timeout->tv_nsec > 0 && timeout->tv_nsec <= 100000000);
	if (fate_of(list[0]) == LOST)
		return EAI_ALLDONE;
	if (fate_of(list[0]) == SLOW && --slow_left == 0)
		return 0;
	(void)nanosleep(timeout, NULL);
	return suspends % 2 == 0 ? EAI_INTR : EAI_AGAIN;
}

int __wrap_gai_cancel(struct gaicb *request);
int __wrap_gai_cancel(struct gaicb *request)
{
	if (fate_of(request) == QUEUED)
		return EAI_CANCELED;
	return fate_of(request) == RUNNING ? EAI_NOTCANCELED : EAI_ALLDONE;
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t size);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t size)
{
	char text[ADDRESS_TEXT_MAX];
	int type;
	socklen_t type_size = sizeof(type);

	/* Nothing is sent: no pod is to see it. */
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size),
			 0);
	assert_int_equal(type, SOCK_DGRAM);
	assert_int_equal(getnameinfo(address, size, text, sizeof(text), NULL, 0,
				     NI_NUMERICHOST),
			 0);
	if ((address->sa_family == AF_INET ? has_four : has_six) &&
	    (routed == NULL || strcmp(text, routed) == 0))
		return 0;
	errno = ENETUNREACH;
	return -1;
}

/* A job over these endpoints, NULL ends them. */
static void add_job(struct config *config, const char *name,
		    const char *const *addresses)
{
	struct job_config job;
	struct error err = { 0 };

	assert_ok(job_config_init(&job, name, &err), &err);
	for (; *addresses != NULL; addresses++)
		assert_ok(job_config_add_endpoint(&job, *addresses, NULL, &err),
			  &err);
	assert_ok(job_vector_append(&config->jobs, job, &err), &err);
}

struct fixture {
	struct config config;
	struct interrupt interrupt;
	struct resolver *resolver;
};

static void init(struct fixture *f, const char *const *addresses,
		 int64_t deadline_ms)
{
	struct error err = { 0 };

	*f = (struct fixture){ .interrupt.fd = -1 };
	asked_count = suspends = slow_left = 0;
	assert_ok(config_init(&f->config, &err), &err);
	add_job(&f->config, "one", addresses);
	assert_ok(resolver_open(&f->config, mono_after(mono_now(), deadline_ms),
				&f->resolver, &err),
		  &err);
}

/* All but those that are running are freed by the resolver: nobody may look at
 * them any more. */
static void forget_but_running(void)
{
	for (int i = 0; i < asked_count; i++)
		if (fate_of(asked[i]) != RUNNING)
			asked[i] = NULL;
}

static void release(struct fixture *f)
{
	forget_but_running();
	resolver_close(f->resolver);
	config_free(&f->config);
	assert_int_equal(lists, 0);
	/* What runs on after the end writes to what is still there. */
	for (int i = 0; i < asked_count; i++) {
		if (asked[i] == NULL)
			continue;
		asked[i]->ar_result = NULL;
		assert_int_equal(strncmp(asked[i]->ar_name, "running", 7), 0);
	}
}

static size_t wait_for(struct fixture *f, const char *name)
{
	CLEANUP(address_vector_clear) struct address_vector found = { 0 };
	struct error err = { 0 };

	assert_ok(resolver_wait(f->resolver, name, &f->interrupt, &found, &err),
		  &err);
	return found.count;
}

static void test_names(void **state)
{
	static const char *const first[] = { "good.b.example", "192.0.2.1",
					     "good.a.example", NULL };
	static const char *const second[] = { "good.a.example", "2001:db8::1",
					      "good.c.example",
					      "good.a.example", NULL };
	static const char *const none[] = { NULL };
	struct error err = { 0 };
	struct fixture f;

	(void)state;
	init(&f, none, 1000);
	resolver_close(f.resolver);
	f.resolver = NULL;
	add_job(&f.config, "two", first);
	add_job(&f.config, "three", second);
	assert_ok(resolver_open(&f.config, MONO_NEVER, &f.resolver, &err),
		  &err);
	assert_int_equal(asked_count, 3);
	assert_string_equal(asked[0]->ar_name, "good.a.example");
	assert_string_equal(asked[1]->ar_name, "good.b.example");
	assert_string_equal(asked[2]->ar_name, "good.c.example");
	/* As often as one likes. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(wait_for(&f, "good.a.example"), 4);
		assert_int_equal(wait_for(&f, "good.c.example"), 4);
	}
	assert_int_equal(wait_for(&f, "good.d.example"), 0);
	assert_int_equal(suspends, 0);
	release(&f);
	resolver_close(NULL);
}

static void test_addresses(void **state)
{
	static const char *const names[] = { "good.example", NULL };
	static const char *const expected[] = { "192.0.2.1", "192.0.2.2",
						"2001:db8::1", "2001:db8::2" };
	CLEANUP(address_vector_clear) struct address_vector found = { 0 };
	struct error err = { 0 };
	struct fixture f;

	(void)state;
	init(&f, names, 0);
	assert_ok(
		resolver_wait(f.resolver, names[0], &f.interrupt, &found, &err),
		&err);
	assert_int_equal(found.count, COUNT_OF(expected));
	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		char text[ADDRESS_TEXT_MAX];

		address_format(&found.items[i], text);
		assert_string_equal(text, expected[i]);
	}
	release(&f);
}

static void test_family_without_route(void **state)
{
	static const struct {
		bool has_four, has_six;
		const char *routed;
		size_t count;
		int family; /* of the first */
	} rows[] = {
		{ true, true, NULL, 4, AF_INET },
		{ true, false, NULL, 2, AF_INET },
		{ false, true, NULL, 2, AF_INET6 },
		/* Then the probes say what is wrong. */
		{ false, false, NULL, 4, AF_INET },
		{ true, false, "192.0.2.2", 2, AF_INET },
		{ false, true, "2001:db8::2", 2, AF_INET6 },
	};
	static const char *const names[] = { "good.example", NULL };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(address_vector_clear)
		struct address_vector found = { 0 };
		struct error err = { 0 };
		struct fixture f;

		has_four = rows[i].has_four;
		has_six = rows[i].has_six;
		routed = rows[i].routed;
		init(&f, names, 0);
		assert_ok(resolver_wait(f.resolver, names[0], &f.interrupt,
					&found, &err),
			  &err);
		assert_int_equal(found.count, rows[i].count);
		assert_int_equal(found.items[0].family, rows[i].family);
		release(&f);
	}
	has_four = has_six = true;
	routed = NULL;
}

static void test_waiting(void **state)
{
	static const char *const names[] = { "slow.example", "bad.example",
					     NULL };
	struct fixture f;

	(void)state;
	init(&f, names, 60000);
	slow_left = 3;
	assert_int_equal(wait_for(&f, "slow.example"), 4);
	assert_int_equal(suspends, 3);
	assert_int_equal(wait_for(&f, "bad.example"), 0);
	assert_int_equal(suspends, 3);
	release(&f);
}

/* A dead resolver costs half of the time that is left, once. */
static void test_dead(void **state)
{
	static const char *const names[] = { "running.a.example",
					     "running.b.example",
					     "queued.example", "good.example",
					     NULL };
	struct mono_time begin = mono_now();
	struct fixture f;
	int64_t elapsed_ms;

	(void)state;
	init(&f, names, 400);
	assert_int_equal(wait_for(&f, "running.a.example"), 0);
	elapsed_ms = mono_now().ms - begin.ms;
	assert_true(elapsed_ms >= 190 && elapsed_ms < 400);
	suspends = 0;
	assert_int_equal(wait_for(&f, "running.b.example"), 0);
	assert_int_equal(wait_for(&f, "queued.example"), 0);
	assert_int_equal(suspends, 0);
	/* What came in the meantime is there. */
	assert_int_equal(wait_for(&f, "good.example"), 4);
	release(&f);
}

static void test_no_time(void **state)
{
	static const char *const names[] = { "queued.example", NULL };
	struct mono_time begin = mono_now();
	struct fixture f;

	(void)state;
	init(&f, names, 0);
	assert_int_equal(wait_for(&f, names[0]), 0);
	assert_int_equal(suspends, 0);
	assert_true(mono_now().ms - begin.ms < 2000);
	release(&f);
}

static void test_not_even_queued(void **state)
{
	static const char *const names[] = { "lost.example", NULL };
	struct mono_time begin = mono_now();
	struct fixture f;

	(void)state;
	init(&f, names, 60000);
	assert_int_equal(wait_for(&f, names[0]), 0);
	assert_int_equal(suspends, 1);
	assert_true(mono_now().ms - begin.ms < 2000);
	release(&f);
}

static void test_signal(void **state)
{
	static const char *const names[] = { "running.example", NULL };
	CLEANUP(address_vector_clear) struct address_vector found = { 0 };
	struct mono_time begin = mono_now();
	struct error err = { 0 };
	struct fixture f;

	(void)state;
	init(&f, names, 60000);
	assert_ok(interrupt_init(&f.interrupt, &err), &err);
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	assert_error(
		resolver_wait(f.resolver, names[0], &f.interrupt, &found, &err),
		&err, ERROR_INTERRUPTED, NULL);
	assert_true(mono_now().ms - begin.ms < 2000);
	assert_int_equal(f.interrupt.signal, SIGTERM);
	interrupt_release(&f.interrupt);
	release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_family_without_route),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_dead),
		cmocka_unit_test(test_no_time),
		cmocka_unit_test(test_not_even_queued),
		cmocka_unit_test(test_signal),
	};

	return cmocka_run_group_tests_name("resolver", tests, NULL, NULL);
}
