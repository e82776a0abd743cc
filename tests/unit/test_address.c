/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/address: text, canonical text, sockets.
 */
#include <config.h>

#include "base/address.h"

#include <arpa/inet.h>
#include <string.h>

#include "support.h"

static void test_parse_and_format(void **state)
{
	static const struct {
		const char *text;
		int family; /* 0: not an address */
		const char *canonical;
	} rows[] = {
		{ "192.0.2.1", AF_INET, "192.0.2.1" },
		{ "255.255.255.255", AF_INET, "255.255.255.255" },
		{ "2001:DB8:0:0::1", AF_INET6, "2001:db8::1" },
		{ "::", AF_INET6, "::" },
		{ "::ffff:192.0.2.1", AF_INET6, "::ffff:192.0.2.1" },
		{ "", 0, NULL },
		{ "192.0.2", 0, NULL },
		{ "192.0.2.256", 0, NULL },
		{ "0300.1.1.1", 0, NULL },
		{ " 192.0.2.1", 0, NULL },
		{ "192.0.2.1 ", 0, NULL },
		{ "[::1]", 0, NULL },
		{ "fe80::1%lo", 0, NULL },
		{ "1:2:3:4:5:6:7:8:9", 0, NULL },
		{ "localhost", 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct address address = { .family = 99 };
		char text[ADDRESS_TEXT_MAX];
		bool ok = address_parse(rows[i].text, &address);

		assert_row(ok == (rows[i].family != 0), rows[i].text);
		if (!ok) {
			assert_row(address.family == 99, rows[i].text);
			continue;
		}
		assert_row(address.family == rows[i].family, rows[i].text);
		address_format(&address, text);
		assert_string_equal(text, rows[i].canonical);
	}
}

static void test_longest_text_fits(void **state)
{
	struct address address;
	char text[ADDRESS_TEXT_MAX];

	(void)state;
	assert_true(address_parse("1111:2222:3333:4444:5555:6666:7777:8888",
				  &address));
	address_format(&address, text);
	assert_string_equal(text, "1111:2222:3333:4444:5555:6666:7777:8888");
}

static void test_to_socket(void **state)
{
	struct sockaddr_storage storage;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct address address;

	(void)state;
	memset(&storage, 0xff, sizeof(storage));
	assert_true(address_parse("192.0.2.7", &address));
	assert_int_equal(address_to_socket(&address, 443, &storage),
			 sizeof(in));
	memcpy(&in, &storage, sizeof(in));
	assert_int_equal(in.sin_family, AF_INET);
	assert_int_equal(ntohs(in.sin_port), 443);
	assert_int_equal(ntohl(in.sin_addr.s_addr), 0xc0000207);

	memset(&storage, 0xff, sizeof(storage));
	assert_true(address_parse("2001:db8::7", &address));
	assert_int_equal(address_to_socket(&address, 65535, &storage),
			 sizeof(in6));
	memcpy(&in6, &storage, sizeof(in6));
	assert_int_equal(in6.sin6_family, AF_INET6);
	assert_int_equal(ntohs(in6.sin6_port), 65535);
	assert_int_equal(in6.sin6_scope_id, 0);
	assert_int_equal(in6.sin6_addr.s6_addr[0], 0x20);
	assert_int_equal(in6.sin6_addr.s6_addr[15], 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_and_format),
		cmocka_unit_test(test_longest_text_fits),
		cmocka_unit_test(test_to_socket),
	};

	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
