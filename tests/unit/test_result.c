/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/result: what follows from what a connection saw.
 */
#include <config.h>

#include "probe/result.h"

#include "probe/certificate.h"
#include "probe/verify.h"
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
	/* Says nothing of the status. */
	static const struct chain_facts chain = {
		.not_after = BEGIN,
		.reason = VERIFY_SELF_SIGNED,
		.is_checked = true,
	};
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
		  STATUS_NONE,
		  REASON_DEADLINE,
		  false },
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
		{ "no certificate with such a key",
		  { .reason = REASON_KEY_TYPE_MISSING },
		  BEGIN * 1000,
		  STATUS_NONE,
		  REASON_KEY_TYPE_MISSING,
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

		if (result.certificate != NULL)
			result.chain = &chain;
		probe_result_settle(&result,
				    (struct wall_time){ rows[i].now_ms });
		assert_row(result.status == rows[i].status, rows[i].name);
		assert_row(result.reason == rows[i].reason, rows[i].name);
		assert_row(probe_result_has_dates(&result) == rows[i].has_dates,
			   rows[i].name);
		/* Our own time was over: it says nothing of the server. */
		if (result.reason == REASON_DEADLINE)
			assert_row(result.certificate == NULL &&
					   !probe_result_open_failed(&result),
				   rows[i].name);
	}
}

/* Each failure of a connection without a certificate. */
static void test_every_reason(void **state)
{
	(void)state;
	for (int i = REASON_NONE + 1; i < REASON_COUNT; i++) {
		struct probe_result result = { .reason = (enum probe_reason)i };

		/* probe_result_doubt() gives it, afterwards. */
		if (i == REASON_STALE_TARGET)
			continue;

		probe_result_settle(&result, (struct wall_time){ 0 });
		assert_int_equal(result.reason, i);
		assert_int_equal(result.status,
				 i == REASON_DEADLINE ||
						 i == REASON_KEY_TYPE_MISSING ?
					 STATUS_NONE :
					 STATUS_NOT_FOUND);
		assert_int_equal(result.ocsp, OCSP_NOT_ASKED);
		assert_false(probe_result_is_checked(&result));
	}
}

/* --- The chain ------------------------------------------------------------ */

/* A result of which everything is good, at BEGIN. */
struct good {
	struct certificate certificate;
	struct chain_facts chain;
	struct ocsp_facts staple;
	struct probe_result result;
};

static void make_good(struct good *g)
{
	*g = (struct good){
		.certificate = { .not_before = BEGIN,
				 .not_after = END,
				 .is_readable = true },
		.chain = { .is_checked = true,
			   .not_before = BEGIN,
			   .not_after = END },
		.staple = { .status = OCSP_GOOD,
			    .this_update = BEGIN - 60,
			    .next_update = END,
			    .has_next_update = true },
		.result = { .names_domain = true,
			    .asked_for_staple = true,
			    .success = true },
	};
	g->result.certificate = &g->certificate;
	g->result.chain = &g->chain;
	g->result.staple = &g->staple;
}

static void settle(struct good *g, int64_t seconds)
{
	probe_result_settle(&g->result, (struct wall_time){ seconds * 1000 });
}

/* What is wrong with a result: each is one reason, in their order. */
static void spoil(struct good *g, enum verify_reason reason)
{
	switch (reason) {
	case VERIFY_OK:
		break;
	case VERIFY_NAME_MISMATCH:
		g->result.names_domain = false;
		break;
	case VERIFY_EXPIRED:
		g->chain.not_after = BEGIN - 1;
		break;
	case VERIFY_NOT_YET_VALID:
		g->chain.not_before = BEGIN + 1;
		break;
	case VERIFY_REVOKED:
		g->staple.status = OCSP_REVOKED;
		break;
	case VERIFY_OCSP_MISSING:
		g->certificate.must_staple = true;
		g->result.staple = NULL;
		break;
	case VERIFY_OCSP_INVALID:
		g->staple.status = OCSP_INVALID;
		break;
	case VERIFY_SELF_SIGNED:
	case VERIFY_BAD_SIGNATURE:
	case VERIFY_INSECURE_ALGORITHM:
	case VERIFY_WRONG_PURPOSE:
	case VERIFY_INCOMPLETE_CHAIN:
	case VERIFY_UNKNOWN_ISSUER:
	case VERIFY_OTHER:
		g->chain.reason = reason;
		break;
	}
}

/* Two things go into the same member: only one of them can be wrong. */
static bool excludes(enum verify_reason a, enum verify_reason b)
{
	struct good one;
	struct good two;

	make_good(&one);
	make_good(&two);
	spoil(&one, a);
	spoil(&two, b);
	return (one.chain.reason != VERIFY_OK &&
		two.chain.reason != VERIFY_OK) ||
	       ((one.staple.status != OCSP_GOOD || one.result.staple == NULL) &&
		(two.staple.status != OCSP_GOOD || two.result.staple == NULL));
}

/* Of any two the first is given, and each alone is. */
static void test_verify_in_order(void **state)
{
	(void)state;
	for (int i = 0; i < VERIFY_COUNT * VERIFY_COUNT; i++) {
		enum verify_reason a = (enum verify_reason)(i / VERIFY_COUNT);
		enum verify_reason b = (enum verify_reason)(i % VERIFY_COUNT);
		struct good g;

		if (a > b || (a != b && excludes(a, b)))
			continue;
		make_good(&g);
		spoil(&g, a);
		spoil(&g, b);
		settle(&g, BEGIN);
		assert_int_equal(g.result.verify, a == VERIFY_OK ? b : a);
		assert_true(probe_result_is_checked(&g.result));
	}
}

/* The edges are inclusive, as those of a certificate. */
static void test_dates_of_the_path(void **state)
{
	static const struct {
		int64_t now;
		enum verify_reason reason;
	} rows[] = {
		{ BEGIN - 1, VERIFY_NOT_YET_VALID },
		{ BEGIN, VERIFY_OK },
		{ END, VERIFY_OK },
		{ END + 1, VERIFY_EXPIRED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct good g;

		make_good(&g);
		g.result.asked_for_staple = false;
		settle(&g, rows[i].now);
		assert_int_equal(g.result.verify, rows[i].reason);
	}
}

static void test_unreadable_leaf(void **state)
{
	struct good g;

	(void)state;
	make_good(&g);
	g.certificate.is_readable = false;
	g.result.names_domain = false;
	settle(&g, BEGIN);
	assert_int_equal(g.result.verify, VERIFY_OTHER);
	assert_true(probe_result_is_checked(&g.result));
}

static void test_is_checked(void **state)
{
	struct good g;

	(void)state;
	make_good(&g);
	assert_true(probe_result_is_checked(&g.result));
	g.chain.is_checked = false;
	assert_false(probe_result_is_checked(&g.result));
	g.result.chain = NULL;
	assert_false(probe_result_is_checked(&g.result));
}

/* --- The staple ----------------------------------------------------------- */

static void test_ocsp(void **state)
{
	static const struct {
		const char *name;
		bool asked, has_staple, must_staple;
		enum ocsp_status status;
		int64_t now;
		enum ocsp_status expected;
		enum verify_reason reason;
	} rows[] = {
		{ "good", true, true, true, OCSP_GOOD, BEGIN, OCSP_GOOD,
		  VERIFY_OK },
		{ "stale", true, true, false, OCSP_GOOD, END + 1, OCSP_STALE,
		  VERIFY_OCSP_INVALID },
		{ "revoked", true, true, false, OCSP_REVOKED, BEGIN,
		  OCSP_REVOKED, VERIFY_REVOKED },
		{ "unknown", true, true, false, OCSP_UNKNOWN, BEGIN,
		  OCSP_UNKNOWN, VERIFY_OCSP_INVALID },
		{ "invalid", true, true, false, OCSP_INVALID, BEGIN,
		  OCSP_INVALID, VERIFY_OCSP_INVALID },
		{ "none", true, false, false, OCSP_GOOD, BEGIN, OCSP_NONE,
		  VERIFY_OK },
		{ "none, though promised", true, false, true, OCSP_GOOD, BEGIN,
		  OCSP_NONE, VERIFY_OCSP_MISSING },
		/* The handshake did not get there: nobody is to blame. */
		{ "not asked", false, false, true, OCSP_GOOD, BEGIN,
		  OCSP_NOT_ASKED, VERIFY_OK },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct good g;

		make_good(&g);
		g.chain.not_after = END + 1000;
		g.certificate.must_staple = rows[i].must_staple;
		g.staple.status = rows[i].status;
		g.result.asked_for_staple = rows[i].asked;
		if (!rows[i].has_staple)
			g.result.staple = NULL;
		settle(&g, rows[i].now);
		assert_row(g.result.ocsp == rows[i].expected, rows[i].name);
		assert_row(g.result.verify == rows[i].reason, rows[i].name);
	}
}

/* --- Words and ranks ------------------------------------------------------ */

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
		"resolve_failed",
		"connect_refused",
		"connect_timeout",
		"connect_unreachable",
		"connect_error",
		"starttls_failed",
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
		"key_type_missing",
		"stale_target",
		"deadline",
	};
	static const char *const verify_reasons[VERIFY_COUNT] = {
		"",
		"name_mismatch",
		"expired",
		"not_yet_valid",
		"self_signed",
		"revoked",
		"bad_signature",
		"insecure_algorithm",
		"wrong_purpose",
		"incomplete_chain",
		"unknown_issuer",
		"ocsp_missing",
		"ocsp_invalid",
		"other",
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
	for (int i = 0; i < VERIFY_COUNT; i++)
		assert_string_equal(verify_reason_name((enum verify_reason)i),
				    verify_reasons[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settle),
		cmocka_unit_test(test_every_reason),
		cmocka_unit_test(test_verify_in_order),
		cmocka_unit_test(test_dates_of_the_path),
		cmocka_unit_test(test_unreadable_leaf),
		cmocka_unit_test(test_is_checked),
		cmocka_unit_test(test_ocsp),
		cmocka_unit_test(test_ranks),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests_name("result", tests, NULL, NULL);
}
