/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kube/proxy: URLs, and what is none.
 */
#include <config.h>

#include "kube/proxy.h"

#include <string.h>

#include "support.h"

static void test_good(void **state)
{
	static const struct {
		const char *url, *expected, *user, *password;
	} rows[] = {
		{ "http://p", "http://p:80", NULL, NULL },
		{ "http://p:3128/", "http://p:3128", NULL, NULL },
		{ "HTTPS://p.example", "https://p.example:443", NULL, NULL },
		{ "socks5://p", "socks5h://p:1080", NULL, NULL },
		{ "socks5://[::1]:9", "socks5h://[::1]:9", NULL, NULL },
		{ "http://10.0.0.1:8080", "http://10.0.0.1:8080", NULL, NULL },
		{ "http://joe@p", "http://p:80", "joe", NULL },
		{ "http://joe:s%3Acr%40t@p", "http://p:80", "joe", "s:cr@t" },
		{ "socks5://a%20b:@p", "socks5h://p:1080", "a b", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct kube_proxy proxy = { 0 };
		struct error err = { 0 };

		assert_ok(kube_proxy_parse(rows[i].url, &proxy, &err), &err);
		assert_string_equal(proxy.url, rows[i].expected);
		if (rows[i].user == NULL)
			assert_null(proxy.user);
		else
			assert_string_equal(proxy.user, rows[i].user);
		if (rows[i].password == NULL)
			assert_null(proxy.password);
		else
			assert_string_equal(proxy.password, rows[i].password);
		kube_proxy_free(&proxy);
		assert_null(proxy.url);
	}
}

static void test_bad(void **state)
{
	static const char *const urls[] = {
		"",
		"p",
		"p:3128",
		"joe:s3cret@p:3128",
		"//joe:s3cret@p",
		"http://",
		"http:///x",
		"http://joe:s3cret@",
		"http://p:0x50",
		"http://p:99999",
		"http://p p",
		"http://joe:s3cret@p/path",
		"http://joe:s3cret@p?q",
		"http://joe:s3cret@p#f",
		"http://joe:s3cret%0d%0a@p",
		"ftp://joe:s3cret@p",
		"socks4://joe:s3cret@p",
		"socks5h://joe:s3cret@p",
		"direct://",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(urls); i++) {
		struct kube_proxy proxy = { 0 };
		struct error err = { 0 };

		assert_row(kube_proxy_parse(urls[i], &proxy, &err) ==
				   -ERROR_INVALID,
			   urls[i]);
		assert_row(strstr(err.message, "s3cret") == NULL, urls[i]);
		assert_null(proxy.url);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests_name("proxy", tests, NULL, NULL);
}
