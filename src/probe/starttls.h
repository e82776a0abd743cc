/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dialogues that lead to TLS: SMTP (RFC 3207), IMAP and POP3 (RFC 2595),
 * LDAP (RFC 4511, 4.14), PostgreSQL (SSLRequest) and MySQL (SSLRequest). State
 * machines over bytes: they know no socket, allocate nothing, and no server
 * can make them wait for more than STARTTLS_REPLY_MAX bytes.
 *
 *	starttls_begin()
 *	while ((want = starttls_next()) is SEND or RECEIVE)
 *		SEND:    send all of starttls_output(), then starttls_sent()
 *		RECEIVE: receive some, then starttls_received()
 *
 * A protocol is a row of a table; a further line-based one is no more than
 * that.
 */
#ifndef CEM_PROBE_STARTTLS_H
#define CEM_PROBE_STARTTLS_H

#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

/* What a server may say in all before TLS begins, in bytes. */
#define STARTTLS_REPLY_MAX 4096
#define STARTTLS_DETAIL_MAX 256

enum starttls_want {
	STARTTLS_SEND,
	STARTTLS_RECEIVE,
	STARTTLS_READY,	 /* the server waits for the ClientHello */
	STARTTLS_FAILED, /* starttls_detail() says why */
};

struct starttls {
	enum starttls_protocol protocol;
	enum starttls_want want;
	size_t step;			   /* of the protocol's dialogue */
	uint8_t reply[STARTTLS_REPLY_MAX]; /* all that the server said */
	size_t received;		   /* bytes of it */
	size_t understood;		   /* of those, by the steps so far */
	char detail[STARTTLS_DETAIL_MAX];
};

/* Never STARTTLS_NONE. */
void starttls_begin(struct starttls *s, enum starttls_protocol protocol);

enum starttls_want starttls_next(const struct starttls *s);

/* What is to be sent now: *ret_size bytes that outlive `s`. Only while
 * starttls_next() is SEND, as is starttls_sent(). */
const uint8_t *starttls_output(const struct starttls *s, size_t *ret_size);
void starttls_sent(struct starttls *s);

/* What the server said next, in pieces of any size (at least 1). What it says
 * too early is kept for the step that it is an answer to, as IMAP may send
 * untagged lines at any time. What comes after its go-ahead is a failure, even
 * when READY: a TLS server does not speak first, so that somebody else does.
 * Nothing changes once FAILED. All bytes are looked at once, but for those of
 * a line that comes in pieces: once a piece. */
void starttls_received(struct starttls *s, const uint8_t *bytes, size_t size);

/* Once FAILED, one line of valid UTF-8 for the log: what was wrong, and what
 * the server said. Else "". */
const char *starttls_detail(const struct starttls *s);

#endif
