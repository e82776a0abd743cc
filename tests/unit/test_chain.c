/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/chain: good and hostile Certificate messages.
 */
#include <config.h>

#include "probe/chain.h"

#include <stdlib.h>
#include <string.h>

#include "support.h"

struct message {
	uint8_t bytes[512];
	size_t size;
};

static void put_number(struct message *m, size_t number, size_t width)
{
	for (size_t i = width; i-- > 0;)
		m->bytes[m->size++] = (uint8_t)(number >> (8 * i));
}

/* A good message with `count` entries "c0", "c1", ... */
static struct message make_message(enum chain_format format, size_t count)
{
	struct message list = { .size = 0 };
	struct message m = { .size = 0 };

	for (size_t i = 0; i < count; i++) {
		put_number(&list, 2, 3);
		list.bytes[list.size++] = 'c';
		list.bytes[list.size++] = (uint8_t)('0' + i);
		if (format == CHAIN_TLS13) {
			put_number(&list, 4, 2); /* an extension */
			put_number(&list, 0xabcd, 4);
		}
	}
	if (format == CHAIN_TLS13) {
		put_number(&m, 1, 1); /* a context */
		put_number(&m, 0x55, 1);
	}
	put_number(&m, list.size, 3);
	memcpy(m.bytes + m.size, list.bytes, list.size);
	m.size += list.size;
	return m;
}

static void test_good_messages(void **state)
{
	static const enum chain_format formats[] = { CHAIN_TLS12, CHAIN_TLS13 };

	(void)state;
	for (size_t f = 0; f < 2; f++) {
		for (size_t count = 0; count < 4; count++) {
			struct message m = make_message(formats[f], count);
			struct chain chain = { .count = 99 };

			assert_true(chain_parse(m.bytes, m.size, formats[f],
						&chain));
			assert_int_equal(chain.count, count);
			for (size_t i = 0; i < count; i++) {
				assert_int_equal(chain.certificates[i].size, 2);
				assert_int_equal(chain.certificates[i].bytes[1],
						 '0' + i);
			}
		}
	}
}

/* Each cut, in memory that ends where the message does. */
static void test_every_truncation(void **state)
{
	static const enum chain_format formats[] = { CHAIN_TLS12, CHAIN_TLS13 };

	(void)state;
	for (size_t f = 0; f < 2; f++) {
		struct message m = make_message(formats[f], 3);

		for (size_t size = 0; size < m.size; size++) {
			uint8_t *cut = malloc(size + 1);
			struct chain chain = { .count = 99 };

			assert_non_null(cut);
			memcpy(cut + 1, m.bytes, size);
			assert_false(
				chain_parse(cut + 1, size, formats[f], &chain));
			assert_int_equal(chain.count, 99);
			free(cut);
		}
	}
}

static void test_bad_messages(void **state)
{
	static const struct {
		const char *name;
		enum chain_format format;
		uint8_t bytes[16];
		size_t size;
	} rows[] = {
		{ "one byte too many", CHAIN_TLS12, { 0, 0, 0, 0 }, 4 },
		{ "empty certificate", CHAIN_TLS12, { 0, 0, 3, 0, 0, 0 }, 6 },
		{ "entry longer than the list",
		  CHAIN_TLS12,
		  { 0, 0, 4, 0, 0, 2, 'c' },
		  7 },
		{ "list longer than the message",
		  CHAIN_TLS12,
		  { 0xff, 0xff, 0xff, 0, 0, 1, 'c' },
		  7 },
		{ "certificate of 16 MiB",
		  CHAIN_TLS12,
		  { 0, 0, 4, 0xff, 0xff, 0xff, 'c' },
		  7 },
		{ "context longer than the message",
		  CHAIN_TLS13,
		  { 0xff, 0, 0, 0 },
		  4 },
		{ "no extensions",
		  CHAIN_TLS13,
		  { 0, 0, 0, 4, 0, 0, 1, 'c' },
		  8 },
		{ "extensions longer than the list",
		  CHAIN_TLS13,
		  { 0, 0, 0, 6, 0, 0, 1, 'c', 0xff, 0xff },
		  10 },
		{ "TLS 1.2 as 1.3", CHAIN_TLS13, { 0, 0, 4, 0, 0, 1, 'c' }, 7 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct chain chain = { .count = 99 };

		assert_row(!chain_parse(rows[i].bytes, rows[i].size,
					rows[i].format, &chain),
			   rows[i].name);
		assert_row(chain.count == 99, rows[i].name);
	}
}

static void test_more_than_are_looked_at(void **state)
{
	struct message m = { .size = 3 };
	struct chain chain;

	(void)state;
	for (size_t i = 0; i < CHAIN_MAX + 5; i++) {
		put_number(&m, 1, 3);
		put_number(&m, i, 1);
	}
	m.bytes[2] = (uint8_t)(m.size - 3);
	assert_true(chain_parse(m.bytes, m.size, CHAIN_TLS12, &chain));
	assert_int_equal(chain.count, CHAIN_MAX);
	assert_int_equal(chain.certificates[CHAIN_MAX - 1].bytes[0],
			 CHAIN_MAX - 1);
	/* What is left out must be well-formed all the same. */
	m.bytes[m.size - 2] = 9;
	assert_false(chain_parse(m.bytes, m.size, CHAIN_TLS12, &chain));
}

/* One certificate is enough, wherever it is: what is left out is decoded by
 * GnuTLS all the same. */
static void test_costly(void **state)
{
	static const uint8_t fine[] = { 0x30, 2, 5, 0 };

	(void)state;
	for (size_t costly = 0; costly <= CHAIN_MAX + 5; costly++) {
		struct message m = { .size = 3 };

		for (size_t i = 0; i < CHAIN_MAX + 5; i++) {
			put_number(&m, sizeof(fine), 3);
			memcpy(m.bytes + m.size, fine, sizeof(fine));
			if (i == costly) /* no DER */
				m.bytes[m.size + 1] = 3;
			m.size += sizeof(fine);
		}
		m.bytes[1] = (uint8_t)((m.size - 3) >> 8);
		m.bytes[2] = (uint8_t)(m.size - 3);
		assert_int_equal(chain_is_costly(m.bytes, m.size, CHAIN_TLS12),
				 costly < CHAIN_MAX + 5);
	}
	assert_true(chain_is_costly(fine, sizeof(fine), CHAIN_TLS12));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_messages),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_bad_messages),
		cmocka_unit_test(test_more_than_are_looked_at),
		cmocka_unit_test(test_costly),
	};

	return cmocka_run_group_tests_name("chain", tests, NULL, NULL);
}
