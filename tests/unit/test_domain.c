/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config/domain: one form for all, wildcards, addresses, the ignore filter.
 */
#include <config.h>

#include "config/domain.h"

#include <string.h>

#include "support.h"

#define L63 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff012"
#define NAME253                                                                \
	L63 "." L63 "." L63 "."                                                \
	    "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff0"

static void test_good(void **state)
{
	static const struct {
		const char *text, *name, *probe_name;
		bool is_address;
	} rows[] = {
		{ "www.example.com", "www.example.com", "www.example.com",
		  false },
		{ "WWW.Example.COM.", "www.example.com", "www.example.com",
		  false },
		{ "localhost", "localhost", "localhost", false },
		{ "a_b.example", "a_b.example", "a_b.example", false },
		{ "*.Example.org", "*.example.org", "cem-probe.example.org",
		  false },
		{ "b\xc3\xbc"
		  "cher.example",
		  "xn--bcher-kva.example", "xn--bcher-kva.example", false },
		{ "*.b\xc3\xbc"
		  "cher.example",
		  "*.xn--bcher-kva.example", "cem-probe.xn--bcher-kva.example",
		  false },
		{ "192.0.2.1", "192.0.2.1", "192.0.2.1", true },
		{ "2001:DB8::0:1", "2001:db8::1", "2001:db8::1", true },
		{ "[2001:db8::1]", "2001:db8::1", "2001:db8::1", true },
		{ "0.example", "0.example", "0.example", false },
		{ L63 ".example", L63 ".example", L63 ".example", false },
		{ NAME253, NAME253, NAME253, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct domain_vector v = { 0 };
		struct error err = { 0 };

		assert_ok(domain_vector_add(&v, rows[i].text, &err), &err);
		assert_int_equal(v.count, 1);
		assert_string_equal(v.items[0].name, rows[i].name);
		assert_string_equal(v.items[0].probe_name, rows[i].probe_name);
		assert_row(v.items[0].is_address == rows[i].is_address,
			   rows[i].text);
		domain_vector_free(&v);
	}
}

static void test_bad(void **state)
{
	static const char *const texts[] = {
		"",
		".",
		"..",
		"*",
		"*.",
		"*.*.example",
		"www.*.example",
		"w*.example",
		"a..b",
		".a",
		"a b.example",
		" a.example",
		"-a.example",
		"a-.example",
		"https://a.example",
		"a.example/path",
		"a.example:443",
		"user@a.example",
		"a\nb.example",
		"a\001b.example",
		"a\177b.example",
		"a.example\n",
		"\xff.example",
		"b\xc3\xbc..example",
		L63 "3.example",
		NAME253 "x",
		"*." NAME253,
		"*.192.0.2.1x,",
		"a,b",
		"a\"b",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct domain_vector v = { 0 };
		struct error err = { 0 };
		int r = domain_vector_add(&v, texts[i], &err);

		assert_row(r == -ERROR_INVALID, texts[i]);
		assert_error(r, &err, ERROR_INVALID, "is not a domain");
		assert_int_equal(v.count, 0);
		assert_null(v.items);
	}
}

static void test_far_too_long(void **state)
{
	char text[20000];
	struct domain_vector v = { 0 };
	struct domain_filter filter = { 0 };
	struct error err = { 0 };

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_error(domain_vector_add(&v, text, &err), &err, ERROR_INVALID,
		     "too long");
	text[0] = text[sizeof(text) - 2] = '/';
	assert_error(domain_filter_add(&filter, text, &err), &err,
		     ERROR_INVALID, "longer than 1024 bytes");
}

static void test_normalise(void **state)
{
	static const char *const texts[] = { "b.example", "a.example.",
					     "B.example", "*.a.example",
					     "a.example", "192.0.2.1" };
	static const char *const expected[] = { "*.a.example", "192.0.2.1",
						"a.example", "b.example" };
	struct domain_vector v = { 0 };
	struct error err = { 0 };

	(void)state;
	domain_vector_normalise(&v);
	assert_int_equal(v.count, 0);
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		assert_ok(domain_vector_add(&v, texts[i], &err), &err);
	domain_vector_normalise(&v);
	assert_int_equal(v.count, COUNT_OF(expected));
	for (size_t i = 0; i < COUNT_OF(expected); i++)
		assert_string_equal(v.items[i].name, expected[i]);
	domain_vector_free(&v);
}

/* One series of two texts: both are the address, for which no SNI is sent. */
static void test_addresses_in_disguise(void **state)
{
	static const char *const texts[] = {
		"192.0.2.1.",
		"\xef\xbc\x91\xef\xbc\x99\xef\xbc\x92.0.2.1", /* 192, wide */
		"192\xe3\x80\x82"
		"0.2.1", /* an ideographic full stop */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct domain_vector v = { 0 };
		struct error err = { 0 };

		assert_ok(domain_vector_add(&v, texts[i], &err), &err);
		assert_string_equal(v.items[0].name, "192.0.2.1");
		assert_string_equal(v.items[0].probe_name, "192.0.2.1");
		assert_row(v.items[0].is_address, texts[i]);
		domain_vector_free(&v);
	}
}

static void test_filter(void **state)
{
	static const struct {
		const char *rule, *domain;
		bool ignores;
	} rows[] = {
		{ "a.example", "a.example", true },
		{ "A.Example.", "a.example", true },
		{ "a.example", "b.a.example", false },
		{ "*.a.example", "*.a.example", true },
		{ "*.a.example", "b.a.example", false },
		{ "/^internal\\./", "internal.example", true },
		{ "/^INTERNAL\\./", "internal.example", true },
		{ "/^internal\\./", "not.internal.example", false },
		{ "/example/", "a.example", true },
		{ "/^(a|b)[0-9]{2}\\.example$/", "b07.example", true },
		{ "/^(a|b)[0-9]{2}\\.example$/", "b7.example", false },
		{ "/^\\*\\./", "*.a.example", true },
		{ "/,/", "a.example", false },
		{ "192.0.2.1", "192.0.2.1", true },
		{ "2001:db8:0::1", "2001:db8::1", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct domain_filter filter = { 0 };
		struct domain_vector v = { 0 };
		struct error err = { 0 };

		assert_ok(domain_filter_add(&filter, rows[i].rule, &err), &err);
		assert_ok(domain_vector_add(&v, rows[i].domain, &err), &err);
		assert_row(domain_filter_ignores(&filter, &v.items[0]) ==
				   rows[i].ignores,
			   rows[i].rule);
		domain_vector_filter(&v, &filter);
		assert_row(v.count == (rows[i].ignores ? 0 : 1), rows[i].rule);
		domain_vector_free(&v);
		domain_filter_free(&filter);
	}
}

static void test_bad_rules(void **state)
{
	static const struct {
		const char *rule, *part;
	} rows[] = {
		{ "", "is not a domain" },
		{ "/", "between slashes" },
		{ "//", "between slashes" },
		{ "/abc", "between slashes" },
		{ "/(/", "'/(/' is not a regular expression: " },
		{ "/[z-a]/", "is not a regular expression: " },
		{ "/a{2,1}/", "is not a regular expression: " },
		{ "a b", "is not a domain" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct domain_filter filter = { 0 };
		struct error err = { 0 };
		int r = domain_filter_add(&filter, rows[i].rule, &err);

		assert_row(r < 0, rows[i].rule);
		assert_error(r, &err, ERROR_INVALID, rows[i].part);
		assert_int_equal(filter.count, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_far_too_long),
		cmocka_unit_test(test_normalise),
		cmocka_unit_test(test_addresses_in_disguise),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_bad_rules),
	};

	return cmocka_run_group_tests_name("domain", tests, NULL, NULL);
}
