/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pair, and the loop that the engine would be.
 */
#include <config.h>

#include "one_pair.h"

#include <poll.h>
#include <signal.h>

#include "support.h"

#define PATIENCE_MS 10000

static char job_name[] = "edge", ns[] = "ns", pod_name[] = "pod",
	    a_example[] = "a.example";

int one_pair_setup(void **state)
{
	struct one_pair *p = test_calloc(1, sizeof(*p));
	struct error err = { 0 };

	(void)signal(SIGPIPE, SIG_IGN);
	p->cert = test_cert_make(&(struct test_cert_spec){ .dns = { a_example },
							   .ip = "127.0.0.1" });
	p->job = (struct job_config){ .name = job_name };
	p->pod = (struct pod){ .ns = ns, .name = pod_name };
	assert_true(address_parse("127.0.0.1", &p->pod.address));
	p->endpoint = (struct endpoint){ .job = &p->job, .pod = &p->pod };
	p->domain = (struct domain){ a_example, a_example, false };
	p->pair =
		(struct pair){ .endpoint = &p->endpoint, .domain = &p->domain };
	p->config.jobs = (struct job_vector){ .items = &p->job, .count = 1 };
	assert_ok(probe_setup_init(&p->setup, &p->config, &err), &err);
	p->c.fd = -1;
	*state = p;
	return 0;
}

int one_pair_teardown(void **state)
{
	struct one_pair *p = *state;

	connection_close(&p->c);
	session_facts_set_release(&p->sessions);
	certificate_cache_release(&p->cache);
	probe_setup_release(&p->setup);
	test_cert_free(&p->cert);
	test_free(p);
	return 0;
}

void one_pair_open(struct one_pair *p, uint16_t port)
{
	const struct probe_context context = {
		.setup = probe_setup_of(&p->setup, &p->job),
		.cache = &p->cache,
		.sessions = &p->sessions,
	};
	struct error err = { 0 };

	p->pod.port = port;
	p->retries = 0;
	assert_ok(connection_open(&p->c, &p->pair, &context,
				  offer_first(p->job.handshake),
				  p->is_known_offer, &err),
		  &err);
}

static enum connection_want step(struct one_pair *p, enum connection_want want)
{
	struct pollfd polled = {
		.fd = p->c.fd,
		.events = want == CONNECTION_WANT_READ ? POLLIN : POLLOUT,
	};
	struct error err = { 0 };

	if (want == CONNECTION_WANT_RETRY) {
		p->retries++;
		assert_ok(connection_retry(&p->c, &err), &err);
		return CONNECTION_WANT_WRITE;
	}
	if (p->c.state != CONNECTION_CLOSED)
		assert_int_equal(poll(&polled, 1, PATIENCE_MS), 1);
	return connection_step(&p->c);
}

void one_pair_go_on(struct one_pair *p, enum connection_state state,
		    int retries)
{
	enum connection_want want = CONNECTION_WANT_WRITE;

	while (want != CONNECTION_DONE &&
	       !(p->c.state == state && p->retries == retries &&
		 want == CONNECTION_WANT_READ))
		want = step(p, want);
	assert_int_equal(p->c.state, state);
}

void one_pair_probe_as(struct one_pair *p, const struct server_spec *spec)
{
	struct server_spec with_cert = *spec;

	if (with_cert.cert == NULL)
		with_cert.cert = &p->cert;
	assert_true(server_start_as(&p->server, &with_cert));
	one_pair_open(p, p->server.port);
	one_pair_go_on(p, CONNECTION_CLOSED, 0);
	connection_close(&p->c);
	assert_int_equal(p->c.fd, -1);
	server_stop(&p->server);
}

void one_pair_probe(struct one_pair *p, enum server_kind kind,
		    const char *priority)
{
	one_pair_probe_as(
		p, &(struct server_spec){ .kind = kind, .priority = priority });
}
