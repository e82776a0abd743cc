/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a probe of one pair found. A failed probe is data, not an error.
 */
#ifndef CEM_PROBE_RESULT_H
#define CEM_PROBE_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "probe/ocsp.h"

struct certificate;
struct chain_facts;
struct session_facts;

/* Labels of the `certificate` family; pair_status_name() gives them. */
enum pair_status {
	STATUS_NONE, /* nothing can be said: in no status */
	STATUS_VALID,
	STATUS_EXPIRED,
	STATUS_NOT_YET_VALID,
	STATUS_NOT_FOUND,
};
#define STATUS_COUNT (STATUS_NOT_FOUND + 1)

/* The closed list of `probe_failure_info`; probe_reason_name() gives the
 * words. */
enum probe_reason {
	REASON_NONE,
	REASON_RESOLVE_FAILED,
	REASON_CONNECT_REFUSED,
	REASON_CONNECT_TIMEOUT,
	REASON_CONNECT_UNREACHABLE,
	REASON_CONNECT_ERROR,
	REASON_STARTTLS_FAILED,
	REASON_NOT_TLS,
	REASON_HANDSHAKE_TIMEOUT,
	REASON_HANDSHAKE_ALERT,
	REASON_HANDSHAKE_CLOSED,
	REASON_HANDSHAKE_ERROR,
	REASON_CLIENT_CERTIFICATE_REQUIRED,
	REASON_NAME_REJECTED,
	REASON_NO_CERTIFICATE,
	REASON_BAD_CERTIFICATE,
	REASON_NAME_MISMATCH,
	REASON_KEY_TYPE_MISSING,
	REASON_STALE_TARGET,
	REASON_DEADLINE,
};
#define REASON_COUNT (REASON_DEADLINE + 1)

/* The closed list of `cert_verify_failure_info`, in its order: where several
 * apply, the first is given. verify_reason_name() gives the words. */
enum verify_reason {
	VERIFY_OK,
	VERIFY_NAME_MISMATCH,
	VERIFY_EXPIRED,
	VERIFY_NOT_YET_VALID,
	VERIFY_SELF_SIGNED,
	VERIFY_REVOKED,
	VERIFY_BAD_SIGNATURE,
	VERIFY_INSECURE_ALGORITHM,
	VERIFY_WRONG_PURPOSE,
	VERIFY_INCOMPLETE_CHAIN,
	VERIFY_UNKNOWN_ISSUER,
	VERIFY_OCSP_MISSING,
	VERIFY_OCSP_INVALID,
	VERIFY_OTHER,
};
#define VERIFY_COUNT (VERIFY_OTHER + 1)

#define DURATION_NONE (-1) /* the pair was not probed itself */

struct probe_result {
	/* --- What the connection saw --- */

	/* What was received, even if the handshake failed then; borrowed
	 * from the certificate cache. NULL if there is none to speak of. */
	const struct certificate *certificate;
	/* Of the chain that it came with. Borrowed from the cache, as what
	 * follows. */
	const struct chain_facts *chain;
	/* What was stapled; NULL if nothing was. */
	const struct ocsp_facts *staple;
	/* What was agreed on; NULL if the handshake was not completed. */
	const struct session_facts *session;
	int64_t duration_us;   /* of the probe, or DURATION_NONE */
	bool names_domain;     /* the certificate does */
	bool asked_for_staple; /* and the handshake got that far */
	bool success;	   /* a certificate, and the handshake went as far as
			    * was asked */
	bool close_failed; /* our close_notify could not be sent */

	/* --- What follows from it: probe_result_settle() --- */

	/* From the connection while that failed; in the end set for each pair
	 * that is not found, in no status, or whose `success` is false. Where
	 * several apply, the one that explains the status. */
	enum probe_reason reason;
	enum pair_status status;
	enum verify_reason verify; /* if probe_result_is_checked() */
	enum ocsp_status ocsp;
};

/* Decides status and reason at `now` (design.md, "What a probe decides"). */
void probe_result_settle(struct probe_result *result, struct wall_time now);

/* After probe_result_settle(), for an address that is remembered from an
 * earlier run: what may be another's answer, or nobody's any more (a failed
 * connection, a certificate for other names), says nothing of the pod: of what
 * was received nothing is left. */
void probe_result_doubt(struct probe_result *result);

/* Whether `verify` says something: there is a certificate, and its chain was to
 * be verified. */
bool probe_result_is_checked(const struct probe_result *result);

/* Whether the connection or its handshake failed, as the counter of errors has
 * it: not where it was not tried, and not where nothing can be said. */
bool probe_result_open_failed(const struct probe_result *result);

/* The words, and back: false if there is no such word. */
const char *verify_reason_name(enum verify_reason reason); /* "" for OK */
const char *pair_status_name(enum pair_status status);	   /* "none" for NONE */
const char *probe_reason_name(enum probe_reason reason);   /* "" for NONE */
bool verify_reason_of_name(const char *name, enum verify_reason *ret_reason);
bool pair_status_of_name(const char *name, enum pair_status *ret_status);
bool probe_reason_of_name(const char *name, enum probe_reason *ret_reason);

/* Whether there was no connection: a matter of the endpoint, not of the pair.
 */
bool probe_reason_is_connect(enum probe_reason reason);

/* How bad a status is: 0 for the good one, the larger the worse. */
int pair_status_rank(enum pair_status status);

/* Whether dates are those of a certificate for the domain that was asked for:
 * status valid, expired or not yet valid. */
bool probe_result_has_dates(const struct probe_result *result);

#endif
