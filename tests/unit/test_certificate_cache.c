/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/certificate_cache: one entry a chain and store, names and staples
 * apart, and what chains tell about each other.
 */
#include <config.h>

#include "probe/certificate_cache.h"

#include <string.h>

#include "base/clock.h"
#include "cast.h"
#include "support.h"

static char a_name[] = "www.a.example";
static char b_name[] = "www.b.example";
static const struct domain a = { a_name, a_name, false };
static const struct domain b = { b_name, b_name, false };

static struct certificate_verdict look_up_chain(struct certificate_cache *cache,
						const struct chain *chain,
						const struct trust_store *trust,
						const struct domain *domain)
{
	struct certificate_verdict verdict = { 0 };
	struct error err = { 0 };

	assert_ok(certificate_cache_look_up(cache, chain, trust, domain,
					    &verdict, &err),
		  &err);
	assert_non_null(verdict.certificate);
	assert_non_null(verdict.chain);
	return verdict;
}

static struct certificate_verdict look_up(struct certificate_cache *cache,
					  const char *names,
					  const struct trust_store *trust,
					  const struct domain *domain)
{
	struct chain chain = cast_chain(names);

	return look_up_chain(cache, &chain, trust, domain);
}

/* --- What is one entry ---------------------------------------------------- */

static void test_shares_what_is_the_same(void **state)
{
	const struct test_cert *leaf = cast_find("leaf");
	struct chain again = cast_chain("leaf inter");
	struct certificate_cache cache = { 0 };
	struct certificate_verdict first;
	struct certificate_verdict alone;
	uint8_t copy[4096];

	(void)state;
	assert_true(leaf->der.size <= sizeof(copy));
	memcpy(copy, leaf->der.data, leaf->der.size);
	again.certificates[0].bytes = copy;
	assert_int_equal(certificate_cache_count(&cache), 0);
	first = look_up(&cache, "leaf inter", NULL, &a);
	assert_true(first.names_domain);
	assert_ptr_equal(look_up_chain(&cache, &again, NULL, &a).certificate,
			 first.certificate);
	assert_false(look_up(&cache, "leaf inter", NULL, &b).names_domain);
	assert_ptr_equal(look_up(&cache, "leaf inter", NULL, &b).certificate,
			 first.certificate);
	assert_true(look_up_chain(&cache, &again, NULL, &a).names_domain);
	assert_int_equal(certificate_cache_count(&cache), 1);

	/* The same leaf in another chain is another entry. */
	alone = look_up(&cache, "leaf", NULL, &a);
	assert_ptr_not_equal(alone.certificate, first.certificate);
	assert_string_equal(alone.certificate->fingerprint,
			    first.certificate->fingerprint);
	assert_int_equal(certificate_cache_count(&cache), 2);
	certificate_cache_release(&cache);
	assert_int_equal(certificate_cache_count(&cache), 0);
	certificate_cache_release(&cache);
}

/* Where one certificate ends and the next begins makes a difference. */
static void test_boundaries_count(void **state)
{
	static const uint8_t bytes[] = "abcd";
	struct chain one = { .certificates = { { bytes, 2 }, { bytes + 2, 2 } },
			     .count = 2 };
	struct chain two = { .certificates = { { bytes, 3 }, { bytes + 3, 1 } },
			     .count = 2 };
	struct certificate_cache cache = { 0 };

	(void)state;
	assert_false(
		look_up_chain(&cache, &one, NULL, &a).certificate->is_readable);
	assert_false(look_up_chain(&cache, &two, NULL, &a).names_domain);
	assert_int_equal(certificate_cache_count(&cache), 2);
	certificate_cache_release(&cache);
}

static void test_stores_apart(void **state)
{
	struct trust_store root = cast_store("root");
	struct trust_store other = cast_store("other");
	struct certificate_cache cache = { 0 };
	const struct chain_facts *by_root;
	const struct chain_facts *by_other;
	const struct chain_facts *by_none;

	(void)state;
	by_root = look_up(&cache, "leaf inter", &root, &a).chain;
	by_other = look_up(&cache, "leaf inter", &other, &a).chain;
	by_none = look_up(&cache, "leaf inter", NULL, &a).chain;
	assert_int_equal(certificate_cache_count(&cache), 3);
	assert_true(by_root->is_checked);
	assert_int_equal(by_root->reason, VERIFY_OK);
	assert_true(by_other->is_checked);
	assert_int_equal(by_other->reason, VERIFY_UNKNOWN_ISSUER);
	assert_false(by_none->is_checked);
	assert_true(by_root->not_after == CAST_DAY(200));
	assert_true(by_none->not_after == CAST_DAY(200));
	assert_ptr_equal(look_up(&cache, "leaf inter", &root, &b).chain,
			 by_root);
	assert_int_equal(certificate_cache_count(&cache), 3);
	certificate_cache_release(&cache);
	trust_store_release(&root);
	trust_store_release(&other);
}

static void test_unreadable(void **state)
{
	struct trust_store store = cast_store("root");
	struct certificate_cache cache = { 0 };
	struct certificate_verdict verdict;

	(void)state;
	verdict = look_up(&cache, "inter_broken root", &store, &a);
	assert_false(verdict.certificate->is_readable);
	assert_false(verdict.names_domain);
	assert_true(verdict.chain->is_checked);
	assert_int_equal(verdict.chain->reason, VERIFY_OTHER);
	verdict = look_up(&cache, "inter_broken root", NULL, &a);
	assert_false(verdict.chain->is_checked);
	certificate_cache_settle(&cache);
	certificate_cache_release(&cache);
	trust_store_release(&store);
}

/* --- What another chain presents ------------------------------------------ */

static void test_settle(void **state)
{
	static const struct {
		const char *chain, *store;
		const char *others[2]; /* that are seen as well */
		enum verify_reason before, after;
	} rows[] = {
		{ "leaf",
		  "root",
		  { "leaf_server inter" },
		  VERIFY_UNKNOWN_ISSUER,
		  VERIFY_INCOMPLETE_CHAIN },
		/* Whatever became of that one. */
		{ "leaf",
		  "root",
		  { "self root inter" },
		  VERIFY_UNKNOWN_ISSUER,
		  VERIFY_INCOMPLETE_CHAIN },
		{ "leaf_of_sub sub",
		  "root",
		  { "leaf inter" },
		  VERIFY_UNKNOWN_ISSUER,
		  VERIFY_INCOMPLETE_CHAIN },
		{ "leaf",
		  "root",
		  { "plain_leaf plain_inter", "leaf_of_root root" },
		  VERIFY_UNKNOWN_ISSUER,
		  VERIFY_UNKNOWN_ISSUER },
		/* As a leaf it is no issuer that was presented. */
		{ "leaf",
		  "root",
		  { "inter" },
		  VERIFY_UNKNOWN_ISSUER,
		  VERIFY_UNKNOWN_ISSUER },
		{ "leaf inter root",
		  "other",
		  { "leaf_server inter cross" },
		  VERIFY_UNKNOWN_ISSUER,
		  VERIFY_UNKNOWN_ISSUER },
		{ "self_as_root",
		  "other",
		  { "leaf inter root" },
		  VERIFY_SELF_SIGNED,
		  VERIFY_SELF_SIGNED },
		{ "leaf_client",
		  "root",
		  { "leaf inter" },
		  VERIFY_WRONG_PURPOSE,
		  VERIFY_WRONG_PURPOSE },
		{ "leaf_aia",
		  "root",
		  { NULL },
		  VERIFY_INCOMPLETE_CHAIN,
		  VERIFY_INCOMPLETE_CHAIN },
		{ "leaf inter",
		  "root",
		  { "leaf_server inter root" },
		  VERIFY_OK,
		  VERIFY_OK },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct trust_store store = cast_store(rows[i].store);
		struct certificate_cache cache = { 0 };
		const struct chain_facts *facts;

		if (rows[i].others[0] != NULL)
			(void)look_up(&cache, rows[i].others[0], &store, &a);
		facts = look_up(&cache, rows[i].chain, &store, &a).chain;
		if (rows[i].others[1] != NULL)
			(void)look_up(&cache, rows[i].others[1], NULL, &a);
		assert_row(facts->reason == rows[i].before, rows[i].chain);
		certificate_cache_settle(&cache);
		assert_row(facts->reason == rows[i].after, rows[i].chain);
		certificate_cache_settle(&cache);
		assert_row(facts->reason == rows[i].after, rows[i].chain);
		certificate_cache_release(&cache);
		trust_store_release(&store);
	}
}

/* --- Staples ---------------------------------------------------------------
 */

/* Stands in for probe/ocsp.c. */
static struct {
	size_t calls;
	bool is_leaf, has_issuer;
	char issuer[32]; /* its CN */
} asked;

struct ocsp_facts __wrap_ocsp_read(const uint8_t *der, size_t size,
				   gnutls_x509_crt_t leaf,
				   gnutls_x509_crt_t issuer);

struct ocsp_facts __wrap_ocsp_read(const uint8_t *der, size_t size,
				   gnutls_x509_crt_t leaf,
				   gnutls_x509_crt_t issuer)
{
	size_t room = sizeof(asked.issuer);

	assert_int_equal(size, 2);
	assert_int_equal(der[0], 's');
	asked.calls++;
	asked.is_leaf = gnutls_x509_crt_get_ca_status(leaf, NULL) <= 0;
	asked.has_issuer = issuer != NULL;
	if (issuer != NULL)
		assert_int_equal(gnutls_x509_crt_get_dn_by_oid(
					 issuer, GNUTLS_OID_X520_COMMON_NAME, 0,
					 0, asked.issuer, &room),
				 0);
	return (struct ocsp_facts){ .status = OCSP_GOOD,
				    .this_update = der[1] };
}

static const struct ocsp_facts *look_up_staple(struct certificate_cache *cache,
					       const struct chain_facts *facts,
					       const char *names, char number)
{
	unsigned char bytes[] = { 's', (unsigned char)number };
	gnutls_datum_t staple = { bytes, sizeof(bytes) };
	struct chain chain = cast_chain(names);
	gnutls_datum_t presented[CHAIN_MAX];
	const struct ocsp_facts *result = NULL;
	struct error err = { 0 };

	for (size_t i = 0; i < chain.count; i++)
		presented[i] = (gnutls_datum_t){
			(unsigned char *)(uintptr_t)chain.certificates[i].bytes,
			(unsigned int)chain.certificates[i].size,
		};
	assert_ok(certificate_cache_look_up_staple(cache, facts, presented,
						   chain.count, &staple,
						   &result, &err),
		  &err);
	assert_non_null(result);
	return result;
}

/* Who signed the leaf also vouches for it. */
static void test_staple_issuer(void **state)
{
	static const struct {
		const char *chain, *store;
		const char *issuer; /* NULL: nobody is known */
	} rows[] = {
		{ "leaf inter root", "root", "Intermediate" },
		{ "leaf_of_sub root inter sub", "root", "Sub" },
		{ "leaf inter", "other", "Intermediate" },
		{ "leaf_of_root", "root_old root", "Root" },
		{ "leaf", "inter", "Intermediate" },
		{ "leaf", "root", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *name = rows[i].chain;
		struct trust_store store = cast_store(rows[i].store);
		struct certificate_cache cache = { 0 };
		const struct chain_facts *facts =
			look_up(&cache, name, &store, &a).chain;

		memset(&asked, 0, sizeof(asked));
		(void)look_up_staple(&cache, facts, name, 1);
		assert_row(asked.calls == 1 && asked.is_leaf, name);
		assert_row(asked.has_issuer == (rows[i].issuer != NULL), name);
		assert_row(rows[i].issuer == NULL ||
				   strcmp(asked.issuer, rows[i].issuer) == 0,
			   name);
		certificate_cache_release(&cache);
		trust_store_release(&store);
	}
}

static void test_staples_apart(void **state)
{
	struct certificate_cache cache = { 0 };
	const struct chain_facts *one;
	const struct chain_facts *two;
	const struct ocsp_facts *first;

	(void)state;
	memset(&asked, 0, sizeof(asked));
	one = look_up(&cache, "leaf inter", NULL, &a).chain;
	two = look_up(&cache, "leaf_server inter", NULL, &a).chain;
	first = look_up_staple(&cache, one, "leaf inter", 1);
	assert_int_equal(first->this_update, 1);
	assert_ptr_equal(look_up_staple(&cache, one, "leaf inter", 1), first);
	assert_int_equal(asked.calls, 1);
	assert_int_equal(
		look_up_staple(&cache, one, "leaf inter", 2)->this_update, 2);
	assert_ptr_not_equal(
		look_up_staple(&cache, two, "leaf_server inter", 1), first);
	assert_int_equal(asked.calls, 3);
	/* Nothing to hold it against. */
	assert_int_equal(look_up_staple(&cache, one, "", 3)->status,
			 OCSP_INVALID);
	assert_int_equal(asked.calls, 3);
	certificate_cache_release(&cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares_what_is_the_same),
		cmocka_unit_test(test_boundaries_count),
		cmocka_unit_test(test_stores_apart),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_settle),
		cmocka_unit_test(test_staple_issuer),
		cmocka_unit_test(test_staples_apart),
	};

	wall_freeze((struct wall_time){ CAST_DAY(100) * INT64_C(1000) });
	return cmocka_run_group_tests_name("certificate_cache", tests,
					   cast_setup, cast_teardown);
}
