/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kube/tls: keys that are refused, and the dates that a server shows. Whom it
 * trusts is the end-to-end tests'.
 */
#include <config.h>

#include "kube/tls.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kube/client.h"

#include "certs.h"
#include "server.h"
#include "support.h"

static char *directory;
static struct test_cert cert;

static int set_up(void **state)
{
	(void)state;
	directory = temp_dir_make();
	cert = test_cert_make(&(struct test_cert_spec){ .cn = "joe" });
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	test_cert_free(&cert);
	temp_dir_remove(directory);
	return 0;
}

/* By path, or inline. */
static struct kube_file make_file(const char *path, bool is_inline)
{
	struct kube_file file = { 0 };
	struct error err = { 0 };
	char *text;

	if (!is_inline) {
		file.path = strdup(path);
		return file;
	}
	text = read_text(path);
	file.bytes = (struct buffer)BUFFER_INIT(KUBE_PEM_MAX);
	assert_ok(buffer_append(&file.bytes, text, strlen(text), &err), &err);
	free(text);
	return file;
}

static int set_key(const char *key, bool is_inline, struct error *err)
{
	struct kube_tls_files files = KUBE_TLS_FILES_NONE;
	char *crt = path_join(directory, "joe.crt");
	struct kube_access access = { .source = strdup("the test") };
	CURL *curl = curl_easy_init();
	int r;

	(void)remove(crt);
	test_cert_write(crt, &cert, 1);
	access.client_certificate = make_file(crt, is_inline);
	access.client_key = make_file(key, is_inline);
	*err = (struct error){ 0 };
	r = kube_tls_set(curl, &access, &files, err);
	assert_int_equal(files.key >= 0, is_inline);
	kube_tls_files_close(&files);
	assert_int_equal(files.key, -1);
	curl_easy_cleanup(curl);
	kube_access_free(&access);
	free(crt);
	return r;
}

static void test_keys(void **state)
{
	static const char old_form[] =
		"-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
		"DEK-Info: AES-256-CBC,00\n\nAAAA\n"
		"-----END EC PRIVATE KEY-----\n";
	char *plain = path_join(directory, "plain.key");
	char *encrypted = path_join(directory, "encrypted.key");
	char *old = path_join(directory, "old.key");
	char *missing = path_join(directory, "missing.key");
	struct error err = { 0 };

	(void)state;
	test_cert_write_key(plain, &cert, NULL);
	test_cert_write_key(encrypted, &cert, "password");
	write_file(old, old_form);
	assert_ok(set_key(plain, false, &err), &err);
	assert_ok(set_key(plain, true, &err), &err);
	assert_error(set_key(encrypted, false, &err), &err, ERROR_INVALID,
		     "/encrypted.key is encrypted, and nobody is there to give "
		     "its password: make one that is not (openssl pkey -in ");
	assert_true(strncmp(err.message, "the test: the client key ", 25) == 0);
	assert_error(set_key(encrypted, true, &err), &err, ERROR_INVALID,
		     "the test: the client-key-data is encrypted");
	assert_error(set_key(old, false, &err), &err, ERROR_INVALID,
		     "/old.key is encrypted");
	assert_error(set_key(old, true, &err), &err, ERROR_INVALID,
		     "the test: the client-key-data is encrypted");
	assert_error(set_key(missing, false, &err), &err, ERROR_INVALID,
		     "/missing.key: No such file");
	free(plain);
	free(encrypted);
	free(old);
	free(missing);
}

/* The server's certificate is over, and nobody vouches for it: its dates are
 * known all the same. */
static void test_dates_of_a_refused_server(void **state)
{
	struct kube_access access = { .source = (char[]){ "the test" } };
	struct kube_tls_files files = KUBE_TLS_FILES_NONE;
	struct kube_dates dates = { 0 };
	struct error err = { 0 };
	struct server server;
	CURL *curl = curl_easy_init();
	char url[64];

	(void)state;
	assert_false(kube_tls_server_dates(curl, &dates));
	assert_true(server_start(&server, SERVER_TLS, false, &cert, NULL));
	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%u/",
		       (unsigned int)server.port);
	assert_ok(kube_tls_set(curl, &access, &files, &err), &err);
	(void)curl_easy_setopt(curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
	assert_int_equal(curl_easy_perform(curl),
			 CURLE_PEER_FAILED_VERIFICATION);
	assert_true(kube_tls_server_dates(curl, &dates));
	assert_true(dates.is_known);
	assert_true(dates.not_before == TEST_CERT_NOT_BEFORE);
	assert_true(dates.not_after == TEST_CERT_NOT_AFTER);
	curl_easy_cleanup(curl);
	kube_tls_files_close(&files);
	server_stop(&server);
}

/* The client hands them on; but not those of a proxy, which nobody got past. */
static void test_dates_by_a_client(void **state)
{
	for (int behind_proxy = 0; behind_proxy < 2; behind_proxy++) {
		struct kube_access access = { .source =
						      (char[]){ "the test" } };
		struct kube_client *client = NULL;
		struct kube_dates dates = { 0 };
		struct error err = { 0 };
		struct server server;
		char url[64];

		(void)state;
		assert_true(
			server_start(&server, SERVER_TLS, false, &cert, NULL));
		(void)snprintf(url, sizeof(url), "https://127.0.0.1:%u",
			       (unsigned int)server.port);
		access.server = url;
		if (behind_proxy)
			access.proxy.url = url;
		assert_ok(kube_client_open(&access, NULL, &client, &err), &err);
		assert_error(
			kube_client_get(client, "/", 20000, NULL, NULL, &err),
			&err, ERROR_TLS, "is not accepted");
		kube_client_server_dates(client, &dates);
		assert_int_equal(dates.is_known, !behind_proxy);
		if (!behind_proxy)
			assert_true(dates.not_after == TEST_CERT_NOT_AFTER);
		kube_client_close(client);
		server_stop(&server);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_dates_of_a_refused_server),
		cmocka_unit_test(test_dates_by_a_client),
	};

	return cmocka_run_group_tests_name("kube_tls", tests, set_up,
					   tear_down);
}
