/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates of cert-manager, and times in RFC 3339.
 */
#include <config.h>

#include "discovery/certificates.h"

#include "objects.h"
#include "support.h"

static const struct {
	const char *text;
	int64_t seconds; /* -1: is none */
} times[] = {
	{ "1970-01-01T00:00:00Z", 0 },
	{ "2026-01-02T03:04:05Z", 1767323045 },
	{ "2026-01-02T03:04:05.999Z", 1767323045 },
	{ "2026-01-02T03:04:05.000000000Z", 1767323045 },
	{ "2026-01-02T03:04:05+00:00", 1767323045 },
	{ "2026-01-02T05:04:05+02:00", 1767323045 },
	{ "2026-01-01T21:34:05-05:30", 1767323045 },
	{ "2024-02-29T00:00:00Z", 1709164800 },
	{ "2016-12-31T23:59:60Z", 1483228800 },
	{ "9999-12-31T23:59:59Z", 253402300799 },
	{ "", -1 },
	{ "2026-01-02", -1 },
	{ "2026-01-02T03:04:05", -1 },
	{ "2026-01-02T03:04Z", -1 },
	{ "2026-01-02 03:04:05Z", -1 },
	{ "2026-1-2T03:04:05Z", -1 },
	{ "26-01-02T03:04:05Z", -1 },
	{ " 2026-01-02T03:04:05Z", -1 },
	{ "2026-01-02T03:04:05Z ", -1 },
	{ "2026-01-02T03:04:05ZZ", -1 },
	{ "2026-01-02T03:04:05.Z", -1 },
	{ "2026-01-02T03:04:05,5Z", -1 },
	{ "2026-01-02T03:04:05+2:00", -1 },
	{ "2026-01-02T03:04:05+02", -1 },
	{ "2026-01-02T03:04:05+0200", -1 },
	{ "2026-01-02T03:04:05+24:00", -1 },
	{ "2026-01-02T03:04:05+02:60", -1 },
	{ "2026-01-02T03:04:05+02:00Z", -1 },
	{ "2026-00-02T03:04:05Z", -1 },
	{ "2026-13-02T03:04:05Z", -1 },
	{ "2026-01-00T03:04:05Z", -1 },
	{ "2026-01-32T03:04:05Z", -1 },
	{ "2026-02-29T00:00:00Z", -1 },
	{ "2026-02-30T03:04:05Z", -1 },
	{ "2026-01-02T24:00:00Z", -1 },
	{ "2026-01-02T03:60:05Z", -1 },
	{ "2026-01-02T03:04:61Z", -1 },
	{ "0001-01-01T00:00:00Z", -1 },
	{ "-026-01-02T03:04:05Z", -1 },
	{ "2026-01-02T-3:04:05Z", -1 },
	{ "1767323045", -1 },
	{ "yesterday", -1 },
};

static void test_times(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(times); i++) {
		int64_t seconds = -1;
		bool is_time = certificate_object_time(times[i].text, &seconds);

		assert_row(is_time == (times[i].seconds != -1), times[i].text);
		assert_row(seconds == times[i].seconds, times[i].text);
	}
}

#define ISSUED "'status':{'notBefore':'2026-01-02T03:04:05Z'}"

static const struct {
	const char *name;
	const char *json;
	const char *found;
} certificates[] = {
	{ "issued", "{'spec':{'dnsNames':['a','*.b']}," ISSUED "}",
	  "a =1767323045, *.b =1767323045" },
	{ "not yet", "{'spec':{'dnsNames':['a']},'status':{}}", "a" },
	{ "new", "{'spec':{'dnsNames':['a']}}", "a" },
	{ "issued once, not Ready now",
	  "{'spec':{'dnsNames':['a']},'status':{'notBefore':"
	  "'2026-01-02T03:04:05Z','conditions':[{'type':'Ready','status':"
	  "'False'}]}}",
	  "a =1767323045" },
	{ "addresses",
	  "{'spec':{'dnsNames':['a'],'ipAddresses':['192.0.2.1','::1']}," ISSUED
	  "}",
	  "a =1767323045, 192.0.2.1 =1767323045, ::1 =1767323045" },
	{ "a common name", "{'spec':{'commonName':'my-ca'}," ISSUED "}", "" },
	{ "no time",
	  "{'spec':{'dnsNames':['a']},'status':{'notBefore':'soon'}}", "a" },
	{ "a time before 1970",
	  "{'spec':{'dnsNames':['a']},'status':{'notBefore':"
	  "'1969-12-31T23:59:59Z'}}",
	  "a" },
	{ "a time with a NUL",
	  "{'spec':{'dnsNames':['a']},'status':{'notBefore':"
	  "'2026-01-02T03:04:05Z\\u0000'}}",
	  "a" },
	{ "names of all sorts",
	  "{'spec':{'dnsNames':[1,null,'',{},['b'],'a\\u0000b','a']}}", "a" },
};

static void test_certificates(void **state)
{
	const struct objects_reader reader = { certificate_object_read, NULL };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(certificates); i++)
		objects_assert(&reader, certificates[i].name,
			       certificates[i].json, certificates[i].found);
}

static void test_robust(void **state)
{
	static const char *const members[] = {
		"'spec':@",
		"'spec':{'dnsNames':@}",
		"'spec':{'ipAddresses':@}",
		"'spec':{'dnsNames':['a']},'status':@",
		"'spec':{'dnsNames':['a']},'status':{'notBefore':@}",
		NULL,
	};
	const struct objects_reader reader = { certificate_object_read, NULL };

	(void)state;
	objects_assert_robust(&reader, "Certificate", members);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_certificates),
		cmocka_unit_test(test_robust),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
