/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paging: the URL of each page, and the reader of each.
 */
#include <config.h>

#include "kube/list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"

#define PATH_MAX_BYTES ((size_t)256 * 1024)

static int add_text(struct buffer *path, const char *text, struct error *err)
{
	return buffer_append(path, text, strlen(text), err);
}

/* RFC 3986: everything but the unreserved characters is percent-encoded. */
static int add_encoded(struct buffer *path, const char *text, struct error *err)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~";
	int r = 0;

	for (; r == 0 && *text != '\0'; text++) {
		char code[4];

		if (strchr(plain, *text) != NULL) {
			r = buffer_append(path, text, 1, err);
			continue;
		}
		(void)snprintf(code, sizeof(code), "%%%02X",
			       (unsigned int)(unsigned char)*text);
		r = add_text(path, code, err);
	}
	return r;
}

/* "?key=value" or "&key=value", nothing if the value is empty. */
static int add_parameter(struct buffer *path, const char *key,
			 const char *value, struct error *err)
{
	int r;

	if (*value == '\0')
		return 0;
	r = add_text(path, strchr(path->data, '?') == NULL ? "?" : "&", err);
	if (r == 0)
		r = add_text(path, key, err);
	if (r == 0)
		r = add_text(path, "=", err);
	if (r == 0)
		r = add_encoded(path, value, err);
	return r;
}

static int add_collection(struct buffer *path, const struct kube_list *list,
			  struct error *err)
{
	int r = add_text(path, list->api, err);

	if (r == 0 && list->ns != NULL)
		r = add_text(path, "/namespaces/", err);
	if (r == 0 && list->ns != NULL)
		r = add_encoded(path, list->ns, err);
	if (r == 0)
		r = add_text(path, "/", err);
	if (r == 0)
		r = add_text(path, list->resource, err);
	return r;
}

/* The path of the page that begins at `next`, "" for the first. */
static int make_path(const struct kube_list *list, const char *next,
		     struct buffer *path, struct error *err)
{
	CLEANUP(cleanup_free) char *fields = NULL;
	char limit[16];
	int r = add_collection(path, list, err);

	(void)snprintf(limit, sizeof(limit), "%d", KUBE_LIST_PAGE_ITEMS);
	if (r == 0)
		r = add_parameter(path, "labelSelector", list->labels, err);
	if (r == 0 && *list->node != '\0') {
		if (asprintf(&fields, "spec.nodeName=%s", list->node) < 0)
			return error_memory(err);
		r = add_parameter(path, "fieldSelector", fields, err);
		/* The cache ignores `limit`; should a page have an end all the
		 * same, the next may not name a version again. */
		if (r == 0 && *next == '\0')
			r = add_parameter(path, "resourceVersion", "0", err);
	} else if (r == 0) {
		r = add_parameter(path, "limit", limit, err);
	}
	if (r == 0)
		r = add_parameter(path, "continue", next, err);
	return r;
}

static int on_body(void *data, const char *bytes, size_t size,
		   struct error *err)
{
	int r = list_reader_feed(data, bytes, size, err);

	if (r == -ERROR_INVALID || r == -ERROR_TOO_LARGE)
		return error_prefix(err, "the answer");
	return r;
}

/* Reads the page at `next`; *ret_next is where the next one begins, a new
 * string, "" after the last. */
static int read_page(struct kube_client *client, const struct kube_list *list,
		     int64_t timeout_ms, const char *next,
		     list_item_function on_item, void *data, char **ret_next,
		     struct error *err)
{
	CLEANUP(cleanup_list_reader) struct list_reader *reader = NULL;
	CLEANUP(buffer_free) struct buffer path = BUFFER_INIT(PATH_MAX_BYTES);
	int r = make_path(list, next, &path, err);

	if (r == 0)
		r = list_reader_open(list->kind, on_item, data, &reader, err);
	if (r == 0)
		r = kube_client_get(client, path.data, timeout_ms, on_body,
				    reader, err);
	if (r < 0)
		return r;
	r = list_reader_finish(reader, err);
	if (r < 0)
		return error_prefix(err, "the answer");
	*ret_next = strdup(list_reader_continue(reader));
	return *ret_next == NULL ? error_memory(err) : 0;
}

int kube_list_each(struct kube_client *client, const struct kube_list *list,
		   int64_t timeout_ms, struct mono_time deadline,
		   list_item_function on_item, void *data, struct error *err)
{
	CLEANUP(cleanup_free) char *next = strdup("");

	if (next == NULL)
		return error_memory(err);
	for (int page = 0; page < KUBE_LIST_PAGES_MAX; page++) {
		CLEANUP(cleanup_free) char *after = NULL;
		int64_t left_ms = mono_until(deadline);
		int r;

		if (left_ms == 0)
			return error_set(err, ERROR_TIMEOUT,
					 "the run's deadline leaves no more "
					 "time for it");
		if (left_ms > timeout_ms)
			left_ms = timeout_ms;
		r = read_page(client, list, left_ms, next, on_item, data,
			      &after, err);
		if (r < 0)
			return r;
		if (*after == '\0')
			return 0;
		if (strcmp(after, next) == 0)
			return error_set(err, ERROR_SERVER,
					 "the API gives the same page again "
					 "and again");
		free(next);
		next = TAKE(after);
	}
	return error_set(err, ERROR_TOO_LARGE, "has more than %d pages",
			 KUBE_LIST_PAGES_MAX);
}
