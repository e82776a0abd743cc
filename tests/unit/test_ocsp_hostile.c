/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/ocsp: what there is nothing to verify in, what would take long, and
 * bytes that were cut, changed or made up.
 */
#include <config.h>

#include "probe/ocsp.h"

#include <gnutls/ocsp.h>
#include <stdlib.h>
#include <string.h>

#include "pki.h"
#include "probe/der.h"
#include "responses.h"
#include "support.h"

/* --- How far GnuTLS is let ------------------------------------------------ */

static unsigned int imports;
static unsigned int verifications;

int __real_gnutls_ocsp_resp_import2(gnutls_ocsp_resp_t response,
				    const gnutls_datum_t *data,
				    gnutls_x509_crt_fmt_t format);
int __wrap_gnutls_ocsp_resp_import2(gnutls_ocsp_resp_t response,
				    const gnutls_datum_t *data,
				    gnutls_x509_crt_fmt_t format);
int __wrap_gnutls_ocsp_resp_import2(gnutls_ocsp_resp_t response,
				    const gnutls_datum_t *data,
				    gnutls_x509_crt_fmt_t format)
{
	imports++;
	return __real_gnutls_ocsp_resp_import2(response, data, format);
}

int __real_gnutls_ocsp_resp_verify_direct(gnutls_ocsp_resp_t response,
					  gnutls_x509_crt_t issuer,
					  unsigned int *verify,
					  unsigned int flags);
int __wrap_gnutls_ocsp_resp_verify_direct(gnutls_ocsp_resp_t response,
					  gnutls_x509_crt_t issuer,
					  unsigned int *verify,
					  unsigned int flags);
int __wrap_gnutls_ocsp_resp_verify_direct(gnutls_ocsp_resp_t response,
					  gnutls_x509_crt_t issuer,
					  unsigned int *verify,
					  unsigned int flags)
{
	verifications++;
	return __real_gnutls_ocsp_resp_verify_direct(response, issuer, verify,
						     flags);
}

static struct ocsp_facts read_bytes(const uint8_t *der, size_t size,
				    enum pki issuer)
{
	imports = 0;
	verifications = 0;
	return ocsp_read(der, size, pki[LEAF].crt, pki[issuer].crt);
}

static enum ocsp_status status_of(const struct test_response_spec *spec)
{
	struct test_response response = test_response_make(spec);
	struct ocsp_facts facts = read_bytes(response.der, response.size, CA);

	test_response_free(&response);
	return facts.status;
}

/* --- Nothing to verify ------------------------------------------------------
 */

static void test_nobody(void **state)
{
	static const struct {
		enum pki leaf, issuer;
	} rows[] = { { LEAF, NOBODY }, { NOBODY, CA }, { NOBODY, NOBODY } };
	struct test_response response = test_response_make(&(
		struct test_response_spec){
		.singles = { { .leaf = &pki[LEAF] } }, .signer = &pki[CA] });

	(void)state;
	imports = 0;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(ocsp_read(response.der, response.size,
					   pki[rows[i].leaf].crt,
					   pki[rows[i].issuer].crt)
					 .status,
				 OCSP_INVALID);
	assert_int_equal(imports, 0);
	test_response_free(&response);
}

static void test_errors_of_the_responder(void **state)
{
	struct test_response_spec spec = {
		.singles = { { .leaf = &pki[LEAF] } }, .signer = &pki[CA]
	};

	(void)state;
	for (spec.status = 1; spec.status < 8; spec.status++) {
		assert_int_equal(status_of(&spec), OCSP_INVALID);
		assert_int_equal(imports, 1);
		assert_int_equal(verifications, 0);
	}
	spec.status = 0;
	assert_int_equal(status_of(&spec), OCSP_GOOD);
	assert_int_equal(verifications, 1);
	spec.is_of_other_type = true;
	assert_int_equal(status_of(&spec), OCSP_INVALID);
}

/* --- Limits --------------------------------------------------------------- */

static void test_size(void **state)
{
	struct test_response_spec spec = {
		.singles = { { .leaf = &pki[LEAF] } },
		.signer = &pki[CA],
		.padding = OCSP_RESPONSE_MAX / 2
	};
	struct test_response response = { 0 };

	(void)state;
	/* Signatures differ in length. */
	while (response.size != OCSP_RESPONSE_MAX) {
		test_response_free(&response);
		response = test_response_make(&spec);
		spec.padding += OCSP_RESPONSE_MAX - response.size;
	}
	assert_int_equal(read_bytes(response.der, response.size, CA).status,
			 OCSP_GOOD);
	test_response_free(&response);

	spec.padding += 8;
	assert_int_equal(status_of(&spec), OCSP_INVALID);
	assert_int_equal(imports, 0);
}

static void test_elements(void **state)
{
	struct test_response_spec spec = {
		.singles = { { .leaf = &pki[LEAF] } },
		.signer = &pki[CA],
		.fillers = 1
	};
	struct test_response response = test_response_make(&spec);
	struct der_counts counts;

	(void)state;
	assert_true(der_count(response.der, response.size, &counts));
	test_response_free(&response);
	spec.fillers += OCSP_ELEMENTS_MAX - counts.elements;
	assert_int_equal(status_of(&spec), OCSP_GOOD);
	spec.fillers++;
	assert_int_equal(status_of(&spec), OCSP_INVALID);
	assert_int_equal(imports, 0);
}

static void test_costly_certificates(void **state)
{
	static const enum pki costly[] = { COSTLY_RSA, COSTLY_DSA,
					   FOR_OCSP_NINE_TIMES };
	struct test_response_spec spec = {
		.singles = { { .leaf = &pki[LEAF] } }, .signer = &pki[CA]
	};
	struct test_response response = test_response_make(&spec);

	(void)state;
	assert_int_equal(
		read_bytes(response.der, response.size, COSTLY_CA).status,
		OCSP_INVALID);
	assert_int_equal(verifications, 0);
	test_response_free(&response);
	for (size_t i = 0; i < COUNT_OF(costly); i++) {
		spec.certs[0] = &pki[RESPONDER];
		spec.certs[1] = &pki[costly[i]];
		assert_int_equal(status_of(&spec), OCSP_INVALID);
		assert_int_equal(imports, 1);
		assert_int_equal(verifications, 0);
	}
}

/* --- Bytes ---------------------------------------------------------------- */

static const struct test_response_spec good[] = {
	{ .singles = { { .leaf = &pki[LEAF],
			 .next_update = "20400101000000Z" } },
	  .signer = &pki[CA] },
	{ .singles = { { .leaf = &pki[LEAF],
			 .issuer = &pki[CA],
			 .status = TEST_REVOKED } },
	  .signer = &pki[RESPONDER],
	  .is_by_key = true,
	  .certs = { &pki[RESPONDER] } },
};

static void test_every_truncation(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		struct test_response response = test_response_make(&good[i]);

		for (size_t size = 0; size < response.size; size++) {
			uint8_t *cut = malloc(size + 1);

			assert_non_null(cut);
			memcpy(cut + 1, response.der, size);
			assert_int_equal(read_bytes(cut + 1, size, CA).status,
					 OCSP_INVALID);
			free(cut);
		}
		test_response_free(&response);
	}
}

/* What is signed cannot be changed; elsewhere a few bits say nothing. */
static void assert_harmless(const uint8_t *changed,
			    const struct test_response *response,
			    const struct ocsp_facts *facts)
{
	struct ocsp_facts now = read_bytes(changed, response->size, CA);

	if (now.status == OCSP_INVALID)
		return;
	assert_memory_equal(changed + response->tbs_at,
			    response->der + response->tbs_at,
			    response->tbs_size);
	assert_int_equal(now.status, facts->status);
	assert_true(now.this_update == facts->this_update);
	assert_true(now.next_update == facts->next_update);
	assert_int_equal(now.has_next_update, facts->has_next_update);
}

static void test_every_byte_changed(void **state)
{
	static const uint8_t masks[] = { 0x01, 0x20, 0x80, 0xff };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		struct test_response response = test_response_make(&good[i]);
		struct ocsp_facts facts =
			read_bytes(response.der, response.size, CA);
		uint8_t *changed = malloc(response.size);

		assert_non_null(changed);
		assert_int_not_equal(facts.status, OCSP_INVALID);
		memcpy(changed, response.der, response.size);
		for (size_t at = 0; at < response.size; at++) {
			for (size_t m = 0; m < COUNT_OF(masks); m++) {
				changed[at] ^= masks[m];
				assert_harmless(changed, &response, &facts);
				changed[at] ^= masks[m];
			}
		}
		free(changed);
		test_response_free(&response);
	}
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* In the place of a part, and of all of it. */
static void test_garbage(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		struct test_response response = test_response_make(&good[i]);
		struct ocsp_facts facts =
			read_bytes(response.der, response.size, CA);
		uint8_t *changed = malloc(response.size);

		assert_non_null(changed);
		assert_int_not_equal(facts.status, OCSP_INVALID);
		for (size_t round = 0; round < 1000; round++) {
			size_t at = next_random(&seed) % response.size;
			size_t end = at + next_random(&seed) % 40;

			if (round % 4 == 0) {
				at = 0;
				end = response.size;
			}
			memcpy(changed, response.der, response.size);
			for (; at < end && at < response.size; at++)
				changed[at] = (uint8_t)next_random(&seed);
			assert_harmless(changed, &response, &facts);
		}
		free(changed);
		test_response_free(&response);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_errors_of_the_responder),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_elements),
		cmocka_unit_test(test_costly_certificates),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_every_byte_changed),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests_name("ocsp, hostile", tests, pki_setup,
					   pki_teardown);
}
