/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growable byte buffer with a limit. The bytes are always followed by a NUL
 * that does not count, so that text in it is a C string.
 *
 *	struct buffer b = BUFFER_INIT(MAX);
 *	buffer_append(&b, bytes, size, err);
 *	... b.data, b.size ...
 *	buffer_free(&b);
 */
#ifndef CEM_BASE_BUFFER_H
#define CEM_BASE_BUFFER_H

#include <stddef.h>

#include "base/error.h"

struct buffer {
	char *data; /* NULL while nothing was appended */
	size_t size;
	size_t capacity;
	size_t max_bytes; /* an append past it fails with ERROR_TOO_LARGE */
};

#define BUFFER_INIT(max)                                                       \
	{                                                                      \
		.max_bytes = (max)                                             \
	}

/* On failure nothing is appended. Old copies are wiped when the buffer moves:
 * it may hold a secret. */
int buffer_append(struct buffer *b, const void *bytes, size_t size,
		  struct error *err) __attribute__((warn_unused_result));

/* Wipes and frees; empty afterwards, with the same limit. */
void buffer_free(struct buffer *b);

#endif
