/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/result: what follows from what a connection saw.
 */
#include <config.h>

#include "probe/result.h"

#include "probe/certificate.h"
#include "support.h"

#define BEGIN INT64_C(1700000000)
#define END INT64_C(1700086400)

static void test_settle(void **state)
{
	static const struct certificate good = {
		.not_before = BEGIN,
		.not_after = END,
		.is_readable = true,
	};
	static const struct certificate unreadable = { .is_readable = false };
	static const struct {
		const char *name;
		struct probe_result seen;
		int64_t now_ms;
		enum pair_status status;
		enum probe_reason reason;
		bool has_dates;
	} rows[] = {
		{ "valid",
		  { .certificate = &good, .names_domain = true },
		  BEGIN * 1000 + 500,
		  STATUS_VALID,
		  REASON_NONE,
		  true },
		{ "first second",
		  { .certificate = &good, .names_domain = true },
		  BEGIN * 1000,
		  STATUS_VALID,
		  REASON_NONE,
		  true },
		{ "a millisecond before",
		  { .certificate = &good, .names_domain = true },
		  BEGIN * 1000 - 1,
		  STATUS_NOT_YET_VALID,
		  REASON_NONE,
		  true },
		{ "last second",
		  { .certificate = &good, .names_domain = true },
		  END * 1000 + 999,
		  STATUS_VALID,
		  REASON_NONE,
		  true },
		{ "expired",
		  { .certificate = &good, .names_domain = true },
		  (END + 1) * 1000,
		  STATUS_EXPIRED,
		  REASON_NONE,
		  true },
		{ "valid, but the handshake failed",
		  { .certificate = &good,
		    .names_domain = true,
		    .reason = REASON_CLIENT_CERTIFICATE_REQUIRED },
		  BEGIN * 1000,
		  STATUS_VALID,
		  REASON_CLIENT_CERTIFICATE_REQUIRED,
		  true },
		{ "valid, cut off",
		  { .certificate = &good,
		    .names_domain = true,
		    .reason = REASON_DEADLINE },
		  BEGIN * 1000,
		  STATUS_VALID,
		  REASON_DEADLINE,
		  true },
		{ "another name",
		  { .certificate = &good },
		  BEGIN * 1000,
		  STATUS_NOT_FOUND,
		  REASON_NAME_MISMATCH,
		  false },
		{ "another name explains more than the alert",
		  { .certificate = &good, .reason = REASON_HANDSHAKE_ALERT },
		  BEGIN * 1000,
		  STATUS_NOT_FOUND,
		  REASON_NAME_MISMATCH,
		  false },
		{ "another name, expired",
		  { .certificate = &good },
		  (END + 9) * 1000,
		  STATUS_NOT_FOUND,
		  REASON_NAME_MISMATCH,
		  false },
		{ "unreadable",
		  { .certificate = &unreadable,
		    .reason = REASON_HANDSHAKE_ERROR },
		  BEGIN * 1000,
		  STATUS_NOT_FOUND,
		  REASON_BAD_CERTIFICATE,
		  false },
		{ "refused",
		  { .reason = REASON_CONNECT_REFUSED },
		  BEGIN * 1000,
		  STATUS_NOT_FOUND,
		  REASON_CONNECT_REFUSED,
		  false },
		{ "not reached",
		  { .reason = REASON_DEADLINE },
		  BEGIN * 1000,
		  STATUS_NONE,
		  REASON_DEADLINE,
		  false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct probe_result result = rows[i].seen;

		probe_result_settle(&result,
				    (struct wall_time){ rows[i].now_ms });
		assert_row(result.status == rows[i].status, rows[i].name);
		assert_row(result.reason == rows[i].reason, rows[i].name);
		assert_row(probe_result_has_dates(&result) == rows[i].has_dates,
			   rows[i].name);
	}
}

/* Each failure of a connection without a certificate. */
static void test_every_reason(void **state)
{
	(void)state;
	for (int i = REASON_CONNECT_REFUSED; i < REASON_COUNT; i++) {
		struct probe_result result = { .reason = (enum probe_reason)i };

		probe_result_settle(&result, (struct wall_time){ 0 });
		assert_int_equal(result.reason, i);
		assert_int_equal(result.status, i == REASON_DEADLINE ?
							STATUS_NONE :
							STATUS_NOT_FOUND);
	}
}

static void test_ranks(void **state)
{
	static const enum pair_status worse[] = { STATUS_VALID, STATUS_NONE,
						  STATUS_NOT_YET_VALID,
						  STATUS_NOT_FOUND,
						  STATUS_EXPIRED };

	(void)state;
	assert_int_equal(pair_status_rank(STATUS_VALID), 0);
	for (size_t i = 1; i < STATUS_COUNT; i++)
		assert_true(pair_status_rank(worse[i]) >
			    pair_status_rank(worse[i - 1]));
}

/* The words are a contract (doc/metrics.md). */
static void test_words(void **state)
{
	static const char *const reasons[REASON_COUNT] = {
		"",
		"connect_refused",
		"connect_timeout",
		"connect_unreachable",
		"connect_error",
		"not_tls",
		"handshake_timeout",
		"handshake_alert",
		"handshake_closed",
		"handshake_error",
		"client_certificate_required",
		"name_rejected",
		"no_certificate",
		"bad_certificate",
		"name_mismatch",
		"deadline",
	};
	static const char *const statuses[STATUS_COUNT] = {
		"none", "valid", "expired", "notyetvalid", "notfound"
	};

	(void)state;
	for (int i = 0; i < REASON_COUNT; i++)
		assert_string_equal(probe_reason_name((enum probe_reason)i),
				    reasons[i]);
	for (int i = 0; i < STATUS_COUNT; i++)
		assert_string_equal(pair_status_name((enum pair_status)i),
				    statuses[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settle),
		cmocka_unit_test(test_every_reason),
		cmocka_unit_test(test_ranks),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests_name("result", tests, NULL, NULL);
}
