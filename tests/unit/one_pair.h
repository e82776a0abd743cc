/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pair of one endpoint, probed by hand: what stands between a server of
 * the tests and a result.
 *
 *	cmocka_unit_test_setup_teardown(f, one_pair_setup, one_pair_teardown)
 *	struct one_pair *p = *state;
 *	p->job.handshake = ...;                  the job, the pair, the domain
 *	one_pair_probe(p, SERVER_TLS, NULL);     from start to end
 *	p->c.result, p->server.accepted
 */
#ifndef CEM_TESTS_ONE_PAIR_H
#define CEM_TESTS_ONE_PAIR_H

#include "certs.h"
#include "config/config.h"
#include "probe/certificate_cache.h"
#include "probe/connection.h"
#include "probe/session_facts.h"
#include "probe/setup.h"
#include "server.h"

#define TLS11 "NORMAL:-VERS-ALL:+VERS-TLS1.1:+SHA1:+SIGN-RSA-SHA1"
#define TLS12 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TLS13 "NORMAL:-VERS-ALL:+VERS-TLS1.3"

struct one_pair {
	struct test_cert cert; /* ECDSA, for the domain and 127.0.0.1 */
	struct job_config job; /* zero, but for its name */
	struct pod pod;
	struct endpoint endpoint;
	struct domain domain; /* a.example */
	struct pair pair;
	bool is_known_offer; /* of one_pair_open() */
	struct config config;
	struct probe_setup setup;
	struct certificate_cache cache;
	struct session_facts_set sessions;
	struct server server;
	struct connection c;
	int retries;
};

int one_pair_setup(void **state);
int one_pair_teardown(void **state);

/* Begins to connect to 127.0.0.1, or where p->pod.address points, with what
 * the job offers first. */
void one_pair_open(struct one_pair *p, uint16_t port);

/* Goes on until the connection is over; or has been retried `retries` times,
 * is in `state` and wants to read. */
void one_pair_go_on(struct one_pair *p, enum connection_state state,
		    int retries);

/* A whole probe of a server that is started and stopped for it; `spec->cert`
 * is p->cert where it is NULL. */
void one_pair_probe_as(struct one_pair *p, const struct server_spec *spec);
void one_pair_probe(struct one_pair *p, enum server_kind kind,
		    const char *priority);

#endif
