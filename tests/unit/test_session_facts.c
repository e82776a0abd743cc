/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/session_facts: IANA's words, and that facts are shared.
 */
#include <config.h>

#include "probe/session_facts.h"

#include <string.h>

#include "one_pair.h"
#include "support.h"

/* The names are those of IANA's registries "TLS Cipher Suites", "TLS Supported
 * Groups" and "TLS SignatureScheme". */
static void test_words(void **state)
{
	static const struct {
		gnutls_pk_algorithm_t key;
		unsigned int bits;
		const char *priority;
		const char *version, *cipher, *group, *signature;
	} rows[] = {
		{ GNUTLS_PK_ECDSA, 0, TLS13, "TLS1.3", "TLS_AES_256_GCM_SHA384",
		  "x25519", "ecdsa_secp256r1_sha256" },
		{ GNUTLS_PK_ECDSA,
		  GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP384R1),
		  TLS13 ":-GROUP-ALL:+GROUP-SECP384R1", "TLS1.3",
		  "TLS_AES_256_GCM_SHA384", "secp384r1",
		  "ecdsa_secp384r1_sha384" },
		{ GNUTLS_PK_RSA, 2048,
		  TLS13 ":-CIPHER-ALL:+CHACHA20-POLY1305"
			":-GROUP-ALL:+GROUP-SECP256R1",
		  "TLS1.3", "TLS_CHACHA20_POLY1305_SHA256", "secp256r1",
		  "rsa_pss_rsae_sha256" },
		{ GNUTLS_PK_RSA_PSS, 2048, TLS13 ":-GROUP-ALL:+GROUP-FFDHE2048",
		  "TLS1.3", "TLS_AES_256_GCM_SHA384", "ffdhe2048",
		  "rsa_pss_pss_sha256" },
		{ GNUTLS_PK_EDDSA_ED25519, 256, TLS13, "TLS1.3",
		  "TLS_AES_256_GCM_SHA384", "x25519", "ed25519" },
		{ GNUTLS_PK_EDDSA_ED448, 448, TLS13, "TLS1.3",
		  "TLS_AES_256_GCM_SHA384", "x25519", "ed448" },
		{ GNUTLS_PK_ECDSA, 0, TLS12, "TLS1.2",
		  "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "x25519",
		  "ecdsa_secp256r1_sha256" },
		{ GNUTLS_PK_RSA, 2048,
		  TLS12 ":-SIGN-ALL:+SIGN-RSA-SHA384:-KX-ALL:+DHE-RSA",
		  "TLS1.2", "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", "ffdhe2048",
		  "rsa_pkcs1_sha384" },
		{ GNUTLS_PK_RSA, 2048,
		  TLS12 ":-KX-ALL:+RSA:-CIPHER-ALL:+AES-128-CBC", "TLS1.2",
		  "TLS_RSA_WITH_AES_128_CBC_SHA", "", "" },
		/* Before TLS 1.2 there was nothing to choose. */
		{ GNUTLS_PK_ECDSA, 0, TLS11, "TLS1.1",
		  "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "x25519", "" },
	};
	struct one_pair *p = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct test_cert cert = test_cert_make(&(struct test_cert_spec){
			.dns = { "a.example" },
			.key = rows[i].key,
			.bits = rows[i].bits,
			.digest = rows[i].key == GNUTLS_PK_EDDSA_ED448 ?
					  GNUTLS_DIG_SHAKE_256 :
				  rows[i].key == GNUTLS_PK_EDDSA_ED25519 ?
					  GNUTLS_DIG_SHA512 :
					  GNUTLS_DIG_SHA256 });
		const struct session_facts *s;

		one_pair_probe_as(p, &(struct server_spec){
					     .cert = &cert,
					     .priority = rows[i].priority });
		s = p->c.result.session;
		if (s == NULL)
			print_error("row %zu: %s\n", i,
				    probe_reason_name(p->c.result.reason));
		assert_non_null(s);
		assert_string_equal(s->version, rows[i].version);
		assert_string_equal(s->cipher, rows[i].cipher);
		assert_string_equal(s->group, rows[i].group);
		assert_string_equal(s->signature, rows[i].signature);
		test_cert_free(&cert);
	}
	assert_int_equal(p->sessions.count, COUNT_OF(rows));
}

/* One word makes the difference, whichever it is. */
static void test_shared(void **state)
{
	struct one_pair *p = *state;
	struct test_cert rsa = test_cert_make(&(struct test_cert_spec){
		.dns = { "a.example" }, .key = GNUTLS_PK_RSA, .bits = 2048 });
	const struct server_spec specs[] = {
		{ .priority = TLS13 },
		{ .priority = TLS12 },
		{ .priority = TLS13 ":-GROUP-ALL:+GROUP-SECP256R1" },
		{ .priority = TLS13 ":-CIPHER-ALL:+AES-128-GCM" },
		{ .priority = TLS13, .cert = &rsa },
	};
	const struct session_facts *first[COUNT_OF(specs)];

	for (size_t i = 0; i < COUNT_OF(specs) * 2; i++) {
		size_t row = i % COUNT_OF(specs);

		one_pair_probe_as(p, &specs[row]);
		assert_non_null(p->c.result.session);
		if (i < COUNT_OF(specs))
			first[row] = p->c.result.session;
		else
			assert_ptr_equal(p->c.result.session, first[row]);
	}
	assert_int_equal(p->sessions.count, COUNT_OF(specs));
	test_cert_free(&rsa);
}

/* Those that are known are found; for others there is no room, and the probe
 * is good all the same. */
static void test_full_set(void **state)
{
	struct one_pair *p = *state;
	const struct session_facts *first;

	one_pair_probe(p, SERVER_TLS, TLS12);
	first = p->c.result.session;
	assert_non_null(first);
	p->sessions.count = SESSION_FACTS_MAX;
	one_pair_probe(p, SERVER_TLS, TLS13);
	assert_null(p->c.result.session);
	assert_true(p->c.result.success);
	assert_int_equal(p->sessions.count, SESSION_FACTS_MAX);
	one_pair_probe(p, SERVER_TLS, TLS12);
	assert_ptr_equal(p->c.result.session, first);
	session_facts_set_release(&p->sessions);
	assert_null(p->sessions.first);
	assert_int_equal(p->sessions.count, 0);
	session_facts_set_release(&p->sessions);
}

int main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, one_pair_setup, one_pair_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_words),
		TEST(test_shared),
		TEST(test_full_set),
	};

	return cmocka_run_group_tests_name("session_facts", tests, NULL, NULL);
}
