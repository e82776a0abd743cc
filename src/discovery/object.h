/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Look-ups in Kubernetes objects as json-c has them. Nothing is taken for
 * granted: a member may be missing or of any type, whoever wrote the object.
 * All results are borrowed from the object.
 */
#ifndef CEM_DISCOVERY_OBJECT_H
#define CEM_DISCOVERY_OBJECT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define OBJECT_NAME_MAX 253 /* bytes; RFC 1123 subdomains */

/* A member of an object, NULL if it is not there, null, or `object` is none. */
struct json_object *object_member(struct json_object *object, const char *key);

/* A text of an object, NULL if it is not there or none. It ends at a NUL. */
const char *object_text(struct json_object *object, const char *key);

/* Whether the object has this text. */
bool object_text_is(struct json_object *object, const char *key,
		    const char *text);

/* The number of items of an array, 0 if it is none. */
size_t object_count(struct json_object *array);

/* An item of an array, NULL past its end. */
struct json_object *object_item(struct json_object *array, size_t index);

/* A port number of an object (1 to 65535), 0 if there is none. */
uint16_t object_port(struct json_object *object, const char *key);

/* metadata.`key` as new, valid UTF-8 without control characters, for the
 * caller to free; NULL if it is not there or empty. ERROR_INVALID if it is no
 * text or has more than OBJECT_NAME_MAX bytes. */
int object_name(struct json_object *item, const char *key, char **ret_name,
		struct error *err) __attribute__((warn_unused_result));

/* Fails with ERROR_INVALID if `item` is not an object, or says that it is of
 * another kind. Items of a typed list ("PodList") have no kind, those of a
 * List have. */
int object_check_kind(struct json_object *item, const char *kind,
		      struct error *err) __attribute__((warn_unused_result));

#endif
