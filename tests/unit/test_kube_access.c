/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kube/access: logging in by a plugin, getting a credential anew, dates. Where
 * an access is found is test_kubeconfig's.
 */
#include <config.h>

#include "kube/access.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "certs.h"
#include "support.h"

static char *directory;

static int set_up(void **state)
{
	(void)state;
	directory = temp_dir_make();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	temp_dir_remove(directory);
	return 0;
}

static struct mono_time soon(void)
{
	return mono_after(mono_now(), 60000);
}

/* An access by a plugin that counts in a file how often it was asked. */
static struct kube_access by_plugin(const char *last_line)
{
	struct kube_access access = { .source = strdup("the test") };
	char text[1024];

	access.exec = calloc(1, sizeof(*access.exec));
	assert_non_null(access.exec);
	access.exec->api_version = strdup("client.authentication.k8s.io/v1");
	access.exec->command = path_join(directory, "plugin");
	(void)snprintf(text, sizeof(text),
		       "#!/bin/sh\ncd %s; echo x >>count\n"
		       "n=$(wc -l <count)\n%s\n",
		       directory, last_line);
	write_file(access.exec->command, text);
	assert_int_equal(chmod(access.exec->command, 0700), 0);
	return access;
}

#define SAYS_TOKEN                                                             \
	"echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client."          \
	"authentication.k8s.io/v1\",\"status\":{\"token\":\"token-'$n'\"}}'"

static void test_plugin(void **state)
{
	struct kube_access access = by_plugin(SAYS_TOKEN);
	struct error err = { 0 };
	bool is_new = false;

	(void)state;
	assert_ok(kube_access_login(&access, soon(), NULL, &err), &err);
	assert_string_equal(access.token.data, "token-1");
	assert_ok(kube_access_renew(&access, soon(), NULL, &is_new, &err),
		  &err);
	assert_true(is_new);
	assert_string_equal(access.token.data, "token-2");
	kube_access_free(&access);
	access = by_plugin("exit 4");
	assert_error(kube_access_login(&access, soon(), NULL, &err), &err,
		     ERROR_UNAUTHORIZED, "the test: credential plugin '");
	is_new = true;
	assert_error(kube_access_renew(&access, soon(), NULL, &is_new, &err),
		     &err, ERROR_UNAUTHORIZED, "exit status 4");
	assert_false(is_new);
	kube_access_free(&access);
}

static void test_token_file(void **state)
{
	struct kube_access access = { .token_path =
					      path_join(directory, "token") };
	struct error err = { 0 };
	bool is_new;
	static const struct {
		const char *content; /* NULL: as it was */
		bool is_new;
		const char *token;
	} rows[] = {
		{ NULL, false, "first" },	  { "first", false, "first" },
		{ "\nfirst \n", false, "first" }, { "second", true, "second" },
		{ NULL, false, "second" },	  { "", false, "second" },
		{ "two words", false, "second" }, { "secon", true, "secon" },
	};

	(void)state;
	write_file(access.token_path, "first\n");
	assert_ok(kube_access_login(&access, soon(), NULL, &err), &err);
	assert_ok(
		kube_access_read_token(access.token_path, &access.token, &err),
		&err);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (rows[i].content != NULL)
			write_file(access.token_path, rows[i].content);
		is_new = !rows[i].is_new;
		assert_ok(
			kube_access_renew(&access, soon(), NULL, &is_new, &err),
			&err);
		assert_int_equal(is_new, rows[i].is_new);
		assert_string_equal(access.token.data, rows[i].token);
	}
	assert_int_equal(remove(access.token_path), 0);
	assert_ok(kube_access_renew(&access, soon(), NULL, &is_new, &err),
		  &err);
	assert_false(is_new);
	kube_access_free(&access);
	/* Nothing that could be had again. */
	assert_ok(kube_access_renew(&access, soon(), NULL, &is_new, &err),
		  &err);
	assert_false(is_new);
}

static void test_dates(void **state)
{
	struct test_cert cert =
		test_cert_make(&(struct test_cert_spec){ .cn = "joe" });
	struct kube_access access = { .source = strdup("the test") };
	struct kube_dates dates = { .is_known = true };
	struct error err = { 0 };
	char *text;

	(void)state;
	assert_ok(kube_access_client_dates(&access, &dates, &err), &err);
	assert_false(dates.is_known);
	access.client_certificate.path = path_join(directory, "joe.crt");
	test_cert_write(access.client_certificate.path, &cert, 1);
	assert_ok(kube_access_client_dates(&access, &dates, &err), &err);
	assert_true(dates.is_known);
	assert_true(dates.not_before == TEST_CERT_NOT_BEFORE);
	assert_true(dates.not_after == TEST_CERT_NOT_AFTER);
	/* Inline likewise. */
	text = read_text(access.client_certificate.path);
	free(access.client_certificate.path);
	access.client_certificate.path = NULL;
	access.client_certificate.bytes =
		(struct buffer)BUFFER_INIT(KUBE_PEM_MAX);
	assert_ok(buffer_append(&access.client_certificate.bytes, text,
				strlen(text), &err),
		  &err);
	dates = (struct kube_dates){ 0 };
	assert_ok(kube_access_client_dates(&access, &dates, &err), &err);
	assert_true(dates.not_after == TEST_CERT_NOT_AFTER);
	access.client_certificate.bytes.size = 20;
	assert_error(kube_access_client_dates(&access, &dates, &err), &err,
		     ERROR_INVALID,
		     "the client certificate of the test: is not a PEM");
	assert_false(dates.is_known);
	free(text);
	kube_access_free(&access);
	test_cert_free(&cert);
}

static void test_hide(void **state)
{
	struct kube_access access = { .token = BUFFER_INIT(100),
				      .basic = BUFFER_INIT(100) };
	struct error err = { 0 };

	(void)state;
	assert_ok(buffer_append(&access.token, "0123456789", 10, &err), &err);
	assert_ok(buffer_append(&access.basic, "am9lOnNlY3JldA==", 16, &err),
		  &err);
	error_set(&err, ERROR_SERVER,
		  "no 0123456789 and no am9lOnNlY3JldA== here");
	kube_access_hide_token(&access, &err);
	assert_string_equal(err.message,
			    "no ********** and no **************** here");
	kube_access_free(&access);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plugin),
		cmocka_unit_test(test_token_file),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_hide),
	};

	return cmocka_run_group_tests_name("kube_access", tests, set_up,
					   tear_down);
}
