/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/buffer: growth, limit, the NUL behind, wiping.
 */
#include <config.h>

#include "base/buffer.h"

#include <string.h>

#include "support.h"

static void test_appends(void **state)
{
	struct buffer b = BUFFER_INIT(100000);
	struct error err = { 0 };

	(void)state;
	assert_ok(buffer_append(&b, "", 0, &err), &err);
	assert_string_equal(b.data, "");
	assert_ok(buffer_append(&b, "ab", 2, &err), &err);
	assert_ok(buffer_append(&b, "\0c", 2, &err), &err);
	assert_int_equal(b.size, 4);
	assert_memory_equal(b.data, "ab\0c\0", 5);
	/* Past the first capacity, several times over. */
	for (int i = 0; i < 5000; i++)
		assert_ok(buffer_append(&b, "0123456789", 10, &err), &err);
	assert_int_equal(b.size, 50004);
	assert_memory_equal(b.data, "ab\0c", 4);
	assert_memory_equal(b.data + 49994, "0123456789\0", 11);
	buffer_free(&b);
	assert_null(b.data);
	assert_int_equal(b.size, 0);
	assert_int_equal(b.max_bytes, 100000);
	buffer_free(&b);
}

static void test_limit(void **state)
{
	static const struct {
		const char *name;
		size_t first, second; /* bytes */
		bool fits;
	} rows[] = {
		{ "exactly the limit", 4, 4, true },
		{ "one more", 4, 5, false },
		{ "at once", 9, 0, false },
		{ "no overflow", 8, SIZE_MAX, false },
		{ "nothing", 8, 0, true },
	};
	static const char bytes[16] = "abcdefghijklmno";

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct buffer b = BUFFER_INIT(8);
		struct error err = { 0 };
		int r = buffer_append(&b, bytes, rows[i].first, &err);
		size_t before;

		before = b.size;
		if (r == 0)
			r = buffer_append(&b, bytes, rows[i].second, &err);
		if (rows[i].fits) {
			assert_ok(r, &err);
			assert_row(b.size == rows[i].first + rows[i].second,
				   rows[i].name);
		} else {
			assert_error(r, &err, ERROR_TOO_LARGE, "8 bytes");
			assert_row(b.size == before, rows[i].name);
		}
		buffer_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_appends),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests_name("buffer", tests, NULL, NULL);
}
