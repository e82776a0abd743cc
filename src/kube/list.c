/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paging: the URL of each page, the reader of each, and what is read again.
 */
#include <config.h>

#include "kube/list.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "kube/retry.h"

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

/* "?key=value" or "&key=value", nothing if the value is NULL or empty. */
static int add_parameter(struct buffer *path, const char *key,
			 const char *value, struct error *err)
{
	int r;

	if (value == NULL || *value == '\0')
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
	if (r == 0 && list->node != NULL && *list->node != '\0') {
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

/* A list as it is being read. */
struct reading {
	struct kube_client *client;
	const struct kube_list *list;
	const struct list_sink *sink;
	int64_t timeout_ms;
	struct mono_time deadline;
	char *next;	 /* where the next page begins, "" for the first */
	bool is_expired; /* what failed: the next page is no more to be had */
};

/* Asks for the next page once; *ret_next is where the one after it begins, a
 * new string, "" after the last. */
static int ask_page(struct reading *reading, int64_t timeout_ms,
		    char **ret_next, struct kube_answer *ret_answer,
		    struct error *err)
{
	const struct list_sink *sink = reading->sink;
	CLEANUP(cleanup_list_reader) struct list_reader *reader = NULL;
	CLEANUP(buffer_free) struct buffer path = BUFFER_INIT(PATH_MAX_BYTES);
	int r = make_path(reading->list, reading->next, &path, err);

	*ret_answer = (struct kube_answer){ 0 };
	if (r == 0)
		r = list_reader_open(reading->list->kind, sink->on_item,
				     sink->data, &reader, err);
	if (r < 0)
		return r;
	r = kube_client_get(reading->client, path.data, timeout_ms, on_body,
			    reader, err);
	*ret_answer = *kube_client_answer(reading->client);
	if (r < 0)
		return r;
	r = list_reader_finish(reader, err);
	if (r < 0) {
		/* Where no length was told, this is how a break shows. */
		ret_answer->is_broken = list_reader_is_cut(reader);
		return error_prefix(err, "the answer");
	}
	*ret_next = strdup(list_reader_continue(reader));
	return *ret_next == NULL ? error_memory(err) : 0;
}

/* Reads the next page, if need be several times. */
static int read_page(struct reading *reading, char **ret_next,
		     struct error *err)
{
	const struct list_sink *sink = reading->sink;
	size_t begin = sink->mark(sink->data);

	for (int tries = 1;; tries++) {
		int64_t left_ms = mono_until(reading->deadline);
		struct kube_answer answer;
		int64_t wait_ms;
		int r;

		if (left_ms == 0)
			return error_set(err, ERROR_TIMEOUT,
					 "the run's deadline leaves no more "
					 "time for it");
		if (left_ms > reading->timeout_ms)
			left_ms = reading->timeout_ms;
		r = ask_page(reading, left_ms, ret_next, &answer, err);
		if (r == 0)
			return 0;
		sink->rewind(sink->data, begin);
		reading->is_expired =
			answer.status == 410 && *reading->next != '\0';
		if (reading->list->is_once)
			return r;
		r = retry_plan(&answer, tries, mono_until(reading->deadline),
			       &wait_ms, err);
		if (r < 0)
			return r;
		/* Not the message, in which the server may repeat the token. */
		log_debug("trying again in %lld ms, %d of %d",
			  (long long)wait_ms, tries, RETRY_MAX);
		r = retry_pause(kube_client_interrupt(reading->client), wait_ms,
				err);
		if (r < 0)
			return r;
		*err = (struct error){ 0 };
	}
}

/* Reads all pages from the first one on. */
static int read_pages(struct reading *reading, struct error *err)
{
	reading->is_expired = false;
	free(reading->next);
	reading->next = strdup("");
	if (reading->next == NULL)
		return error_memory(err);
	for (int page = 0; page < KUBE_LIST_PAGES_MAX; page++) {
		CLEANUP(cleanup_free) char *after = NULL;
		int r = read_page(reading, &after, err);

		if (r < 0)
			return r;
		if (*after == '\0')
			return 0;
		if (strcmp(after, reading->next) == 0)
			return error_set(err, ERROR_SERVER,
					 "the API gives the same page again "
					 "and again");
		free(reading->next);
		reading->next = TAKE(after);
	}
	return error_set(err, ERROR_TOO_LARGE, "has more than %d pages",
			 KUBE_LIST_PAGES_MAX);
}

int kube_list_each(struct kube_client *client, const struct kube_list *list,
		   int64_t timeout_ms, struct mono_time deadline,
		   const struct list_sink *sink, struct error *err)
{
	struct reading reading = {
		.client = client,
		.list = list,
		.sink = sink,
		.timeout_ms = timeout_ms,
		.deadline = deadline,
	};
	size_t begin = sink->mark(sink->data);
	int r;

	for (int restarts = 0;; restarts++) {
		r = read_pages(&reading, err);
		if (r < 0)
			sink->rewind(sink->data, begin);
		if (r == 0 || !reading.is_expired)
			break;
		if (restarts == KUBE_LIST_RESTARTS_MAX) {
			r = error_prefix(err, "the list expired %d times",
					 restarts + 1);
			break;
		}
		log_debug("the list has expired and begins anew");
		*err = (struct error){ 0 };
	}
	free(reading.next);
	return r;
}
