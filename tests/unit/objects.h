/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects as the API would give them, written with single quotes, and what a
 * reader of names finds in them.
 */
#ifndef CEM_TESTS_OBJECTS_H
#define CEM_TESTS_OBJECTS_H

#include <json-c/json.h>

#include "config/config.h"
#include "discovery/found.h"

struct objects_reader {
	int (*read)(struct json_object *item,
		    const struct domain_objects *objects, struct found *found,
		    struct error *err);
	const struct domain_objects *objects;
};

struct json_object *objects_parse(const char *json);

/* Reads one object into `found`; 0 or what the reader returns. */
int objects_read(const struct objects_reader *reader, const char *json,
		 struct found *found, struct error *err);

/* All names, "GATEWAY: NAME =NOT_BEFORE" with what is there, joined by ", ". To
 * be freed. */
char *objects_describe(const struct found *found);

/* That what is found in the object is described as `expected`; `name` is the
 * row of a table. */
void objects_assert(const struct objects_reader *reader, const char *name,
		    const char *json, const char *expected);

/* That objects that are none, of another kind, or full of other types than the
 * reader expects do it no harm: each of `members` (up to a NULL) has an '@'
 * where such a value stands. */
void objects_assert_robust(const struct objects_reader *reader,
			   const char *kind, const char *const *members);

#endif
