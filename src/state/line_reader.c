/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pread(2) into a buffer that holds the longest line.
 */
#include <config.h>

#include "state/line_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int line_reader_init(struct line_reader *reader, int fd, size_t max_bytes,
		     struct error *err)
{
	/* The newline as well. */
	char *bytes = malloc(max_bytes + 1);

	if (bytes == NULL)
		return error_memory(err);
	*reader = (struct line_reader){
		.fd = fd,
		.bytes = bytes,
		.max_bytes = max_bytes,
	};
	return 0;
}

void line_reader_release(struct line_reader *reader)
{
	free(reader->bytes);
	*reader = (struct line_reader){ .fd = -1 };
}

void line_reader_seek(struct line_reader *reader, uint64_t offset)
{
	reader->begin = reader->end = 0;
	reader->offset = offset;
}

/* Reads more behind what there is. 0 at the file's end. */
static int fill(struct line_reader *reader, struct error *err)
{
	size_t have = reader->end - reader->begin;
	ssize_t got;

	memmove(reader->bytes, reader->bytes + reader->begin, have);
	reader->begin = 0;
	reader->end = have;
	do
		got = pread(reader->fd, reader->bytes + have,
			    reader->max_bytes + 1 - have,
			    (off_t)(reader->offset + have));
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_set(err, ERROR_SYSTEM, "cannot be read: %s",
				 strerror(errno));
	reader->end += (size_t)got;
	return got > 0;
}

int line_reader_next(struct line_reader *reader, const char **ret_line,
		     size_t *ret_size, struct error *err)
{
	size_t searched = 0;

	for (;;) {
		char *line = reader->bytes + reader->begin;
		size_t have = reader->end - reader->begin;
		char *newline = memchr(line + searched, '\n', have - searched);
		int r;

		if (newline != NULL) {
			*newline = '\0';
			*ret_line = line;
			*ret_size = (size_t)(newline - line);
			reader->begin += *ret_size + 1;
			reader->offset += *ret_size + 1;
			return 1;
		}
		if (have > reader->max_bytes)
			return error_set(err, ERROR_TOO_LARGE,
					 "has more than %zu bytes",
					 reader->max_bytes);
		searched = have;
		r = fill(reader, err);
		if (r < 0)
			return r;
		if (r == 0 && have == 0)
			return 0;
		if (r == 0)
			return error_set(err, ERROR_INVALID,
					 "ends in the middle");
	}
}
