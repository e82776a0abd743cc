/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine over one server.
 */
#include <config.h>

#include "many_pairs.h"

#include <signal.h>

#include "support.h"

#define ONE_MINUTE_MS 60000

void many_pairs_init(struct many_pairs *f)
{
	struct error err = { 0 };

	(void)signal(SIGPIPE, SIG_IGN);
	*f = (struct many_pairs){ 0 };
	f->descriptors = count_entries("/proc/self/fd");
	world_init(&f->w);
	wall_freeze((struct wall_time){ TEST_CERT_NOT_BEFORE * 1000 + 7 });
	f->job = world_add_job(&f->w, "edge");
	f->job->verify = false;
	assert_ok(probe_setup_init(&f->setup, &f->w.config, &err), &err);
	f->store = (struct engine_store){ &f->setup, &f->cache, &f->sessions };
	f->cert = test_cert_make(
		&(struct test_cert_spec){ .dns = { "*.pool.example" } });
	f->options = (struct engine_options){
		.concurrency = 64,
		.deadline = mono_after(mono_now(), ONE_MINUTE_MS),
	};
}

void many_pairs_release(struct many_pairs *f)
{
	session_facts_set_release(&f->sessions);
	certificate_cache_release(&f->cache);
	probe_setup_release(&f->setup);
	test_cert_free(&f->cert);
	world_free(&f->w);
	/* However the probes ended. */
	assert_int_equal(count_entries("/proc/self/fd"), f->descriptors);
}

int many_pairs_setup(void **state)
{
	*state = test_malloc(sizeof(struct many_pairs));
	many_pairs_init(*state);
	return 0;
}

int many_pairs_teardown(void **state)
{
	many_pairs_release(*state);
	test_free(*state);
	return 0;
}

void many_pairs_prepare_as(struct many_pairs *f, const struct server_spec *spec,
			   int pods, int domains)
{
	struct pod_vector *v = &f->w.discovery.jobs[0].pods;

	assert_true(server_start_as(&f->server, spec));
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

void many_pairs_prepare(struct many_pairs *f, enum server_kind kind, int pods,
			int domains)
{
	many_pairs_prepare_as(
		f, &(struct server_spec){ .kind = kind, .cert = &f->cert },
		pods, domains);
}

void many_pairs_run(struct many_pairs *f)
{
	struct error err = { 0 };

	assert_ok(engine_run(&f->w.targets, &f->store, &f->options,
			     &f->settled_at, &f->cut_off, &err),
		  &err);
	assert_true(f->settled_at.ms == wall_now().ms);
}

void many_pairs_assert_all(const struct many_pairs *f, enum pair_status status,
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
