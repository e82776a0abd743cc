/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/verify, probe/presented: verdicts. What hostile chains cost:
 * test_verify_limits.c.
 */
#include <config.h>

#include "probe/verify.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "cast.h"
#include "support.h"

#define NOW CAST_DAY(100)

/* What is found of the chain `names`, against `store` (NULL: against nothing);
 * the store is to be released behind the last use of the facts. */
static struct chain_facts verify(const char *names,
				 const struct trust_store *store,
				 struct chain_subjects *subjects)
{
	struct chain chain = cast_chain(names);
	struct chain_facts facts;
	struct error err = { 0 };

	assert_ok(verify_chain(&chain, store, NOW, &facts, subjects, &err),
		  &err);
	return facts;
}

#define OK VERIFY_OK
#define BAD VERIFY_BAD_SIGNATURE
#define WEAK VERIFY_INSECURE_ALGORITHM
#define PURPOSE VERIFY_WRONG_PURPOSE
#define SELF VERIFY_SELF_SIGNED
#define UNKNOWN VERIFY_UNKNOWN_ISSUER
#define INCOMPLETE VERIFY_INCOMPLETE_CHAIN
#define OTHER VERIFY_OTHER

static const struct row {
	const char *chain;
	const char *store;
	enum verify_reason reason;
	/* The days on which it ends with and without the anchor. */
	int end;
	int presented_end;
	size_t issuer;
	const char *anchor; /* NULL: it leads to none */
} rows[] = {
	/* Good ones. */
	{ "leaf inter", "root", OK, 200, 200, 1, "root" },
	{ "leaf inter root", "root", OK, 200, 200, 1, "root" },
	{ "leaf_of_root", "root", OK, 300, 300, 0, "root" },
	{ "leaf_of_root root", "root", OK, 300, 300, 0, "root" },
	{ "leaf_of_sub sub inter", "root", OK, 200, 200, 1, "root" },
	{ "pss_leaf pss_inter", "pss_root", OK, 200, 200, 1, "pss_root" },
	{ "ed_leaf", "ed_root", OK, 300, 300, 0, "ed_root" },
	{ "rsa_leaf rsa_inter", "rsa_root", OK, 200, 200, 1, "rsa_root" },

	/* Wrong order, superfluous ones, duplicates, unreadable ones. */
	{ "leaf_of_sub root inter sub", "root", OK, 200, 200, 3, "root" },
	{ "leaf other leaf inter inter plain_inter", "root", OK, 200, 200, 3,
	  "root" },
	{ "leaf inter_broken inter", "root", OK, 200, 200, 2, "root" },

	/* Something is missing. */
	{ "leaf", "root", UNKNOWN, 300, 300, 0, NULL },
	{ "leaf_aia", "root", INCOMPLETE, 300, 300, 0, NULL },
	{ "leaf_ocsp", "root", UNKNOWN, 300, 300, 0, NULL },
	{ "leaf root", "root", UNKNOWN, 300, 300, 0, NULL },
	{ "leaf_of_sub sub", "root", UNKNOWN, 300, 300, 1, NULL },
	{ "leaf_of_sub inter", "root", UNKNOWN, 300, 300, 0, NULL },
	{ "leaf inter", "other", UNKNOWN, 200, 200, 1, NULL },
	{ "leaf inter_aia", "other", INCOMPLETE, 200, 200, 1, NULL },
	{ "leaf inter_aia root", "other", UNKNOWN, 200, 200, 1, NULL },
	{ "leaf inter", "", UNKNOWN, 200, 200, 1, NULL },
	{ "leaf inter_broken", "root", UNKNOWN, 300, 300, 0, NULL },

	/* Several of the same name and key. */
	{ "leaf inter_old inter", "root", OK, 200, 200, 2, "root" },
	{ "leaf inter inter_old", "root", OK, 200, 200, 1, "root" },
	{ "leaf inter inter_new", "root", OK, 250, 250, 2, "root" },
	{ "leaf inter_no_ca inter_client inter_old inter_last", "root", OK, 200,
	  200, 4, "root" },
	{ "leaf inter_bad inter_old inter", "root", OK, 200, 200, 3, "root" },
	{ "leaf inter_no_ca inter_old", "root", OK, 50, 50, 2, "root" },
	{ "leaf inter_old inter_no_ca", "root", OK, 50, 50, 1, "root" },
	{ "leaf inter_old", "root", OK, 50, 50, 1, "root" },
	{ "leaf inter_old inter", "other", UNKNOWN, 200, 200, 2, NULL },

	/* A cross-signed root. */
	{ "leaf inter cross_old", "root", OK, 200, 200, 1, "root" },
	{ "leaf inter cross_old", "other root", OK, 200, 200, 1, "root" },
	{ "leaf inter cross_old", "other", OK, 50, 50, 1, "other" },
	{ "leaf inter cross", "root_old other", OK, 150, 150, 1, "other" },
	{ "leaf inter cross root", "other", OK, 150, 150, 1, "other" },
	{ "leaf inter cross", "root_twin", UNKNOWN, 150, 150, 1, NULL },

	/* The store. */
	{ "leaf inter", "root_old", OK, 50, 200, 1, "root_old" },
	{ "leaf inter root_old", "root", OK, 200, 200, 1, "root" },
	{ "leaf inter", "root_old root", OK, 200, 200, 1, "root" },
	{ "leaf inter", "root root_old", OK, 200, 200, 1, "root" },
	{ "leaf inter", "root_twin", UNKNOWN, 200, 200, 1, NULL },
	{ "leaf", "inter", OK, 200, 300, 0, "inter" },
	{ "leaf inter root", "inter", OK, 200, 300, 0, "inter" },
	{ "leaf_of_sub sub", "inter", OK, 200, 300, 1, "inter" },
	{ "leaf", "leaf", OK, 300, 300, 0, "leaf" },
	{ "leaf inter", "root leaf", OK, 300, 300, 0, "leaf" },
	{ "leaf", "leaf_server", UNKNOWN, 300, 300, 0, NULL },

	/* Another root of that name, which only a signature tells apart. */
	{ "plain_leaf plain_inter", "plain_twin", BAD, 200, 200, 1, NULL },
	{ "plain_leaf plain_inter plain_root", "plain_twin", UNKNOWN, 200, 200,
	  1, NULL },
	{ "plain_leaf plain_inter", "plain_root plain_twin", OK, 200, 200, 1,
	  "plain_root" },
	{ "plain_leaf plain_inter", "plain_twin plain_root", OK, 200, 200, 1,
	  "plain_root" },
	{ "plain_leaf plain_twin plain_inter", "plain_root", OK, 200, 200, 2,
	  "plain_root" },

	{ "plain_leaf plain_inter plain_twin plain_cross", "root", UNKNOWN, 200,
	  200, 1, NULL },

	/* Self-signed. */
	{ "self", "root", SELF, 300, 300, 0, NULL },
	{ "self_server inter", "root", SELF, 300, 300, 0, NULL },
	{ "self", "root self", OK, 300, 300, 0, "self" },
	{ "self_as_root", "root", SELF, 300, 300, 0, NULL },
	{ "self_as_plain", "plain_root", SELF, 300, 300, 0, NULL },
	{ "self_as_plain plain_root", "plain_root", SELF, 300, 300, 0, NULL },

	/* Signatures. */
	{ "leaf_bad inter", "root", BAD, 300, 300, 0, NULL },
	{ "leaf_bad inter", "other", BAD, 300, 300, 0, NULL },
	{ "leaf_bad", "root", UNKNOWN, 300, 300, 0, NULL },
	{ "leaf_bad", "inter", BAD, 300, 300, 0, NULL },
	{ "leaf_bad", "leaf", UNKNOWN, 300, 300, 0, NULL },
	{ "leaf inter_bad", "root", BAD, 200, 200, 1, NULL },
	{ "leaf inter_bad root", "other", BAD, 200, 200, 1, NULL },
	{ "leaf inter_bad", "other", UNKNOWN, 200, 200, 1, NULL },
	{ "pss_leaf pss_inter pss_root", "root", UNKNOWN, 200, 200, 1, NULL },
	{ "ed_leaf ed_root", "root", UNKNOWN, 300, 300, 1, NULL },

	/* Weak algorithms. */
	{ "leaf_sha1 inter", "root", WEAK, 200, 200, 1, "root" },
	{ "leaf_sha1 inter", "other", WEAK, 200, 200, 1, NULL },
	{ "leaf inter_sha1", "root", WEAK, 200, 200, 1, "root" },
	{ "leaf inter_sha1", "other", WEAK, 200, 200, 1, NULL },
	{ "leaf inter root_sha1", "root_sha1", OK, 200, 200, 1, "root_sha1" },
	{ "leaf inter root_sha1", "other", UNKNOWN, 200, 200, 1, NULL },
	{ "rsa_leaf_md5 rsa_inter", "rsa_root", WEAK, 200, 200, 1, "rsa_root" },
	{ "rsa_leaf_md5 rsa_inter", "root", WEAK, 200, 200, 1, NULL },
	{ "rsa_leaf_md5_bad rsa_inter", "root", BAD, 300, 300, 0, NULL },
	{ "rsa_leaf rsa_inter_md5", "rsa_root", WEAK, 200, 200, 1, "rsa_root" },
	{ "rsa_leaf rsa_inter_md5", "root", WEAK, 200, 200, 1, NULL },
	{ "leaf_1024 inter", "root", WEAK, 200, 200, 1, "root" },
	{ "leaf_of_small small", "root", WEAK, 200, 200, 1, "root" },
	{ "leaf_of_small small", "other", WEAK, 200, 200, 1, NULL },

	/* One that GnuTLS does not know. */
	{ "leaf_alien inter", "root", OTHER, 200, 200, 1, "root" },
	{ "leaf_alien inter", "other", UNKNOWN, 200, 200, 1, NULL },

	/* Purposes. */
	{ "leaf_server inter", "root", OK, 200, 200, 1, "root" },
	{ "leaf_any inter", "root", OK, 200, 200, 1, "root" },
	{ "leaf_client inter", "root", PURPOSE, 200, 200, 1, "root" },
	{ "leaf_client inter", "other", PURPOSE, 200, 200, 1, NULL },
	{ "leaf_server inter_client", "root", PURPOSE, 200, 200, 1, "root" },

	/* What an issuer may not do. */
	{ "leaf inter_no_ca", "root", OTHER, 200, 200, 1, "root" },
	{ "leaf", "inter_no_ca", OTHER, 200, 300, 0, "inter_no_ca" },
	{ "leaf_of_leaf leaf inter", "root", OTHER, 200, 200, 1, "root" },
	{ "leaf inter_last", "root", OK, 200, 200, 1, "root" },
	{ "leaf_of_sub sub inter_last", "root", OTHER, 200, 200, 1, "root" },
	{ "leaf inter_within", "root", OK, 200, 200, 1, "root" },
	{ "leaf inter_without", "root", OTHER, 200, 200, 1, "root" },
	{ "leaf_critical inter", "root", OTHER, 200, 200, 1, "root" },

	/* The first of several. */
	{ "leaf_weak inter_no_ca", "root", WEAK, 200, 200, 1, "root" },
	{ "leaf_client inter_no_ca", "root", PURPOSE, 200, 200, 1, "root" },
	{ "leaf_of_sub_1024 sub inter_no_ca", "root", WEAK, 200, 200, 1,
	  "root" },
	{ "leaf_weak", "root", WEAK, 300, 300, 0, NULL },

	/* Each other's issuers. */
	{ "ring_leaf ring_a_by_b ring_b", "root", UNKNOWN, 200, 200, 1, NULL },
	{ "ring_leaf ring_a_by_b ring_b", "ring_a", OK, 200, 300, 0, "ring_a" },
	{ "coil_leaf coil_a coil_b coil_a2", "root", OK, 200, 200, 3, "root" },
};

static void test_verdicts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct row *row = &rows[i];
		struct trust_store store = cast_store(row->store);
		struct chain_subjects subjects;
		struct chain_facts facts =
			verify(row->chain, &store, &subjects);
		char name[128];

		(void)snprintf(name, sizeof(name), "%s > %s: %s", row->chain,
			       row->store, verify_reason_name(facts.reason));
		assert_row(facts.is_checked, name);
		assert_row(facts.reason == row->reason, name);
		assert_row(facts.not_before == CAST_DAY(0), name);
		assert_row(facts.not_after == CAST_DAY(row->end), name);
		assert_row(facts.presented_not_after ==
				   CAST_DAY(row->presented_end),
			   name);
		assert_row(facts.issuer == row->issuer, name);
		assert_row((facts.anchor == NULL) == (row->anchor == NULL),
			   name);
		if (row->anchor != NULL)
			assert_row(gnutls_x509_crt_equals2(
					   facts.anchor,
					   &cast_find(row->anchor)->der) != 0,
				   name);
		trust_store_release(&store);
	}
}

/* --- What is told beside the verdict -------------------------------------- */

/* Whether it is the digest of the subject's name, `with_key` followed by the
 * identifier of its key. */
static bool is_name(const uint8_t *digest, const char *subject, bool with_key)
{
	gnutls_x509_crt_t crt = cast_find(subject)->crt;
	uint8_t expected[PRESENTED_NAME_SIZE];
	uint8_t bytes[256];
	gnutls_datum_t dn;
	size_t size;

	assert_int_equal(gnutls_x509_crt_get_raw_dn(crt, &dn), 0);
	size = sizeof(bytes) - dn.size;
	memcpy(bytes, dn.data, dn.size);
	if (!with_key || gnutls_x509_crt_get_subject_key_id(
				 crt, bytes + dn.size, &size, NULL) < 0)
		size = 0;
	assert_int_equal(gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes,
					  dn.size + size, expected),
			 0);
	gnutls_free(dn.data);
	return memcmp(digest, expected, sizeof(expected)) == 0;
}

static void test_missing_issuer(void **state)
{
	static const struct {
		const char *chain, *store;
		const char *missing; /* NULL: none */
	} missing[] = {
		{ "leaf", "root", "inter" },
		{ "leaf inter", "other", "root" },
		{ "leaf_of_sub inter", "root", "sub" },
		{ "leaf inter", "root", NULL },
		{ "leaf inter root", "other", NULL },
		{ "leaf_aia", "root", NULL }, /* incomplete as it is */
		{ "leaf_bad inter", "root", NULL },
		{ "self", "root", NULL },
		{ "ring_leaf ring_a_by_b ring_b", "root", "ring_a" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(missing); i++) {
		const char *name = missing[i].chain;
		struct trust_store store = cast_store(missing[i].store);
		struct chain_subjects subjects;
		struct chain_facts facts = verify(name, &store, &subjects);

		assert_row(facts.lacks_issuer == (missing[i].missing != NULL),
			   name);
		assert_row(!facts.lacks_issuer ||
				   is_name(facts.missing_issuer,
					   missing[i].missing, true),
			   name);
		trust_store_release(&store);
	}
}

static void test_subjects(void **state)
{
	struct trust_store store = cast_store("root");
	struct chain_subjects subjects;

	(void)state;
	(void)verify("leaf", &store, &subjects);
	assert_int_equal(subjects.count, 0);
	/* Not one that issued itself, nor one that cannot be read. */
	(void)verify("leaf other inter_broken inter inter cross", &store,
		     &subjects);
	assert_int_equal(subjects.count, 4);
	/* The longer valid first, each without and with its key. */
	assert_true(is_name(subjects.names[0], "inter", false));
	assert_true(is_name(subjects.names[1], "inter", true));
	assert_true(is_name(subjects.names[2], "cross", false));
	assert_true(is_name(subjects.names[3], "cross", true));
	trust_store_release(&store);
}

/* Without a store nothing is verified, and names say what comes next. */
static void test_without_store(void **state)
{
	static const struct {
		const char *chain;
		int end;
		size_t issuer;
	} unchecked[] = {
		{ "leaf", 300, 0 },
		{ "leaf inter", 200, 1 },
		{ "leaf inter_old inter root", 200, 2 },
		{ "leaf_of_sub root inter sub", 200, 3 },
		{ "leaf other", 300, 0 },
		{ "leaf_bad inter", 200, 1 },
		{ "leaf inter cross_old", 50, 1 },
		{ "self", 300, 0 },
		{ "ring_leaf ring_a_by_b ring_b", 200, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(unchecked); i++) {
		const char *name = unchecked[i].chain;
		struct chain_subjects subjects;
		struct chain_facts facts = verify(name, NULL, &subjects);

		assert_row(!facts.is_checked, name);
		assert_row(facts.reason == VERIFY_OK, name);
		assert_row(facts.anchor == NULL, name);
		assert_row(facts.not_before == CAST_DAY(0), name);
		assert_row(facts.not_after == CAST_DAY(unchecked[i].end), name);
		assert_row(facts.presented_not_after == facts.not_after, name);
		assert_row(facts.issuer == unchecked[i].issuer, name);
	}
}

/* The choice between paths is the only thing that depends on the time. */
static void test_time(void **state)
{
	static const struct {
		const char *store;
		int day; /* of the run */
		int start, presented_end;
	} times[] = {
		{ "root_old root", -1, 0, 200 },
		{ "root_old root", 10, 0, 200 },
		{ "root_old root", 199, 0, 200 },
		{ "root_old root", 220, 0, 200 },
		{ "root_young", 10, 20, 200 },
		{ "root_young", 30, 20, 200 },
		{ "root_young root_old", 10, 0, 200 },
	};
	struct chain chain = cast_chain("leaf inter_old inter");

	(void)state;
	for (size_t i = 0; i < COUNT_OF(times); i++) {
		struct trust_store store = cast_store(times[i].store);
		struct chain_subjects subjects;
		struct chain_facts facts;
		struct error err = { 0 };

		assert_ok(verify_chain(&chain, &store, CAST_DAY(times[i].day),
				       &facts, &subjects, &err),
			  &err);
		assert_int_equal(facts.reason, VERIFY_OK);
		assert_int_equal(facts.not_before, CAST_DAY(times[i].start));
		assert_int_equal(facts.presented_not_after,
				 CAST_DAY(times[i].presented_end));
		trust_store_release(&store);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_missing_issuer),
		cmocka_unit_test(test_subjects),
		cmocka_unit_test(test_without_store),
		cmocka_unit_test(test_time),
	};

	return cmocka_run_group_tests_name("verify", tests, cast_setup,
					   cast_teardown);
}
