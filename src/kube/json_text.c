/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings with their escapes, and YAML values.
 */
#include <config.h>

#include "kube/json_text.h"

#include <stdio.h>
#include <string.h>

#include "base/wipe.h"

int json_text_add(struct buffer *json, const char *text, struct error *err)
{
	return buffer_append(json, text, strlen(text), err);
}

int json_text_string(struct buffer *json, const char *text, struct error *err)
{
	int r = json_text_add(json, "\"", err);

	while (r == 0 && *text != '\0') {
		unsigned char c = (unsigned char)*text;
		size_t plain = 0;
		char escape[8];

		while (text[plain] != '\0' && text[plain] != '"' &&
		       text[plain] != '\\' && (unsigned char)text[plain] >= ' ')
			plain++;
		if (plain > 0) {
			r = buffer_append(json, text, plain, err);
			text += plain;
			continue;
		}
		(void)snprintf(escape, sizeof(escape), "\\u%04x", c);
		r = json_text_add(json, escape, err);
		text++;
	}
	return r == 0 ? json_text_add(json, "\"", err) : r;
}

int json_text_member(struct buffer *json, const char *key, const char *text,
		     struct error *err)
{
	int r = json_text_add(json, ",", err);

	if (r == 0)
		r = json_text_string(json, key, err);
	if (r == 0)
		r = json_text_add(json, ":", err);
	if (r == 0)
		r = json_text_string(json, text, err);
	return r;
}

static const char *skip_digits(const char *at)
{
	return at + strspn(at, "0123456789");
}

/* Whether it is a number just as JSON has them. */
static bool is_number(const char *text)
{
	const char *at = text + (*text == '-');
	const char *end = skip_digits(at);

	if (end == at || (*at == '0' && end > at + 1))
		return false;
	if (*end == '.') {
		at = end + 1;
		end = skip_digits(at);
		if (end == at)
			return false;
	}
	if (*end == 'e' || *end == 'E') {
		at = end + 1;
		at += *at == '+' || *at == '-';
		end = skip_digits(at);
		if (end == at)
			return false;
	}
	return *end == '\0';
}

static int add_scalar(struct buffer *json, const struct yaml *yaml,
		      const struct yaml_node *node, struct error *err)
{
	char *text = NULL;
	int r = yaml_string(yaml, node, "a value", &text, err);

	if (r < 0)
		return r;
	if (yaml_is_plain(node) &&
	    (strcmp(text, "true") == 0 || strcmp(text, "false") == 0 ||
	     is_number(text)))
		r = json_text_add(json, text, err);
	else
		r = json_text_string(json, text, err);
	wipe_free(text);
	return r;
}

static int add_value(struct buffer *json, const struct yaml *yaml,
		     const struct yaml_node *node, int depth,
		     struct error *err);

static int add_mapping(struct buffer *json, const struct yaml *yaml,
		       const struct yaml_node *mapping, int depth,
		       struct error *err)
{
	const struct yaml_node *key;
	const struct yaml_node *value;
	void *at = NULL;
	const char *before = "{";
	int r = 0;

	while (r == 0 && yaml_next_pair(mapping, &at, &key, &value)) {
		char *name = NULL;

		r = yaml_string(yaml, key, "a key", &name, err);
		if (r == 0)
			r = json_text_add(json, before, err);
		if (r == 0)
			r = json_text_string(json, name, err);
		if (r == 0)
			r = json_text_add(json, ":", err);
		if (r == 0)
			r = add_value(json, yaml, value, depth, err);
		wipe_free(name);
		before = ",";
	}
	if (r == 0)
		r = json_text_add(json, *before == '{' ? "{}" : "}", err);
	return r;
}

static int add_sequence(struct buffer *json, const struct yaml *yaml,
			const struct yaml_node *sequence, int depth,
			struct error *err)
{
	const struct yaml_node *item;
	void *at = NULL;
	const char *before = "[";
	int r = 0;

	while (r == 0 && (item = yaml_next_item(sequence, &at)) != NULL) {
		r = json_text_add(json, before, err);
		if (r == 0)
			r = add_value(json, yaml, item, depth, err);
		before = ",";
	}
	if (r == 0)
		r = json_text_add(json, *before == '[' ? "[]" : "]", err);
	return r;
}

/* What an alias stands for is written again each time; the buffer's limit
 * ends that. */
static int add_value(struct buffer *json, const struct yaml *yaml,
		     const struct yaml_node *node, int depth, struct error *err)
{
	if (depth > JSON_TEXT_DEPTH_MAX)
		return yaml_fail(yaml, node, err, "is nested too deeply");
	switch (yaml_kind(node)) {
	case YAML_NULL:
		return json_text_add(json, "null", err);
	case YAML_SCALAR:
		return add_scalar(json, yaml, node, err);
	case YAML_SEQUENCE:
		return add_sequence(json, yaml, node, depth + 1, err);
	case YAML_MAPPING:
		return add_mapping(json, yaml, node, depth + 1, err);
	}
	return 0;
}

int json_text_yaml(struct buffer *json, const struct yaml *yaml,
		   const struct yaml_node *node, struct error *err)
{
	return add_value(json, yaml, node, 0, err);
}
