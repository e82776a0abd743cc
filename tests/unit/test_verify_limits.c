/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/verify, probe/presented: chains that are made to cost time. What takes
 * GnuTLS long is counted, or kept from it.
 */
#include <config.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

#include "certs.h"
#include "probe/certificate.h"
#include "probe/verify.h"
#include "support.h"

#define OID_PURPOSES "2.5.29.37"
#define OID_NAMES "2.5.29.17"
#define OID_CONSTRAINTS "2.5.29.30"
#define OID_ACCESS "1.3.6.1.5.5.7.1.1"

static size_t judged;
static size_t signatures;

int __real_gnutls_x509_trust_list_verify_crt2(
	gnutls_x509_trust_list_t list, gnutls_x509_crt_t *crts,
	unsigned int count, gnutls_typed_vdata_st *data, unsigned int elements,
	unsigned int flags, unsigned int *status,
	gnutls_verify_output_function output);
int __wrap_gnutls_x509_trust_list_verify_crt2(
	gnutls_x509_trust_list_t list, gnutls_x509_crt_t *crts,
	unsigned int count, gnutls_typed_vdata_st *data, unsigned int elements,
	unsigned int flags, unsigned int *status,
	gnutls_verify_output_function output);
int __real_gnutls_pubkey_verify_data2(gnutls_pubkey_t key,
				      gnutls_sign_algorithm_t algorithm,
				      unsigned int flags,
				      const gnutls_datum_t *data,
				      const gnutls_datum_t *signature);
int __wrap_gnutls_pubkey_verify_data2(gnutls_pubkey_t key,
				      gnutls_sign_algorithm_t algorithm,
				      unsigned int flags,
				      const gnutls_datum_t *data,
				      const gnutls_datum_t *signature);

int __wrap_gnutls_x509_trust_list_verify_crt2(
	gnutls_x509_trust_list_t list, gnutls_x509_crt_t *crts,
	unsigned int count, gnutls_typed_vdata_st *data, unsigned int elements,
	unsigned int flags, unsigned int *status,
	gnutls_verify_output_function output)
{
	judged++;
	return __real_gnutls_x509_trust_list_verify_crt2(
		list, crts, count, data, elements, flags, status, output);
}

int __wrap_gnutls_pubkey_verify_data2(gnutls_pubkey_t key,
				      gnutls_sign_algorithm_t algorithm,
				      unsigned int flags,
				      const gnutls_datum_t *data,
				      const gnutls_datum_t *signature)
{
	signatures++;
	return __real_gnutls_pubkey_verify_data2(key, algorithm, flags, data,
						 signature);
}

static struct chain_facts verify(const struct test_cert *certs, size_t count,
				 const struct test_cert *root)
{
	gnutls_x509_crt_t anchor =
		certificate_import(root->der.data, root->der.size);
	/* Several that may be the issuer. */
	gnutls_x509_crt_t anchors[] = { anchor, anchor, anchor, anchor };
	struct trust_store store = { anchors, COUNT_OF(anchors) };
	struct chain chain = { .count = count };
	struct chain_subjects subjects;
	struct chain_facts facts;
	struct error err = { 0 };

	for (size_t i = 0; i < count; i++) {
		chain.certificates[i].bytes = certs[i].der.data;
		chain.certificates[i].size = certs[i].der.size;
	}
	judged = 0;
	signatures = 0;
	assert_ok(verify_chain(&chain, &store, TEST_CERT_NOT_BEFORE, &facts,
			       &subjects, &err),
		  &err);
	gnutls_x509_crt_deinit(anchor);
	assert_true(facts.is_checked);
	assert_true(facts.not_after == TEST_CERT_NOT_AFTER);
	assert_true(judged <= VERIFY_PATHS_MAX);
	assert_true(signatures <= VERIFY_SIGNATURES_MAX);
	return facts;
}

static void free_certs(struct test_cert *certs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		test_cert_free(&certs[i]);
}

/* --- Long ways -------------------------------------------------------------
 */

/* A leaf and CHAIN_MAX - 1 CAs, each of which is named as each one's issuer,
 * and so is the root. Each is signed by the one behind it, or by a stranger. */
static void test_everybody_by_everybody(void **state)
{
	(void)state;
	for (int is_signed = 0; is_signed < 2; is_signed++) {
		struct test_cert stranger = test_cert_make(
			&(struct test_cert_spec){ .cn = "A", .is_ca = true });
		struct test_cert root = test_cert_make(
			&(struct test_cert_spec){ .cn = "A", .is_ca = true });
		struct test_cert certs[CHAIN_MAX];
		struct chain_facts facts;

		for (size_t i = CHAIN_MAX; i-- > 0;)
			certs[i] = test_cert_make(&(struct test_cert_spec){
				.cn = i == 0 ? "leaf" : "A",
				.is_ca = i > 0,
				.issuer = is_signed && i < CHAIN_MAX - 1 ?
						  &certs[i + 1] :
						  &stranger,
			});
		facts = verify(certs, CHAIN_MAX, &root);
		assert_int_equal(facts.reason, is_signed ?
						       VERIFY_UNKNOWN_ISSUER :
						       VERIFY_BAD_SIGNATURE);
		assert_int_equal(judged, VERIFY_PATHS_MAX);
		/* By names alone it ends as well. */
		test_cert_free(&root);
		root = test_cert_make(&(struct test_cert_spec){ .cn = "B" });
		(void)verify(certs, CHAIN_MAX, &root);
		assert_int_equal(judged, 0);
		free_certs(certs, CHAIN_MAX);
		test_cert_free(&root);
		test_cert_free(&stranger);
	}
}

/* Straight on: the path has room for VERIFY_PATH_MAX. */
static void test_long_path(void **state)
{
	struct test_cert certs[VERIFY_PATH_MAX + 2];
	const size_t last = COUNT_OF(certs) - 1;
	struct chain_facts facts;

	(void)state;
	for (size_t i = last + 1; i-- > 0;) {
		char cn[16];

		(void)snprintf(cn, sizeof(cn), "%zu", i);
		certs[i] = test_cert_make(&(struct test_cert_spec){
			.cn = cn,
			.is_ca = i > 0,
			.issuer = i == last ? NULL : &certs[i + 1],
		});
	}
	assert_int_equal(verify(certs, last, &certs[VERIFY_PATH_MAX]).reason,
			 VERIFY_OK);
	facts = verify(certs, last, &certs[last]);
	assert_int_equal(facts.reason, VERIFY_UNKNOWN_ISSUER);
	assert_int_equal(facts.issuer, 1);
	assert_int_equal(judged, 0);
	free_certs(certs, COUNT_OF(certs));
}

/* --- Certificates that cost ------------------------------------------------
 */

/* DER: `count` times `element` in SEQUENCEs, in those of `tags` around. */
static gnutls_datum_t repeat(const void *element, size_t size, size_t count,
			     const char *tags)
{
	const size_t room = 16;
	size_t total = size * count;
	unsigned char *bytes = calloc(1, total + room);
	unsigned char *at = bytes + room;

	assert_non_null(bytes);
	for (size_t i = 0; i < count; i++)
		memcpy(at + i * size, element, size);
	for (size_t i = strlen(tags); i-- > 0; total += 4) {
		at -= 4;
		at[0] = (unsigned char)tags[i];
		at[1] = 0x82;
		at[2] = (unsigned char)(total >> 8);
		at[3] = (unsigned char)total;
	}
	memmove(bytes, at, total);
	return (gnutls_datum_t){ bytes, (unsigned int)total };
}

#define SEQUENCE "\x30"
#define PERMITTED "\x30\xa0"

struct costs {
	gnutls_datum_t purposes;
	gnutls_datum_t constraints;
	gnutls_datum_t names;
	gnutls_datum_t access;
	gnutls_datum_t junk;
};

static int costs_setup(void **state)
{
	struct costs *c = test_calloc(1, sizeof(*c));

	c->purposes = repeat("\x06\x03\x2a\x03\x04", 5, 2000, SEQUENCE);
	c->constraints = repeat("\x30\x03\x82\x01x", 5, 1000, PERMITTED);
	c->names = repeat("\x82\x05www.x", 7, 5000, SEQUENCE);
	/* Each a caIssuers */
	c->access = repeat("\x30\x0d\x06\x08\x2b\x06\x01\x05\x05\x07\x30\x02"
			   "\x86\x01x",
			   15, 300, SEQUENCE);
	c->junk = repeat("", 1, 16000, "\x04");
	*state = c;
	return 0;
}

static int costs_teardown(void **state)
{
	struct costs *c = *state;

	free(c->purposes.data);
	free(c->constraints.data);
	free(c->names.data);
	free(c->access.data);
	free(c->junk.data);
	test_free(c);
	return 0;
}

/* As an issuer each is left out. */
static void test_costly_issuers(void **state)
{
	const struct costs *c = *state;
	const struct {
		const char *name;
		struct test_cert_spec spec;
		bool is_left_out;
	} rows[] = {
		{ "none", { .is_ca = true }, false },
		{ "RSA modulus",
		  { .rsa_modulus_size = 2500, .rsa_exponent_size = 3 },
		  true },
		{ "RSA exponent",
		  { .rsa_modulus_size = 256, .rsa_exponent_size = 100 },
		  true },
		{ "DSA", { .dsa_p_size = 1024, .dsa_q_size = 1024 }, true },
		{ "a byte of DSA", { .dsa_p_size = 1, .dsa_q_size = 1 }, true },
		{ "purposes",
		  { .extension = { OID_PURPOSES, c->purposes, false } },
		  true },
		{ "constraints",
		  { .extension = { OID_CONSTRAINTS, c->constraints, true } },
		  true },
		{ "bytes", { .extension = { "1.2.4", c->junk, false } }, true },
		{ "extensions", { .empty_extensions = 200 }, true },
		{ "not so many", { .empty_extensions = 100 }, false },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct test_cert_spec spec = rows[i].spec;
		struct test_cert root = test_cert_make(
			&(struct test_cert_spec){ .cn = "R", .is_ca = true });
		/* Signs in place of those that cannot. */
		struct test_cert deputy =
			test_cert_make(&(struct test_cert_spec){ .cn = "I" });
		struct test_cert certs[2];
		struct chain_facts facts;

		spec.cn = "I";
		spec.is_ca = true;
		spec.issuer = &root;
		spec.same_key = &deputy;
		certs[1] = test_cert_make(&spec);
		certs[0] = test_cert_make(&(struct test_cert_spec){
			.cn = "leaf", .issuer = &deputy });
		facts = verify(certs, 2, &root);
		assert_row((facts.reason == VERIFY_UNKNOWN_ISSUER &&
			    facts.issuer == 0 && facts.lacks_issuer &&
			    judged == 0) == rows[i].is_left_out,
			   rows[i].name);
		assert_row((facts.reason == VERIFY_OK) != rows[i].is_left_out,
			   rows[i].name);
		free_certs(certs, 2);
		test_cert_free(&deputy);
		test_cert_free(&root);
	}
}

/* A leaf cannot be left out. */
static void test_costly_leaves(void **state)
{
	const struct costs *c = *state;
	const struct {
		const char *name;
		struct test_cert_spec spec;
		enum verify_reason reason, by_nobody;
	} rows[] = {
		{ "RSA modulus",
		  { .rsa_modulus_size = 2500, .rsa_exponent_size = 3 },
		  VERIFY_OTHER,
		  VERIFY_UNKNOWN_ISSUER },
		{ "DSA",
		  { .dsa_p_size = 1024, .dsa_q_size = 1024 },
		  VERIFY_OTHER,
		  VERIFY_UNKNOWN_ISSUER },
		{ "purposes",
		  { .extension = { OID_PURPOSES, c->purposes, false } },
		  VERIFY_OTHER,
		  VERIFY_UNKNOWN_ISSUER },
		{ "names",
		  { .extension = { OID_NAMES, c->names, false } },
		  VERIFY_OK,
		  VERIFY_UNKNOWN_ISSUER },
		{ "issuers to fetch",
		  { .extension = { OID_ACCESS, c->access, false } },
		  VERIFY_OK,
		  VERIFY_UNKNOWN_ISSUER },
		{ "bytes",
		  { .extension = { "1.2.4", c->junk, false } },
		  VERIFY_OK,
		  VERIFY_UNKNOWN_ISSUER },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct test_cert_spec spec = rows[i].spec;
		struct test_cert root = test_cert_make(
			&(struct test_cert_spec){ .cn = "R", .is_ca = true });
		struct test_cert other =
			test_cert_make(&(struct test_cert_spec){ .cn = "O" });
		struct test_cert leaf;

		spec.cn = "leaf";
		spec.issuer = &root;
		leaf = test_cert_make(&spec);
		assert_row(verify(&leaf, 1, &root).reason == rows[i].reason,
			   rows[i].name);
		assert_row(judged == (rows[i].reason == VERIFY_OK),
			   rows[i].name);
		assert_row(verify(&leaf, 1, &other).reason == rows[i].by_nobody,
			   rows[i].name);
		test_cert_free(&leaf);
		test_cert_free(&other);
		test_cert_free(&root);
	}
}

/* Nor is it readable with ever so many extensions. */
static void test_many_extensions(void **state)
{
	(void)state;
	for (size_t count = 100; count <= 200; count += 100) {
		struct test_cert leaf = test_cert_make(
			&(struct test_cert_spec){ .empty_extensions = count });
		struct certificate *c = NULL;
		struct error err = { 0 };

		assert_ok(certificate_read(leaf.der.data, leaf.der.size, &c,
					   &err),
			  &err);
		assert_int_equal(c->is_readable, count == 100);
		certificate_free(c);
		test_cert_free(&leaf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everybody_by_everybody),
		cmocka_unit_test(test_long_path),
		cmocka_unit_test_setup_teardown(test_costly_issuers,
						costs_setup, costs_teardown),
		cmocka_unit_test_setup_teardown(test_costly_leaves, costs_setup,
						costs_teardown),
		cmocka_unit_test(test_many_extensions),
	};

	return cmocka_run_group_tests_name("verify_limits", tests, NULL, NULL);
}
