/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts that may be names, and those that may not.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "discovery/names.h"

#include "objects.h"
#include "support.h"

static const struct {
	const char *json;
	const char *text; /* NULL: none */
} texts[] = {
	{ "'a'", "a" },		 { "'*.example.com'", "*.example.com" },
	{ "' '", " " },		 { "''", NULL },
	{ "'a\\u0000b'", NULL }, { "'\\u0000'", NULL },
	{ "null", NULL },	 { "1", NULL },
	{ "true", NULL },	 { "['a']", NULL },
	{ "{'a':'a'}", NULL },
};

static void test_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct json_object *value = objects_parse(texts[i].json);
		const char *text = name_text(value);

		if (texts[i].text == NULL)
			assert_row(text == NULL, texts[i].json);
		else
			assert_row(text != NULL &&
					   strcmp(text, texts[i].text) == 0,
				   texts[i].json);
		(void)json_object_put(value);
	}
}

static void test_all(void **state)
{
	struct json_object *array =
		objects_parse("['a', null, 1, '', {}, ['x'], 'b']");
	struct json_object *other = objects_parse("{'0': 'a'}");
	struct found found = { 0 };
	struct error err = { 0 };
	size_t count = 7;
	char *text;

	(void)state;
	assert_ok(names_add_all(array, 9, &found, &count, &err), &err);
	assert_int_equal(count, 2);
	assert_ok(names_add_all(other, 0, &found, &count, &err), &err);
	assert_int_equal(count, 0);
	assert_ok(names_add_all(NULL, 0, &found, NULL, &err), &err);
	text = objects_describe(&found);
	assert_string_equal(text, "a =9, b =9");
	free(text);
	found_free(&found);
	(void)json_object_put(array);
	(void)json_object_put(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
