/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/ocsp: who may sign a response, what it says of which certificate, and
 * until when.
 */
#include <config.h>

#include "probe/ocsp.h"

#include "pki.h"
#include "responses.h"
#include "support.h"

static enum ocsp_status status_of(const struct test_response_spec *spec,
				  enum pki issuer)
{
	struct test_response response = test_response_make(spec);
	struct ocsp_facts facts = ocsp_read(response.der, response.size,
					    pki[LEAF].crt, pki[issuer].crt);

	test_response_free(&response);
	return facts.status;
}

static struct ocsp_facts read_single(const struct test_single *singles)
{
	struct test_response_spec spec = {
		.singles = { singles[0], singles[1], singles[2], singles[3] },
		.signer = &pki[CA],
	};
	struct test_response response = test_response_make(&spec);
	struct ocsp_facts facts = ocsp_read(response.der, response.size,
					    pki[LEAF].crt, pki[CA].crt);

	test_response_free(&response);
	return facts;
}

/* --- Who signs ----------------------------------------------------------- */

static void test_signers(void **state)
{
	static const struct {
		const char *name;
		enum pki signer, sent;
		enum ocsp_status expected;
	} rows[] = {
		{ "issuer", CA, NOBODY, OCSP_GOOD },
		{ "issuer, sent along", CA, CA, OCSP_GOOD },
		{ "issuer, another sent", CA, OTHER_CA, OCSP_GOOD },
		{ "responder", RESPONDER, RESPONDER, OCSP_GOOD },
		{ "more than one purpose", FOR_OCSP_EIGHT_TIMES,
		  FOR_OCSP_EIGHT_TIMES, OCSP_GOOD },
		{ "not sent", RESPONDER, NOBODY, OCSP_INVALID },
		{ "another sent", RESPONDER, OF_SAME_NAME, OCSP_INVALID },
		{ "no purpose", WITHOUT_PURPOSE, WITHOUT_PURPOSE,
		  OCSP_INVALID },
		{ "for servers", FOR_SERVERS, FOR_SERVERS, OCSP_INVALID },
		{ "for anything", FOR_ANYTHING, FOR_ANYTHING, OCSP_INVALID },
		{ "expired", EXPIRED, EXPIRED, OCSP_INVALID },
		{ "not yet valid", EARLY, EARLY, OCSP_INVALID },
		{ "of same name", OF_SAME_NAME, OF_SAME_NAME, OCSP_INVALID },
		{ "of another CA", OF_OTHER_CA, OF_OTHER_CA, OCSP_INVALID },
		{ "leaf", LEAF, LEAF, OCSP_INVALID },
		{ "another CA", OTHER_CA, OTHER_CA, OCSP_INVALID },
		{ "CA of same name", CA_OF_SAME_NAME, NOBODY, OCSP_INVALID },
		{ "CA of same name, sent", CA_OF_SAME_NAME, CA_OF_SAME_NAME,
		  OCSP_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < 4 * COUNT_OF(rows); i++) {
		size_t r = i / 4;
		const struct test_cert *sent = &pki[rows[r].sent];
		struct test_response_spec spec = {
			.singles = { { .leaf = &pki[LEAF],
				       .issuer = &pki[CA] } },
			.signer = &pki[rows[r].signer],
			.is_by_key = (i & 1) != 0,
		};

		if (rows[r].sent != NOBODY && (i & 2) != 0) {
			spec.certs[0] = &pki[OTHER_LEAF];
			spec.certs[1] = sent;
			spec.certs[2] = &pki[CA];
		} else if (rows[r].sent != NOBODY) {
			spec.certs[0] = sent;
		}
		assert_row(status_of(&spec, CA) == rows[r].expected,
			   rows[r].name);
		spec.has_bad_signature = true;
		assert_row(status_of(&spec, CA) == OCSP_INVALID, rows[r].name);
	}
}

/* Who makes up an issuer may have it sign what he likes. */
static void test_issuer_of_another(void **state)
{
	static const enum pki signers[] = { CA_OF_SAME_NAME, OF_SAME_NAME };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(signers); i++)
		assert_int_equal(
			status_of(
				&(struct test_response_spec){
					.singles = { { .leaf = &pki[LEAF],
						       .issuer =
							       &pki[CA_OF_SAME_NAME] } },
					.signer = &pki[signers[i]],
					.certs = { &pki[signers[i]] } },
				CA_OF_SAME_NAME),
			OCSP_INVALID);
}

/* Whether the leaf is good otherwise is not asked. */
static void test_old_leaf(void **state)
{
	struct test_response response =
		test_response_make(&(struct test_response_spec){
			.singles = { { .leaf = &pki[OLD_LEAF] } },
			.signer = &pki[CA] });

	(void)state;
	assert_int_equal(ocsp_read(response.der, response.size,
				   pki[OLD_LEAF].crt, pki[CA].crt)
				 .status,
			 OCSP_GOOD);
	test_response_free(&response);
}

/* --- What it says --------------------------------------------------------- */

static void test_single_responses(void **state)
{
	static const struct {
		const char *name;
		struct test_single single;
		enum ocsp_status expected;
	} rows[] = {
		{ "good", { .leaf = &pki[LEAF] }, OCSP_GOOD },
		{ "revoked",
		  { .leaf = &pki[LEAF], .status = TEST_REVOKED },
		  OCSP_REVOKED },
		{ "unknown",
		  { .leaf = &pki[LEAF], .status = TEST_UNKNOWN },
		  OCSP_UNKNOWN },
		{ "SHA-256",
		  { .leaf = &pki[LEAF], .digest = GNUTLS_DIG_SHA256 },
		  OCSP_GOOD },
		{ "other serial", { .leaf = &pki[OTHER_LEAF] }, OCSP_INVALID },
		{ "other issuer",
		  { .leaf = &pki[LEAF], .issuer = &pki[OTHER_CA] },
		  OCSP_INVALID },
		{ "other name",
		  { .leaf = &pki[LEAF],
		    .issuer = &pki[OTHER_CA],
		    .key = &pki[CA] },
		  OCSP_INVALID },
		{ "other key",
		  { .leaf = &pki[LEAF], .key = &pki[CA_OF_SAME_NAME] },
		  OCSP_INVALID },
		{ "key hash cut",
		  { .leaf = &pki[LEAF], .key_hash_size = 19 },
		  OCSP_INVALID },
		{ "key hash too long",
		  { .leaf = &pki[LEAF], .key_hash_size = 64 },
		  OCSP_INVALID },
		{ "other key, SHA-256",
		  { .leaf = &pki[LEAF],
		    .key = &pki[CA_OF_SAME_NAME],
		    .digest = GNUTLS_DIG_SHA256 },
		  OCSP_INVALID },
	};
	static const struct test_single other = { .leaf = &pki[OTHER_LEAF],
						  .status = TEST_REVOKED };

	(void)state;
	/* Alone, and behind up to three others. */
	for (size_t i = 0; i < 4 * COUNT_OF(rows); i++) {
		struct test_single singles[4] = { other, other, other };

		singles[i % 4] = rows[i / 4].single;
		assert_row(read_single(singles).status == rows[i / 4].expected,
			   rows[i / 4].name);
	}
	assert_int_equal(read_single((struct test_single[4]){ 0 }).status,
			 OCSP_INVALID);
}

static void test_times(void **state)
{
	static const struct {
		const char *name;
		const char *this_update, *next_update;
		int64_t this_seconds, next_seconds; /* 0: cannot be read */
	} rows[] = {
		{ "both", "20231114221320Z", "20231121221320Z", 1700000000,
		  1700604800 },
		{ "past 32 bits", "20231114221320Z", "20400101000000Z",
		  1700000000, 2208988800 },
		{ "no next", "20231114221320Z", NULL, 1700000000, 0 },
		{ "month 13", "20231314221320Z", NULL, 0, 0 },
		{ "month 13, next", "20231114221320Z", "20231321221320Z", 0,
		  0 },
		{ "letter", "2023111422132xZ", "20231121221320Z", 0, 0 },
		{ "letter, next", "20231114221320Z", "2023112122132xZ", 0, 0 },
		{ "fraction", "20231114221320.5Z", NULL, 0, 0 },
		{ "fraction, next", "20231114221320Z", "20231121221320.5Z", 0,
		  0 },
		{ "short", "2023", "20231121221320Z", 0, 0 },
		{ "short, next", "20231114221320Z", "2023", 0, 0 },
	};

	(void)state;
	/* First or second, with and without an extension behind the times. */
	for (size_t i = 0; i < 4 * COUNT_OF(rows); i++) {
		size_t r = i / 4;
		const char *next = rows[r].next_update;
		struct test_single other = {
			.leaf = &pki[OTHER_LEAF],
			.next_update = next == NULL ? "20231231000000Z" : NULL,
		};
		struct test_single singles[4] = { other, other };
		struct ocsp_facts facts;

		singles[i & 1] = (struct test_single){
			.leaf = &pki[LEAF],
			.this_update = rows[r].this_update,
			.next_update = next,
			.has_extension = (i & 2) != 0,
		};
		facts = read_single(singles);
		assert_row((facts.status == OCSP_GOOD) ==
				   (rows[r].this_seconds != 0),
			   rows[r].name);
		assert_row(facts.this_update == rows[r].this_seconds,
			   rows[r].name);
		assert_row(facts.next_update == rows[r].next_seconds,
			   rows[r].name);
		assert_row(facts.has_next_update == (rows[r].next_seconds != 0),
			   rows[r].name);
	}
}

/* --- The status at a time --------------------------------------------------
 */

static void test_status_at(void **state)
{
	static const struct {
		const char *name;
		enum ocsp_status status;
		bool has_next_update;
		int64_t now;
		enum ocsp_status expected;
	} rows[] = {
		{ "in time", OCSP_GOOD, true, 1500, OCSP_GOOD },
		{ "last second", OCSP_GOOD, true, 9000000, OCSP_GOOD },
		{ "over", OCSP_GOOD, true, 9000001, OCSP_STALE },
		{ "just ahead", OCSP_GOOD, true, 700, OCSP_GOOD },
		{ "ahead", OCSP_GOOD, true, 699, OCSP_STALE },
		{ "no end, ahead", OCSP_GOOD, false, 699, OCSP_STALE },
		{ "no end, just ahead", OCSP_GOOD, false, 700, OCSP_GOOD },
		{ "no end, 15 days", OCSP_GOOD, false, 1297000, OCSP_GOOD },
		{ "no end, older", OCSP_GOOD, false, 1297001, OCSP_STALE },
		{ "old, not over", OCSP_GOOD, true, 1297001, OCSP_GOOD },
		{ "unknown", OCSP_UNKNOWN, true, 1500, OCSP_UNKNOWN },
		{ "unknown, over", OCSP_UNKNOWN, true, 9000001, OCSP_STALE },
		{ "revoked", OCSP_REVOKED, true, 1500, OCSP_REVOKED },
		{ "revoked, over", OCSP_REVOKED, true, 9000001, OCSP_REVOKED },
		{ "revoked, ahead", OCSP_REVOKED, true, -1, OCSP_REVOKED },
		{ "revoked, no end", OCSP_REVOKED, false, 9000001,
		  OCSP_REVOKED },
		{ "invalid", OCSP_INVALID, false, 1500, OCSP_INVALID },
		{ "invalid, old", OCSP_INVALID, false, 9000001, OCSP_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ocsp_facts facts = {
			.status = rows[i].status,
			.this_update = 1000,
			.next_update = rows[i].has_next_update ? 9000000 : 0,
			.has_next_update = rows[i].has_next_update,
		};

		assert_row(ocsp_status_at(&facts, rows[i].now) ==
				   rows[i].expected,
			   rows[i].name);
	}
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(ocsp_status_name(OCSP_NOT_ASKED), "");
	assert_string_equal(ocsp_status_name(OCSP_NONE), "none");
	assert_string_equal(ocsp_status_name(OCSP_GOOD), "good");
	assert_string_equal(ocsp_status_name(OCSP_REVOKED), "revoked");
	assert_string_equal(ocsp_status_name(OCSP_UNKNOWN), "unknown");
	assert_string_equal(ocsp_status_name(OCSP_STALE), "stale");
	assert_string_equal(ocsp_status_name(OCSP_INVALID), "invalid");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signers),
		cmocka_unit_test(test_issuer_of_another),
		cmocka_unit_test(test_old_leaf),
		cmocka_unit_test(test_single_responses),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_status_at),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("ocsp", tests, pki_setup,
					   pki_teardown);
}
