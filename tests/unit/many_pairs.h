/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server behind any number of pods and domains, and the engine over them.
 *
 *	cmocka_unit_test_setup_teardown(f, many_pairs_setup,
 *					many_pairs_teardown)
 *	struct many_pairs *f = *state;
 *	many_pairs_prepare(f, SERVER_TLS, 2, 5);     pods, domains
 *	many_pairs_run(f);
 *	server_stop(&f->server);
 *	f->w.targets.pairs[0].result, f->server.accepted
 *
 * At the end it is asserted that no descriptor is left. A test that needs it
 * several times has one of its own (many_pairs_init(), _release()): cmocka
 * wants what was set up to stay.
 */
#ifndef CEM_TESTS_MANY_PAIRS_H
#define CEM_TESTS_MANY_PAIRS_H

#include "certs.h"
#include "probe/engine.h"
#include "server.h"
#include "world.h"

struct many_pairs {
	struct world w;
	struct job_config *job; /* the only one; nothing is verified */
	struct test_cert cert;	/* for all domains, ECDSA */
	struct server server;
	struct probe_setup setup;
	struct certificate_cache cache;
	struct session_facts_set sessions;
	struct engine_store store;
	struct engine_options options; /* 64 at once, for a minute */
	struct wall_time settled_at;
	bool cut_off;
	struct engine_progress progress; /* for a test of on_progress() */
	size_t descriptors; /* that are open before anything is done */
};

void many_pairs_init(struct many_pairs *f);
void many_pairs_release(struct many_pairs *f);
int many_pairs_setup(void **state);
int many_pairs_teardown(void **state);

/* Starts the server, and makes the pairs: domain by domain for each pod. */
void many_pairs_prepare_as(struct many_pairs *f, const struct server_spec *spec,
			   int pods, int domains);
void many_pairs_prepare(struct many_pairs *f, enum server_kind kind, int pods,
			int domains);

/* Runs the engine; its error ends the test. */
void many_pairs_run(struct many_pairs *f);

void many_pairs_assert_all(const struct many_pairs *f, enum pair_status status,
			   enum probe_reason reason);

#endif
