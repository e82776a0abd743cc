/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses between text and sockets.
 */
#include <config.h>

#include "base/address.h"

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

bool address_parse(const char *text, struct address *ret_address)
{
	struct address address = { .family = AF_INET };

	if (inet_pton(AF_INET, text, address.bytes) != 1) {
		address.family = AF_INET6;
		if (inet_pton(AF_INET6, text, address.bytes) != 1)
			return false;
	}
	*ret_address = address;
	return true;
}

void address_format(const struct address *address, char text[ADDRESS_TEXT_MAX])
{
	assert(address->family != 0);
	/* Cannot fail: the family is one of two and the buffer is enough. */
	(void)inet_ntop(address->family, address->bytes, text,
			ADDRESS_TEXT_MAX);
}

socklen_t address_to_socket(const struct address *address, uint16_t port,
			    struct sockaddr_storage *ret_socket)
{
	memset(ret_socket, 0, sizeof(*ret_socket));
	if (address->family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)ret_socket;

		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, address->bytes, sizeof(in->sin_addr));
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret_socket;

	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	memcpy(&in6->sin6_addr, address->bytes, sizeof(in6->sin6_addr));
	return sizeof(*in6);
}
