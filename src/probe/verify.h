/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a presented chain leads to a trust anchor, along which path, and
 * until when. Paths are looked for as browsers do (RFC 4158): in whatever order
 * certificates come, past those that are superfluous, and along another path if
 * one does not verify. Each path is judged by GnuTLS, for server use; dates are
 * our own business, as its flags do not tell enough apart.
 *
 * Nothing here depends on the domain, nor (but for the choice between paths)
 * on the time: one verification serves all pairs that show the chain.
 */
#ifndef CEM_PROBE_VERIFY_H
#define CEM_PROBE_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "probe/chain.h"
#include "probe/presented.h"
#include "probe/result.h"
#include "probe/trust.h"

#define VERIFY_PATH_MAX 10   /* certificates of a path, the anchor left out */
#define VERIFY_VISITS_MAX 32 /* steps of the search for paths to anchors */
#define VERIFY_PATHS_MAX 32  /* that are judged */
/* Signatures that are checked to tell why there is no such path. */
#define VERIFY_SIGNATURES_MAX 12

struct chain_facts {
	bool is_checked; /* against a store; else `reason` says nothing */
	/* VERIFY_OK, or the first reason that applies whatever name, time and
	 * staple. */
	enum verify_reason reason;
	/* Of the path that led to an anchor, that included; if none does, of
	 * the certificates that signed one another from the leaf on. In
	 * seconds since the epoch: the latest start, the earliest end. */
	int64_t not_before;
	int64_t not_after;
	/* The earliest end with the anchor left out. */
	int64_t presented_not_after;
	/* Where the leaf's issuer is in the chain; 0 if it is not in there, but
	 * the anchor. */
	size_t issuer;
	/* Where the path led to, borrowed from the store; NULL if nowhere. */
	gnutls_x509_crt_t anchor;
	/* The path ended for want of this issuer: VERIFY_UNKNOWN_ISSUER may
	 * turn out to be VERIFY_INCOMPLETE_CHAIN. */
	bool lacks_issuer;
	uint8_t missing_issuer[PRESENTED_NAME_SIZE];
};

/* The subjects of the intermediates that were presented behind a leaf, each
 * with and without the identifier of its key. */
struct chain_subjects {
	size_t count;
	uint8_t names[2 * CHAIN_MAX][PRESENTED_NAME_SIZE];
};

/* Verifies a chain whose leaf can be read, against `trust` (NULL: against
 * nothing; the path is looked for all the same), `now` being seconds since the
 * epoch. What cannot be read, or would hold up the run, is left out of the
 * chain. Costs as much as a handshake, 25 ms if it is made to cost. Fails only
 * for want of memory. */
int verify_chain(const struct chain *chain, const struct trust_store *trust,
		 int64_t now, struct chain_facts *ret_facts,
		 struct chain_subjects *ret_subjects, struct error *err)
	__attribute__((warn_unused_result));

#endif
