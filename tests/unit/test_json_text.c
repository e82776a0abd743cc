/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kube/json_text: held to json-c, which parses what was written.
 */
#include <config.h>

#include "kube/json_text.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

#define JSON_MAX ((size_t)10000)

static void test_strings(void **state)
{
	static const char *const texts[] = {
		"",
		"plain",
		"quote \" backslash \\ /",
		"\n\t\r\x01\x1f\x7f",
		"\xc3\xa4 \xf0\x9f\x90\x84",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct buffer json = BUFFER_INIT(JSON_MAX);
		struct error err = { 0 };
		struct json_object *parsed;

		assert_ok(json_text_add(&json, "{\"x\":1", &err), &err);
		assert_ok(json_text_member(&json, "k\"", texts[i], &err), &err);
		assert_ok(json_text_add(&json, "}", &err), &err);
		parsed = json_tokener_parse(json.data);
		assert_non_null(parsed);
		assert_string_equal(
			json_object_get_string(
				json_object_object_get(parsed, "k\"")),
			texts[i]);
		(void)json_object_put(parsed);
		buffer_free(&json);
	}
}

/* What the YAML becomes, and whether it is JSON. */
static int convert(const char *text, struct buffer *json, struct error *err)
{
	struct buffer source = BUFFER_INIT(JSON_MAX);
	struct yaml *yaml = NULL;
	int r;

	*json = (struct buffer)BUFFER_INIT(JSON_MAX);
	assert_ok(buffer_append(&source, text, strlen(text), err), err);
	assert_ok(yaml_parse("test", &source, &yaml, err), err);
	r = json_text_yaml(json, yaml, yaml_root(yaml), err);
	yaml_free(yaml);
	return r;
}

static void test_yaml(void **state)
{
	static const struct {
		const char *yaml, *json;
	} rows[] = {
		{ "a: 1\nb: [x, {c: y}]\n",
		  "{\"a\":1,\"b\":[\"x\",{\"c\":\"y\"}]}" },
		{ "[]", "[]" },
		{ "{}", "{}" },
		{ "{a: null, b: ~, c: }",
		  "{\"a\":null,\"b\":null,\"c\":null}" },
		{ "[true, false, True, 'true', yes]",
		  "[true,false,\"True\",\"true\",\"yes\"]" },
		{ "[0, -1, 1.5, 1e3, 1.5E-3, -0]", "[0,-1,1.5,1e3,1.5E-3,-0]" },
		{ "[01, +1, 1., .5, 1e, 0x1, 1_0, '1']",
		  "[\"01\",\"+1\",\"1.\",\".5\",\"1e\",\"0x1\",\"1_0\",\"1\"]" },
		{ "a: &x {b: 1}\nc: *x\n",
		  "{\"a\":{\"b\":1},\"c\":{\"b\":1}}" },
		{ "text", "\"text\"" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct buffer json;
		struct error err = { 0 };
		struct json_object *parsed;

		assert_ok(convert(rows[i].yaml, &json, &err), &err);
		assert_string_equal(json.data, rows[i].json);
		parsed = json_tokener_parse(json.data);
		assert_row(parsed != NULL, rows[i].yaml);
		(void)json_object_put(parsed);
		buffer_free(&json);
	}
}

static void test_limits(void **state)
{
	struct buffer json;
	struct error err = { 0 };

	(void)state;
	assert_error(convert("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]"
			     "]]]]]]]]]]]]]]]]]]]]]]]]",
			     &json, &err),
		     &err, ERROR_INVALID, "nested too deeply");
	buffer_free(&json);
	/* Ten times ten times ten times... */
	assert_error(convert("a: &a [1,1,1,1,1,1,1,1,1,1]\n"
			     "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
			     "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
			     "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
			     "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
			     "f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n",
			     &json, &err),
		     &err, ERROR_TOO_LARGE, NULL);
	buffer_free(&json);
	assert_error(convert("a: *nothing\n", &json, &err), &err, ERROR_INVALID,
		     NULL);
	buffer_free(&json);
	assert_error(convert("[a]: b\n", &json, &err), &err, ERROR_INVALID,
		     "a key: expected a text");
	buffer_free(&json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_yaml),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests_name("json_text", tests, NULL, NULL);
}
