/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variables in values.
 */
#include <config.h>

#include "config/expand.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* Appends the environment's value of the NAME in "${NAME}" at *at and steps
 * over it. */
static int expand_variable(const char **at, struct buffer *out,
			   struct error *err)
{
	CLEANUP(cleanup_free) char *name = NULL;
	size_t length = strcspn(*at + 2, "}");
	const char *value;

	if ((*at)[2 + length] != '}')
		return error_set(err, ERROR_INVALID, "'%s' has no '}'", *at);
	name = strndup(*at + 2, length);
	if (name == NULL)
		return error_memory(err);
	value = getenv(name);
	if (value == NULL)
		return error_set(err, ERROR_INVALID,
				 "${%s} is not set in the environment", name);
	*at += length + 3;
	return buffer_append(out, value, strlen(value), err);
}

int expand_variables(const char *text, struct buffer *out, struct error *err)
{
	int r = buffer_append(out, "", 0, err);

	while (r == 0 && *text != '\0') {
		size_t length = strcspn(text, "$");

		if (length > 0) {
			r = buffer_append(out, text, length, err);
			text += length;
		} else if (strncmp(text, "$${", 3) == 0) {
			r = buffer_append(out, "${", 2, err);
			text += 3;
		} else if (strncmp(text, "${", 2) == 0) {
			r = expand_variable(&text, out, err);
		} else {
			r = buffer_append(out, "$", 1, err);
			text++;
		}
	}
	return r;
}
