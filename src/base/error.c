/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors as plain data: formatting and prefixing of messages.
 */
#include <config.h>

#include "base/error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* vsnprintf() that leaves one clean line. */
static void format_line(char *line, size_t size, const char *format,
			va_list args)
{
	(void)vsnprintf(line, size, format, args);
	text_make_line(line);
}

int error_set(struct error *err, enum error_code code, const char *format, ...)
{
	/* The arguments may point into err->message. */
	char message[ERROR_MESSAGE_MAX];
	va_list args;

	assert(code != ERROR_NONE);
	va_start(args, format);
	format_line(message, sizeof(message), format, args);
	va_end(args);
	err->code = code;
	/* No more than the text: what else was on the stack may be a secret. */
	memcpy(err->message, message, strlen(message) + 1);
	return -(int)code;
}

int error_prefix(struct error *err, const char *format, ...)
{
	char context[ERROR_MESSAGE_MAX];
	char message[ERROR_MESSAGE_MAX];
	va_list args;

	va_start(args, format);
	format_line(context, sizeof(context), format, args);
	va_end(args);
	memcpy(message, err->message, strlen(err->message) + 1);
	return error_set(err, err->code, "%.*s: %.*s", (int)sizeof(context) / 2,
			 context, (int)sizeof(message), message);
}

int error_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "out of memory");
}
