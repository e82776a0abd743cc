/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which pods there are: for each job the pods to probe, how many matched and
 * why some are not probed, and what failed. A failure is data: it stops the
 * list that it concerns and nothing else, and never looks like an empty pool.
 *
 * The API credential lives only inside discovery_run(): when it returns, the
 * credential is wiped and the connection closed.
 */
#ifndef CEM_DISCOVERY_DISCOVERY_H
#define CEM_DISCOVERY_DISCOVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/vector.h"
#include "config/config.h"
#include "discovery/pods.h"

/* Words of `discovery_failure_info`; discovery_reason_name() gives them. */
enum discovery_reason {
	DISCOVERY_UNREACHABLE,
	DISCOVERY_TIMEOUT,
	DISCOVERY_UNAUTHORIZED,
	DISCOVERY_FORBIDDEN,
	DISCOVERY_INVALID,
	DISCOVERY_SERVER_ERROR,
	DISCOVERY_TLS,
	DISCOVERY_TOO_LARGE,
};

const char *discovery_reason_name(enum discovery_reason reason);

struct discovery_failure {
	char *ns; /* "" where it is not about one namespace */
	enum discovery_reason reason;
	char *message; /* for the log: what, where, and the way out */
};
VECTOR_DEFINE(discovery_failure_vector, struct discovery_failure);

/* The pods of one namespace, counted. */
struct namespace_count {
	char *ns;
	uint64_t matching;		  /* in any state */
	uint64_t skipped[POD_SKIP_COUNT]; /* of them, by reason */
};
VECTOR_DEFINE(namespace_count_vector, struct namespace_count);

struct job_discovery {
	const struct job_config *job; /* borrowed */
	struct pod_vector pods;	      /* sorted by namespace and name, unique */
	/* Sorted by namespace. One entry for each namespace that was named
	 * and listed, even if empty; one with "" for "*" without any pod.
	 * None for a namespace whose list failed. */
	struct namespace_count_vector namespaces;
	struct discovery_failure_vector failures; /* none: success */
	struct wall_time listed_at; /* when the list began, {0} if all failed */
};

struct discovery {
	struct job_discovery *jobs; /* in the order of the configuration */
	size_t count;
};

/* Lists the pods of all jobs, until `deadline` at the latest. Fails itself
 * only for want of memory, or with ERROR_INTERRUPTED; `config` must outlive
 * the result. */
int discovery_run(const struct config *config, struct interrupt *interrupt,
		  struct mono_time deadline, struct discovery *ret_discovery,
		  struct error *err) __attribute__((warn_unused_result));

void discovery_free(struct discovery *discovery);

#endif
