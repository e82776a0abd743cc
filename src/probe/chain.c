/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of certificates in the message, before any library reads it.
 */
#include <config.h>

#include "probe/chain.h"

#include "probe/reader.h"

/* A vector with a length of `length_bytes` bytes in front (RFC 8446, 3.4). */
static bool read_vector(struct reader *r, size_t length_bytes,
			struct reader *ret_vector)
{
	size_t length;

	return reader_number(r, length_bytes, &length) &&
	       reader_bytes(r, length, ret_vector);
}

bool chain_parse(const uint8_t *body, size_t size, enum chain_format format,
		 struct chain *ret_chain)
{
	struct reader message = { body, size };
	struct chain chain = { .count = 0 };
	struct reader list;
	struct reader part;

	if (format == CHAIN_TLS13 && !read_vector(&message, 1, &part))
		return false; /* certificate_request_context */
	if (!read_vector(&message, 3, &list) || message.left > 0)
		return false;
	while (list.left > 0) {
		if (!read_vector(&list, 3, &part) || part.left == 0)
			return false;
		if (chain.count < CHAIN_MAX) {
			chain.certificates[chain.count].bytes = part.at;
			chain.certificates[chain.count].size = part.left;
			chain.count++;
		}
		if (format == CHAIN_TLS13 && !read_vector(&list, 2, &part))
			return false; /* extensions */
	}
	*ret_chain = chain;
	return true;
}
