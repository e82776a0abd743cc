/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML documents (YAML 1.2; JSON is a subset) as trees with typed look-ups
 * and line numbers. Nothing else of the program includes libfyaml.
 *
 * Nodes are borrowed from their document. An alias stands for what it points
 * to; nothing is copied or expanded, so a document costs what its text does.
 * One that points to nothing is a scalar that no typed look-up takes.
 * All errors are ERROR_INVALID with "NAME:LINE: " in front.
 */
#ifndef CEM_BASE_YAML_H
#define CEM_BASE_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/* Lines, brackets and commas of a document: it takes at most 60 MB. */
#define YAML_ITEMS_MAX 100000

struct yaml;
struct yaml_node;

enum yaml_kind {
	YAML_NULL, /* also for a NULL node: what is missing */
	YAML_SCALAR,
	YAML_SEQUENCE,
	YAML_MAPPING,
};

/* Parses `text`, which it takes (and wipes in yaml_free(): it may hold
 * secrets). `name` is for messages. A key that is there twice is an error, as
 * are more than YAML_ITEMS_MAX items. O(n log n). */
int yaml_parse(const char *name, struct buffer *text, struct yaml **ret_yaml,
	       struct error *err) __attribute__((warn_unused_result));

/* NULL is fine. */
void yaml_free(struct yaml *yaml);
void cleanup_yaml(struct yaml **yaml);

/* The document's value; NULL if it is empty. */
const struct yaml_node *yaml_root(const struct yaml *yaml);

enum yaml_kind yaml_kind(const struct yaml_node *node);

/* The value of a key of a mapping; NULL if it is not there or null, or if
 * `mapping` is not a mapping. */
const struct yaml_node *yaml_lookup(const struct yaml_node *mapping,
				    const char *key);

/* The items of a sequence one by one; *at is NULL to begin with. NULL at the
 * end. A null item is a node of kind YAML_NULL. */
const struct yaml_node *yaml_next_item(const struct yaml_node *sequence,
				       void **at);

/* The keys and values of a mapping; likewise. False at the end. */
bool yaml_next_pair(const struct yaml_node *mapping, void **at,
		    const struct yaml_node **ret_key,
		    const struct yaml_node **ret_value);

/* The scalar as a new string; an error that names `what` if the node is not a
 * scalar or has a NUL in it. The caller frees. */
int yaml_string(const struct yaml *yaml, const struct yaml_node *node,
		const char *what, char **ret_string, struct error *err)
	__attribute__((warn_unused_result));

/* `true` or `false`, unquoted. */
int yaml_bool(const struct yaml *yaml, const struct yaml_node *node,
	      const char *what, bool *ret_value, struct error *err)
	__attribute__((warn_unused_result));

/* A whole number in [minimum, maximum]. */
int yaml_number(const struct yaml *yaml, const struct yaml_node *node,
		const char *what, unsigned long long minimum,
		unsigned long long maximum, unsigned long long *ret_number,
		struct error *err) __attribute__((warn_unused_result));

/* Whether the scalar is unquoted: what is then a number, say, is for its reader
 * to decide. */
bool yaml_is_plain(const struct yaml_node *node);

/* Overwrites the scalar in the document's own memory: after it was read, for
 * secrets. */
void yaml_wipe(const struct yaml_node *scalar);

/* Sets an error at the line of `node`. Returns -ERROR_INVALID. */
int yaml_fail(const struct yaml *yaml, const struct yaml_node *node,
	      struct error *err, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
