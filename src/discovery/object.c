/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Careful look-ups.
 */
#include <config.h>

#include "discovery/object.h"

#include <string.h>

#include "base/text.h"

struct json_object *object_member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	(void)json_object_object_get_ex(object, key, &value);
	return value;
}

const char *object_text(struct json_object *object, const char *key)
{
	struct json_object *value = object_member(object, key);

	if (json_object_get_type(value) != json_type_string)
		return NULL;
	return json_object_get_string(value);
}

bool object_text_is(struct json_object *object, const char *key,
		    const char *text)
{
	const char *found = object_text(object, key);

	return found != NULL && strcmp(found, text) == 0;
}

size_t object_count(struct json_object *array)
{
	if (json_object_get_type(array) != json_type_array)
		return 0;
	return json_object_array_length(array);
}

struct json_object *object_item(struct json_object *array, size_t index)
{
	if (index >= object_count(array))
		return NULL;
	return json_object_array_get_idx(array, index);
}

uint16_t object_port(struct json_object *object, const char *key)
{
	struct json_object *value = object_member(object, key);
	int64_t number;

	if (json_object_get_type(value) != json_type_int)
		return 0;
	number = json_object_get_int64(value);
	return number > 0 && number <= UINT16_MAX ? (uint16_t)number : 0;
}

int object_name(struct json_object *item, const char *key, char **ret_name,
		struct error *err)
{
	struct json_object *value =
		object_member(object_member(item, "metadata"), key);
	size_t size;

	*ret_name = NULL;
	if (value == NULL)
		return 0;
	if (json_object_get_type(value) != json_type_string)
		return error_set(err, ERROR_INVALID,
				 "metadata.%s is not a text", key);
	size = (size_t)json_object_get_string_len(value);
	if (size > OBJECT_NAME_MAX)
		return error_set(err, ERROR_INVALID,
				 "metadata.%s has more than %d bytes", key,
				 OBJECT_NAME_MAX);
	if (size == 0)
		return 0;
	*ret_name = text_clean(json_object_get_string(value), size,
			       OBJECT_NAME_MAX);
	return *ret_name == NULL ? error_memory(err) : 0;
}

int object_check_kind(struct json_object *item, const char *kind,
		      struct error *err)
{
	struct json_object *found = object_member(item, "kind");

	if (json_object_get_type(item) != json_type_object)
		return error_set(err, ERROR_INVALID, "is not an object");
	if (found != NULL && !object_text_is(item, "kind", kind))
		return error_set(err, ERROR_INVALID,
				 "is not a %s: its kind is '%.64s'", kind,
				 json_object_get_string(found));
	return 0;
}
