/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lengths and bytes that a pod sent, read with care: nothing is read past what
 * there is.
 */
#ifndef CEM_PROBE_READER_H
#define CEM_PROBE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that are left to read; borrowed. */
struct reader {
	const uint8_t *at;
	size_t left;
};

/* An unsigned number of `bytes` bytes (up to 8), big-endian; false, and nothing
 * read, if there are less. */
static inline bool reader_number(struct reader *r, size_t bytes,
				 size_t *ret_number)
{
	size_t number = 0;

	if (r->left < bytes)
		return false;
	for (size_t i = 0; i < bytes; i++)
		number = number << 8 | r->at[i];
	r->at += bytes;
	r->left -= bytes;
	*ret_number = number;
	return true;
}

/* The next `size` bytes; false, and nothing read, if there are less. */
static inline bool reader_bytes(struct reader *r, size_t size,
				struct reader *ret_bytes)
{
	if (r->left < size)
		return false;
	*ret_bytes = (struct reader){ r->at, size };
	r->at += size;
	r->left -= size;
	return true;
}

#endif
