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
	SERVER_SAYS,	   /* answers with the bytes of its specification */
	SERVER_CLOSES,	   /* closes without a word */
	SERVER_HANGS,	   /* reads without a word */
	SERVER_COUNTS,	   /* keeps all connections open until no more come
			    * for a while, then closes them */
	SERVER_SILENT,	   /* accepts nothing, but the kernel connects */
	SERVER_REFUSES,	   /* does not listen */
	SERVER_FULL,	   /* the kernel drops connection requests */
};

/* What is exchanged before all that: just these bytes are awaited, then those
 * are sent. */
struct server_line {
	const void *awaits;
	size_t awaits_size;
	const void *says;
	size_t says_size;
};

/* What is zero or NULL is left out. */
struct server_spec {
	enum server_kind kind;
	bool is_ipv6; /* on ::1; else on 127.0.0.1 */
	/* Of SERVER_TLS and the like; the second one is of another type of
	 * key. */
	const struct test_cert *cert;
	const struct test_cert *second_cert;
	const char *priority; /* GnuTLS's NORMAL */
	bool lingers;	      /* after the handshake, until the client closes */
	/* The first `alert_count` ClientHellos are answered with this fatal
	 * alert alone, after so many milliseconds. */
	int alert_count;
	uint8_t alert;
	int alert_delay_ms;
	const struct server_line *preface; /* ends with one of zeros */
	const void *says;		   /* of SERVER_SAYS */
	size_t says_size;
};

struct server {
	struct server_spec spec; /* what it points to is borrowed */
	int fd;
	uint16_t port;
	gnutls_certificate_credentials_t credentials;
	bool has_thread;
	pthread_t thread;
	int stop[2];	/* a pipe: closed to end the thread */
	int fillers[8]; /* of SERVER_FULL */
	atomic_int accepted;
	atomic_int most_open;	   /* of SERVER_COUNTS: at the same time */
	atomic_int farewells;	   /* close_notify that came in */
	atomic_int prefaces;	   /* that were as they should be */
	char sni[256];		   /* of the last ClientHello; "" for none */
	gnutls_protocol_t version; /* that was agreed on last */
};

/* False if the address is not to be had. */
bool server_start_as(struct server *s, const struct server_spec *spec);

/* The same without what is rare. */
bool server_start(struct server *s, enum server_kind kind, bool is_ipv6,
		  const struct test_cert *cert, const char *priority);

void server_stop(struct server *s);

#endif
