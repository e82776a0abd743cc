/* SPDX-License-Identifier: Apache-2.0 */
/*
 * discovery/object: look-ups in objects that are not what they should be.
 */
#include <config.h>

#include "discovery/object.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "support.h"

static void cleanup_object(struct json_object **object)
{
	(void)json_object_put(*object);
}

static void test_members(void **state)
{
	static const char *const none[] = { "null", "7",  "\"x\"",
					    "[]",   "{}", "{\"a\":null}" };
	CLEANUP(cleanup_object)
	struct json_object *o = json_tokener_parse(
		"{\"a\":\"x\",\"n\":7,\"l\":[1,\"y\"],\"e\":\"\","
		"\"z\":\"b\\u0000c\"}");

	(void)state;
	for (size_t i = 0; i < COUNT_OF(none); i++) {
		CLEANUP(cleanup_object)
		struct json_object *item = json_tokener_parse(none[i]);

		assert_null(object_member(item, "a"));
		assert_null(object_text(item, "a"));
		assert_false(object_text_is(item, "a", "x"));
		assert_false(object_text_is(item, "a", "null"));
		assert_int_equal(object_count(item), 0);
		assert_null(object_item(item, 0));
		assert_int_equal(object_port(item, "a"), 0);
	}
	assert_string_equal(object_text(o, "a"), "x");
	assert_true(object_text_is(o, "a", "x"));
	assert_false(object_text_is(o, "a", "xy"));
	assert_true(object_text_is(o, "e", ""));
	/* A number is no text. */
	assert_null(object_text(o, "n"));
	assert_false(object_text_is(o, "n", "7"));
	assert_string_equal(object_text(o, "z"), "b");
	assert_int_equal(object_count(object_member(o, "l")), 2);
	assert_non_null(object_item(object_member(o, "l"), 1));
	assert_null(object_item(object_member(o, "l"), 2));
	assert_null(object_member(NULL, "a"));
	assert_int_equal(object_count(NULL), 0);
}

static void test_ports(void **state)
{
	static const struct {
		const char *value;
		uint16_t port;
	} rows[] = {
		{ "1", 1 },	     { "443", 443 },
		{ "65535", 65535 },  { "65536", 0 },
		{ "0", 0 },	     { "-1", 0 },
		{ "4295001739", 0 }, { "99999999999999999999999", 0 },
		{ "443.0", 0 },	     { "\"443\"", 0 },
		{ "null", 0 },	     { "[443]", 0 },
		{ "true", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[64];
		CLEANUP(cleanup_object) struct json_object *o = NULL;

		(void)snprintf(text, sizeof(text), "{\"port\":%s}",
			       rows[i].value);
		o = json_tokener_parse(text);
		assert_row(object_port(o, "port") == rows[i].port,
			   rows[i].value);
	}
}

static void test_name(void **state)
{
	static const struct {
		const char *item;
		const char *name; /* NULL: none */
		bool is_bad;
	} rows[] = {
		{ "{\"metadata\":{\"name\":\"a\"}}", "a", false },
		{ "{\"metadata\":{\"name\":\"a\\u0000b\"}}",
		  "a\xef\xbf\xbd"
		  "b",
		  false },
		{ "{\"metadata\":{\"name\":\"a\xff\"}}", "a\xef\xbf\xbd",
		  false },
		{ "{\"metadata\":{\"name\":\"\"}}", NULL, false },
		{ "{\"metadata\":{\"name\":null}}", NULL, false },
		{ "{\"metadata\":{}}", NULL, false },
		{ "{\"metadata\":7}", NULL, false },
		{ "{}", NULL, false },
		{ "[]", NULL, false },
		{ "{\"metadata\":{\"name\":7}}", NULL, true },
		{ "{\"metadata\":{\"name\":[\"a\"]}}", NULL, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(cleanup_object)
		struct json_object *o = json_tokener_parse(rows[i].item);
		CLEANUP(cleanup_free) char *name = NULL;
		struct error err = { 0 };
		int r = object_name(o, "name", &name, &err);

		assert_row(r == (rows[i].is_bad ? -ERROR_INVALID : 0),
			   rows[i].item);
		if (rows[i].name == NULL)
			assert_row(name == NULL, rows[i].item);
		else
			assert_row(name != NULL &&
					   strcmp(name, rows[i].name) == 0,
				   rows[i].item);
	}
}

static void test_longest_name(void **state)
{
	(void)state;
	for (int size = OBJECT_NAME_MAX; size <= OBJECT_NAME_MAX + 1; size++) {
		char text[OBJECT_NAME_MAX + 64];
		CLEANUP(cleanup_object) struct json_object *o = NULL;
		CLEANUP(cleanup_free) char *name = NULL;
		struct error err = { 0 };
		int r;

		(void)snprintf(text, sizeof(text),
			       "{\"metadata\":{\"name\":\"%0*d\"}}", size, 0);
		o = json_tokener_parse(text);
		r = object_name(o, "name", &name, &err);
		if (size == OBJECT_NAME_MAX) {
			assert_ok(r, &err);
			assert_int_equal(strlen(name), size);
		} else {
			assert_error(r, &err, ERROR_INVALID, "253 bytes");
			assert_null(name);
		}
	}
}

static void test_kind(void **state)
{
	static const struct {
		const char *item;
		const char *message; /* NULL: it is one */
	} rows[] = {
		{ "{}", NULL },
		{ "{\"kind\":\"Pod\"}", NULL },
		{ "{\"kind\":null}", NULL },
		{ "{\"kind\":\"Service\"}",
		  "is not a Pod: its kind is 'Service'" },
		{ "{\"kind\":\"\"}", "is not a Pod: its kind is ''" },
		{ "{\"kind\":7}", "is not a Pod: its kind is '7'" },
		{ "[]", "is not an object" },
		{ "null", "is not an object" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(cleanup_object)
		struct json_object *o = json_tokener_parse(rows[i].item);
		struct error err = { 0 };
		int r = object_check_kind(o, "Pod", &err);

		if (rows[i].message == NULL) {
			assert_ok(r, &err);
			continue;
		}
		assert_error(r, &err, ERROR_INVALID, NULL);
		assert_string_equal(err.message, rows[i].message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_name),
		cmocka_unit_test(test_longest_name),
		cmocka_unit_test(test_kind),
	};

	return cmocka_run_group_tests_name("object", tests, NULL, NULL);
}
