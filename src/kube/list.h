/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists from the API server, page by page, item by item (Kubernetes API
 * concepts, "Retrieving large results sets in chunks").
 */
#ifndef CEM_KUBE_LIST_H
#define CEM_KUBE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "kube/client.h"
#include "kube/list_reader.h"

#define KUBE_LIST_PAGE_ITEMS 500 /* as client-go asks for */
#define KUBE_LIST_PAGES_MAX 1000
/* etcd forgets the version that a list began with after five minutes, or
 * sooner: the list then begins anew, so often at most. */
#define KUBE_LIST_RESTARTS_MAX 3

struct kube_list {
	const char *api;      /* "/api/v1", "/apis/GROUP/VERSION" */
	const char *resource; /* "pods" */
	const char *kind;     /* "Pod" */
	const char *ns;	      /* NULL: all */
	const char *labels;   /* selector, NULL or "" for everything */
	/* Only objects with this spec.nodeName, NULL or "" for any. Such a list
	 * comes from the API server's cache: from etcd, each would cost it the
	 * whole cluster. */
	const char *node;
	bool is_once; /* what fails is not tried again */
};

/* Takes the items. What was handed on may have to be taken back: a page broke
 * and is read again, or the list expired and begins anew. */
struct list_sink {
	list_item_function on_item;
	size_t (*mark)(void *data); /* how much there is now */
	/* Forgets all that came after mark() said `mark`. */
	void (*rewind)(void *data, size_t mark);
	void *data;
};

/* Hands each item to the sink. Each request takes at most `timeout_ms`, and
 * all of them, with those that are tried again (kube/retry.h) and the waits
 * between them, end by `deadline` (ERROR_TIMEOUT). Errors are those of
 * kube_client_get(), list_reader.h and retry.h; the sink is then rewound to
 * where it was. */
int kube_list_each(struct kube_client *client, const struct kube_list *list,
		   int64_t timeout_ms, struct mono_time deadline,
		   const struct list_sink *sink, struct error *err)
	__attribute__((warn_unused_result));

#endif
