/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One list after another, for one job, with what fails kept to what it
 * concerns: the failure becomes data, and what an earlier run remembers of
 * the list stands in for it.
 */
#ifndef CEM_DISCOVERY_LISTER_H
#define CEM_DISCOVERY_LISTER_H

#include "base/clock.h"
#include "base/error.h"
#include "discovery/api.h"
#include "discovery/discovery.h"
#include "discovery/found.h"

struct resolver;

/* What all lists of a run share. */
struct lister {
	struct api api;
	const struct list_memory *memory; /* NULL: none */
	struct resolver *resolver;	  /* of all endpoints' names */
	char *server; /* of the API, for keys; NULL: not looked for yet */
};

/* A list that may fail by itself. */
struct list_part {
	enum discovery_source source;
	const char *ns; /* NULL: not of one namespace */
	/* What is done, for messages: "list pods in namespace 'edge'". */
	const char *what;
	const char *key; /* in the memory; NULL: is not remembered */
	/* A remembered list at most that old is taken without asking; 0: it is
	 * always read. In milliseconds. */
	int64_t fresh_ms;
	/* Reads it, adding to `found`, which is empty. ERROR_NOT_FOUND (the
	 * cluster has no such kind) is an empty list, and said so; not of pods
	 * and slices, which every cluster has: that is no API server. */
	int (*read)(void *data, struct found *found, struct error *err);
	void *data;
};

/* Appends to `found` what the part lists now, or else what is remembered of
 * it, and notes in `job` how it went. *ret_is_known (may be NULL) is whether
 * there is either. Fails only for want of memory, or with ERROR_INTERRUPTED. */
int lister_list(struct lister *lister, struct job_discovery *job,
		const struct list_part *part, struct found *found,
		bool *ret_is_known, struct error *err)
	__attribute__((warn_unused_result));

/* A key for a list of the API: what `format` says, and which server: another
 * cluster's list is none. As long as the kubeconfig cannot be read, the server
 * is the one that it named last. A new string, for the caller to free. */
int lister_key(struct lister *lister, char **ret_key, struct error *err,
	       const char *format, ...)
	__attribute__((format(printf, 4, 5), warn_unused_result));

#endif
