/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names in objects as json-c has them.
 */
#include <config.h>

#include "discovery/names.h"

#include <string.h>

#include "discovery/object.h"

const char *name_text(struct json_object *value)
{
	const char *text;

	if (json_object_get_type(value) != json_type_string)
		return NULL;
	text = json_object_get_string(value);
	if (*text == '\0' ||
	    strlen(text) != (size_t)json_object_get_string_len(value))
		return NULL;
	return text;
}

int names_add_all(struct json_object *array, int64_t not_before,
		  struct found *found, size_t *ret_count, struct error *err)
{
	size_t count = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < object_count(array); i++) {
		const char *text = name_text(object_item(array, i));

		if (text == NULL)
			continue;
		r = found_add_name(found, text, NULL, not_before, err);
		count++;
	}
	if (r == 0 && ret_count != NULL)
		*ret_count = count;
	return r;
}
