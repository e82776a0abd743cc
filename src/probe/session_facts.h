/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What client and server agreed on, in the words of `tls_session_info`: the
 * versions as "TLS1.3", the rest as in IANA's TLS registries. Sessions agree
 * on few different things, so that results share these facts.
 */
#ifndef CEM_PROBE_SESSION_FACTS_H
#define CEM_PROBE_SESSION_FACTS_H

#include <gnutls/gnutls.h>
#include <stddef.h>

#define SESSION_FACTS_MAX 256 /* different ones */
#define SESSION_WORD_MAX 64   /* bytes, with the NUL */

struct session_facts {
	char version[SESSION_WORD_MAX];
	char cipher[SESSION_WORD_MAX];	  /* "TLS_AES_256_GCM_SHA384" */
	char group[SESSION_WORD_MAX];	  /* "x25519"; "" without one */
	char signature[SESSION_WORD_MAX]; /* "ecdsa_secp256r1_sha256"; the
					   * server's, "" without one */
	struct session_facts *next;
};

struct session_facts_set {
	struct session_facts *first;
	size_t count;
};

/* Those of a session whose handshake is complete, borrowed from the set. NULL
 * if memory ran out or the set is full. */
const struct session_facts *session_facts_get(struct session_facts_set *set,
					      gnutls_session_t session);

void session_facts_set_release(struct session_facts_set *set);

#endif
