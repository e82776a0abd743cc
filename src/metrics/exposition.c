/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text format (prometheus.io, "Exposition formats").
 */
#include <config.h>

#include "metrics/exposition.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

void exposition_init(struct exposition *x, int fd)
{
	x->fd = fd;
	x->name = NULL;
	x->has_header = false;
	x->samples = 0;
	x->error = (struct error){ 0 };
	x->used = 0;
}

static void flush(struct exposition *x)
{
	struct error err = { 0 };

	if (x->error.code == ERROR_NONE &&
	    file_write(x->fd, x->buffer, x->used, &err) < 0)
		x->error = err;
	x->used = 0;
}

static void put(struct exposition *x, const char *bytes, size_t size)
{
	while (size > 0) {
		size_t room = sizeof(x->buffer) - x->used;
		size_t step = size < room ? size : room;

		memcpy(x->buffer + x->used, bytes, step);
		x->used += step;
		bytes += step;
		size -= step;
		if (x->used == sizeof(x->buffer))
			flush(x);
	}
}

static void put_text(struct exposition *x, const char *text)
{
	put(x, text, strlen(text));
}

static void put_escaped(struct exposition *x, const char *value)
{
	while (*value != '\0') {
		size_t plain = strcspn(value, "\\\"\n");

		put(x, value, plain);
		value += plain;
		if (*value == '\0')
			return;
		put_text(x, *value == '\\' ? "\\\\" :
			    *value == '"'  ? "\\\"" :
					     "\\n");
		value++;
	}
}

void exposition_family(struct exposition *x, const char *name, const char *type,
		       const char *help)
{
	assert(strpbrk(help, "\\\n") == NULL);
	x->name = name;
	x->type = type;
	x->help = help;
	x->has_header = false;
}

static void put_header(struct exposition *x)
{
	put_text(x, "# HELP " EXPOSITION_PREFIX);
	put_text(x, x->name);
	put_text(x, " ");
	put_text(x, x->help);
	put_text(x, "\n# TYPE " EXPOSITION_PREFIX);
	put_text(x, x->name);
	put_text(x, " ");
	put_text(x, x->type);
	put_text(x, "\n");
	x->has_header = true;
}

static void put_sample(struct exposition *x, const struct label *labels,
		       size_t label_count, const char *value)
{
	bool has_labels = false;

	if (!x->has_header)
		put_header(x);
	put_text(x, EXPOSITION_PREFIX);
	put_text(x, x->name);
	for (size_t i = 0; i < label_count; i++) {
		if (labels[i].name == NULL)
			continue;
		put_text(x, has_labels ? "," : "{");
		has_labels = true;
		put_text(x, labels[i].name);
		put_text(x, "=\"");
		put_escaped(x, labels[i].value);
		put_text(x, "\"");
	}
	put_text(x, has_labels ? "} " : " ");
	put_text(x, value);
	put_text(x, "\n");
}

void exposition_sample(struct exposition *x, const struct label *labels,
		       size_t label_count, int64_t value)
{
	char text[24];

	x->samples++;
	if (x->fd == EXPOSITION_COUNT)
		return;
	(void)snprintf(text, sizeof(text), "%" PRId64, value);
	put_sample(x, labels, label_count, text);
}

/* A value in parts, of which `whole`, a power of ten with `digits` zeros, make
 * one. */
static void sample_of_parts(struct exposition *x, const struct label *labels,
			    size_t label_count, int64_t parts, uint64_t whole,
			    int digits)
{
	uint64_t absolute = parts < 0 ? 0 - (uint64_t)parts : (uint64_t)parts;
	char text[32];

	x->samples++;
	if (x->fd == EXPOSITION_COUNT)
		return;
	(void)snprintf(text, sizeof(text), "%s%" PRIu64 ".%0*" PRIu64,
		       parts < 0 ? "-" : "", absolute / whole, digits,
		       absolute % whole);
	put_sample(x, labels, label_count, text);
}

void exposition_sample_milli(struct exposition *x, const struct label *labels,
			     size_t label_count, int64_t thousandths)
{
	sample_of_parts(x, labels, label_count, thousandths, 1000, 3);
}

void exposition_sample_micro(struct exposition *x, const struct label *labels,
			     size_t label_count, int64_t millionths)
{
	sample_of_parts(x, labels, label_count, millionths, 1000000, 6);
}

int exposition_finish(struct exposition *x, struct error *err)
{
	flush(x);
	if (x->error.code == ERROR_NONE)
		return 0;
	*err = x->error;
	return -(int)err->code;
}
