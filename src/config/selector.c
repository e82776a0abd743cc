/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A checking reader of label selectors.
 */
#include <config.h>

#include "config/selector.h"

#include <stdbool.h>
#include <string.h>

#define WORD_CHARACTERS                                                        \
	"abcdefghijklmnopqrstuvwxyz"                                           \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ"                                           \
	"0123456789-_./"

struct reader {
	const char *text;
	const char *at;
	struct error *err;
};

static void skip_blanks(struct reader *r)
{
	r->at += strspn(r->at, " \t");
}

static int fail(const struct reader *r, const char *expected)
{
	if (*r->at == '\0')
		return error_set(r->err, ERROR_INVALID,
				 "label selector '%s': expected %s at the end",
				 r->text, expected);
	return error_set(r->err, ERROR_INVALID,
			 "label selector '%s': expected %s at '%s'", r->text,
			 expected, r->at);
}

/* A key or value; a value may be empty. */
static size_t read_word(struct reader *r)
{
	size_t length;

	skip_blanks(r);
	length = strspn(r->at, WORD_CHARACTERS);
	r->at += length;
	skip_blanks(r);
	return length;
}

static bool accept(struct reader *r, const char *token)
{
	size_t length = strlen(token);

	if (strncmp(r->at, token, length) != 0)
		return false;
	r->at += length;
	return true;
}

/* "(a, b)" */
static int read_set(struct reader *r)
{
	skip_blanks(r);
	if (!accept(r, "("))
		return fail(r, "'('");
	do {
		(void)read_word(r);
	} while (accept(r, ","));
	if (!accept(r, ")"))
		return fail(r, "',' or ')'");
	skip_blanks(r);
	return 0;
}

static int read_requirement(struct reader *r)
{
	skip_blanks(r);
	if (accept(r, "!"))
		return read_word(r) > 0 ? 0 : fail(r, "a label key");
	if (read_word(r) == 0)
		return fail(r, "a label key");
	if (accept(r, "==") || accept(r, "!=") || accept(r, "=")) {
		(void)read_word(r);
		return 0;
	}
	if (accept(r, ">") || accept(r, "<"))
		return read_word(r) > 0 ? 0 : fail(r, "a number");
	if (accept(r, "notin") || accept(r, "in"))
		return read_set(r);
	return 0;
}

int selector_check(const char *text, struct error *err)
{
	struct reader r = { text, text, err };

	skip_blanks(&r);
	if (*r.at == '\0')
		return 0;
	do {
		int code = read_requirement(&r);

		if (code < 0)
			return code;
	} while (accept(&r, ","));
	if (*r.at != '\0')
		return fail(&r, "',' or the end");
	return 0;
}
