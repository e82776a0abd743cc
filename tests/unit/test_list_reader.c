/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists as they come and as they should not, in chunks of every size.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kube/list_reader.h"

#define NAMES_MAX 256

/* The items seen, as "a,b,"; an item called "stop" is refused. */
struct seen {
	char names[NAMES_MAX];
	uint64_t count;
};

static int on_item(void *data, struct json_object *item, struct error *err)
{
	struct seen *seen = data;
	struct json_object *name = NULL;
	const char *text = "?";

	if (json_object_object_get_ex(item, "name", &name))
		text = json_object_get_string(name);
	if (strcmp(text, "stop") == 0)
		return error_set(err, ERROR_INVALID, "refused");
	seen->count++;
	if (strlen(seen->names) + strlen(text) + 2 < sizeof(seen->names)) {
		strcat(seen->names, text);
		strcat(seen->names, ",");
	}
	return 0;
}

/* Feeds `input` in chunks of `first` and then `rest` bytes. */
static int read_chunks(const char *input, size_t size, size_t first,
		       size_t rest, struct seen *seen, char *next,
		       struct error *err)
{
	CLEANUP(cleanup_list_reader) struct list_reader *reader = NULL;
	size_t chunk = first;
	int r;

	*seen = (struct seen){ 0 };
	*err = (struct error){ 0 };
	r = list_reader_open("Pod", on_item, seen, &reader, err);
	while (r == 0 && size > 0) {
		/* A copy of its own, so that a sanitizer sees an overrun. */
		CLEANUP(cleanup_free) char *copy = NULL;

		if (chunk > size)
			chunk = size;
		copy = malloc(chunk + (chunk == 0));
		assert_non_null(copy);
		memcpy(copy, input, chunk);
		r = list_reader_feed(reader, copy, chunk, err);
		input += chunk;
		size -= chunk;
		chunk = rest;
	}
	if (r == 0)
		r = list_reader_finish(reader, err);
	if (r == 0)
		strcpy(next, list_reader_continue(reader));
	return r;
}

static const struct {
	const char *name;
	const char *input;
	const char *names;
	const char *next;
} good[] = {
	{ "an API's page",
	  "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":"
	  "{\"resourceVersion\":\"7\",\"continue\":\"abc==\","
	  "\"remainingItemCount\":3},\"items\":[{\"name\":\"a\"},"
	  "{\"name\":\"b\",\"x\":[1,2.5e3,null,true,{\"y\":\"}]\"}]}]}\n",
	  "a,b,", "abc==" },
	{ "kubectl's list",
	  "{\n    \"apiVersion\": \"v1\",\n    \"items\": [\n        {\n"
	  "            \"name\": \"a\"\n        },\n        {\n"
	  "            \"name\": \"b\"\n        }\n    ],\n"
	  "    \"kind\": \"List\",\n    \"metadata\": {\n"
	  "        \"resourceVersion\": \"\"\n    }\n}\n",
	  "a,b,", "" },
	{ "no items", "{\"kind\":\"PodList\",\"items\":[]}", "", "" },
	{ "spaces", " \r\n\t{ \"items\" : [ ] , \"kind\" : \"List\" } \t\r\n",
	  "", "" },
	{ "null items", "{\"items\":null,\"kind\":\"PodList\"}", "", "" },
	{ "null metadata", "{\"metadata\":null,\"items\":[],\"kind\":\"List\"}",
	  "", "" },
	{ "metadata last",
	  "{\"kind\":\"List\",\"items\":[{}],\"metadata\":"
	  "{\"continue\":\"x\"}}",
	  "?,", "x" },
	{ "null continue",
	  "{\"kind\":\"List\",\"items\":[],\"metadata\":{\"continue\":null}}",
	  "", "" },
	{ "unknown members",
	  "{\"a\":1,\"b\":-2.5e-3,\"c\":\"\\\"{[\\u0000\",\"d\":[[{}]],"
	  "\"e\":true,\"f\":null,\"kind\":\"List\",\"items\":[{\"name\":"
	  "\"\\ud83d\\ude00\"}]}",
	  "\xf0\x9f\x98\x80,", "" },
	{ "an escaped key", "{\"k\\u0069nd\":\"List\",\"items\":[]}", "", "" },
	{ "items that are no objects",
	  "{\"kind\":\"List\",\"items\":[1,\"x\",null,[],-0.5]}", "?,?,?,?,?,",
	  "" },
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		size_t size = strlen(good[i].input);
		struct seen seen;
		struct error err;
		char next[NAMES_MAX];

		/* Every split into two, and byte by byte. */
		for (size_t split = 0; split <= size; split++) {
			int r = read_chunks(good[i].input, size, split, size,
					    &seen, next, &err);

			if (r < 0)
				fail_msg("%s, split at %zu: %s", good[i].name,
					 split, err.message);
			assert_string_equal(seen.names, good[i].names);
			assert_string_equal(next, good[i].next);
		}
		assert_int_equal(read_chunks(good[i].input, size, 1, 1, &seen,
					     next, &err),
				 0);
		assert_string_equal(seen.names, good[i].names);
		assert_string_equal(next, good[i].next);
	}
}

/* What breaks off anywhere is no list. */
static void test_truncated(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		size_t size =
			(size_t)(strrchr(good[i].input, '}') - good[i].input);

		for (size_t length = 0; length <= size; length++) {
			struct seen seen;
			struct error err;
			char next[NAMES_MAX];

			assert_int_equal(read_chunks(good[i].input, length, 3,
						     5, &seen, next, &err),
					 -ERROR_INVALID);
			assert_true(strstr(err.message, "ends in the middle") ||
				    strcmp(err.message, "is empty") == 0);
		}
	}
}

static const struct {
	const char *name;
	const char *input;
	const char *message; /* part of it */
} bad[] = {
	{ "empty", " \n", "is empty" },
	{ "a login page", "<!DOCTYPE html>",
	  "is not JSON: it begins '<!DOCTYPE html>'" },
	{ "a bare array", "[{}]", "is a bare JSON array" },
	{ "YAML", "kind: List", "is not JSON" },
	{ "no kind", "{\"items\":[]}", "has no kind" },
	{ "an empty object", "{}", "has no kind" },
	{ "another kind", "{\"kind\":\"ServiceList\",\"items\":[{}]}",
	  "its kind is 'ServiceList', not 'List' or 'PodList'" },
	{ "another kind, at the end",
	  "{\"items\":[{}],\"kind\":\"PodListList\"}",
	  "its kind is 'PodListList'" },
	{ "one pod", "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"}}",
	  "its kind is 'Pod'" },
	{ "a kind that begins alike", "{\"kind\":\"PodLis\",\"items\":[]}",
	  "its kind is 'PodLis'" },
	{ "a Status",
	  "{\"kind\":\"Status\",\"metadata\":{},\"message\":\"not you\"}",
	  "the API's message 'not you'" },
	{ "a kind that is no text", "{\"kind\":[\"List\"],\"items\":[]}",
	  "kind is not a text" },
	{ "no items", "{\"kind\":\"List\"}", "has no items" },
	{ "items that are an object", "{\"kind\":\"List\",\"items\":{}}",
	  "items is not an array" },
	{ "items that are a number", "{\"kind\":\"List\",\"items\":0}",
	  "items is not an array" },
	{ "items twice", "{\"items\":[],\"items\":[],\"kind\":\"List\"}",
	  "has two members 'items'" },
	{ "null items twice", "{\"items\":null,\"items\":[],\"kind\":\"List\"}",
	  "has two members 'items'" },
	{ "a continue that is no text",
	  "{\"kind\":\"List\",\"items\":[],\"metadata\":{\"continue\":7}}",
	  "metadata.continue is not a text" },
	{ "garbage after it", "{\"kind\":\"List\",\"items\":[]}x",
	  "byte 26: expected nothing after the list, not 'x'" },
	{ "two lists", "{\"kind\":\"List\",\"items\":[]}\n{}",
	  "expected nothing after the list" },
	{ "a comma before ']'", "{\"kind\":\"List\",\"items\":[{},]}",
	  "item 2 (byte 27)" },
	{ "a comma before '}'", "{\"kind\":\"List\",\"items\":[],}",
	  "expected a key, not '}'" },
	{ "no comma between items", "{\"kind\":\"List\",\"items\":[{} {}]}",
	  "byte 27: expected ',' or ']'" },
	{ "no comma between members", "{\"kind\":\"List\" \"items\":[]}",
	  "expected ',' or '}'" },
	{ "no colon", "{\"kind\" \"List\"}", "expected ':'" },
	{ "a key without quotes", "{kind:\"List\"}", "expected a key" },
	{ "no value", "{\"kind\":}", "byte 8" },
	{ "bad JSON in an item", "{\"items\":[{\"a\":1},{\"a\"=1}]}",
	  "item 2 (byte 22): object property name separator" },
	{ "single quotes", "{\"items\":[{\"a\":'1'}]}", "item 1" },
	{ "a comment", "{\"items\":[/* none */]}", "item 1" },
	{ "an item that is refused",
	  "{\"items\":[{\"name\":\"a\"},{\"name\":\"stop\"}]}",
	  "item 2: refused" },
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		size_t size = strlen(bad[i].input);

		for (size_t split = 0; split <= size; split++) {
			struct seen seen;
			struct error err;
			char next[NAMES_MAX];

			assert_int_equal(read_chunks(bad[i].input, size, split,
						     size, &seen, next, &err),
					 -ERROR_INVALID);
			/* Only the excerpt depends on how it arrives. */
			if (strstr(bad[i].message, "begins") && split > 0)
				continue;
			if (strstr(err.message, bad[i].message) == NULL)
				fail_msg("%s, split at %zu: %s", bad[i].name,
					 split, err.message);
		}
	}
}

static void test_nul_byte(void **state)
{
	static const char places[][32] = {
		"\0{}",
		"{\"ki\0nd\":1}",
		"{\"kind\":\"L\0\"}",
		"{\"items\":[\0]}",
		"{\"items\":[{\0}]}",
		"{\"items\":[{\"a\":\"\0\"}]}",
		"{\"kind\":nul\0l}",
		"{\"kind\":12\0,}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		for (size_t chunk = 1; chunk <= sizeof(places[0]); chunk++) {
			struct seen seen;
			struct error err;
			char next[NAMES_MAX];

			assert_int_equal(read_chunks(places[i],
						     sizeof(places[0]), chunk,
						     chunk, &seen, next, &err),
					 -ERROR_INVALID);
		}
	}
}

/* A list around `count` times `text`. */
static int read_repeated(const char *before, const char *text, size_t count,
			 const char *after, struct seen *seen,
			 struct error *err)
{
	CLEANUP(cleanup_list_reader) struct list_reader *reader = NULL;
	int r;

	*seen = (struct seen){ 0 };
	*err = (struct error){ 0 };
	r = list_reader_open("Pod", on_item, seen, &reader, err);
	if (r == 0)
		r = list_reader_feed(reader, before, strlen(before), err);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = list_reader_feed(reader, text, strlen(text), err);
	if (r == 0)
		r = list_reader_feed(reader, after, strlen(after), err);
	if (r == 0)
		r = list_reader_finish(reader, err);
	return r;
}

static const struct {
	const char *name;
	const char *before;
	const char *text;
	size_t count;
	const char *after;
	int r;
} limits[] = {
	{ "items", "{\"kind\":\"List\",\"items\":[0", ",0", LIST_ITEMS_MAX - 1,
	  "]}", 0 },
	{ "too many items", "{\"kind\":\"List\",\"items\":[0", ",0",
	  LIST_ITEMS_MAX, "]}", -ERROR_TOO_LARGE },
	{ "an item", "{\"kind\":\"List\",\"items\":[\"", "x",
	  LIST_VALUE_BYTES_MAX - 2, "\"]}", 0 },
	{ "an item that is too long", "{\"kind\":\"List\",\"items\":[\"", "x",
	  LIST_VALUE_BYTES_MAX - 1, "\"]}", -ERROR_TOO_LARGE },
	{ "an item that does not end", "{\"items\":[\"", "xxxxxxxx",
	  LIST_VALUE_BYTES_MAX, "", -ERROR_TOO_LARGE },
	{ "a key that does not end", "{\"", "xxxxxxxx", LIST_VALUE_BYTES_MAX,
	  "", -ERROR_TOO_LARGE },
	{ "a member that does not end", "{\"a\":[1", ",1", LIST_VALUE_BYTES_MAX,
	  "", -ERROR_TOO_LARGE },
	{ "values", "{\"kind\":\"List\",\"items\":[[{}", ",0",
	  LIST_VALUE_NODES_MAX - 2, "]]}", 0 },
	{ "too many values", "{\"kind\":\"List\",\"items\":[[{}", ",0",
	  LIST_VALUE_NODES_MAX - 1, "]]}", -ERROR_TOO_LARGE },
	{ "braces in a text", "{\"kind\":\"List\",\"items\":[\"", "{[\\\"",
	  2 * LIST_VALUE_NODES_MAX, "\"]}", 0 },
	{ "a deep item", "{\"items\":[", "[", LIST_VALUE_DEPTH_MAX + 1, "",
	  -ERROR_TOO_LARGE },
	{ "a continue that is too long",
	  "{\"kind\":\"List\",\"items\":[],\"metadata\":{\"continue\":\"", "x",
	  LIST_CONTINUE_MAX + 1, "\"}}", -ERROR_TOO_LARGE },
};

static void test_limits(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct seen seen;
		struct error err;
		int r = read_repeated(limits[i].before, limits[i].text,
				      limits[i].count, limits[i].after, &seen,
				      &err);

		if (r != limits[i].r)
			fail_msg("%s: %s", limits[i].name, err.message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),   cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_bad),    cmocka_unit_test(test_nul_byte),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
