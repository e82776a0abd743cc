/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OCSP responses that a server staples to its handshake (RFC 6960, RFC 6066,
 * 8): from DER to what they say of a leaf. Nothing is asked of a responder.
 */
#ifndef CEM_PROBE_OCSP_H
#define CEM_PROBE_OCSP_H

#include <gnutls/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Larger responses are invalid, in bytes: usual ones have 500 to 2,500. */
#define OCSP_RESPONSE_MAX (32 * 1024)
/* So are those with more DER elements: usual ones have 30, or 100 with a
 * responder's certificate, and 12 for each further single response. */
#define OCSP_ELEMENTS_MAX 512
/* How long a response without nextUpdate counts as fresh, in seconds (as
 * GnuTLS has it: lib/x509/verify-high.c, MAX_OCSP_VALIDITY_SECS). */
#define OCSP_FRESH_SECONDS (15 * INT64_C(86400))
/* How far a responder's clock may be ahead of ours, in seconds. */
#define OCSP_SKEW_SECONDS 300

/* The words of `ocsp_response_info`; ocsp_status_name() gives them. */
enum ocsp_status {
	OCSP_NOT_ASKED, /* the handshake did not get that far: no series */
	OCSP_NONE,	/* asked, and no response came */
	OCSP_GOOD,
	OCSP_REVOKED,
	OCSP_UNKNOWN, /* the responder does not know the certificate */
	OCSP_STALE,   /* of a time that is over, or that has not begun */
	OCSP_INVALID, /* malformed, for another certificate, or not verified */
};
#define OCSP_STATUS_COUNT (OCSP_INVALID + 1)

/* What a response says, whatever the time. */
struct ocsp_facts {
	enum ocsp_status status; /* never NOT_ASKED, NONE or STALE */
	/* Seconds since the epoch; if the status is not OCSP_INVALID. */
	int64_t this_update;
	int64_t next_update; /* if has_next_update */
	bool has_next_update;
};

/* Reads the response in `der` for `leaf`. Its signature must be that of
 * `issuer`, or of a responder that `issuer` certified for the purpose (RFC
 * 6960, 4.2.2.2) and whose certificate is valid now, by GnuTLS's clock.
 * Without a leaf or an issuer (NULL), or with one that did not sign the leaf,
 * nothing can be verified: OCSP_INVALID. Whether the issuer is trusted is not
 * asked. Takes no more than a few milliseconds, whatever `der` holds. */
struct ocsp_facts ocsp_read(const uint8_t *der, size_t size,
			    gnutls_x509_crt_t leaf, gnutls_x509_crt_t issuer);

/* The status at `now`, in seconds since the epoch. A revocation does not go
 * stale. */
enum ocsp_status ocsp_status_at(const struct ocsp_facts *facts, int64_t now);

const char *ocsp_status_name(enum ocsp_status status); /* "" for NOT_ASKED */

#endif
