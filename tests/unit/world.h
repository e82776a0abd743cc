/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run made by hand: jobs, pods, domains, results. For the stages after the
 * probe.
 *
 *	struct world w;
 *	world_init(&w);
 *	job = world_add_job(&w, "edge");
 *	world_add_domain(job, "a.example");
 *	world_add_pod(&w, job, "ns", "pod-1");
 *	world_build(&w);                          pods times domains
 *	w.history.pairs[0].open_errors = 3;       what earlier runs saw
 *	world_show(&w, 0, certificate);           or world_pair(&w, 0)->...
 *	world_finish(&w);                         settled, counted, pools,
 *w.facts world_free(&w);
 */
#ifndef CEM_TESTS_WORLD_H
#define CEM_TESTS_WORLD_H

#include "analysis/pool.h"
#include "config/config.h"
#include "discovery/discovery.h"
#include "metrics/families.h"
#include "probe/certificate.h"
#include "probe/target.h"
#include "probe/verify.h"
#include "state/history.h"

#define WORLD_NOW INT64_C(1700000000) /* seconds; frozen by world_init() */
#define WORLD_DAY INT64_C(86400)
#define WORLD_JOBS_MAX 4

struct world {
	struct config config;
	struct discovery discovery;
	struct target_set targets;
	struct chain_facts *chains; /* one for each pair */
	struct pool_set pools;
	struct history history;
	struct run_facts facts;
};

void world_init(struct world *w);
void world_free(struct world *w);

/* At most WORLD_JOBS_MAX; the pointer lives as long as the world. */
struct job_config *world_add_job(struct world *w, const char *name);
void world_add_domain(struct job_config *job, const char *domain);

/* Pods in the order in which discovery would sort them. */
void world_add_pod(struct world *w, const struct job_config *job,
		   const char *ns, const char *name);
void world_count(struct world *w, const struct job_config *job, const char *ns,
		 uint64_t matching, uint64_t not_ready);
void world_fail(struct world *w, const struct job_config *job, const char *ns,
		enum discovery_reason reason);

void world_build(struct world *w);

/* The pair's probe was good, took 1.5 ms and showed `certificate`, which names
 * the domain. It came alone, and was verified against nothing. */
void world_show(struct world *w, size_t pair,
		const struct certificate *certificate);
/* After world_show(): its chain was verified, and that is what came out. */
void world_verify(struct world *w, size_t pair, enum verify_reason reason);
/* The pair's probe failed without a certificate, for the sake of another. */
void world_break(struct world *w, size_t pair, enum probe_reason reason);

void world_finish(struct world *w);

/* A certificate whose fingerprint is 64 times `letter`, from `begin` to `end`
 * in days from WORLD_NOW. */
struct certificate world_certificate(char letter, int64_t begin, int64_t end);

#endif
