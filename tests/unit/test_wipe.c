/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/wipe: what is given back is zero. The linker's --wrap shows the memory
 * at that moment.
 */
#include <config.h>

#include "base/wipe.h"

#include <malloc.h>
#include <stdlib.h>

#include "support.h"

static size_t freed;	  /* how often */
static size_t bytes_left; /* that were not zero, in all */

void __real_free(void *bytes);
void __wrap_free(void *bytes);

void __wrap_free(void *bytes)
{
	size_t size = bytes == NULL ? 0 : malloc_usable_size(bytes);

	freed++;
	for (size_t i = 0; i < size; i++)
		bytes_left += ((const char *)bytes)[i] != 0;
	__real_free(bytes);
}

static char *make(size_t size)
{
	char *bytes = malloc(size);

	assert_non_null(bytes);
	/* All that there is, not only what was asked for. */
	for (size_t i = 0, all = malloc_usable_size(bytes); i < all; i++)
		((volatile char *)bytes)[i] = 's';
	freed = bytes_left = 0;
	return bytes;
}

static void test_wipe_free(void **state)
{
	(void)state;
	wipe_free(make(100));
	assert_int_equal(freed, 1);
	assert_int_equal(bytes_left, 0);
	wipe_free(NULL);
}

static void test_wipe_realloc(void **state)
{
	static const size_t sizes[] = { 1, 10, 99, 100, 101, 5000 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		char *moved = wipe_realloc(make(100), sizes[i]);

		assert_non_null(moved);
		assert_int_equal(freed, 1);
		assert_int_equal(bytes_left, 0);
		for (size_t j = 0; j < sizes[i] && j < 100; j++)
			assert_int_equal(moved[j], 's');
		wipe_free(moved);
		assert_int_equal(bytes_left, 0);
	}
	wipe_free(wipe_realloc(NULL, 10));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wipe_free),
		cmocka_unit_test(test_wipe_realloc),
	};

	return cmocka_run_group_tests_name("wipe", tests, NULL, NULL);
}
