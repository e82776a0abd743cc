/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the readers of names share: a text that may be one.
 */
#ifndef CEM_DISCOVERY_NAMES_H
#define CEM_DISCOVERY_NAMES_H

#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "discovery/found.h"

/* The text of `value`, borrowed from it; NULL if it is none, is empty, or has
 * a NUL: cut there it would name something else. */
const char *name_text(struct json_object *value);

/* Adds each text of `array` for the pods of all Gateways; what is no text is
 * left out. *ret_count (may be NULL) is how many were texts. */
int names_add_all(struct json_object *array, int64_t not_before,
		  struct found *found, size_t *ret_count, struct error *err)
	__attribute__((warn_unused_result));

#endif
