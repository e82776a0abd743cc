/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of statuses and reasons (the metric contract).
 */
#include <config.h>

#include "probe/result.h"

#include <assert.h>
#include <stddef.h>

#include "probe/certificate.h"

static const char *const status_names[] = {
	[STATUS_NONE] = "none",		 [STATUS_VALID] = "valid",
	[STATUS_EXPIRED] = "expired",	 [STATUS_NOT_YET_VALID] = "notyetvalid",
	[STATUS_NOT_FOUND] = "notfound",
};
static_assert(sizeof(status_names) / sizeof(status_names[0]) == STATUS_COUNT,
	      "a name for each status");

static const char *const reason_names[] = {
	[REASON_NONE] = "",
	[REASON_CONNECT_REFUSED] = "connect_refused",
	[REASON_CONNECT_TIMEOUT] = "connect_timeout",
	[REASON_CONNECT_UNREACHABLE] = "connect_unreachable",
	[REASON_CONNECT_ERROR] = "connect_error",
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
	[REASON_DEADLINE] = "deadline",
};
static_assert(sizeof(reason_names) / sizeof(reason_names[0]) == REASON_COUNT,
	      "a name for each reason");

const char *pair_status_name(enum pair_status status)
{
	return status_names[status];
}

const char *probe_reason_name(enum probe_reason reason)
{
	return reason_names[reason];
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

void probe_result_settle(struct probe_result *result, struct wall_time now)
{
	const struct certificate *c = result->certificate;
	int64_t seconds = wall_seconds(now);

	if (c == NULL) {
		/* The run's end says nothing about the pod. */
		result->status = result->reason == REASON_DEADLINE ?
					 STATUS_NONE :
					 STATUS_NOT_FOUND;
	} else if (!c->is_readable) {
		result->status = STATUS_NOT_FOUND;
		result->reason = REASON_BAD_CERTIFICATE;
	} else if (!result->names_domain) {
		result->status = STATUS_NOT_FOUND;
		result->reason = REASON_NAME_MISMATCH;
	} else if (seconds > c->not_after) {
		/* RFC 5280, 4.1.2.5: valid through notAfter, inclusive. */
		result->status = STATUS_EXPIRED;
	} else if (seconds < c->not_before) {
		result->status = STATUS_NOT_YET_VALID;
	} else {
		result->status = STATUS_VALID;
	}
}

bool probe_result_has_dates(const struct probe_result *result)
{
	return result->certificate != NULL &&
	       (result->status == STATUS_VALID ||
		result->status == STATUS_EXPIRED ||
		result->status == STATUS_NOT_YET_VALID);
}
