/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects for the readers of names.
 */
#include <config.h>

#include "objects.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

struct json_object *objects_parse(const char *json)
{
	struct json_object *item = json_tokener_parse(json);

	/* json-c takes single quotes, too. */
	if (item == NULL && strcmp(json, "null") != 0)
		fail_msg("not JSON: %s", json);
	return item;
}

int objects_read(const struct objects_reader *reader, const char *json,
		 struct found *found, struct error *err)
{
	struct json_object *item = objects_parse(json);
	int r = reader->read(item, reader->objects, found, err);

	(void)json_object_put(item);
	return r;
}

char *objects_describe(const struct found *found)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (size_t i = 0; i < found->names.count; i++) {
		const struct found_name *name = &found->names.items[i];

		(void)fprintf(out, "%s", i > 0 ? ", " : "");
		if (name->gateway != NULL)
			(void)fprintf(out, "%s: ", name->gateway);
		(void)fprintf(out, "%s", name->text);
		if (name->not_before != 0)
			(void)fprintf(out, " =%" PRId64, name->not_before);
	}
	assert_int_equal(fclose(out), 0);
	return text;
}

void objects_assert(const struct objects_reader *reader, const char *name,
		    const char *json, const char *expected)
{
	struct found found = { 0 };
	struct error err = { 0 };
	char *text;

	if (objects_read(reader, json, &found, &err) < 0)
		fail_msg("%s: %s", name, err.message);
	text = objects_describe(&found);
	if (strcmp(text, expected) != 0)
		fail_msg("%s: found '%s'", name, text);
	free(text);
	found_free(&found);
}

void objects_assert_robust(const struct objects_reader *reader,
			   const char *kind, const char *const *members)
{
	static const char *const none[] = {
		"null", "1", "'x'", "[]", "{'kind':'Pod'}", "{'kind':{'x':1}}",
	};
	static const char *const values[] = {
		"null",
		"1",
		"'x'",
		"true",
		"1.5",
		"''",
		"[]",
		"{}",
		"[null]",
		"[1,{}]",
		"[[]]",
		"{'x':[]}",
		"['x']",
		"[{}]",
		"['\\u0000a']",
		"[{'hosts':1}]",
		"[{'hosts':[1,null,{},'']}]",
	};
	struct found found = { 0 };
	struct error err = { 0 };

	for (size_t i = 0; i < COUNT_OF(none); i++)
		assert_error(objects_read(reader, none[i], &found, &err), &err,
			     ERROR_INVALID, NULL);
	assert_int_equal(found.names.count, 0);
	for (; *members != NULL; members++) {
		const char *gap = strchr(*members, '@');

		assert_non_null(gap);
		for (size_t i = 0; i < COUNT_OF(values); i++) {
			char json[1024];

			(void)snprintf(json, sizeof(json),
				       "{'kind':'%s','metadata':{'name':'n',"
				       "'namespace':'s'},%.*s%s%s}",
				       kind, (int)(gap - *members), *members,
				       values[i], gap + 1);
			assert_ok(objects_read(reader, json, &found, &err),
				  &err);
		}
	}
	found_free(&found);
}
