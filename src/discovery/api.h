/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The API server as all jobs of a run share it: found and connected to when
 * first needed, asked no more once it has failed as a whole.
 */
#ifndef CEM_DISCOVERY_API_H
#define CEM_DISCOVERY_API_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "config/config.h"
#include "discovery/pod_list.h"
#include "kube/access.h"
#include "kube/client.h"

struct api {
	const struct config *config;
	struct interrupt *interrupt;
	struct mono_time deadline;
	/* The rest zeroed is unused. */
	struct error failure; /* of the API as a whole, for all to come */
	bool has_memory;      /* kube_memory_init() */
	struct kube_access access;
	struct kube_client *client; /* NULL: not yet needed */
	char *own_node; /* whose credential it is, NULL: no node's */
};

/* Adds the job's pods in namespace `ns`, or in all of them if it is NULL, to
 * `list`. The error says what to do about it. */
int api_list_pods(struct api *api, const struct job_config *job, const char *ns,
		  struct pod_list *list, struct error *err)
	__attribute__((warn_unused_result));

/* Whether the API as a whole has failed, not one list. */
bool api_has_failed(const struct api *api);

/* Closes the connection and wipes the credential. */
void api_close(struct api *api);

#endif
