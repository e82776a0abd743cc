/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IP addresses of pods, without ports.
 */
#ifndef CEM_BASE_ADDRESS_H
#define CEM_BASE_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct address {
	uint16_t family;   /* AF_INET or AF_INET6, 0 for none */
	uint8_t bytes[16]; /* network order; 4 are used for AF_INET */
};

#define ADDRESS_TEXT_MAX INET6_ADDRSTRLEN /* bytes, with the NUL */

/* Parses "192.0.2.1" or "2001:db8::1"; false if it is neither. */
bool address_parse(const char *text, struct address *ret_address);

/* The canonical text (RFC 5952). */
void address_format(const struct address *address, char text[ADDRESS_TEXT_MAX]);

/* The socket address with a port in host order, for connect(2). */
socklen_t address_to_socket(const struct address *address, uint16_t port,
			    struct sockaddr_storage *ret_socket);

#endif
