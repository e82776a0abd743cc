/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLS side of one connection: a session of GnuTLS with what is offered, the
 * certificate taken when it arrives, before GnuTLS checks anything, and what a
 * failure means. It waits for nothing and decides nothing: that is
 * probe/connection.
 */
#ifndef CEM_PROBE_TLS_SESSION_H
#define CEM_PROBE_TLS_SESSION_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probe/certificate_cache.h"
#include "probe/offer.h"
#include "probe/result.h"
#include "probe/session_facts.h"
#include "probe/setup.h"
#include "probe/target.h"

/* A handshake message may be this long (a SAN list of 5,000 names is past
 * GnuTLS's own limit of 128 KiB), in bytes. */
#define TLS_MESSAGE_MAX (512 * 1024)
/* What a server may send in one connection, in bytes. */
#define TLS_RECEIVE_MAX (1024 * 1024)
/* And in how many pieces: GnuTLS reads each record in two, so that a megabyte
 * of the smallest records would hold up all others for a third of a second. The
 * longest message in fragments of 512 bytes takes 2,048. */
#define TLS_READS_MAX 16384
/* Smaller groups of servers are taken as well, in bits: it is not for the
 * prober to judge them. */
#define TLS_DH_BITS_MIN 512

/* What a session is about; all borrowed. */
struct probe_context {
	const struct job_setup *setup;
	struct certificate_cache *cache;
	struct session_facts_set *sessions;
};

struct tls_session {
	gnutls_session_t gnutls; /* NULL before tls_session_begin() */
	int fd;
	const struct pair *pair;
	const struct probe_context *context;
	size_t received;     /* bytes */
	size_t reads;	     /* that brought them */
	uint8_t first[2];    /* of them */
	bool is_eof;	     /* the server closed its side */
	int system_error;    /* errno of the socket, 0 for none */
	bool got_message;    /* a Certificate message was read */
	bool is_bad_message; /* and it was malformed */
	bool is_other_key;   /* and the leaf's key is of another type */
	bool is_enough;	     /* all that was asked for is there */
	/* Certificate, chain, and whether it names the domain. */
	struct probe_result found;
};

/* Returns 0 or GnuTLS's error. tls_session_end() in either case; the session
 * must stay where it is until then. */
int tls_session_begin(struct tls_session *session, int fd,
		      const struct pair *pair,
		      const struct probe_context *context,
		      enum tls_offer offer);

/* Adds to `found` what is known after a complete handshake: the staple, and
 * what was agreed on. */
void tls_session_complete(struct tls_session *session);

/* The reason for GnuTLS's `error`, with words for the log. */
enum probe_reason tls_session_failure(const struct tls_session *session,
				      int error, const char **ret_detail);

/* Whether `error` says that the server cannot take what was offered: another
 * offer may do better. With `is_version`, that it is the version. */
bool tls_session_is_refused(const struct tls_session *session, int error,
			    bool *ret_is_version);

/* Whether the server asked for a client certificate. */
bool tls_session_was_asked(const struct tls_session *session);

/* Whether the server's last alert says that it wants a client certificate, or
 * another one. */
bool tls_session_wants_certificate(const struct tls_session *session);

void tls_session_end(struct tls_session *session);

#endif
