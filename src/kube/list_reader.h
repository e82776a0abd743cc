/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of Kubernetes objects as a stream of bytes, handed on item by item:
 * one item is in memory at a time. The members of the list may come in any
 * order (`kubectl get -o json` prints `items` before `kind`).
 *
 *	list_reader_open("Pod", on_item, data, &reader, err)
 *	list_reader_feed(reader, bytes, size, err)	as bytes arrive
 *	list_reader_finish(reader, err)			at their end
 *	... list_reader_continue(reader) ...
 *	list_reader_free(reader)
 *
 * What was handed on counts only if list_reader_finish() succeeds: a list may
 * break off, or turn out to be none.
 *
 * Errors are ERROR_INVALID, ERROR_TOO_LARGE or those of on_item(); the
 * message says at which item or byte. After one the reader can only be freed.
 */
#ifndef CEM_KUBE_LIST_READER_H
#define CEM_KUBE_LIST_READER_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define LIST_BYTES_MAX ((uint64_t)1024 * 1024 * 1024)
#define LIST_ITEMS_MAX 200000
/* Of one item, or of a member of the list beside its items. etcd takes
 * objects of 1.5 MiB; managedFields and escapes make them a little longer. */
#define LIST_VALUE_BYTES_MAX ((size_t)2 * 1024 * 1024)
#define LIST_VALUE_DEPTH_MAX 64
/* Values in one item, about: json-c spends up to 800 bytes on one ("{}"). */
#define LIST_VALUE_NODES_MAX 50000
#define LIST_CONTINUE_MAX ((size_t)16 * 1024) /* bytes */

struct list_reader;

/* Takes one item, which is the reader's and ends with the call. A negative
 * return ends the list; `err` is then set, and gets the item's number. */
typedef int (*list_item_function)(void *data, struct json_object *item,
				  struct error *err);

/* A reader of a list of `kind` objects ("Pod"): a `List`, or a `PodList`.
 * `kind` must outlive it. */
int list_reader_open(const char *kind, list_item_function on_item, void *data,
		     struct list_reader **ret_reader, struct error *err)
	__attribute__((warn_unused_result));

/* O(size) whatever the chunks are, plus on_item(). */
int list_reader_feed(struct list_reader *reader, const void *bytes, size_t size,
		     struct error *err) __attribute__((warn_unused_result));

int list_reader_finish(struct list_reader *reader, struct error *err)
	__attribute__((warn_unused_result));

/* Whether the list has not come to its end. Good after a failed
 * list_reader_finish() as well. */
bool list_reader_is_cut(const struct list_reader *reader);

/* `metadata.continue`: where the next page begins, "" after the last. Lives
 * as long as the reader. */
const char *list_reader_continue(const struct list_reader *reader);

/* NULL is fine. */
void list_reader_free(struct list_reader *reader);
void cleanup_list_reader(struct list_reader **reader);

#endif
