/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/text: UTF-8, clean lines, near words, names, numbers.
 */
#include <config.h>

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#include "support.h"

static void test_utf8_length(void **state)
{
	static const struct {
		const char *name, *bytes;
		size_t size, length;
	} rows[] = {
		{ "nothing", "", 0, 0 },
		{ "NUL", "\0", 1, 1 },
		{ "ASCII", "a", 1, 1 },
		{ "DEL", "\x7f", 1, 1 },
		{ "U+0080", "\xc2\x80", 2, 2 },
		{ "U+07FF", "\xdf\xbf", 2, 2 },
		{ "U+0800", "\xe0\xa0\x80", 3, 3 },
		{ "U+D7FF", "\xed\x9f\xbf", 3, 3 },
		{ "U+E000", "\xee\x80\x80", 3, 3 },
		{ "U+FFFF", "\xef\xbf\xbf", 3, 3 },
		{ "U+10000", "\xf0\x90\x80\x80", 4, 4 },
		{ "U+10FFFF", "\xf4\x8f\xbf\xbf", 4, 4 },
		{ "U+110000", "\xf4\x90\x80\x80", 4, 0 },
		{ "five bytes", "\xf8\x88\x80\x80\x80", 5, 0 },
		{ "surrogate U+D800", "\xed\xa0\x80", 3, 0 },
		{ "surrogate U+DFFF", "\xed\xbf\xbf", 3, 0 },
		{ "overlong NUL", "\xc0\x80", 2, 0 },
		{ "overlong 2", "\xc1\xbf", 2, 0 },
		{ "overlong 3", "\xe0\x9f\xbf", 3, 0 },
		{ "overlong 4", "\xf0\x8f\xbf\xbf", 4, 0 },
		{ "continuation alone", "\x80", 1, 0 },
		{ "cut 2", "\xc3", 1, 0 },
		{ "cut 3", "\xe2\x82", 2, 0 },
		{ "cut 4", "\xf0\x9f\x98", 3, 0 },
		{ "bad continuation", "\xc3(", 2, 0 },
		{ "bad third", "\xe2\x82(", 3, 0 },
		{ "0xff", "\xff", 1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		/* Exactly as many bytes as said: no reading past them. */
		char *bytes = malloc(rows[i].size + 1);

		assert_non_null(bytes);
		memcpy(bytes + 1, rows[i].bytes, rows[i].size);
		assert_row(text_utf8_length(bytes + 1, rows[i].size) ==
				   rows[i].length,
			   rows[i].name);
		free(bytes);
	}
}

static void test_is_utf8(void **state)
{
	(void)state;
	assert_true(text_is_utf8(""));
	assert_true(text_is_utf8("plain \xe2\x82\xac \xf0\x9f\x98\x80"));
	assert_false(text_is_utf8("\xff"));
	assert_false(text_is_utf8("plain \xe2\x82"));
	assert_false(text_is_utf8("\xed\xa0\x80"));
}

#define FFFD "\xef\xbf\xbd"

static void test_clean(void **state)
{
	static const struct {
		const char *name, *bytes;
		size_t size, max;
		const char *expected;
	} rows[] = {
		{ "nothing", "", 0, 10, "" },
		{ "plain", "abc", 3, 10, "abc" },
		{ "cut", "abcdef", 6, 3, "abc" },
		{ "to nothing", "abc", 3, 0, "" },
		{ "NUL", "a\0b", 3, 10, "a" FFFD "b" },
		{ "latin 1", "caf\xe9", 4, 10, "caf" FFFD },
		{ "latin 1 in the middle", "caf\xe9s", 5, 10, "caf" FFFD "s" },
		{ "cut before a character", "ab\xc3\xa9", 4, 3, "ab" },
		{ "cut after a character", "ab\xc3\xa9x", 5, 4, "ab\xc3\xa9" },
		{ "cut before a bad byte", "abc\xff", 4, 5, "abc" },
		{ "all bad", "\xff\xfe\xfd", 3, 100, FFFD FFFD FFFD },
		{ "all bad, cut", "\xff\xfe\xfd", 3, 8, FFFD FFFD },
		{ "line break is kept", "a\nb", 3, 10, "a\nb" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *clean =
			text_clean(rows[i].bytes, rows[i].size, rows[i].max);

		assert_non_null(clean);
		assert_row(strcmp(clean, rows[i].expected) == 0, rows[i].name);
		free(clean);
	}
}

/* Whatever the bytes, the result is valid, and no longer than it may be. */
static void test_clean_of_all_byte_pairs(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 65536; i++) {
		const char bytes[3] = { (char)(i >> 8), (char)i, 'x' };
		char *clean = text_clean(bytes, 3, 7);
		size_t length;

		assert_non_null(clean);
		length = strlen(clean);
		assert_true(length <= 7);
		for (size_t at = 0, step; at < length; at += step) {
			step = text_utf8_length(clean + at, length - at);
			assert_int_not_equal(step, 0);
		}
		free(clean);
	}
}

static void test_make_line(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{ "", "" },
		{ "plain \xe2\x82\xac", "plain \xe2\x82\xac" },
		{ "a\tb\nc\x01\x1f\x7f", "a b c   " },
		{ "\xc2\x85next\xc2\x9f", "  next  " },
		{ "\xc2\xa0", "\xc2\xa0" },
		{ "\xff\xc3", "??" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[32];

		(void)snprintf(text, sizeof(text), "%s", rows[i].text);
		text_make_line(text);
		assert_string_equal(text, rows[i].expected);
	}
}

static void test_nearest(void **state)
{
	static const char *const names[] = { "namespaces", "labels",
					     "domains",	   "port",
					     "node",	   "ab",
					     "host-name",  "host-address" };
	static const struct {
		const char *word, *nearest;
	} rows[] = {
		{ "domains", "domains" },
		{ "domain", "domains" },
		{ "domians", "domains" }, /* swapped neighbours */
		{ "doamisn", "domains" },
		{ "dmains", "domains" },
		{ "ddomains", "domains" },
		{ "label", "labels" },
		{ "prot", "port" },
		{ "pod", NULL },
		{ "namspace", "namespaces" },
		{ "a", "ab" },
		{ "xy", NULL },
		{ "doma", "domains" }, /* how it begins */
		{ "host-ad", "host-address" },
		{ "host-", NULL }, /* two do */
		{ "omains-", "domains" },
		{ "quite-another", NULL },
		{ "", NULL },
		{ "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		  "xxxxxxxxxxxxxxxx",
		  NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *nearest =
			text_nearest(rows[i].word, names, COUNT_OF(names));

		if (rows[i].nearest == NULL)
			assert_row(nearest == NULL, rows[i].word);
		else
			assert_row(nearest != NULL &&
					   strcmp(nearest, rows[i].nearest) ==
						   0,
				   rows[i].word);
	}
	assert_null(text_nearest("domains", names, 0));
}

#define X61 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define LABEL63 X61 "yz"

static void test_dns_names(void **state)
{
	static const struct {
		const char *text;
		bool is_label, is_subdomain;
	} rows[] = {
		{ "default", true, true },
		{ "a", true, true },
		{ "0", true, true },
		{ "kube-system", true, true },
		{ LABEL63, true, true },
		{ LABEL63 "x", false, false },
		{ "", false, false },
		{ "-a", false, false },
		{ "a-", false, false },
		{ "A", false, false },
		{ "a_b", false, false },
		{ "a b", false, false },
		{ "\xc3\xa9", false, false },
		{ "a.b", false, true },
		{ "a..b", false, false },
		{ ".a", false, false },
		{ "a.", false, false },
		{ "a.-b", false, false },
		{ LABEL63 "." LABEL63 "." LABEL63 "." X61, false, true },
		{ LABEL63 "." LABEL63 "." LABEL63 "." X61 "x", false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_row(text_is_dns_label(rows[i].text) == rows[i].is_label,
			   rows[i].text);
		assert_row(text_is_dns_subdomain(rows[i].text) ==
				   rows[i].is_subdomain,
			   rows[i].text);
	}
}

static void test_to_number(void **state)
{
	static const struct {
		const char *text;
		unsigned long long minimum, maximum;
		bool ok;
		unsigned long long number;
	} rows[] = {
		{ "0", 0, 10, true, 0 },
		{ "10", 0, 10, true, 10 },
		{ "11", 0, 10, false, 0 },
		{ "1", 2, 10, false, 0 },
		{ "007", 0, 10, true, 7 },
		{ "18446744073709551615", 0, ~0ULL, true, ~0ULL },
		{ "18446744073709551616", 0, ~0ULL, false, 0 },
		{ "", 0, 10, false, 0 },
		{ " 1", 0, 10, false, 0 },
		{ "1 ", 0, 10, false, 0 },
		{ "+1", 0, 10, false, 0 },
		{ "-1", 0, ~0ULL, false, 0 },
		{ "0x1", 0, 10, false, 0 },
		{ "1e1", 0, 10, false, 0 },
		{ "1.0", 0, 10, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		unsigned long long number = 99;

		assert_row(text_to_number(rows[i].text, rows[i].minimum,
					  rows[i].maximum,
					  &number) == rows[i].ok,
			   rows[i].text);
		assert_row(number == (rows[i].ok ? rows[i].number : 99),
			   rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_utf8_length),
		cmocka_unit_test(test_is_utf8),
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_clean_of_all_byte_pairs),
		cmocka_unit_test(test_make_line),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_dns_names),
		cmocka_unit_test(test_to_number),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
