/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One probe: a TCP connection, a TLS handshake with one domain as SNI, and
 * close_notify. Non-blocking throughout; it knows no event loop. Its owner
 * waits for what connection_step() asks for, keeps the deadline, and calls
 * again.
 *
 *	connection_open()
 *	while (connection_step() != CONNECTION_DONE)
 *		... wait, or connection_time_out() ...
 *	connection_result(), connection_close()
 *
 * The certificate is taken when it arrives, before GnuTLS checks anything, so
 * that a handshake that fails later still shows it.
 */
#ifndef CEM_PROBE_CONNECTION_H
#define CEM_PROBE_CONNECTION_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "probe/certificate_cache.h"
#include "probe/result.h"
#include "probe/target.h"

/* A handshake message may be this long (a SAN list of 5,000 names is past
 * GnuTLS's own limit of 128 KiB), in bytes. */
#define CONNECTION_MESSAGE_MAX (512 * 1024)
/* What a server may send in one connection, in bytes. */
#define CONNECTION_RECEIVE_MAX (1024 * 1024)

/* How long a server that asked for a client certificate may take to object,
 * in milliseconds, after a handshake of TLS 1.3. */
#define CONNECTION_AFTERWORD_MS 1000

/* What all sessions share: made once. */
struct tls_setup {
	gnutls_priority_t priority;
	gnutls_certificate_credentials_t credentials;
};

int tls_setup_init(struct tls_setup *setup, struct error *err)
	__attribute__((warn_unused_result));
void tls_setup_release(struct tls_setup *setup);

enum connection_state {
	CONNECTION_CONNECTING,
	CONNECTION_HANDSHAKE,
	CONNECTION_FAREWELL,  /* sends close_notify */
	CONNECTION_AFTERWORD, /* asked for a client certificate, the server of
			       * TLS 1.3 objects only now, if it does */
	CONNECTION_CLOSED,
};

enum connection_want {
	CONNECTION_DONE,
	CONNECTION_WANT_READ,
	CONNECTION_WANT_WRITE,
};

struct connection {
	enum connection_state state;
	int fd;
	const struct pair *pair;	 /* borrowed */
	const struct tls_setup *setup;	 /* borrowed */
	struct certificate_cache *cache; /* borrowed */
	gnutls_session_t session;	 /* NULL before the TCP connection */
	struct probe_result result;
	size_t received;     /* bytes */
	uint8_t first[2];    /* of them */
	bool is_eof;	     /* the server closed its side */
	int system_error;    /* errno of the socket, 0 for none */
	bool got_message;    /* a Certificate message was read */
	bool is_bad_message; /* and it was malformed */
};

/* Begins to connect. Fails with ERROR_SYSTEM only if there is no descriptor
 * to be had; what else goes wrong is a result. */
int connection_open(struct connection *c, const struct pair *pair,
		    const struct tls_setup *setup,
		    struct certificate_cache *cache, struct error *err)
	__attribute__((warn_unused_result));

/* Goes on as far as possible without waiting. */
enum connection_want connection_step(struct connection *c);

/* Ends it: its time is over. */
void connection_time_out(struct connection *c);

/* Ends it: the run's time is over. */
void connection_cut_off(struct connection *c);

/* Whether TCP is up (or was). */
bool connection_is_connected(const struct connection *c);

/* Releases descriptor and session; the result stays. */
void connection_close(struct connection *c);

#endif
