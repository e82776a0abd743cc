/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pod as the API describes it (v1 Pod, Kubernetes API reference) to what a
 * probe needs of it, or to the reason why it is not probed.
 */
#ifndef CEM_DISCOVERY_PODS_H
#define CEM_DISCOVERY_PODS_H

#include <json-c/json.h>
#include <stdint.h>

#include "base/address.h"
#include "base/error.h"
#include "base/vector.h"
#include "config/config.h"

/* Words of `skipped_pods`; pod_skip_name() gives them. In the order in which
 * they are tried: a pod is skipped for the first that applies. */
enum pod_skip {
	POD_NOT_RUNNING,
	POD_TERMINATING,
	POD_NOT_READY,
	POD_NO_ADDRESS,
	POD_NO_SUCH_PORT,
};
#define POD_SKIP_COUNT (POD_NO_SUCH_PORT + 1)

const char *pod_skip_name(enum pod_skip skip);

struct pod {
	char *ns;   /* valid UTF-8 */
	char *name; /* valid UTF-8 */
	struct address address;
	uint16_t port;
};
VECTOR_DEFINE(pod_vector, struct pod);

/* What pod_read() found. */
struct pod_facts {
	char *ns;
	char *name;
	bool is_skipped;
	enum pod_skip skip;	/* if is_skipped */
	struct address address; /* else */
	uint16_t port;		/* else */
};

/* Reads one item of a PodList for `job` (port, address, unready). Fails with
 * ERROR_INVALID if it is no pod: another kind, no name, a name or namespace
 * longer than 253 bytes. The strings are the caller's. */
int pod_read(struct json_object *item, const struct job_config *job,
	     struct pod_facts *ret_facts, struct error *err)
	__attribute__((warn_unused_result));

void pod_vector_free(struct pod_vector *v);

#endif
