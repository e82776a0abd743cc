/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libfyaml behind typed look-ups.
 */
#include <config.h>

#include "base/yaml.h"

#include <libfyaml.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define ALIASES_MAX 16 /* links from alias to alias */
/* Of collections in collections; a file that people write has some ten. */
#define DEPTH_MAX 64

struct yaml {
	char *name;
	struct buffer text; /* scalars point into it */
	struct fy_document *document;
};

static void cleanup_diag(struct fy_diag **diag)
{
	if (*diag != NULL)
		fy_diag_destroy(*diag);
}

/* Nodes are libfyaml's own; its functions are not const-correct. */
static struct fy_node *raw(const struct yaml_node *node)
{
	return (struct fy_node *)(uintptr_t)node;
}

static const struct yaml_node *cooked(struct fy_node *node)
{
	return (const struct yaml_node *)node;
}

static struct fy_node *resolve(const struct yaml_node *node)
{
	struct fy_node *n = raw(node);

	for (int i = 0; n != NULL && fy_node_is_alias(n); i++)
		n = i < ALIASES_MAX ? fy_node_resolve_alias(n) : NULL;
	return n;
}

/* The bytes of a scalar, not followed by a NUL. */
static const char *scalar(struct fy_node *node, size_t *ret_size)
{
	const char *text = fy_node_get_scalar(node, ret_size);

	if (text == NULL)
		*ret_size = 0;
	return text == NULL ? "" : text;
}

/* The line (from 1) at which a node begins, 0 if unknown. */
static int line_of(struct fy_node *node)
{
	const struct fy_mark *mark;
	struct fy_token *token;
	void *at = NULL;

	while (node != NULL && !fy_node_is_scalar(node)) {
		if (fy_node_is_mapping(node)) {
			struct fy_node_pair *first =
				fy_node_mapping_get_by_index(node, 0);

			node = first == NULL ? NULL : fy_node_pair_key(first);
		} else {
			at = NULL;
			node = fy_node_sequence_iterate(node, &at);
		}
	}
	if (node == NULL)
		return 0;
	token = fy_node_get_scalar_token(node);
	mark = token == NULL ? NULL : fy_token_start_mark(token);
	return mark == NULL ? 0 : mark->line + 1;
}

int yaml_fail(const struct yaml *yaml, const struct yaml_node *node,
	      struct error *err, const char *format, ...)
{
	char message[ERROR_MESSAGE_MAX];
	int line = line_of(raw(node));
	va_list args;

	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (line == 0)
		return error_set(err, ERROR_INVALID, "%s: %s", yaml->name,
				 message);
	return error_set(err, ERROR_INVALID, "%s:%d: %s", yaml->name, line,
			 message);
}

/* The first thing that the parser complained of; nothing, if there was just
 * no document in the text. */
static int parse_error(const struct yaml *yaml, struct fy_diag *diag,
		       struct error *err)
{
	void *at = NULL;
	const struct fy_diag_error *first = fy_diag_errors_iterate(diag, &at);

	if (first == NULL)
		return 0;
	if (first->msg == NULL)
		return error_set(err, ERROR_INVALID, "%s: is not YAML",
				 yaml->name);
	return error_set(err, ERROR_INVALID, "%s:%d: %s", yaml->name,
			 first->line, first->msg);
}

/* libfyaml takes a byte that is not UTF-8 for the end of the document, and
 * says nothing. */
static int check_text(const struct yaml *yaml, struct error *err)
{
	const char *at = yaml->text.data;
	size_t left = yaml->text.size;
	size_t length = 0;
	int line = 1;

	if (strlen(at) != left)
		return error_set(err, ERROR_INVALID,
				 "%s: is not text: it has a NUL byte",
				 yaml->name);
	for (; left > 0; at += length, left -= length) {
		length = text_utf8_length(at, left);
		if (length == 0)
			return error_set(err, ERROR_INVALID,
					 "%s:%d: is not UTF-8", yaml->name,
					 line);
		line += *at == '\n';
	}
	return 0;
}

/* Each node needs one of these characters, and libfyaml some 600 bytes for it,
 * be it of two bytes: as many as people write, and no gigabytes. */
static int check_size(const struct yaml *yaml, struct error *err)
{
	const char *at = yaml->text.data;
	size_t count = 0;

	for (; (at = strpbrk(at, "\n,[]{}")) != NULL; at++)
		if (++count > YAML_ITEMS_MAX)
			return error_set(err, ERROR_INVALID,
					 "%s: has more than %d lines, brackets "
					 "and commas",
					 yaml->name, YAML_ITEMS_MAX);
	return 0;
}

struct key {
	const char *text; /* not followed by a NUL */
	size_t size;
	size_t place; /* among the keys of its mapping */
	struct fy_node *node;
};

static int by_text_and_place(const void *a, const void *b)
{
	const struct key *x = a;
	const struct key *y = b;
	int r;

	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	r = memcmp(x->text, y->text, x->size);
	if (r != 0)
		return r;
	return x->place < y->place ? -1 : x->place > y->place;
}

/* YAML 1.2, 3.2.1.3: the keys of a mapping are unique. libfyaml's own check
 * takes the square of their number: minutes for a file of a megabyte. */
static int check_keys(const struct yaml *yaml, struct fy_node *mapping,
		      struct error *err)
{
	int pairs = fy_node_mapping_item_count(mapping);
	CLEANUP(cleanup_free) struct key *keys = NULL;
	struct fy_node_pair *pair;
	size_t count = 0;
	void *at = NULL;

	keys = calloc(pairs > 0 ? (size_t)pairs : 1, sizeof(*keys));
	if (keys == NULL)
		return error_memory(err);
	while ((pair = fy_node_mapping_iterate(mapping, &at)) != NULL) {
		struct fy_node *node = fy_node_pair_key(pair);
		struct key key = { .node = node, .place = count };

		/* No reader knows any other key. */
		if (node == NULL || !fy_node_is_scalar(node) ||
		    fy_node_is_alias(node))
			continue;
		key.text = scalar(node, &key.size);
		keys[count++] = key;
	}
	if (count > 1)
		qsort(keys, count, sizeof(keys[0]), by_text_and_place);
	for (size_t i = 1; i < count; i++)
		if (keys[i].size == keys[i - 1].size &&
		    memcmp(keys[i].text, keys[i - 1].text, keys[i].size) == 0)
			return yaml_fail(
				yaml, cooked(keys[i].node), err,
				"'%.*s' is there twice",
				(int)(keys[i].size < 100 ? keys[i].size : 100),
				keys[i].text);
	return 0;
}

/* All mappings below `node`, itself included. */
static int check_tree(const struct yaml *yaml, struct fy_node *node, int depth,
		      struct error *err)
{
	struct fy_node_pair *pair;
	struct fy_node *item;
	void *at = NULL;
	int r = 0;

	if (node == NULL || fy_node_is_scalar(node))
		return 0;
	if (depth > DEPTH_MAX)
		return yaml_fail(yaml, cooked(node), err,
				 "is nested more than %d levels deep",
				 DEPTH_MAX);
	if (fy_node_is_sequence(node)) {
		while (r == 0 &&
		       (item = fy_node_sequence_iterate(node, &at)) != NULL)
			r = check_tree(yaml, item, depth + 1, err);
		return r;
	}
	r = check_keys(yaml, node, err);
	while (r == 0 && (pair = fy_node_mapping_iterate(node, &at)) != NULL) {
		r = check_tree(yaml, fy_node_pair_key(pair), depth + 1, err);
		if (r == 0)
			r = check_tree(yaml, fy_node_pair_value(pair),
				       depth + 1, err);
	}
	return r;
}

int yaml_parse(const char *name, struct buffer *text, struct yaml **ret_yaml,
	       struct error *err)
{
	CLEANUP(cleanup_yaml) struct yaml *yaml = calloc(1, sizeof(*yaml));
	CLEANUP(cleanup_diag) struct fy_diag *diag = NULL;
	struct fy_parse_cfg config = {
		.flags = FYPCF_DEFAULT_DOC | FYPCF_COLLECT_DIAG |
			 FYPCF_ALLOW_DUPLICATE_KEYS,
	};
	struct fy_diag_cfg quiet;

	if (yaml == NULL)
		return error_memory(err);
	yaml->text = *text;
	*text = (struct buffer)BUFFER_INIT(text->max_bytes);
	yaml->name = strdup(name);
	fy_diag_cfg_default(&quiet);
	quiet.fp = NULL;
	quiet.level = FYET_ERROR;
	diag = fy_diag_create(&quiet);
	if (yaml->name == NULL || diag == NULL)
		return error_memory(err);
	if (check_text(yaml, err) < 0 || check_size(yaml, err) < 0)
		return -(int)err->code;
	fy_diag_set_collect_errors(diag, true);
	config.diag = diag;
	yaml->document = fy_document_build_from_string(&config, yaml->text.data,
						       yaml->text.size);
	if (yaml->document == NULL && parse_error(yaml, diag, err) < 0)
		return -(int)err->code;
	if (yaml->document != NULL &&
	    check_tree(yaml, fy_document_root(yaml->document), 0, err) < 0)
		return -(int)err->code;
	*ret_yaml = TAKE(yaml);
	return 0;
}

void yaml_free(struct yaml *yaml)
{
	if (yaml == NULL)
		return;
	if (yaml->document != NULL)
		fy_document_destroy(yaml->document);
	buffer_free(&yaml->text);
	free(yaml->name);
	free(yaml);
}

void cleanup_yaml(struct yaml **yaml)
{
	yaml_free(*yaml);
}

const struct yaml_node *yaml_root(const struct yaml *yaml)
{
	return yaml->document == NULL ?
		       NULL :
		       cooked(fy_document_root(yaml->document));
}

static bool is_plain(struct fy_node *node, const char *word)
{
	size_t size;
	const char *text = scalar(node, &size);

	return fy_node_get_style(node) == FYNS_PLAIN && size == strlen(word) &&
	       memcmp(text, word, size) == 0;
}

enum yaml_kind yaml_kind(const struct yaml_node *node)
{
	struct fy_node *n = resolve(node);

	/* An alias of nothing is no missing value: its reader must fail. */
	if (n == NULL)
		return node == NULL ? YAML_NULL : YAML_SCALAR;
	if (fy_node_is_mapping(n))
		return YAML_MAPPING;
	if (fy_node_is_sequence(n))
		return YAML_SEQUENCE;
	/* YAML 1.2, 10.3.2 Tag Resolution. */
	if (is_plain(n, "") || is_plain(n, "~") || is_plain(n, "null") ||
	    is_plain(n, "Null") || is_plain(n, "NULL"))
		return YAML_NULL;
	return YAML_SCALAR;
}

const struct yaml_node *yaml_lookup(const struct yaml_node *mapping,
				    const char *key)
{
	const struct yaml_node *value;
	struct fy_node *m = resolve(mapping);

	if (m == NULL || !fy_node_is_mapping(m))
		return NULL;
	value = cooked(fy_node_mapping_lookup_value_by_simple_key(m, key,
								  strlen(key)));
	return yaml_kind(value) == YAML_NULL ? NULL : value;
}

const struct yaml_node *yaml_next_item(const struct yaml_node *sequence,
				       void **at)
{
	struct fy_node *s = resolve(sequence);

	if (s == NULL || !fy_node_is_sequence(s))
		return NULL;
	return cooked(fy_node_sequence_iterate(s, at));
}

bool yaml_next_pair(const struct yaml_node *mapping, void **at,
		    const struct yaml_node **ret_key,
		    const struct yaml_node **ret_value)
{
	struct fy_node *m = resolve(mapping);
	struct fy_node_pair *pair;

	if (m == NULL || !fy_node_is_mapping(m))
		return false;
	pair = fy_node_mapping_iterate(m, at);
	if (pair == NULL)
		return false;
	*ret_key = cooked(fy_node_pair_key(pair));
	*ret_value = cooked(fy_node_pair_value(pair));
	return true;
}

int yaml_string(const struct yaml *yaml, const struct yaml_node *node,
		const char *what, char **ret_string, struct error *err)
{
	struct fy_node *n = resolve(node);
	const char *text;
	char *copy;
	size_t size;

	if (n == NULL || !fy_node_is_scalar(n))
		return yaml_fail(yaml, node, err, "%s: expected a text", what);
	text = scalar(n, &size);
	if (memchr(text, '\0', size) != NULL)
		return yaml_fail(yaml, node, err, "%s: has a NUL in it", what);
	copy = strndup(text, size);
	if (copy == NULL)
		return error_memory(err);
	*ret_string = copy;
	return 0;
}

int yaml_bool(const struct yaml *yaml, const struct yaml_node *node,
	      const char *what, bool *ret_value, struct error *err)
{
	struct fy_node *n = resolve(node);

	if (n != NULL && fy_node_is_scalar(n)) {
		if (is_plain(n, "true") || is_plain(n, "false")) {
			*ret_value = is_plain(n, "true");
			return 0;
		}
	}
	return yaml_fail(yaml, node, err, "%s: expected true or false", what);
}

int yaml_number(const struct yaml *yaml, const struct yaml_node *node,
		const char *what, unsigned long long minimum,
		unsigned long long maximum, unsigned long long *ret_number,
		struct error *err)
{
	CLEANUP(cleanup_free) char *text = NULL;
	int r = yaml_string(yaml, node, what, &text, err);

	if (r < 0)
		return r;
	if (!text_to_number(text, minimum, maximum, ret_number))
		return yaml_fail(yaml, node, err,
				 "%s: expected a whole number from %llu to "
				 "%llu, not '%s'",
				 what, minimum, maximum, text);
	return 0;
}

bool yaml_is_plain(const struct yaml_node *node)
{
	struct fy_node *n = resolve(node);

	return n != NULL && fy_node_is_scalar(n) &&
	       fy_node_get_style(n) == FYNS_PLAIN;
}

void yaml_wipe(const struct yaml_node *node)
{
	struct fy_node *n = resolve(node);
	const char *text;
	size_t size;

	if (n == NULL || !fy_node_is_scalar(n))
		return;
	/* Either our own text or a copy that libfyaml made: both writable. */
	text = scalar(n, &size);
	if (size > 0)
		explicit_bzero((char *)(uintptr_t)text, size);
}
