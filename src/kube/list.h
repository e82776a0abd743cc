/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists from the API server, page by page, item by item (Kubernetes API
 * concepts, "Retrieving large results sets in chunks").
 */
#ifndef CEM_KUBE_LIST_H
#define CEM_KUBE_LIST_H

#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "kube/client.h"
#include "kube/list_reader.h"

#define KUBE_LIST_PAGE_ITEMS 500 /* as client-go asks for */
#define KUBE_LIST_PAGES_MAX 1000

struct kube_list {
	const char *api;      /* "/api/v1", "/apis/GROUP/VERSION" */
	const char *resource; /* "pods" */
	const char *kind;     /* "Pod" */
	const char *ns;	      /* NULL: all */
	const char *labels;   /* selector, "" for everything */
	/* Only objects with this spec.nodeName, "" for any. Such a list comes
	 * from the API server's cache: from etcd, each would cost it the whole
	 * cluster. */
	const char *node;
};

/* Hands each item to `on_item`. Each request takes at most `timeout_ms`, and
 * all of them end by `deadline` (ERROR_TIMEOUT). Errors are those of
 * kube_client_get() and list_reader.h; after one, what was handed on is not
 * the list. */
int kube_list_each(struct kube_client *client, const struct kube_list *list,
		   int64_t timeout_ms, struct mono_time deadline,
		   list_item_function on_item, void *data, struct error *err)
	__attribute__((warn_unused_result));

#endif
