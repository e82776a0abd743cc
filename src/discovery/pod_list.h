/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pods of one job as they are read, from however many lists, and what
 * they come to once all lists are read: the pods to probe and the counts.
 */
#ifndef CEM_DISCOVERY_POD_LIST_H
#define CEM_DISCOVERY_POD_LIST_H

#include <json-c/json.h>
#include <stddef.h>

#include "base/error.h"
#include "base/vector.h"
#include "config/config.h"
#include "discovery/discovery.h"
#include "discovery/pods.h"

/* Of one job, from all its lists: some 30 MB. */
#define POD_LIST_MAX 200000

VECTOR_DEFINE(pod_facts_vector, struct pod_facts);

struct pod_list {
	const struct job_config *job; /* set; the rest zeroed is empty */
	struct pod_facts_vector facts;
	struct string_vector listed; /* namespaces read to their end, "" for
					all of them or a file */
};

/* Reads and adds one pod; `data` is the list. A list_item_function. */
int pod_list_add(void *data, struct json_object *item, struct error *err)
	__attribute__((warn_unused_result));

/* Forgets all pods but the first `count`: those of a list that failed must not
 * look like a smaller pool. */
void pod_list_truncate(struct pod_list *list, size_t count);

/* Sorts, removes duplicates, and moves the pods into `job`, which gets pods
 * and namespaces. O(n log n). */
int pod_list_finish(struct pod_list *list, struct job_discovery *job,
		    struct error *err) __attribute__((warn_unused_result));

void pod_list_free(struct pod_list *list);

#endif
