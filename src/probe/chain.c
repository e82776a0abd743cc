/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of certificates in the message, before any library reads it.
 */
#include <config.h>

#include "probe/chain.h"

#include "probe/der.h"
#include "probe/reader.h"

/* A vector with a length of `length_bytes` bytes in front (RFC 8446, 3.4). */
static bool read_vector(struct reader *r, size_t length_bytes,
			struct reader *ret_vector)
{
	size_t length;

	return reader_number(r, length_bytes, &length) &&
	       reader_bytes(r, length, ret_vector);
}

/* Finds the list in the body of a Certificate message. */
static bool read_list(const uint8_t *body, size_t size,
		      enum chain_format format, struct reader *ret_list)
{
	struct reader message = { body, size };
	struct reader context;

	if (format == CHAIN_TLS13 && !read_vector(&message, 1, &context))
		return false;
	return read_vector(&message, 3, ret_list) && message.left == 0;
}

static bool read_certificate(struct reader *list, enum chain_format format,
			     struct reader *ret_certificate)
{
	struct reader extensions;

	if (!read_vector(list, 3, ret_certificate) ||
	    ret_certificate->left == 0)
		return false;
	return format != CHAIN_TLS13 || read_vector(list, 2, &extensions);
}

bool chain_parse(const uint8_t *body, size_t size, enum chain_format format,
		 struct chain *ret_chain)
{
	struct chain chain = { .count = 0 };
	struct reader list;
	struct reader found;

	if (!read_list(body, size, format, &list))
		return false;
	while (list.left > 0) {
		if (!read_certificate(&list, format, &found))
			return false;
		if (chain.count < CHAIN_MAX) {
			chain.certificates[chain.count].bytes = found.at;
			chain.certificates[chain.count].size = found.left;
			chain.count++;
		}
	}
	*ret_chain = chain;
	return true;
}

bool chain_is_costly(const uint8_t *body, size_t size, enum chain_format format)
{
	struct reader list;
	struct reader found;

	if (!read_list(body, size, format, &list))
		return true;
	while (list.left > 0)
		if (!read_certificate(&list, format, &found) ||
		    der_is_costly(found.at, found.left))
			return true;
	return false;
}
