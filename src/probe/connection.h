/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One probe: a TCP connection, what is said before TLS, a TLS handshake with
 * one domain as SNI, and close_notify. Non-blocking throughout; it knows no
 * event loop. Its owner waits for what connection_step() asks for, keeps the
 * deadline, and calls again.
 *
 *	connection_open()
 *	while (connection_step() != CONNECTION_DONE)
 *		... wait, or connection_time_out(), or connection_retry() ...
 *	connection.result, connection_close()
 *
 * A server that refuses what is offered is asked again with the next offer, on
 * a connection of its own but within the same time.
 */
#ifndef CEM_PROBE_CONNECTION_H
#define CEM_PROBE_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "probe/offer.h"
#include "probe/preface.h"
#include "probe/result.h"
#include "probe/target.h"
#include "probe/tls_session.h"

/* How long a server that asked for a client certificate may take to object,
 * in milliseconds, after a handshake of TLS 1.3. */
#define CONNECTION_AFTERWORD_MS 1000

enum connection_state {
	CONNECTION_CONNECTING,
	CONNECTION_PREFACE, /* PROXY header, STARTTLS */
	CONNECTION_HANDSHAKE,
	CONNECTION_FAREWELL,  /* sends close_notify */
	CONNECTION_AFTERWORD, /* asked for a client certificate, the server of
			       * TLS 1.3 objects only now, if it does */
	CONNECTION_REFUSED,   /* what was offered: there is more to offer */
	CONNECTION_CLOSED,
};

enum connection_want {
	CONNECTION_DONE,
	CONNECTION_WANT_READ,
	CONNECTION_WANT_WRITE,
	CONNECTION_WANT_RETRY, /* connection_retry(), on a descriptor anew */
};

struct connection {
	enum connection_state state;
	int fd;
	const struct pair *pair; /* borrowed */
	struct probe_context context;
	struct preface *preface; /* NULL for none, and once it is over */
	struct tls_session tls;
	enum tls_offer offer;
	enum tls_offer next_offer; /* in CONNECTION_REFUSED */
	bool is_known_offer;	   /* it worked at the endpoint before */
	bool is_connected;	   /* TCP is up, or was */
	/* What the first offer came to, if another one had to be made. */
	enum probe_reason first_reason;
	int64_t started_us; /* mono_now_us() */
	struct probe_result result;
};

/* Begins to connect, to offer `offer`: offer_first(), or what worked at the
 * endpoint before (`is_known_offer`). Fails with ERROR_SYSTEM only if there is
 * no descriptor to be had; what else goes wrong is a result. The connection
 * must stay where it is until connection_close(). */
int connection_open(struct connection *c, const struct pair *pair,
		    const struct probe_context *context, enum tls_offer offer,
		    bool is_known_offer, struct error *err)
	__attribute__((warn_unused_result));

/* Goes on as far as possible without waiting. */
enum connection_want connection_step(struct connection *c);

/* After CONNECTION_WANT_RETRY: connects again, for the next offer. Fails as
 * connection_open() does; the result is that of the former offer then. */
int connection_retry(struct connection *c, struct error *err)
	__attribute__((warn_unused_result));

/* Ends it: its time is over. */
void connection_time_out(struct connection *c);

/* Ends it: the run's time is over. */
void connection_cut_off(struct connection *c);

/* Releases descriptor and session; the result stays. */
void connection_close(struct connection *c);

#endif
