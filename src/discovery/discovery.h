/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What there is to probe: for each job the pods (or other endpoints), how many
 * matched and why some are not probed, the domains, and what failed. A failure
 * is data: it stops the list that it concerns and nothing else, and never
 * looks like an empty pool: what an earlier run listed stands in for it.
 *
 * The API credential lives only inside discovery_run(): when it returns, the
 * credential is wiped and the connection closed.
 */
#ifndef CEM_DISCOVERY_DISCOVERY_H
#define CEM_DISCOVERY_DISCOVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/vector.h"
#include "config/config.h"
#include "discovery/found.h"
#include "kube/access.h"

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

/* Words of the label `source`; discovery_source_name() gives them. */
enum discovery_source {
	SOURCE_PODS, /* from the API or a file */
	SOURCE_SERVICES,
	SOURCE_INGRESSES,
	SOURCE_GATEWAYS, /* with their routes */
	SOURCE_INGRESSROUTES,
	SOURCE_CERTIFICATES,
	SOURCE_FILE,
};
#define DISCOVERY_SOURCE_COUNT (SOURCE_FILE + 1)

const char *discovery_source_name(enum discovery_source source);

struct discovery_failure {
	char *ns; /* "" where it is not about one namespace */
	enum discovery_reason reason;
	char *message; /* for the log: what, where, and the way out */
};
VECTOR_DEFINE(discovery_failure_vector, struct discovery_failure);

/* What became of a job's lists from one source. */
struct source_discovery {
	bool is_used;
	struct discovery_failure_vector failures; /* none: success */
	/* When what is used now was listed: the oldest of it; {0}: nothing. */
	struct wall_time listed_at;
};

/* The pods of one namespace, counted. */
struct namespace_count {
	char *ns;
	uint64_t matching;		  /* in any state */
	uint64_t skipped[POD_SKIP_COUNT]; /* of them, by reason */
};
VECTOR_DEFINE(namespace_count_vector, struct namespace_count);

/* Of all scopes of a job together: nobody probes that many pairs. */
#define DISCOVERY_SCOPED_MAX 1000000

/* The domains of the pods of one Gateway. */
struct domain_scope {
	char *gateway; /* "NS/NAME" */
	/* Places in job_discovery.domains, ascending; NULL if there are some
	 * and they would be more than DISCOVERY_SCOPED_MAX. */
	size_t *domains;
	size_t count;
};
VECTOR_DEFINE(domain_scope_vector, struct domain_scope);

/* A place where certificates are served. */
struct pod {
	char *ns;		/* "" outside Kubernetes; valid UTF-8 */
	char *name;		/* valid UTF-8; outside its address */
	const char *port_label; /* as configured; borrowed from the job */
	struct address address; /* family 0: its name did not resolve */
	uint16_t port;
	bool is_remembered; /* from an earlier run: the address may be
			     * another's by now */
	const struct domain_scope *scope; /* NULL: all domains of the job */
};
VECTOR_DEFINE(pod_vector, struct pod);

struct job_discovery {
	const struct job_config *job; /* borrowed */
	/* Sorted by namespace, name, port and family, unique. */
	struct pod_vector pods;
	/* Sorted by namespace. One entry for each namespace that was named
	 * and listed, even if empty; one with "" for "*" without any pod.
	 * None for a namespace whose list failed and is not remembered. */
	struct namespace_count_vector namespaces;
	/* Configured and found, without the ignored, sorted. */
	struct domain_vector domains;
	/* By place in `domains`: the start of the newest certificate that
	 * cert-manager issued for it, in seconds since the epoch, 0 for none.
	 * NULL where no Certificates are read. */
	int64_t *expected_not_before;
	/* By gateway, of those that a pod to be probed is of. */
	struct domain_scope_vector scopes;
	struct source_discovery sources[DISCOVERY_SOURCE_COUNT];
};

/* Which API server was asked, as whom, and the certificates of both. */
struct api_identity {
	char *server; /* URL; NULL: no API was asked */
	char *source; /* of the credential, in words; likewise */
	struct kube_dates server_dates;
	struct kube_dates client_dates;
};

struct discovery {
	struct job_discovery *jobs; /* in the order of the configuration */
	size_t count;
	struct api_identity api;
};

/* Lists what all jobs want, until `deadline` at the latest. `memory` has the
 * lists of earlier runs, NULL: none. Fails itself only for want of memory, or
 * with ERROR_INTERRUPTED; `config` must outlive the result. */
int discovery_run(const struct config *config, const struct list_memory *memory,
		  struct interrupt *interrupt, struct mono_time deadline,
		  struct discovery *ret_discovery, struct error *err)
	__attribute__((warn_unused_result));

void discovery_free(struct discovery *discovery);

/* Whether a list of the job failed. */
bool job_discovery_has_failed(const struct job_discovery *job);

#endif
