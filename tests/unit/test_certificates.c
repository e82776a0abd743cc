/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates of cert-manager.
 */
#include <config.h>

#include "discovery/certificates.h"

#include "objects.h"
#include "support.h"

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
		cmocka_unit_test(test_certificates),
		cmocka_unit_test(test_robust),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
