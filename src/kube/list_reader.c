/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list's own braces, brackets and commas are read here, byte by byte;
 * every value inside (a member, an item) is json-c's.
 */
#include <config.h>

#include "kube/list_reader.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* Bytes given to json-c at once, so that the limits are checked in time. */
#define SLICE_BYTES ((size_t)16 * 1024)
#define EXCERPT_BYTES 40

enum list_state {
	LIST_BEGIN,	  /* before '{' */
	LIST_FIRST_KEY,	  /* a key or '}' */
	LIST_KEY,	  /* a key */
	LIST_IN_KEY,	  /* json-c has it */
	LIST_COLON,	  /* ':' */
	LIST_VALUE,	  /* the value of a member */
	LIST_IN_VALUE,	  /* json-c has it */
	LIST_AFTER_VALUE, /* ',' or '}' */
	LIST_FIRST_ITEM,  /* an item or ']' */
	LIST_ITEM,	  /* an item */
	LIST_IN_ITEM,	  /* json-c has it */
	LIST_AFTER_ITEM,  /* ',' or ']' */
	LIST_END,	  /* after '}' */
};

enum list_member {
	MEMBER_OTHER,
	MEMBER_ITEMS,
	MEMBER_KIND,
	MEMBER_MESSAGE, /* of a Status */
	MEMBER_METADATA,
};

struct list_reader {
	const char *wanted_kind;
	list_item_function on_item;
	void *data;

	enum list_state state;
	enum list_member member; /* the one that is being read */
	uint64_t bytes;		 /* read so far */
	uint64_t items;		 /* likewise, or begun */

	struct json_tokener *tokener;
	size_t value_bytes; /* of the value that json-c has */
	size_t value_nodes;
	bool in_string;
	bool is_escaped;

	bool has_items;
	char *kind;
	char *message;
	char *next; /* metadata.continue */
};

int list_reader_open(const char *kind, list_item_function on_item, void *data,
		     struct list_reader **ret_reader, struct error *err)
{
	CLEANUP(cleanup_list_reader)
	struct list_reader *reader = calloc(1, sizeof(*reader));

	if (reader == NULL)
		return error_memory(err);
	reader->wanted_kind = kind;
	reader->on_item = on_item;
	reader->data = data;
	reader->tokener = json_tokener_new_ex(LIST_VALUE_DEPTH_MAX);
	if (reader->tokener == NULL)
		return error_memory(err);
	/* Strict, but what follows a value is ours to read. */
	json_tokener_set_flags(reader->tokener,
			       JSON_TOKENER_STRICT |
				       JSON_TOKENER_ALLOW_TRAILING_CHARS);
	*ret_reader = TAKE(reader);
	return 0;
}

void list_reader_free(struct list_reader *reader)
{
	if (reader == NULL)
		return;
	if (reader->tokener != NULL)
		json_tokener_free(reader->tokener);
	free(reader->kind);
	free(reader->message);
	free(reader->next);
	free(reader);
}

void cleanup_list_reader(struct list_reader **reader)
{
	list_reader_free(*reader);
}

bool list_reader_is_cut(const struct list_reader *reader)
{
	return reader->state != LIST_END;
}

const char *list_reader_continue(const struct list_reader *reader)
{
	return reader->next == NULL ? "" : reader->next;
}

static bool is_in_item(const struct list_reader *reader)
{
	return reader->state == LIST_IN_ITEM;
}

/* Puts where it happened in front of the message. */
static int fail_here(const struct list_reader *reader, struct error *err)
{
	if (is_in_item(reader))
		return error_prefix(err, "item %llu (byte %llu)",
				    (unsigned long long)reader->items,
				    (unsigned long long)reader->bytes);
	return error_prefix(err, "byte %llu",
			    (unsigned long long)reader->bytes);
}

/* The first byte of all is none that a list begins with. */
static int fail_not_json(const char *at, size_t size, struct error *err)
{
	int length = size < EXCERPT_BYTES ? (int)size : EXCERPT_BYTES;

	if (*at == '[')
		return error_set(err, ERROR_INVALID,
				 "is a bare JSON array, not a list object");
	return error_set(err, ERROR_INVALID, "is not JSON: it begins '%.*s'",
			 length, at);
}

static int fail_expected(const struct list_reader *reader, const char *what,
			 char found, struct error *err)
{
	error_set(err, ERROR_INVALID, "expected %s, not '%c'", what, found);
	return fail_here(reader, err);
}

static int check_kind(const struct list_reader *reader, struct error *err)
{
	const char *kind = reader->kind;
	size_t length = strlen(reader->wanted_kind);

	if (kind == NULL)
		return error_set(err, ERROR_INVALID, "has no kind");
	if (strcmp(kind, "List") == 0 ||
	    (strncmp(kind, reader->wanted_kind, length) == 0 &&
	     strcmp(kind + length, "List") == 0))
		return 0;
	if (strcmp(kind, "Status") == 0)
		return error_set(err, ERROR_INVALID,
				 "is not a list but the API's message '%s'",
				 reader->message == NULL ? "" :
							   reader->message);
	return error_set(err, ERROR_INVALID,
			 "its kind is '%s', not 'List' or '%sList'", kind,
			 reader->wanted_kind);
}

static int set_text(const struct list_reader *reader, const char *what,
		    struct json_object *value, char **member, struct error *err)
{
	char *copy;

	if (json_object_get_type(value) != json_type_string) {
		error_set(err, ERROR_INVALID, "%s is not a text", what);
		return fail_here(reader, err);
	}
	copy = strdup(json_object_get_string(value));
	if (copy == NULL)
		return error_memory(err);
	free(*member);
	*member = copy;
	return 0;
}

static int read_metadata(struct list_reader *reader, struct json_object *value,
			 struct error *err)
{
	struct json_object *next = NULL;

	if (!json_object_object_get_ex(value, "continue", &next) ||
	    next == NULL)
		return 0;
	if ((size_t)json_object_get_string_len(next) > LIST_CONTINUE_MAX)
		return error_set(err, ERROR_TOO_LARGE,
				 "metadata.continue has more than %zu bytes",
				 LIST_CONTINUE_MAX);
	return set_text(reader, "metadata.continue", next, &reader->next, err);
}

static int on_member(struct list_reader *reader, struct json_object *value,
		     struct error *err)
{
	switch (reader->member) {
	case MEMBER_OTHER:
		return 0;
	case MEMBER_ITEMS:
		/* Go writes an empty list so, now and then. */
		if (value == NULL)
			return 0;
		error_set(err, ERROR_INVALID, "items is not an array");
		return fail_here(reader, err);
	case MEMBER_KIND:
		return set_text(reader, "kind", value, &reader->kind, err);
	case MEMBER_MESSAGE:
		return set_text(reader, "message", value, &reader->message,
				err);
	case MEMBER_METADATA:
		return read_metadata(reader, value, err);
	}
	return 0;
}

static enum list_member member_of_key(const char *key)
{
	if (strcmp(key, "items") == 0)
		return MEMBER_ITEMS;
	if (strcmp(key, "kind") == 0)
		return MEMBER_KIND;
	if (strcmp(key, "message") == 0)
		return MEMBER_MESSAGE;
	if (strcmp(key, "metadata") == 0)
		return MEMBER_METADATA;
	return MEMBER_OTHER;
}

/* The value that json-c has is complete. */
static int on_value(struct list_reader *reader, struct json_object *value,
		    struct error *err)
{
	int r = 0;

	switch (reader->state) {
	case LIST_IN_KEY:
		reader->member = member_of_key(json_object_get_string(value));
		if (reader->member == MEMBER_ITEMS && reader->has_items)
			return error_set(err, ERROR_INVALID,
					 "has two members 'items'");
		reader->state = LIST_COLON;
		return 0;
	case LIST_IN_VALUE:
		r = on_member(reader, value, err);
		reader->has_items |= reader->member == MEMBER_ITEMS;
		reader->state = LIST_AFTER_VALUE;
		return r;
	case LIST_IN_ITEM:
		r = reader->on_item(reader->data, value, err);
		if (r < 0)
			return error_prefix(err, "item %llu",
					    (unsigned long long)reader->items);
		reader->state = LIST_AFTER_ITEM;
		return 0;
	case LIST_BEGIN:
	case LIST_FIRST_KEY:
	case LIST_KEY:
	case LIST_COLON:
	case LIST_VALUE:
	case LIST_AFTER_VALUE:
	case LIST_FIRST_ITEM:
	case LIST_ITEM:
	case LIST_AFTER_ITEM:
	case LIST_END:
		break;
	}
	assert(!"json-c has a value in three states only");
	return 0;
}

/* From here on json-c reads, the first byte included. */
static void begin_value(struct list_reader *reader, enum list_state state)
{
	reader->state = state;
	reader->value_bytes = 0;
	reader->value_nodes = 0;
	reader->in_string = false;
	reader->is_escaped = false;
}

/* Counts what json-c has read. Whether a brace stands in a string is all that
 * is to be known for it. */
static int count_value(struct list_reader *reader, const char *at, size_t size,
		       struct error *err)
{
	for (size_t i = 0; i < size; i++) {
		if (reader->is_escaped)
			reader->is_escaped = false;
		else if (reader->in_string && at[i] == '\\')
			reader->is_escaped = true;
		else if (at[i] == '"')
			reader->in_string = !reader->in_string;
		else if (!reader->in_string &&
			 (at[i] == '{' || at[i] == '[' || at[i] == ','))
			reader->value_nodes++;
	}
	reader->value_bytes += size;
	if (reader->value_bytes > LIST_VALUE_BYTES_MAX)
		error_set(err, ERROR_TOO_LARGE, "has more than %zu bytes",
			  LIST_VALUE_BYTES_MAX);
	else if (reader->value_nodes > LIST_VALUE_NODES_MAX)
		error_set(err, ERROR_TOO_LARGE, "has more than %d values",
			  LIST_VALUE_NODES_MAX);
	else
		return 0;
	return fail_here(reader, err);
}

static void cleanup_object(struct json_object **object)
{
	(void)json_object_put(*object);
}

static int fail_value(struct list_reader *reader,
		      enum json_tokener_error problem, struct error *err)
{
	/* A NUL byte is an end to json-c. */
	const char *words = problem == json_tokener_error_parse_eof ?
				    "unexpected NUL byte" :
				    json_tokener_error_desc(problem);

	error_set(err,
		  problem == json_tokener_error_depth ? ERROR_TOO_LARGE :
							ERROR_INVALID,
		  "%s", words);
	return fail_here(reader, err);
}

/* Lets json-c read on; *ret_used bytes were its. */
static int feed_value(struct list_reader *reader, const char *at, size_t size,
		      size_t *ret_used, struct error *err)
{
	CLEANUP(cleanup_object) struct json_object *value = NULL;
	size_t slice = size < SLICE_BYTES ? size : SLICE_BYTES;
	enum json_tokener_error problem;
	size_t used;
	int r;

	value = json_tokener_parse_ex(reader->tokener, at, (int)slice);
	problem = json_tokener_get_error(reader->tokener);
	used = json_tokener_get_parse_end(reader->tokener);
	reader->bytes += used;
	/* It stops short of what it was given only if it could not allocate. */
	if (problem == json_tokener_continue && used < slice)
		return error_memory(err);
	if (problem != json_tokener_success && problem != json_tokener_continue)
		return fail_value(reader, problem, err);
	r = count_value(reader, at, used, err);
	if (r == 0 && problem == json_tokener_success)
		r = on_value(reader, value, err);
	*ret_used = used;
	return r;
}

static int begin_item(struct list_reader *reader, struct error *err)
{
	int r = 0;

	/* Where the kind comes first, what is no list says so itself. */
	if (reader->items == 0 && reader->kind != NULL)
		r = check_kind(reader, err);
	if (r == 0 && reader->items == LIST_ITEMS_MAX)
		r = error_set(err, ERROR_TOO_LARGE, "has more than %d items",
			      LIST_ITEMS_MAX);
	reader->items++;
	begin_value(reader, LIST_IN_ITEM);
	return r;
}

/* One byte outside of values; false if it is the first of a value. */
static int feed_structure(struct list_reader *reader, const char *at,
			  size_t size, bool *ret_used, struct error *err)
{
	char c = *at;

	*ret_used = true;
	if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
		return 0;
	switch (reader->state) {
	case LIST_BEGIN:
		if (c != '{')
			return fail_not_json(at, size, err);
		reader->state = LIST_FIRST_KEY;
		return 0;
	case LIST_FIRST_KEY:
	case LIST_KEY:
		if (c == '}' && reader->state == LIST_FIRST_KEY) {
			reader->state = LIST_END;
			return 0;
		}
		if (c != '"')
			return fail_expected(reader, "a key", c, err);
		begin_value(reader, LIST_IN_KEY);
		*ret_used = false;
		return 0;
	case LIST_COLON:
		if (c != ':')
			return fail_expected(reader, "':'", c, err);
		reader->state = LIST_VALUE;
		return 0;
	case LIST_VALUE:
		if (c == '[' && reader->member == MEMBER_ITEMS) {
			reader->state = LIST_FIRST_ITEM;
			return 0;
		}
		begin_value(reader, LIST_IN_VALUE);
		*ret_used = false;
		return 0;
	case LIST_AFTER_VALUE:
		if (c != ',' && c != '}')
			return fail_expected(reader, "',' or '}'", c, err);
		reader->state = c == ',' ? LIST_KEY : LIST_END;
		return 0;
	case LIST_FIRST_ITEM:
	case LIST_ITEM:
		if (c == ']' && reader->state == LIST_FIRST_ITEM) {
			reader->has_items = true;
			reader->state = LIST_AFTER_VALUE;
			return 0;
		}
		*ret_used = false;
		return begin_item(reader, err);
	case LIST_AFTER_ITEM:
		if (c != ',' && c != ']')
			return fail_expected(reader, "',' or ']'", c, err);
		reader->has_items |= c == ']';
		reader->state = c == ',' ? LIST_ITEM : LIST_AFTER_VALUE;
		return 0;
	case LIST_END:
		return fail_expected(reader, "nothing after the list", c, err);
	case LIST_IN_KEY:
	case LIST_IN_VALUE:
	case LIST_IN_ITEM:
		break;
	}
	assert(!"json-c has the value");
	return 0;
}

static bool is_in_value(const struct list_reader *reader)
{
	return reader->state == LIST_IN_KEY || reader->state == LIST_IN_VALUE ||
	       reader->state == LIST_IN_ITEM;
}

int list_reader_feed(struct list_reader *reader, const void *bytes, size_t size,
		     struct error *err)
{
	const char *at = bytes;

	if (size > LIST_BYTES_MAX - reader->bytes)
		return error_set(err, ERROR_TOO_LARGE,
				 "has more than %llu bytes",
				 (unsigned long long)LIST_BYTES_MAX);
	while (size > 0) {
		size_t used = 0;
		int r;

		if (is_in_value(reader)) {
			r = feed_value(reader, at, size, &used, err);
		} else {
			bool is_used;

			r = feed_structure(reader, at, size, &is_used, err);
			used = is_used;
			reader->bytes += used;
		}
		if (r < 0)
			return r;
		at += used;
		size -= used;
	}
	return 0;
}

int list_reader_finish(struct list_reader *reader, struct error *err)
{
	int r;

	if (reader->state == LIST_BEGIN)
		return error_set(err, ERROR_INVALID, "is empty");
	if (list_reader_is_cut(reader)) {
		error_set(err, ERROR_INVALID, "ends in the middle");
		return fail_here(reader, err);
	}
	r = check_kind(reader, err);
	if (r == 0 && !reader->has_items)
		r = error_set(err, ERROR_INVALID, "has no items");
	return r;
}
