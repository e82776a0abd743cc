/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Certificate message: from its body to the certificates in it.
 */
#ifndef CEM_PROBE_CHAIN_H
#define CEM_PROBE_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHAIN_MAX 32 /* certificates that are looked at; more are left out */

/* A chain as it was presented, leaf first: DER, borrowed. */
struct chain {
	struct {
		const uint8_t *bytes;
		size_t size;
	} certificates[CHAIN_MAX];
	size_t count;
};

enum chain_format {
	CHAIN_TLS12, /* RFC 5246, 7.4.2, and before */
	CHAIN_TLS13, /* RFC 8446, 4.4.2 */
};

/* Finds the certificates in the body of a Certificate message. An empty list
 * is a chain of none. False if the message is malformed. */
bool chain_parse(const uint8_t *body, size_t size, enum chain_format format,
		 struct chain *ret_chain);

/* Whether a certificate in the body is der_is_costly(), or the message is
 * malformed. Those past CHAIN_MAX count as well: a handshake that goes on
 * decodes them all. O(size). */
bool chain_is_costly(const uint8_t *body, size_t size,
		     enum chain_format format);

#endif
