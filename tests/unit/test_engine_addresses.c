/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses that are not there, or another's by now: probe/engine and
 * probe_result_doubt().
 */
#include <config.h>

#include "probe/engine.h"

#include "many_pairs.h"
#include "probe/certificate.h"
#include "probe/verify.h"
#include "support.h"

#define BEGIN INT64_C(1700000000)
#define END INT64_C(1700086400)

/* At an address of an earlier run. */
static void test_doubt(void **state)
{
	static const struct certificate good = {
		.not_before = BEGIN,
		.not_after = END,
		.is_readable = true,
	};
	static const struct chain_facts chain = { .is_checked = true,
						  .not_before = BEGIN,
						  .not_after = END };
	static const struct {
		const char *name;
		struct probe_result seen;
		bool is_doubted;
	} rows[] = {
		{ "refused", { .reason = REASON_CONNECT_REFUSED }, true },
		{ "timeout", { .reason = REASON_CONNECT_TIMEOUT }, true },
		{ "no route", { .reason = REASON_CONNECT_UNREACHABLE }, true },
		{ "error", { .reason = REASON_CONNECT_ERROR }, true },
		{ "another name", { .certificate = &good }, true },
		{ "another name, and more",
		  { .certificate = &good, .reason = REASON_HANDSHAKE_CLOSED },
		  true },
		{ "the right name",
		  { .certificate = &good,
		    .names_domain = true,
		    .success = true },
		  false },
		{ "the right name, and an alert",
		  { .certificate = &good,
		    .names_domain = true,
		    .reason = REASON_HANDSHAKE_ALERT },
		  false },
		{ "not reached", { .reason = REASON_DEADLINE }, false },
		{ "no such key", { .reason = REASON_KEY_TYPE_MISSING }, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct probe_result result = rows[i].seen;
		struct probe_result before;

		result.duration_us = 7;
		if (result.certificate != NULL)
			result.chain = &chain;
		probe_result_settle(&result, (struct wall_time){ END * 1000 });
		before = result;
		probe_result_doubt(&result);
		assert_row(result.duration_us == 7, rows[i].name);
		if (!rows[i].is_doubted) {
			assert_row(result.reason == before.reason &&
					   result.status == before.status &&
					   result.certificate ==
						   before.certificate &&
					   result.success == before.success,
				   rows[i].name);
			continue;
		}
		assert_row(result.reason == REASON_STALE_TARGET, rows[i].name);
		assert_row(result.status == STATUS_NONE, rows[i].name);
		/* What is another's is not shown. */
		assert_row(result.certificate == NULL, rows[i].name);
		/* The probe itself went well, if it did. */
		assert_row(result.success == before.success, rows[i].name);
		assert_row(!probe_result_is_checked(&result), rows[i].name);
		assert_row(!probe_result_has_dates(&result), rows[i].name);
	}
}

/* Nobody is connected to where there is no address; others are. */
static void test_unresolved(void **state)
{
	struct many_pairs *f = *state;

	many_pairs_prepare(f, SERVER_TLS, 2, 3);
	f->w.discovery.jobs[0].pods.items[0].address.family = 0;
	many_pairs_run(f);
	server_stop(&f->server);
	for (size_t i = 0; i < 6; i++) {
		const struct probe_result *r = &f->w.targets.pairs[i].result;

		assert_int_equal(r->reason,
				 i < 3 ? REASON_RESOLVE_FAILED : REASON_NONE);
		assert_int_equal(r->status,
				 i < 3 ? STATUS_NOT_FOUND : STATUS_VALID);
		assert_int_equal(r->duration_us == DURATION_NONE, i < 3);
		assert_int_equal(r->success, i >= 3);
	}
	assert_int_equal(f->server.accepted, 3);
	assert_false(f->cut_off);
}

/* With nothing else to do. */
static void test_none_resolved(void **state)
{
	struct many_pairs *f = *state;

	many_pairs_prepare(f, SERVER_TLS, 2, 3);
	for (size_t i = 0; i < 2; i++)
		f->w.discovery.jobs[0].pods.items[i].address.family = 0;
	many_pairs_run(f);
	server_stop(&f->server);
	many_pairs_assert_all(f, STATUS_NOT_FOUND, REASON_RESOLVE_FAILED);
	assert_int_equal(f->server.accepted, 0);
}

/* At addresses of an earlier run a failure says nothing, an answer does. */
static void test_remembered(void **state)
{
	static const struct {
		enum server_kind kind;
		const char *domain; /* NULL: what the certificate names */
		enum pair_status status;
		enum probe_reason reason;
	} rows[] = {
		{ SERVER_TLS, NULL, STATUS_VALID, REASON_NONE },
		{ SERVER_TLS, "other.example", STATUS_NONE,
		  REASON_STALE_TARGET },
		{ SERVER_REFUSES, NULL, STATUS_NONE, REASON_STALE_TARGET },
		{ SERVER_CLOSES, NULL, STATUS_NOT_FOUND,
		  REASON_HANDSHAKE_CLOSED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct many_pairs own;
		struct many_pairs *f = &own;

		many_pairs_init(f);
		if (rows[i].domain != NULL)
			world_add_domain(f->job, rows[i].domain);
		many_pairs_prepare(f, rows[i].kind, 2,
				   rows[i].domain == NULL ? 2 : 0);
		for (size_t j = 0; j < 2; j++)
			f->w.discovery.jobs[0].pods.items[j].is_remembered =
				true;
		many_pairs_run(f);
		server_stop(&f->server);
		assert_true(f->w.targets.pair_count > 0);
		many_pairs_assert_all(f, rows[i].status, rows[i].reason);
		many_pairs_release(f);
	}
}

int main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, many_pairs_setup,                   \
					many_pairs_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_doubt),
		TEST(test_unresolved),
		TEST(test_none_resolved),
		cmocka_unit_test(test_remembered),
	};

	return cmocka_run_group_tests_name("engine_addresses", tests, NULL,
					   NULL);
}
