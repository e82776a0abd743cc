/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of statuses and reasons (the metric contract).
 */
#include <config.h>

#include "probe/result.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "probe/certificate.h"
#include "probe/verify.h"

static const char *const status_names[] = {
	[STATUS_NONE] = "none",		 [STATUS_VALID] = "valid",
	[STATUS_EXPIRED] = "expired",	 [STATUS_NOT_YET_VALID] = "notyetvalid",
	[STATUS_NOT_FOUND] = "notfound",
};
static_assert(sizeof(status_names) / sizeof(status_names[0]) == STATUS_COUNT,
	      "a name for each status");

static const char *const reason_names[] = {
	[REASON_NONE] = "",
	[REASON_RESOLVE_FAILED] = "resolve_failed",
	[REASON_CONNECT_REFUSED] = "connect_refused",
	[REASON_CONNECT_TIMEOUT] = "connect_timeout",
	[REASON_CONNECT_UNREACHABLE] = "connect_unreachable",
	[REASON_CONNECT_ERROR] = "connect_error",
	[REASON_STARTTLS_FAILED] = "starttls_failed",
	[REASON_NOT_TLS] = "not_tls",
	[REASON_HANDSHAKE_TIMEOUT] = "handshake_timeout",
	[REASON_HANDSHAKE_ALERT] = "handshake_alert",
	[REASON_HANDSHAKE_CLOSED] = "handshake_closed",
	[REASON_HANDSHAKE_ERROR] = "handshake_error",
	[REASON_CLIENT_CERTIFICATE_REQUIRED] = "client_certificate_required",
	[REASON_NAME_REJECTED] = "name_rejected",
	[REASON_NO_CERTIFICATE] = "no_certificate",
	[REASON_BAD_CERTIFICATE] = "bad_certificate",
	[REASON_NAME_MISMATCH] = "name_mismatch",
	[REASON_KEY_TYPE_MISSING] = "key_type_missing",
	[REASON_STALE_TARGET] = "stale_target",
	[REASON_DEADLINE] = "deadline",
};
static_assert(sizeof(reason_names) / sizeof(reason_names[0]) == REASON_COUNT,
	      "a name for each reason");

static const char *const verify_names[] = {
	[VERIFY_OK] = "",
	[VERIFY_NAME_MISMATCH] = "name_mismatch",
	[VERIFY_EXPIRED] = "expired",
	[VERIFY_NOT_YET_VALID] = "not_yet_valid",
	[VERIFY_SELF_SIGNED] = "self_signed",
	[VERIFY_REVOKED] = "revoked",
	[VERIFY_BAD_SIGNATURE] = "bad_signature",
	[VERIFY_INSECURE_ALGORITHM] = "insecure_algorithm",
	[VERIFY_WRONG_PURPOSE] = "wrong_purpose",
	[VERIFY_INCOMPLETE_CHAIN] = "incomplete_chain",
	[VERIFY_UNKNOWN_ISSUER] = "unknown_issuer",
	[VERIFY_OCSP_MISSING] = "ocsp_missing",
	[VERIFY_OCSP_INVALID] = "ocsp_invalid",
	[VERIFY_OTHER] = "other",
};
static_assert(sizeof(verify_names) / sizeof(verify_names[0]) == VERIFY_COUNT,
	      "a name for each reason");

const char *verify_reason_name(enum verify_reason reason)
{
	return verify_names[reason];
}

const char *pair_status_name(enum pair_status status)
{
	return status_names[status];
}

const char *probe_reason_name(enum probe_reason reason)
{
	return reason_names[reason];
}

/* The place of `name`, or -1. */
static int find_name(const char *const *names, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

bool verify_reason_of_name(const char *name, enum verify_reason *ret_reason)
{
	int place = find_name(verify_names, VERIFY_COUNT, name);

	if (place >= 0)
		*ret_reason = (enum verify_reason)place;
	return place >= 0;
}

bool pair_status_of_name(const char *name, enum pair_status *ret_status)
{
	int place = find_name(status_names, STATUS_COUNT, name);

	if (place >= 0)
		*ret_status = (enum pair_status)place;
	return place >= 0;
}

bool probe_reason_of_name(const char *name, enum probe_reason *ret_reason)
{
	int place = find_name(reason_names, REASON_COUNT, name);

	if (place >= 0)
		*ret_reason = (enum probe_reason)place;
	return place >= 0;
}

int pair_status_rank(enum pair_status status)
{
	static const int ranks[STATUS_COUNT] = {
		[STATUS_VALID] = 0,	    [STATUS_NONE] = 1,
		[STATUS_NOT_YET_VALID] = 2, [STATUS_NOT_FOUND] = 3,
		[STATUS_EXPIRED] = 4,
	};

	return ranks[status];
}

/* Nothing is known of the server, whatever was received. */
static bool says_nothing(enum probe_reason reason)
{
	return reason == REASON_DEADLINE || reason == REASON_KEY_TYPE_MISSING;
}

static void settle_status(struct probe_result *result, int64_t now)
{
	const struct certificate *c = result->certificate;

	if (c == NULL) {
		result->status = says_nothing(result->reason) ?
					 STATUS_NONE :
					 STATUS_NOT_FOUND;
	} else if (!c->is_readable) {
		result->status = STATUS_NOT_FOUND;
		result->reason = REASON_BAD_CERTIFICATE;
	} else if (!result->names_domain) {
		result->status = STATUS_NOT_FOUND;
		result->reason = REASON_NAME_MISMATCH;
	} else if (now > c->not_after) {
		/* RFC 5280, 4.1.2.5: valid through notAfter, inclusive. */
		result->status = STATUS_EXPIRED;
	} else if (now < c->not_before) {
		result->status = STATUS_NOT_YET_VALID;
	} else {
		result->status = STATUS_VALID;
	}
}

static enum ocsp_status settle_ocsp(const struct probe_result *result,
				    int64_t now)
{
	if (!result->asked_for_staple)
		return OCSP_NOT_ASKED;
	return result->staple == NULL ? OCSP_NONE :
					ocsp_status_at(result->staple, now);
}

/* What is wrong with the staple, or with its absence. */
static enum verify_reason judge_staple(const struct probe_result *result)
{
	switch (result->ocsp) {
	case OCSP_NOT_ASKED:
	case OCSP_GOOD:
		return VERIFY_OK;
	case OCSP_NONE:
		return result->certificate->must_staple ? VERIFY_OCSP_MISSING :
							  VERIFY_OK;
	case OCSP_REVOKED:
		return VERIFY_REVOKED;
	case OCSP_UNKNOWN:
	case OCSP_STALE:
	case OCSP_INVALID:
		return VERIFY_OCSP_INVALID;
	}
	return VERIFY_OTHER;
}

/* The first reason that applies. */
static enum verify_reason settle_verify(const struct probe_result *result,
					int64_t now)
{
	const struct chain_facts *chain = result->chain;
	enum verify_reason staple;

	if (!result->certificate->is_readable)
		return VERIFY_OTHER;
	if (!result->names_domain)
		return VERIFY_NAME_MISMATCH;
	if (now > chain->not_after)
		return VERIFY_EXPIRED;
	if (now < chain->not_before)
		return VERIFY_NOT_YET_VALID;
	staple = judge_staple(result);
	if (staple == VERIFY_OK)
		return chain->reason;
	return chain->reason == VERIFY_OK || staple < chain->reason ?
		       staple :
		       chain->reason;
}

bool probe_result_is_checked(const struct probe_result *result)
{
	return result->chain != NULL && result->chain->is_checked;
}

bool probe_result_open_failed(const struct probe_result *result)
{
	return !result->success && result->status != STATUS_NONE;
}

void probe_result_settle(struct probe_result *result, struct wall_time now)
{
	int64_t seconds = wall_seconds(now);

	/* Our own time was over: that says nothing of the server. */
	if (result->reason == REASON_DEADLINE)
		*result = (struct probe_result){
			.reason = REASON_DEADLINE,
			.duration_us = result->duration_us,
		};
	settle_status(result, seconds);
	if (result->certificate == NULL)
		return;
	result->ocsp = settle_ocsp(result, seconds);
	result->verify = settle_verify(result, seconds);
}

bool probe_reason_is_connect(enum probe_reason reason)
{
	return reason == REASON_CONNECT_REFUSED ||
	       reason == REASON_CONNECT_TIMEOUT ||
	       reason == REASON_CONNECT_UNREACHABLE ||
	       reason == REASON_CONNECT_ERROR;
}

void probe_result_doubt(struct probe_result *result)
{
	if (!probe_reason_is_connect(result->reason) &&
	    result->reason != REASON_NAME_MISMATCH)
		return;
	*result = (struct probe_result){
		.reason = REASON_STALE_TARGET,
		.status = STATUS_NONE,
		.duration_us = result->duration_us,
		.success = result->success,
		.close_failed = result->close_failed,
	};
}

bool probe_result_has_dates(const struct probe_result *result)
{
	return result->certificate != NULL &&
	       (result->status == STATUS_VALID ||
		result->status == STATUS_EXPIRED ||
		result->status == STATUS_NOT_YET_VALID);
}
