/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growable buffers that leave no copies behind.
 */
#include <config.h>

#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>

#define BUFFER_FIRST_CAPACITY 512

static int buffer_grow(struct buffer *b, size_t needed, struct error *err)
{
	size_t grown = b->capacity == 0 ? BUFFER_FIRST_CAPACITY : b->capacity;
	char *moved;

	while (grown < needed)
		if (__builtin_mul_overflow(grown, (size_t)2, &grown))
			return error_memory(err);
	moved = malloc(grown);
	if (moved == NULL)
		return error_memory(err);
	if (b->data != NULL) {
		memcpy(moved, b->data, b->size);
		explicit_bzero(b->data, b->capacity);
		free(b->data);
	}
	b->data = moved;
	b->capacity = grown;
	return 0;
}

int buffer_append(struct buffer *b, const void *bytes, size_t size,
		  struct error *err)
{
	size_t total;

	if (__builtin_add_overflow(b->size, size, &total) ||
	    total > b->max_bytes)
		return error_set(err, ERROR_TOO_LARGE, "more than %zu bytes",
				 b->max_bytes);
	if (total + 1 > b->capacity) {
		int r = buffer_grow(b, total + 1, err);

		if (r < 0)
			return r;
	}
	if (size > 0)
		memcpy(b->data + b->size, bytes, size);
	b->size = total;
	b->data[total] = '\0';
	return 0;
}

void buffer_free(struct buffer *b)
{
	if (b->data != NULL) {
		explicit_bzero(b->data, b->capacity);
		free(b->data);
	}
	*b = (struct buffer)BUFFER_INIT(b->max_bytes);
}
