/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/vector: growth, overflow, owned strings.
 */
#include <config.h>

#include "base/vector.h"

#include <string.h>

#include "support.h"

struct wide {
	char bytes[100];
	int number;
};
VECTOR_DEFINE(wide_vector, struct wide);

static void test_append(void **state)
{
	struct wide_vector v = { 0 };
	struct error err = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_ok(wide_vector_append(&v, (struct wide){ .number = i },
					     &err),
			  &err);
	assert_int_equal(v.count, 1000);
	assert_true(v.capacity >= 1000 && v.capacity <= 2000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(v.items[i].number, i);
	wide_vector_clear(&v);
	assert_null(v.items);
	assert_int_equal(v.count, 0);
	assert_int_equal(v.capacity, 0);
	wide_vector_clear(&v);
}

static void test_reserve_overflow(void **state)
{
	static const struct {
		const char *name;
		size_t needed, item_size;
	} rows[] = {
		{ "bytes", SIZE_MAX / 4, 8 },
		{ "doubling", SIZE_MAX, 1 },
	};
	void *items = NULL;
	size_t capacity = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct error err = { 0 };

		assert_error(vector_reserve(&items, &capacity, rows[i].needed,
					    rows[i].item_size, &err),
			     &err, ERROR_MEMORY, NULL);
		assert_row(items == NULL && capacity == 0, rows[i].name);
	}
}

static void test_reserve_only_what_is_needed(void **state)
{
	struct error err = { 0 };
	size_t capacity = 0;
	void *items = NULL;
	void *before;

	(void)state;
	assert_ok(vector_reserve(&items, &capacity, 0, 8, &err), &err);
	assert_null(items);
	assert_ok(vector_reserve(&items, &capacity, 3, 8, &err), &err);
	before = items;
	assert_ok(vector_reserve(&items, &capacity, capacity, 8, &err), &err);
	assert_ptr_equal(items, before);
	free(items);
}

static void test_strings(void **state)
{
	struct string_vector v = { 0 };
	char text[] = "one";
	struct error err = { 0 };

	(void)state;
	assert_false(string_vector_has(&v, "one"));
	assert_ok(string_vector_add(&v, text, &err), &err);
	assert_ok(string_vector_add(&v, "", &err), &err);
	text[0] = 'x'; /* it has a copy */
	assert_true(string_vector_has(&v, "one"));
	assert_true(string_vector_has(&v, ""));
	assert_false(string_vector_has(&v, "on"));
	string_vector_free(&v);
	assert_int_equal(v.count, 0);
	string_vector_free(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_append),
		cmocka_unit_test(test_reserve_overflow),
		cmocka_unit_test(test_reserve_only_what_is_needed),
		cmocka_unit_test(test_strings),
	};

	return cmocka_run_group_tests_name("vector", tests, NULL, NULL);
}
