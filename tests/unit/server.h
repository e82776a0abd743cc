/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server on a free port of loopback, in a thread, that answers one
 * connection after another in one way.
 */
#ifndef CEM_TESTS_SERVER_H
#define CEM_TESTS_SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "certs.h"

enum server_kind {
	SERVER_TLS,	   /* shakes hands, waits for close_notify */
	SERVER_ASKS,	   /* and asks for a client certificate in vain */
	SERVER_DEMANDS,	   /* and demands one */
	SERVER_NO_NAME,	   /* alert unrecognized_name */
	SERVER_ALERT,	   /* alert handshake_failure */
	SERVER_PLAIN_TEXT, /* answers in HTTP */
	SERVER_CLOSES,	   /* closes without a word */
	SERVER_COUNTS,	   /* keeps all connections open until no more come
			    * for a while, then closes them */
	SERVER_SILENT,	   /* accepts nothing, but the kernel connects */
	SERVER_REFUSES,	   /* does not listen */
	SERVER_FULL,	   /* the kernel drops connection requests */
};

struct server {
	enum server_kind kind;
	int fd;
	uint16_t port;
	/* Of SERVER_TLS and the like; borrowed. */
	const struct test_cert *cert;
	const char *priority;
	gnutls_certificate_credentials_t credentials;
	bool has_thread;
	pthread_t thread;
	int stop[2];	/* a pipe: closed to end the thread */
	int fillers[8]; /* of SERVER_FULL */
	atomic_int accepted;
	atomic_int most_open; /* of SERVER_COUNTS: at the same time */
	atomic_int farewells; /* close_notify that came in */
	char sni[256];	      /* of the last ClientHello; "" for none */
};

/* On 127.0.0.1, or ::1. `priority` is NULL for GnuTLS's NORMAL. False if the
 * address is not to be had. */
bool server_start(struct server *s, enum server_kind kind, bool is_ipv6,
		  const struct test_cert *cert, const char *priority);
void server_stop(struct server *s);

#endif
