/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/setup: stores and client certificates of jobs, and what is left of
 * keys. What files may hold: test_pem.c.
 */
#include <config.h>

#include "probe/setup.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "certs.h"
#include "probe/pem.h"
#include "support.h"
#include "torture.h"

#define JOBS_MAX 6

struct world {
	char *directory;
	char *ca, *other_ca, *certificate, *key, *other_key, *missing;
	struct job_config jobs[JOBS_MAX];
	struct config config;
	struct probe_setup setup;
	struct error err;
};

static char *write_cert(const char *directory, const char *name,
			const struct test_cert *cert, bool has_key)
{
	char *path = path_join(directory, name);

	if (has_key)
		test_cert_write_key(path, cert, NULL);
	else
		test_cert_write(path, cert, 1);
	return path;
}

static int world_setup(void **state)
{
	struct world *w = test_calloc(1, sizeof(*w));
	struct test_cert a = test_cert_make(&(struct test_cert_spec){ 0 });
	struct test_cert b = test_cert_make(&(struct test_cert_spec){ 0 });

	w->directory = temp_dir_make();
	w->ca = write_cert(w->directory, "ca.pem", &a, false);
	w->other_ca = write_cert(w->directory, "other.pem", &b, false);
	w->certificate = write_cert(w->directory, "a.pem", &a, false);
	w->key = write_cert(w->directory, "a.key", &a, true);
	w->other_key = write_cert(w->directory, "b.key", &b, true);
	w->missing = path_join(w->directory, "missing.pem");
	w->config.jobs.items = w->jobs;
	test_cert_free(&a);
	test_cert_free(&b);
	*state = w;
	return 0;
}

static int world_teardown(void **state)
{
	struct world *w = *state;

	free(w->ca);
	free(w->other_ca);
	free(w->certificate);
	free(w->key);
	free(w->other_key);
	free(w->missing);
	temp_dir_remove(w->directory);
	test_free(w);
	return 0;
}

static struct job_config *add_job(struct world *w, char *ca_file,
				  char *certificate, char *key)
{
	static char name[] = "edge";
	struct job_config *job = &w->jobs[w->config.jobs.count++];

	assert_true(w->config.jobs.count <= JOBS_MAX);
	*job = (struct job_config){
		.name = name,
		.verify = ca_file != NULL,
		.ca_file = ca_file,
		.client_certificate = certificate,
		.client_key = key,
	};
	return job;
}

static void init(struct world *w)
{
	assert_ok(probe_setup_init(&w->setup, &w->config, &w->err), &w->err);
}

static void test_stores(void **state)
{
	struct world *w = *state;
	char *again = strdup(w->ca);
	const struct job_setup *jobs[4];

	assert_non_null(again);
	(void)add_job(w, w->ca, NULL, NULL);
	(void)add_job(w, NULL, NULL, NULL);
	(void)add_job(w, w->other_ca, NULL, NULL);
	(void)add_job(w, again, NULL, NULL);
	init(w);
	for (size_t i = 0; i < COUNT_OF(jobs); i++)
		jobs[i] = probe_setup_of(&w->setup, &w->jobs[i]);
	assert_int_equal(w->setup.store_count, 2);
	assert_int_equal(jobs[0]->trust->count, 1);
	assert_null(jobs[1]->trust);
	assert_int_equal(jobs[2]->trust->count, 1);
	assert_ptr_not_equal(jobs[2]->trust, jobs[0]->trust);
	assert_ptr_equal(jobs[3]->trust, jobs[0]->trust);
	assert_false(w->setup.lacks_system_store);
	for (size_t i = 0; i < COUNT_OF(jobs); i++) {
		assert_ptr_equal(jobs[i]->offers, &w->setup.offers);
		assert_ptr_equal(jobs[i]->credentials, w->setup.anonymous);
	}
	probe_setup_release(&w->setup);
	assert_null(w->setup.jobs);
	probe_setup_release(&w->setup);
	free(again);
}

static void test_system_store(void **state)
{
	struct world *w = *state;
	const struct trust_store *trust;

	add_job(w, NULL, NULL, NULL)->verify = true;
	add_job(w, NULL, NULL, NULL)->verify = true;
	(void)add_job(w, w->ca, NULL, NULL);
	init(w);
	trust = probe_setup_of(&w->setup, &w->jobs[0])->trust;
	assert_int_equal(w->setup.store_count, 2);
	assert_non_null(trust);
	assert_ptr_equal(probe_setup_of(&w->setup, &w->jobs[1])->trust, trust);
	assert_int_equal(w->setup.lacks_system_store, trust->count == 0);
	probe_setup_release(&w->setup);
}

static bool has_no_system_store;

int __real_gnutls_x509_trust_list_add_system_trust(
	gnutls_x509_trust_list_t list, unsigned int flags,
	unsigned int verify_flags);
int __wrap_gnutls_x509_trust_list_add_system_trust(
	gnutls_x509_trust_list_t list, unsigned int flags,
	unsigned int verify_flags);

int __wrap_gnutls_x509_trust_list_add_system_trust(
	gnutls_x509_trust_list_t list, unsigned int flags,
	unsigned int verify_flags)
{
	return has_no_system_store ?
		       GNUTLS_E_FILE_ERROR :
		       __real_gnutls_x509_trust_list_add_system_trust(
			       list, flags, verify_flags);
}

static void test_no_system_store(void **state)
{
	struct world *w = *state;

	has_no_system_store = true;
	(void)add_job(w, w->ca, NULL, NULL);
	init(w);
	assert_false(w->setup.lacks_system_store);
	probe_setup_release(&w->setup);
	add_job(w, NULL, NULL, NULL)->verify = true;
	init(w);
	assert_true(w->setup.lacks_system_store);
	assert_int_equal(probe_setup_of(&w->setup, &w->jobs[1])->trust->count,
			 0);
	probe_setup_release(&w->setup);
	has_no_system_store = false;
}

static void test_client_certificate(void **state)
{
	struct world *w = *state;
	const struct job_setup *with;
	gnutls_x509_crt_t *crts = NULL;
	unsigned int count = 0;

	(void)add_job(w, NULL, NULL, NULL);
	(void)add_job(w, NULL, w->certificate, w->key);
	init(w);
	with = probe_setup_of(&w->setup, &w->jobs[1]);
	assert_ptr_equal(probe_setup_of(&w->setup, &w->jobs[0])->credentials,
			 w->setup.anonymous);
	assert_ptr_not_equal(with->credentials, w->setup.anonymous);
	assert_int_equal(gnutls_certificate_get_x509_crt(with->credentials, 0,
							 &crts, &count),
			 0);
	assert_int_equal(count, 1);
	pem_free_certificates(crts, count);
	assert_int_equal(gnutls_certificate_get_x509_crt(w->setup.anonymous, 0,
							 &crts, &count),
			 GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE);
	probe_setup_release(&w->setup);
}

/* Each names job, key and file. */
static void test_mistakes(void **state)
{
	struct world *w = *state;
	const struct {
		char *ca, *certificate, *key;
		const char *where, *file, *what;
	} rows[] = {
		{ w->missing, NULL, NULL, "ca_file: ", w->missing,
		  ": No such" },
		{ w->key, NULL, NULL, "ca_file: ", w->key, ": holds no cert" },
		{ NULL, w->certificate, w->missing, "client_key: ", w->missing,
		  ": No such" },
		{ NULL, w->certificate, w->certificate,
		  "client_key: ", w->certificate, ": holds no private key" },
		{ NULL, w->missing, w->key, "client_certificate: ", w->missing,
		  ": No such" },
		{ NULL, w->key, w->key, "client_certificate: ", w->key,
		  ": holds no cert" },
		{ NULL, w->certificate, w->other_key, "client_key: ",
		  w->other_key, ": is not the key of the certificate in " },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (int by_options = 0; by_options < 2; by_options++) {
			bool has_dashes = by_options && rows[i].ca != NULL;
			char expected[1024];
			struct error err = { 0 };

			(void)snprintf(expected, sizeof(expected), "%s%s%s%s%s",
				       by_options ? "" : "job 'edge': ",
				       has_dashes ? "--ca-file: " : "",
				       has_dashes ? "" : rows[i].where,
				       rows[i].file, rows[i].what);
			w->config.has_cli_job = by_options != 0;
			w->config.jobs.count = 0;
			(void)add_job(w, w->ca, NULL, NULL);
			(void)add_job(w, rows[i].ca, rows[i].certificate,
				      rows[i].key);
			assert_error(
				probe_setup_init(&w->setup, &w->config, &err),
				&err, ERROR_USAGE, expected);
			assert_memory_equal(err.message, expected,
					    strlen(expected));
			assert_null(strchr(err.message, '\n'));
		}
	}
}

static int try_init(void *data, struct error *err)
{
	struct world *w = data;
	int r = probe_setup_init(&w->setup, &w->config, err);

	if (r == 0)
		probe_setup_release(&w->setup);
	return r;
}

static void test_out_of_memory(void **state)
{
	struct world *w = *state;

	(void)add_job(w, w->ca, NULL, NULL);
	(void)add_job(w, w->other_ca, w->certificate, w->key);
	torture(try_init, w);
}

/* --- What is left of a key -------------------------------------------------
 */

static char needle[33];
static size_t found;

static void look_for_needle(void *bytes)
{
	if (needle[0] != '\0' && bytes != NULL &&
	    memmem(bytes, malloc_usable_size(bytes), needle, strlen(needle)) !=
		    NULL)
		found++;
}

/* In memory that we give back. What GnuTLS does with its own is its business.
 */
static void test_key_is_wiped(void **state)
{
	struct world *w = *state;
	char *text = read_text(w->key);

	/* In the second line: the first begins as all do. */
	(void)snprintf(needle, sizeof(needle), "%s",
		       strchr(strchr(text, '\n') + 1, '\n') - 40);
	torture_on_free = look_for_needle;
	(void)add_job(w, w->ca, w->certificate, w->key);
	init(w);
	probe_setup_release(&w->setup);
	w->jobs[0].client_key = w->other_key;
	assert_true(probe_setup_init(&w->setup, &w->config, &w->err) < 0);
	assert_int_equal(found, 0);
	/* It would have been found. */
	free(text);
	assert_int_equal(found, 1);
	torture_on_free = NULL;
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_stores),	    TEST(test_system_store),
		TEST(test_no_system_store), TEST(test_client_certificate),
		TEST(test_mistakes),	    TEST(test_out_of_memory),
		TEST(test_key_is_wiped),
	};

	return cmocka_run_group_tests_name("setup", tests, NULL, NULL);
}
