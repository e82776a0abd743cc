/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a ClientHello offers: versions, signatures, key exchanges. A server that
 * refuses one offer with an alert may take the next.
 *
 *	full          MODERN, then OLD
 *	certificate   TLS12 (where hanging up early is cheap), TLS13, OLD
 *
 * Signatures and key exchanges of one type only make a server that has several
 * certificates show that one.
 */
#ifndef CEM_PROBE_OFFER_H
#define CEM_PROBE_OFFER_H

#include <gnutls/gnutls.h>
#include <stdbool.h>

#include "base/error.h"
#include "config/config.h"

enum tls_offer {
	OFFER_MODERN, /* TLS 1.2 and 1.3, no SHA-1 */
	OFFER_TLS12,
	OFFER_TLS13,
	OFFER_OLD, /* TLS 1.0 and 1.1 and SHA-1 as well */
};
#define OFFER_COUNT (OFFER_OLD + 1)

/* Priorities for all offers, made once and shared by all sessions. */
struct offer_set {
	gnutls_priority_t priorities[OFFER_COUNT][KEY_TYPE_COUNT];
};

int offer_set_init(struct offer_set *set, struct error *err)
	__attribute__((warn_unused_result));
void offer_set_release(struct offer_set *set);

/* What is offered first. */
enum tls_offer offer_first(enum handshake_mode mode);

/* What is offered after `offer` was refused; false if there is no more. */
bool offer_next(enum tls_offer offer, enum tls_offer *ret_next);

#endif
