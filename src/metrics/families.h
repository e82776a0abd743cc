/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metrics: one table of families (doc/metrics.md is its contract), each
 * written from what the run found.
 */
#ifndef CEM_METRICS_FAMILIES_H
#define CEM_METRICS_FAMILIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "analysis/pool.h"
#include "base/clock.h"
#include "config/config.h"
#include "discovery/discovery.h"
#include "metrics/exposition.h"
#include "probe/target.h"
#include "state/history.h"
#include "state/state.h"

#define SUMMARY_PAIRS_MAX 1000 /* pair series that `summary` keeps */

/* What a run found; all borrowed. */
struct run_facts {
	const struct config *config;
	const struct discovery *discovery;
	const struct target_set *targets;
	const struct pool_set *pools;
	struct wall_time started_at;
	struct wall_time settled_at; /* when the statuses were decided */
	int64_t duration_ms;	     /* so far */
	/* Over all runs, with this one; of the counts nothing is shown
	 * where there is no history. */
	struct run_record record;
	const struct history *history; /* NULL: nothing is remembered */
	bool success; /* nothing failed that the operator must fix */
	bool cut_off; /* pairs were left unprobed */
	const char *gnutls_version;
	const char *curl_version;
	const char *json_version;
};

/* Whether `mode` would write more samples than config->max_series. O(samples)
 * without writing them. */
bool families_exceed_limit(const struct run_facts *facts,
			   enum metrics_mode mode);

/* Writes the families of `mode`, `is_limited` being what
 * families_exceed_limit() said of the one that was asked for. */
int families_write(struct exposition *x, const struct run_facts *facts,
		   enum metrics_mode mode, bool is_limited, struct error *err)
	__attribute__((warn_unused_result));

/* For the contract test: name and type of each family, one a line. */
void families_print(FILE *out);

#endif
