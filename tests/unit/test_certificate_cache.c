/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/certificate_cache: one entry a chain, names apart.
 */
#include <config.h>

#include "probe/certificate_cache.h"

#include <string.h>

#include "certs.h"
#include "support.h"

static struct certificate_verdict look_up(struct certificate_cache *cache,
					  const struct chain *chain,
					  const struct domain *domain)
{
	struct certificate_verdict verdict = { 0 };
	struct error err = { 0 };

	assert_ok(
		certificate_cache_look_up(cache, chain, domain, &verdict, &err),
		&err);
	assert_non_null(verdict.certificate);
	return verdict;
}

static void add(struct chain *chain, const struct test_cert *cert)
{
	chain->certificates[chain->count].bytes = cert->der.data;
	chain->certificates[chain->count].size = cert->der.size;
	chain->count++;
}

static void test_shares_what_is_the_same(void **state)
{
	struct test_cert leaf = test_cert_make(
		&(struct test_cert_spec){ .dns = { "a.example" } });
	struct test_cert issuer = test_cert_make(&(struct test_cert_spec){ 0 });
	struct test_cert copy = { .der = { gnutls_malloc(leaf.der.size),
					   leaf.der.size } };
	struct domain a = { NULL, (char *)(uintptr_t) "a.example", false };
	struct domain b = { NULL, (char *)(uintptr_t) "b.example", false };
	struct certificate_cache cache = { 0 };
	struct chain full = { .count = 0 };
	struct chain again = { .count = 0 };
	struct chain alone = { .count = 0 };
	struct certificate_verdict first;

	(void)state;
	memcpy(copy.der.data, leaf.der.data, leaf.der.size);
	add(&full, &leaf);
	add(&full, &issuer);
	add(&again, &copy); /* the same bytes at another place */
	add(&again, &issuer);
	add(&alone, &leaf);
	assert_int_equal(certificate_cache_count(&cache), 0);
	first = look_up(&cache, &full, &a);
	assert_true(first.names_domain);
	assert_ptr_equal(look_up(&cache, &again, &a).certificate,
			 first.certificate);
	assert_int_equal(certificate_cache_count(&cache), 1);
	assert_false(look_up(&cache, &full, &b).names_domain);
	assert_ptr_equal(look_up(&cache, &full, &b).certificate,
			 first.certificate);
	assert_true(look_up(&cache, &again, &a).names_domain);
	assert_int_equal(certificate_cache_count(&cache), 1);

	/* The same leaf in another chain is another entry. */
	assert_ptr_not_equal(look_up(&cache, &alone, &a).certificate,
			     first.certificate);
	assert_string_equal(
		look_up(&cache, &alone, &a).certificate->fingerprint,
		first.certificate->fingerprint);
	assert_int_equal(certificate_cache_count(&cache), 2);
	certificate_cache_release(&cache);
	assert_int_equal(certificate_cache_count(&cache), 0);
	certificate_cache_release(&cache);
	gnutls_free(copy.der.data);
	test_cert_free(&leaf);
	test_cert_free(&issuer);
}

/* Where one certificate ends and the next begins makes a difference. */
static void test_boundaries_count(void **state)
{
	static const uint8_t bytes[] = "abcd";
	struct chain one = { .certificates = { { bytes, 2 }, { bytes + 2, 2 } },
			     .count = 2 };
	struct chain two = { .certificates = { { bytes, 3 }, { bytes + 3, 1 } },
			     .count = 2 };
	struct domain domain = { NULL, (char *)(uintptr_t) "a.example", false };
	struct certificate_cache cache = { 0 };

	(void)state;
	assert_false(look_up(&cache, &one, &domain).certificate->is_readable);
	assert_false(look_up(&cache, &two, &domain).names_domain);
	assert_int_equal(certificate_cache_count(&cache), 2);
	certificate_cache_release(&cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares_what_is_the_same),
		cmocka_unit_test(test_boundaries_count),
	};

	return cmocka_run_group_tests_name("certificate_cache", tests, NULL,
					   NULL);
}
