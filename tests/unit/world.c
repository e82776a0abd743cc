/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs made by hand.
 */
#include <config.h>

#include "world.h"

#include <stdlib.h>
#include <string.h>

#include "support.h"

void world_init(struct world *w)
{
	struct error err = { 0 };

	*w = (struct world){ 0 };
	wall_freeze((struct wall_time){ WORLD_NOW * 1000 });
	assert_ok(config_init(&w->config, &err), &err);
	w->discovery.jobs =
		calloc(WORLD_JOBS_MAX, sizeof(w->discovery.jobs[0]));
	assert_non_null(w->discovery.jobs);
}

void world_free(struct world *w)
{
	history_free(&w->history);
	pool_set_free(&w->pools);
	target_set_free(&w->targets);
	free(w->chains);
	discovery_free(&w->discovery);
	config_free(&w->config);
}

struct job_config *world_add_job(struct world *w, const char *name)
{
	struct job_config job;
	struct error err = { 0 };

	assert_true(w->config.jobs.count < WORLD_JOBS_MAX);
	assert_ok(job_config_init(&job, name, &err), &err);
	/* The first growth has room for all: the pointers stay good. */
	assert_ok(job_vector_append(&w->config.jobs, job, &err), &err);
	w->discovery.jobs[w->discovery.count++] = (struct job_discovery){
		.job = &w->config.jobs.items[w->config.jobs.count - 1],
		.sources[SOURCE_PODS] = {
			.is_used = true,
			.listed_at = { (WORLD_NOW - 2) * 1000 + 250 },
		},
	};
	return &w->config.jobs.items[w->config.jobs.count - 1];
}

void world_add_domain(struct job_config *job, const char *domain)
{
	struct error err = { 0 };

	assert_ok(domain_vector_add(&job->domains, domain, &err), &err);
}

static struct job_discovery *found(struct world *w,
				   const struct job_config *job)
{
	return &w->discovery.jobs[job - w->config.jobs.items];
}

static char *copy(const char *text)
{
	char *c = strdup(text);

	assert_non_null(c);
	return c;
}

void world_add_pod(struct world *w, const struct job_config *job,
		   const char *ns, const char *name)
{
	struct pod pod = {
		.ns = copy(ns),
		.name = copy(name),
		.port_label = job->port,
		.port = 443,
	};
	struct error err = { 0 };

	assert_true(address_parse("192.0.2.1", &pod.address));
	assert_ok(pod_vector_append(&found(w, job)->pods, pod, &err), &err);
}

void world_count(struct world *w, const struct job_config *job, const char *ns,
		 uint64_t matching, uint64_t not_ready)
{
	struct namespace_count count = { .ns = copy(ns), .matching = matching };
	struct error err = { 0 };

	count.skipped[POD_NOT_READY] = not_ready;
	assert_ok(namespace_count_vector_append(&found(w, job)->namespaces,
						count, &err),
		  &err);
}

void world_fail(struct world *w, const struct job_config *job, const char *ns,
		enum discovery_reason reason)
{
	struct discovery_failure failure = {
		.ns = copy(ns),
		.reason = reason,
		.message = copy("cannot list pods"),
	};
	struct error err = { 0 };

	assert_ok(discovery_failure_vector_append(
			  &found(w, job)->sources[SOURCE_PODS].failures,
			  failure, &err),
		  &err);
}

void world_build(struct world *w)
{
	struct error err = { 0 };

	for (size_t i = 0; i < w->discovery.count; i++) {
		struct job_discovery *job = &w->discovery.jobs[i];

		for (size_t j = 0; j < job->job->domains.count; j++)
			assert_ok(domain_vector_add(
					  &job->domains,
					  job->job->domains.items[j].name,
					  &err),
				  &err);
	}
	assert_ok(target_set_build(&w->discovery, &w->targets, &err), &err);
	assert_ok(history_init(&w->history, &w->targets, &err), &err);
	w->chains = calloc(w->targets.pair_count + 1, sizeof(w->chains[0]));
	assert_non_null(w->chains);
}

void world_show(struct world *w, size_t pair,
		const struct certificate *certificate)
{
	assert_true(pair < w->targets.pair_count);
	w->chains[pair] = (struct chain_facts){
		.not_before = certificate->not_before,
		.not_after = certificate->not_after,
		.presented_not_after = certificate->not_after,
	};
	w->targets.pairs[pair].result = (struct probe_result){
		.certificate = certificate,
		.chain = &w->chains[pair],
		.names_domain = true,
		.success = true,
		.duration_us = 1500,
	};
}

void world_verify(struct world *w, size_t pair, enum verify_reason reason)
{
	assert_ptr_equal(w->targets.pairs[pair].result.chain, &w->chains[pair]);
	w->chains[pair].is_checked = true;
	w->chains[pair].reason = reason;
}

void world_break(struct world *w, size_t pair, enum probe_reason reason)
{
	assert_true(pair < w->targets.pair_count);
	w->targets.pairs[pair].result = (struct probe_result){
		.reason = reason,
		.duration_us = DURATION_NONE,
	};
}

void world_finish(struct world *w)
{
	struct error err = { 0 };

	for (size_t i = 0; i < w->targets.pair_count; i++)
		probe_result_settle(&w->targets.pairs[i].result, wall_now());
	assert_ok(pool_set_build(&w->targets, &w->pools, &err), &err);
	history_advance(&w->history, true);
	w->facts = (struct run_facts){
		.config = &w->config,
		.discovery = &w->discovery,
		.targets = &w->targets,
		.pools = &w->pools,
		.started_at = { (WORLD_NOW - 3) * 1000 + 5 },
		.settled_at = wall_now(),
		.duration_ms = 3210,
		.success = true,
		.record = { .runs = 40,
			    .failures = 3,
			    .last_success = { (WORLD_NOW - 3) * 1000 + 5 } },
		.history = &w->history,
		.gnutls_version = "3.7.9",
		.curl_version = "7.88.1",
		.json_version = "0.16",
	};
}

struct certificate world_certificate(char letter, int64_t begin, int64_t end)
{
	static char serial[] = "0badcafe";
	static char subject[] = "a.example";
	static char issuer[] = "Test CA";
	struct certificate c = {
		.not_before = WORLD_NOW + begin * WORLD_DAY,
		.not_after = WORLD_NOW + end * WORLD_DAY,
		.serial_number = serial,
		.subject_cn = subject,
		.issuer_cn = issuer,
		.key_algorithm = "ecdsa-p256",
		.signature_algorithm = "ecdsa-with-SHA256",
		.is_readable = true,
	};

	memset(c.fingerprint, letter, sizeof(c.fingerprint) - 1);
	return c;
}
