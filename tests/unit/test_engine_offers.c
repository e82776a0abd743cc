/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/engine: second offers, types of keys, and what is said before TLS.
 */
#include <config.h>

#include "probe/engine.h"

#include <gnutls/gnutls.h>

#include "many_pairs.h"
#include "support.h"

#define TLS11 "NORMAL:-VERS-ALL:+VERS-TLS1.1:+SHA1"
#define TLS13 "NORMAL:-VERS-ALL:+VERS-TLS1.3"

/* What a server takes is found out once for each endpoint, not for each pair;
 * but the old versions are offered only in a retry. */
static void test_offer_is_remembered(void **state)
{
	static const struct {
		const char *name;
		enum handshake_mode mode;
		const char *priority;
		int detours; /* of both endpoints and their four domains */
	} rows[] = {
		{ "full", HANDSHAKE_FULL, "NORMAL", 0 },
		{ "full, old", HANDSHAKE_FULL, TLS11, 8 },
		{ "certificate", HANDSHAKE_CERTIFICATE, "NORMAL", 0 },
		{ "certificate, new", HANDSHAKE_CERTIFICATE, TLS13, 2 },
		{ "certificate, old", HANDSHAKE_CERTIFICATE, TLS11, 16 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct many_pairs own;
		struct many_pairs *f = &own;

		many_pairs_init(f);
		f->job->handshake = rows[i].mode;
		f->options.concurrency = 1;
		many_pairs_prepare_as(
			f,
			&(struct server_spec){ .cert = &f->cert,
					       .priority = rows[i].priority },
			2, 4);
		many_pairs_run(f);
		server_stop(&f->server);
		many_pairs_assert_all(f, STATUS_VALID, REASON_NONE);
		assert_row(f->server.accepted == 8 + rows[i].detours,
			   rows[i].name);
		many_pairs_release(f);
	}
}

/* Only what brought a certificate is: after two refusals, the next pair begins
 * anew. */
static void test_refused_offer_is_not_remembered(void **state)
{
	struct many_pairs *f = *state;

	f->options.concurrency = 1;
	many_pairs_prepare_as(f,
			      &(struct server_spec){ .cert = &f->cert,
						     .alert = 40,
						     .alert_count = 3 },
			      1, 3);
	many_pairs_run(f);
	server_stop(&f->server);
	assert_int_equal(f->w.targets.pairs[0].result.reason,
			 REASON_HANDSHAKE_ALERT);
	assert_int_equal(f->w.targets.pairs[1].result.status, STATUS_VALID);
	assert_int_equal(f->w.targets.pairs[2].result.status, STATUS_VALID);
	assert_int_equal(f->server.accepted, 5);
}

/* Where another one works, an alert is about the pair. */
static void test_types_of_keys(void **state)
{
	struct many_pairs *f = *state;

	f->job->key_types[KEY_TYPE_RSA] = true;
	f->job->key_types[KEY_TYPE_ECDSA] = true;
	f->options.concurrency = 1;
	many_pairs_prepare(f, SERVER_TLS, 1, 3);
	assert_int_equal(f->w.targets.pair_count, 6);
	many_pairs_run(f);
	server_stop(&f->server);
	for (size_t i = 0; i < 6; i++) {
		const struct pair *pair = &f->w.targets.pairs[i];
		bool is_there = pair->key_type == KEY_TYPE_ECDSA;

		assert_int_equal(pair->result.status,
				 is_there ? STATUS_VALID : STATUS_NONE);
		assert_int_equal(pair->result.reason,
				 is_there ? REASON_NONE :
					    REASON_KEY_TYPE_MISSING);
		assert_int_equal(pair->result.certificate != NULL, is_there);
		assert_int_equal(pair->result.success, is_there);
	}
	/* The first pair is RSA, and tries both offers. */
	assert_int_equal(f->server.accepted, 7);
	/* It was probed, after all. */
	assert_false(f->cut_off);
}

/* A second offer is made within the time of the first. */
static void test_same_timer(void **state)
{
	struct many_pairs *f = *state;
	struct mono_time begin;
	int64_t elapsed_ms;

	f->job->timeout_ms = 400;
	many_pairs_prepare_as(f,
			      &(struct server_spec){ .kind = SERVER_HANGS,
						     .alert = 40,
						     .alert_count = 1,
						     .alert_delay_ms = 300 },
			      1, 1);
	begin = mono_now();
	many_pairs_run(f);
	elapsed_ms = mono_now().ms - begin.ms;
	server_stop(&f->server);
	assert_int_equal(f->server.accepted, 2);
	many_pairs_assert_all(f, STATUS_NOT_FOUND, REASON_HANDSHAKE_ALERT);
	assert_true(elapsed_ms >= 400);
	assert_true(elapsed_ms < 650);
	/* The result's time begins with the first offer, too. */
	assert_true(f->w.targets.pairs[0].result.duration_us >= 390000);
}

static void test_deadline_in_a_second_offer(void **state)
{
	struct many_pairs *f = *state;

	f->options.deadline = mono_after(mono_now(), 100);
	many_pairs_prepare_as(f,
			      &(struct server_spec){ .kind = SERVER_HANGS,
						     .alert = 40,
						     .alert_count = 1 },
			      1, 1);
	many_pairs_run(f);
	server_stop(&f->server);
	assert_int_equal(f->server.accepted, 2);
	assert_true(f->cut_off);
	many_pairs_assert_all(f, STATUS_NONE, REASON_DEADLINE);
}

static void test_failed_dialogues(void **state)
{
	static const struct {
		const char *name;
		enum server_kind kind;
	} rows[] = {
		{ "silence", SERVER_SILENT },
		{ "silence, accepted", SERVER_HANGS },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct many_pairs own;
		struct many_pairs *f = &own;

		many_pairs_init(f);
		f->job->starttls = STARTTLS_SMTP;
		f->job->timeout_ms = 50;
		many_pairs_prepare(f, rows[i].kind, 1, 2);
		many_pairs_run(f);
		server_stop(&f->server);
		many_pairs_assert_all(f, STATUS_NOT_FOUND,
				      REASON_STARTTLS_FAILED);
		many_pairs_release(f);
	}
}

static void test_header_on_each_connection(void **state)
{
	static const char header[] = "PROXY UNKNOWN\r\n";
	static const struct server_line lines[] = {
		{ header, sizeof(header) - 1, NULL, 0 },
		{ NULL, 0, NULL, 0 },
	};
	struct many_pairs *f = *state;

	f->job->proxy_protocol = PROXY_PROTOCOL_V1;
	many_pairs_prepare_as(
		f, &(struct server_spec){ .cert = &f->cert, .preface = lines },
		2, 3);
	many_pairs_run(f);
	server_stop(&f->server);
	many_pairs_assert_all(f, STATUS_VALID, REASON_NONE);
	assert_int_equal(f->server.prefaces, 6);
}

int main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, many_pairs_setup,                   \
					many_pairs_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offer_is_remembered),
		TEST(test_refused_offer_is_not_remembered),
		TEST(test_types_of_keys),
		TEST(test_same_timer),
		TEST(test_deadline_in_a_second_offer),
		cmocka_unit_test(test_failed_dialogues),
		TEST(test_header_on_each_connection),
	};

	return cmocka_run_group_tests_name("engine_offers", tests, NULL, NULL);
}
