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
#include "discovery/discovery.h"
#include "kube/access.h"
#include "kube/client.h"
#include "kube/list.h"

struct api {
	const struct config *config;
	struct interrupt *interrupt;
	struct mono_time deadline;
	/* The rest zeroed is unused. */
	struct error failure; /* of the API as a whole, for all to come */
	int in_vain;	 /* lists in a row that failed, however often tried */
	bool has_memory; /* kube_memory_init() */
	struct kube_access access;
	struct kube_client *client; /* NULL: not yet needed */
	char *own_node; /* whose credential it is, NULL: no node's */
};

/* The server's URL, borrowed, or NULL if there is no access to one that could
 * be read: asking it will say why. Nothing is sent. */
int api_server(struct api *api, const char **ret_server, struct error *err)
	__attribute__((warn_unused_result));

/* Hands the objects of a list to `sink`. The error says what to do about it;
 * ERROR_NOT_FOUND: the cluster has no such kind. */
int api_list(struct api *api, const struct kube_list *list,
	     const struct list_sink *sink, struct error *err)
	__attribute__((warn_unused_result));

/* The node that `node` means ("@self": this one), "" for any, as a new
 * string. */
int api_find_node(struct api *api, const char *node, char **ret_node,
		  struct error *err) __attribute__((warn_unused_result));

/* Whether the API as a whole has failed, not one list. */
bool api_has_failed(const struct api *api);

/* Whose certificates were shown on both sides, before api_close(). The strings
 * are the caller's. */
int api_identify(const struct api *api, struct api_identity *ret_identity,
		 struct error *err) __attribute__((warn_unused_result));

/* Closes the connection and wipes the credential. */
void api_close(struct api *api);

#endif
