/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the monitor is measured against: the shortest GnuTLS client that makes
 * the same handshakes (it takes nothing of ours but what is offered), one after
 * another, and looks at nothing.
 *
 *	bare_client FIRST_ADDRESS ADDRESSES PORT DOMAIN...
 */
#include <config.h>

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probe/offer.h"

static struct offer_set offers;
static gnutls_certificate_credentials_t credentials;

static int handshake(struct in_addr address, in_port_t port, const char *domain)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_addr = address,
		.sin_port = htons(port),
	};
	gnutls_session_t session;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;
	int r = -1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return -1;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_NO_TICKETS |
					  GNUTLS_NO_SIGNAL |
					  GNUTLS_KEY_SHARE_TOP) == 0) {
		(void)gnutls_priority_set(
			session, offers.priorities[OFFER_MODERN][KEY_TYPE_ANY]);
		(void)gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE,
					     credentials);
		(void)gnutls_server_name_set(session, GNUTLS_NAME_DNS, domain,
					     strlen(domain));
		gnutls_transport_set_int(session, fd);
		do {
			r = gnutls_handshake(session);
		} while (r < 0 && gnutls_error_is_fatal(r) == 0);
		if (r == 0)
			(void)gnutls_bye(session, GNUTLS_SHUT_WR);
		gnutls_deinit(session);
	}
	(void)close(fd);
	return r;
}

int main(int argc, char **argv)
{
	struct in_addr first;
	struct error err = { 0 };
	unsigned int failed = 0;
	unsigned int count;
	in_port_t port;

	if (argc < 5 || inet_pton(AF_INET, argv[1], &first) != 1)
		return 2;
	count = (unsigned int)strtoul(argv[2], NULL, 10);
	port = (in_port_t)strtoul(argv[3], NULL, 10);
	if (gnutls_global_init() < 0 || offer_set_init(&offers, &err) < 0 ||
	    gnutls_certificate_allocate_credentials(&credentials) < 0)
		return 1;
	for (unsigned int i = 0; i < count; i++) {
		struct in_addr address = { htonl(ntohl(first.s_addr) + i) };

		for (int j = 4; j < argc; j++)
			failed += handshake(address, port, argv[j]) < 0;
	}
	gnutls_certificate_free_credentials(credentials);
	offer_set_release(&offers);
	gnutls_global_deinit();
	(void)printf("%u failed\n", failed);
	return failed == 0 ? 0 : 1;
}
