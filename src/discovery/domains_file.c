/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines to domains.
 */
#include <config.h>

#include "discovery/domains_file.h"

#include <stdbool.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "config/domain.h"

#define BLANKS " \t\r\v\f"
#define BOM "\xef\xbb\xbf" /* as some editors begin UTF-8 */

/* Fails if `text` names no domain. */
static int check(const char *text, struct error *err)
{
	CLEANUP(domain_vector_free) struct domain_vector one = { 0 };

	return domain_vector_add(&one, text, err);
}

/* One line, which is changed. */
static int read_line(char *line, struct found *found, struct error *err)
{
	size_t length;
	int r;

	line[strcspn(line, "#")] = '\0';
	line += strspn(line, BLANKS);
	length = strlen(line);
	while (length > 0 && strchr(BLANKS, line[length - 1]) != NULL)
		line[--length] = '\0';
	if (length == 0)
		return 0;
	r = check(line, err);
	return r == 0 ? found_add_name(found, line, NULL, 0, err) : r;
}

int domains_file_read(const char *path, struct found *found, struct error *err)
{
	CLEANUP(buffer_free)
	struct buffer contents = BUFFER_INIT(DOMAINS_FILE_BYTES_MAX);
	size_t number = 1;
	char *line;
	int r = file_read(path, &contents, err);

	if (r < 0)
		return r;
	line = contents.data;
	if (strncmp(line, BOM, strlen(BOM)) == 0)
		line += strlen(BOM);
	for (;; number++) {
		char *end = line + strcspn(line, "\n");
		bool is_last = *end == '\0';

		/* A C string ends there, the file does not. */
		if (is_last && end != contents.data + contents.size)
			r = error_set(err, ERROR_INVALID, "has a NUL byte");
		*end = '\0';
		if (r == 0)
			r = read_line(line, found, err);
		if (r < 0 && r != -ERROR_MEMORY)
			return error_prefix(err, "%s:%zu", path, number);
		if (r < 0 || is_last)
			return r;
		line = end + 1;
	}
}
