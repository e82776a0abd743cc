/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/trust: stores from files, and the system's. What a file may hold:
 * test_pem.c.
 */
#include <config.h>

#include "probe/trust.h"

#include <stdlib.h>

#include "certs.h"
#include "support.h"

static void test_file(void **state)
{
	struct test_cert certs[] = {
		test_cert_make(
			&(struct test_cert_spec){ .cn = "A", .is_ca = true }),
		test_cert_make(&(struct test_cert_spec){ .cn = "B" }),
	};
	char *path = path_join(*state, "ca.pem");
	struct trust_store store = { 0 };
	struct error err = { 0 };

	test_cert_write(path, certs, COUNT_OF(certs));
	assert_ok(trust_store_load(&store, path, &err), &err);
	assert_int_equal(store.count, COUNT_OF(certs));
	/* All of them, in that order, CA or not. */
	for (size_t i = 0; i < COUNT_OF(certs); i++) {
		assert_true(gnutls_x509_crt_equals2(store.anchors[i],
						    &certs[i].der) != 0);
		test_cert_free(&certs[i]);
	}
	trust_store_release(&store);
	assert_null(store.anchors);
	assert_int_equal(store.count, 0);
	trust_store_release(&store);
	free(path);
}

static void test_nothing_in_the_file(void **state)
{
	char *path = path_join(*state, "ca.pem");
	struct trust_store store = { 0 };
	struct error err = { 0 };

	write_file(path, "");
	assert_error(trust_store_load(&store, path, &err), &err, ERROR_USAGE,
		     path);
	assert_null(store.anchors);
	assert_int_equal(store.count, 0);
	free(path);
}

/* There is one or not: it is no failure. */
static void test_system(void **state)
{
	struct trust_store store = { 0 };
	struct error err = { 0 };

	(void)state;
	assert_ok(trust_store_load_system(&store, &err), &err);
	assert_true((store.anchors == NULL) == (store.count == 0));
	for (unsigned int i = 0; i < store.count; i++)
		assert_int_equal(
			gnutls_x509_crt_get_ca_status(store.anchors[i], NULL) <
				0,
			gnutls_x509_crt_get_version(store.anchors[i]) == 1);
	trust_store_release(&store);
}

int main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, temp_dir_setup, temp_dir_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_file),
		TEST(test_nothing_in_the_file),
		cmocka_unit_test(test_system),
	};

	return cmocka_run_group_tests_name("trust", tests, NULL, NULL);
}
