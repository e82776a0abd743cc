/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/offer: what is in each offer, and which one follows which.
 */
#include <config.h>

#include "probe/offer.h"

#include <gnutls/gnutls.h>
#include <string.h>

#include "support.h"

static int setup(void **state)
{
	struct offer_set *set = test_calloc(1, sizeof(*set));
	struct error err = { 0 };

	assert_ok(offer_set_init(set, &err), &err);
	*state = set;
	return 0;
}

static int teardown(void **state)
{
	offer_set_release(*state);
	test_free(*state);
	return 0;
}

static bool is_one_of(unsigned int number, const unsigned int *list, int count)
{
	for (int i = 0; i < count; i++)
		if (list[i] == number)
			return true;
	return false;
}

static void test_versions(void **state)
{
	static const struct {
		enum tls_offer offer;
		bool tls10, tls11, tls12, tls13;
	} rows[] = {
		{ OFFER_MODERN, false, false, true, true },
		{ OFFER_TLS12, false, false, true, false },
		{ OFFER_TLS13, false, false, false, true },
		{ OFFER_OLD, true, true, true, true },
	};
	const struct offer_set *set = *state;

	for (size_t i = 0; i < COUNT_OF(rows) * KEY_TYPE_COUNT; i++) {
		size_t row = i / KEY_TYPE_COUNT;
		const unsigned int *list;
		int count = gnutls_priority_protocol_list(
			set->priorities[rows[row].offer][i % KEY_TYPE_COUNT],
			&list);

		assert_int_equal(is_one_of(GNUTLS_TLS1_0, list, count),
				 rows[row].tls10);
		assert_int_equal(is_one_of(GNUTLS_TLS1_1, list, count),
				 rows[row].tls11);
		assert_int_equal(is_one_of(GNUTLS_TLS1_2, list, count),
				 rows[row].tls12);
		assert_int_equal(is_one_of(GNUTLS_TLS1_3, list, count),
				 rows[row].tls13);
		assert_false(is_one_of(GNUTLS_SSL3, list, count));
	}
}

/* The key that a signature is made with. */
static enum key_type key_of(gnutls_sign_algorithm_t signature)
{
	const char *name = gnutls_sign_get_name(signature);

	assert_non_null(name);
	if (strncmp(name, "RSA-", 4) == 0)
		return KEY_TYPE_RSA;
	return strncmp(name, "ECDSA-", 6) == 0 ? KEY_TYPE_ECDSA : KEY_TYPE_ANY;
}

static void test_signatures(void **state)
{
	const struct offer_set *set = *state;

	for (int i = 0; i < OFFER_COUNT * KEY_TYPE_COUNT; i++) {
		enum tls_offer offer = (enum tls_offer)(i / KEY_TYPE_COUNT);
		enum key_type type = (enum key_type)(i % KEY_TYPE_COUNT);
		bool has_sha1 = false;
		bool has_sha256 = false;
		const unsigned int *list;
		int count = gnutls_priority_sign_list(
			set->priorities[offer][type], &list);

		assert_true(count > 0);
		for (int j = 0; j < count; j++) {
			gnutls_sign_algorithm_t s =
				(gnutls_sign_algorithm_t)list[j];

			if (type != KEY_TYPE_ANY)
				assert_int_equal(key_of(s), type);
			if (gnutls_sign_get_hash_algorithm(s) ==
			    GNUTLS_DIG_SHA1)
				has_sha1 = true;
			if (gnutls_sign_get_hash_algorithm(s) ==
			    GNUTLS_DIG_SHA256)
				has_sha256 = true;
			/* Behind the better ones. */
			assert_false(has_sha1 && !has_sha256);
		}
		assert_true(has_sha256);
		assert_int_equal(has_sha1, offer == OFFER_OLD);
	}
}

/* With static RSA a server could answer an offer of ECDSA by its RSA
 * certificate. */
static void test_key_exchanges(void **state)
{
	static const struct {
		enum key_type type;
		bool rsa, dhe_rsa, ecdhe_rsa, ecdhe_ecdsa;
	} rows[] = {
		{ KEY_TYPE_ANY, true, true, true, true },
		{ KEY_TYPE_RSA, true, true, true, false },
		{ KEY_TYPE_ECDSA, false, false, false, true },
	};
	const struct offer_set *set = *state;

	for (size_t i = 0; i < COUNT_OF(rows) * OFFER_COUNT; i++) {
		size_t row = i / OFFER_COUNT;
		const unsigned int *list;
		int count = gnutls_priority_kx_list(
			set->priorities[i % OFFER_COUNT][rows[row].type],
			&list);

		/* TLS 1.3 has no such thing. */
		if (i % OFFER_COUNT == OFFER_TLS13)
			continue;
		assert_int_equal(is_one_of(GNUTLS_KX_RSA, list, count),
				 rows[row].rsa);
		assert_int_equal(is_one_of(GNUTLS_KX_DHE_RSA, list, count),
				 rows[row].dhe_rsa);
		assert_int_equal(is_one_of(GNUTLS_KX_ECDHE_RSA, list, count),
				 rows[row].ecdhe_rsa);
		assert_int_equal(is_one_of(GNUTLS_KX_ECDHE_ECDSA, list, count),
				 rows[row].ecdhe_ecdsa);
		assert_false(is_one_of(GNUTLS_KX_ANON_DH, list, count));
		assert_false(is_one_of(GNUTLS_KX_ANON_ECDH, list, count));
		assert_false(is_one_of(GNUTLS_KX_PSK, list, count));
	}
}

/* The first is the one whose share is sent unasked. */
static void test_groups_and_ciphers(void **state)
{
	const struct offer_set *set = *state;

	for (int i = 0; i < OFFER_COUNT * KEY_TYPE_COUNT; i++) {
		int offer = i / KEY_TYPE_COUNT;
		gnutls_priority_t priority =
			set->priorities[offer][i % KEY_TYPE_COUNT];
		const unsigned int *list;
		int count = gnutls_priority_group_list(priority, &list);

		assert_true(count == 8);
		assert_int_equal(list[0], GNUTLS_GROUP_X25519);
		assert_int_equal(list[1], GNUTLS_GROUP_SECP256R1);
		assert_true(is_one_of(GNUTLS_GROUP_FFDHE2048, list, count));
		count = gnutls_priority_cipher_list(priority, &list);
		assert_true(is_one_of(GNUTLS_CIPHER_AES_128_GCM, list, count));
		assert_int_equal(is_one_of(GNUTLS_CIPHER_3DES_CBC, list, count),
				 offer == OFFER_OLD);
		assert_int_equal(
			is_one_of(GNUTLS_CIPHER_ARCFOUR_128, list, count),
			offer == OFFER_OLD);
		assert_false(is_one_of(GNUTLS_CIPHER_NULL, list, count));
	}
}

static void test_order(void **state)
{
	static const struct {
		enum handshake_mode mode;
		enum tls_offer offers[4];
		size_t count;
	} rows[] = {
		{ HANDSHAKE_FULL, { OFFER_MODERN, OFFER_OLD }, 2 },
		{ HANDSHAKE_CERTIFICATE,
		  { OFFER_TLS12, OFFER_TLS13, OFFER_OLD },
		  3 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		enum tls_offer offer = offer_first(rows[i].mode);

		for (size_t j = 0; j < rows[i].count; j++) {
			assert_int_equal(offer, rows[i].offers[j]);
			assert_int_equal(offer_next(offer, &offer),
					 j + 1 < rows[i].count);
		}
		/* At the end it stays as it is. */
		assert_int_equal(offer, OFFER_OLD);
	}
}

static void test_release(void **state)
{
	struct offer_set set = { 0 };
	struct error err = { 0 };

	(void)state;
	offer_set_release(&set);
	assert_ok(offer_set_init(&set, &err), &err);
	offer_set_release(&set);
	assert_null(set.priorities[OFFER_OLD][KEY_TYPE_ECDSA]);
	offer_set_release(&set);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_versions),	      TEST(test_signatures),
		TEST(test_key_exchanges),     TEST(test_groups_and_ciphers),
		cmocka_unit_test(test_order), cmocka_unit_test(test_release),
	};

	return cmocka_run_group_tests_name("offer", tests, NULL, NULL);
}
