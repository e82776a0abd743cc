/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of a file from any place in it, with a limit, and with no more of it
 * in memory than one line and what was read ahead.
 */
#ifndef CEM_STATE_LINE_READER_H
#define CEM_STATE_LINE_READER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct line_reader {
	int fd;	     /* the caller's; its own position is not used */
	char *bytes; /* NULL before line_reader_init() */
	size_t max_bytes;
	size_t begin;	 /* of the next line in `bytes` */
	size_t end;	 /* of what was read */
	uint64_t offset; /* of the next line in the file */
};

/* Lines have at most `max_bytes`, without their newline. */
int line_reader_init(struct line_reader *reader, int fd, size_t max_bytes,
		     struct error *err) __attribute__((warn_unused_result));

void line_reader_release(struct line_reader *reader);

/* The next line is the one that begins there. */
void line_reader_seek(struct line_reader *reader, uint64_t offset);

/* 1 and the next line, which lives until the next call; a NUL stands in place
 * of its newline. 0 at the end. ERROR_INVALID for one without a newline,
 * ERROR_TOO_LARGE, ERROR_SYSTEM; the message does not say where. */
int line_reader_next(struct line_reader *reader, const char **ret_line,
		     size_t *ret_size, struct error *err)
	__attribute__((warn_unused_result));

#endif
