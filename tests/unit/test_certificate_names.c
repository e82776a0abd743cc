/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/certificate: common names as they are shown, and which domains a
 * certificate names.
 */
#include <config.h>

#include "probe/certificate.h"

#include <string.h>

#include "base/text.h"
#include "certs.h"
#include "support.h"

/* --- Common names --------------------------------------------------------- */

static struct certificate *read_der(const gnutls_datum_t *der)
{
	struct certificate *c = NULL;
	struct error err = { 0 };

	assert_ok(certificate_read(der->data, der->size, &c, &err), &err);
	assert_non_null(c);
	return c;
}

/* The name itself, not as a distinguished name would have it. */
static void test_common_names(void **state)
{
	static const struct {
		const char *cn;
		size_t size;
		const char *expected;
	} rows[] = {
		{ "Example, Inc. + \"Sons\"; <CA> #1", 0,
		  "Example, Inc. + \"Sons\"; <CA> #1" },
		{ "a\\b\\\\c\\", 0, "a\\b\\\\c\\" },
		{ "#1 = one", 0, "#1 = one" },
		{ " blanks ", 0, " blanks " },
		{ "\\00", 0, "\\00" },
		{ NULL, 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct test_cert cert = test_cert_make(&(struct test_cert_spec){
			.cn = rows[i].cn, .cn_size = rows[i].size });
		struct certificate *c = read_der(&cert.der);

		assert_string_equal(c->subject_cn, rows[i].expected);
		assert_string_equal(c->issuer_cn, rows[i].expected);
		certificate_free(c);
		test_cert_free(&cert);
	}
}

static void test_long_common_name(void **state)
{
	char long_cn[301];
	char long_expected[CERTIFICATE_LABEL_MAX + 1] = "";
	struct test_cert cert;
	struct certificate *c;

	(void)state;
	memset(long_cn, 'x', 300);
	long_cn[300] = '\0';
	memcpy(long_expected, long_cn, CERTIFICATE_LABEL_MAX);
	cert = test_cert_make(&(struct test_cert_spec){ .cn = long_cn });
	c = read_der(&cert.der);
	assert_string_equal(c->subject_cn, long_expected);
	assert_string_equal(c->issuer_cn, long_expected);
	certificate_free(c);
	test_cert_free(&cert);
}

/* Both names, the issuer's first, with other bytes in their place. */
static struct certificate *read_with_names(const char *good, const char *bytes,
					   size_t size)
{
	struct test_cert cert =
		test_cert_make(&(struct test_cert_spec){ .cn = good });
	struct certificate *c;

	test_cert_patch(&cert, good, bytes, size);
	test_cert_patch(&cert, good, bytes, size);
	c = read_der(&cert.der);
	test_cert_free(&cert);
	return c;
}

static void test_nul_in_a_common_name(void **state)
{
	struct certificate *c =
		read_with_names("good.example.evil", "good.example\0evil", 17);

	(void)state;
	assert_true(c->is_readable);
	/* Neither cut off nor left out: what stands there is seen. */
	assert_non_null(strstr(c->subject_cn, "good.example"));
	assert_non_null(strstr(c->subject_cn, "evil"));
	assert_null(strchr(c->subject_cn, '#'));
	assert_string_equal(c->issuer_cn, c->subject_cn);
	certificate_free(c);
}

/* Strings of one kind or another that hold nothing. */
static void test_empty_common_name(void **state)
{
	static const char *const values[] = { "\x0c\0", "\x13\0", "\x1e\0" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(values); i++) {
		struct test_cert cert = test_cert_make(&(struct test_cert_spec){
			.cn = values[i], .cn_size = 2, .cn_is_der = true });
		struct certificate *c = read_der(&cert.der);

		assert_true(c->is_readable);
		assert_string_equal(c->subject_cn, "");
		assert_string_equal(c->issuer_cn, "");
		certificate_free(c);
		test_cert_free(&cert);
	}
}

/* Whatever bytes stand there, the label is valid UTF-8 without NUL. */
static void test_hostile_common_names(void **state)
{
	static const char good[] = "ORIGINAL-CN-1234";
	static const char *const bytes[] = {
		"\xff\xfe\xfd\xfc\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"abc\0def\0\0\0\0\0\0\0\0\0",
		"a\nb\"c\\d\r\x01\x7f{}=,12",
		"caf\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9",
		"\xed\xa0\x80\xed\xbf\xbf\xf4\x90\x80\x80\xc0\x80\xc1\xbf\xe0\x80",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bytes); i++) {
		struct test_cert cert =
			test_cert_make(&(struct test_cert_spec){ .cn = good });
		struct certificate *c;

		/* Issuer and subject are the same name: the first is the
		 * issuer's, the second the subject's. */
		test_cert_patch(&cert, good, bytes[i], 16);
		test_cert_patch(&cert, good, bytes[i], 16);
		c = read_der(&cert.der);
		assert_true(c->is_readable);
		assert_true(text_is_utf8(c->subject_cn));
		assert_true(text_is_utf8(c->issuer_cn));
		assert_true(strlen(c->subject_cn) <= CERTIFICATE_LABEL_MAX);
		certificate_free(c);
		test_cert_free(&cert);
	}
}

/* --- Names of domains ----------------------------------------------------- */

static void test_names(void **state)
{
	static const struct {
		const char *name;
		struct test_cert_spec spec;
		const char *domain;
		bool is_address, names;
	} rows[] = {
		{ "same",
		  { .dns = { "a.example" } },
		  "a.example",
		  false,
		  true },
		{ "capitals",
		  { .dns = { "A.Example" } },
		  "a.example",
		  false,
		  true },
		{ "second of two",
		  { .dns = { "b.example", "a.example" } },
		  "a.example",
		  false,
		  true },
		{ "another",
		  { .dns = { "b.example" } },
		  "a.example",
		  false,
		  false },
		{ "parent",
		  { .dns = { "example" } },
		  "a.example",
		  false,
		  false },
		{ "suffix",
		  { .dns = { "a.example" } },
		  "xa.example",
		  false,
		  false },
		{ "wildcard",
		  { .dns = { "*.a.example" } },
		  "b.a.example",
		  false,
		  true },
		{ "wildcard of two labels",
		  { .dns = { "*.a.example" } },
		  "c.b.a.example",
		  false,
		  false },
		{ "wildcard and its parent",
		  { .dns = { "*.a.example" } },
		  "a.example",
		  false,
		  false },
		{ "part of a label",
		  { .dns = { "w*.a.example" } },
		  "www.a.example",
		  false,
		  false },
		{ "wildcard in the middle",
		  { .dns = { "www.*.example" } },
		  "www.a.example",
		  false,
		  false },
		{ "only a CN",
		  { .cn = "a.example" },
		  "a.example",
		  false,
		  false },
		{ "CN beside another SAN",
		  { .cn = "a.example", .dns = { "b.example" } },
		  "a.example",
		  false,
		  false },
		{ "CN beside an address",
		  { .cn = "a.example", .ip = "192.0.2.1" },
		  "a.example",
		  false,
		  false },
		{ "IPv4", { .ip = "192.0.2.1" }, "192.0.2.1", true, true },
		{ "another IPv4",
		  { .ip = "192.0.2.2" },
		  "192.0.2.1",
		  true,
		  false },
		{ "IPv6", { .ip = "2001:db8::1" }, "2001:db8::1", true, true },
		{ "IPv4 as dNSName",
		  { .dns = { "192.0.2.1" } },
		  "192.0.2.1",
		  true,
		  false },
		{ "IPv4 as CN",
		  { .cn = "192.0.2.1" },
		  "192.0.2.1",
		  true,
		  false },
		{ "nothing at all", { 0 }, "a.example", false, false },
		{ "A-label",
		  { .dns = { "xn--bcher-kva.example" } },
		  "xn--bcher-kva.example",
		  false,
		  true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct test_cert cert = test_cert_make(&rows[i].spec);
		struct domain domain = {
			.probe_name = (char *)(uintptr_t)rows[i].domain,
			.is_address = rows[i].is_address,
		};

		assert_row(certificate_names(cert.der.data, cert.der.size,
					     &domain) == rows[i].names,
			   rows[i].name);
		test_cert_free(&cert);
	}
}

/* CVE-2009-2408: a name that ends early for whoever reads C strings. */
static void test_nul_in_a_name(void **state)
{
	static const char good[] = "good.exampleX.evil.example";
	struct test_cert cert =
		test_cert_make(&(struct test_cert_spec){ .dns = { good } });
	struct domain domain = { NULL, (char *)(uintptr_t) "good.example",
				 false };

	(void)state;
	test_cert_patch(&cert, good, "good.example\0.evil.example", 26);
	assert_false(certificate_names(cert.der.data, cert.der.size, &domain));
	test_cert_free(&cert);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_common_names),
		cmocka_unit_test(test_long_common_name),
		cmocka_unit_test(test_nul_in_a_common_name),
		cmocka_unit_test(test_empty_common_name),
		cmocka_unit_test(test_hostile_common_names),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_nul_in_a_name),
	};

	return cmocka_run_group_tests_name("certificate_names", tests, NULL,
					   NULL);
}
