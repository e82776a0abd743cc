/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The allocator in front of the C library's.
 */
#include <config.h>

#include "torture.h"

#include <stdlib.h>
#include <string.h>

#include "support.h"

/* Pointers that were handed out and not freed yet. */
#define LIVE_MAX 4096
static void *live[LIVE_MAX];
static size_t live_count;
static long countdown; /* the allocation that fails when it comes to 1 */
static bool is_counting;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
void __real_free(void *pointer);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);
void __wrap_free(void *pointer);

static bool fails(void)
{
	return is_counting && countdown > 0 && --countdown == 0;
}

static void *handed_out(void *pointer)
{
	if (is_counting && pointer != NULL) {
		if (live_count == LIVE_MAX)
			abort();
		live[live_count++] = pointer;
	}
	return pointer;
}

static void taken_back(const void *pointer)
{
	/* Most are freed soon. */
	for (size_t i = live_count; is_counting && i-- > 0;) {
		if (live[i] == pointer) {
			live[i] = live[--live_count];
			return;
		}
	}
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : handed_out(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : handed_out(__real_calloc(count, size));
}

void *__wrap_realloc(void *old, size_t size)
{
	if (fails())
		return NULL;
	taken_back(old);
	return handed_out(__real_realloc(old, size));
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : handed_out(__real_strdup(text));
}

char *__wrap_strndup(const char *text, size_t size)
{
	return fails() ? NULL : handed_out(__real_strndup(text, size));
}

void (*torture_on_free)(void *pointer);

void __wrap_free(void *pointer)
{
	if (torture_on_free != NULL)
		torture_on_free(pointer);
	taken_back(pointer);
	__real_free(pointer);
}

void torture(int (*attempt)(void *data, struct error *err), void *data)
{
	for (long n = 1;; n++) {
		struct error err = { 0 };
		bool has_failed;
		int r;

		assert_true(n < 10000);
		countdown = n;
		live_count = 0;
		is_counting = true;
		r = attempt(data, &err);
		is_counting = false;
		has_failed = countdown == 0;
		if (live_count > 0)
			print_error("allocation %ld failed: %zu leaks\n", n,
				    live_count);
		assert_int_equal(live_count, 0);
		if (!has_failed) {
			assert_ok(r, &err);
			assert_true(n > 1);
			return;
		}
		if (r != -ERROR_MEMORY)
			print_error("allocation %ld failed: returned %d, %s\n",
				    n, r, err.message);
		assert_int_equal(r, -ERROR_MEMORY);
		assert_int_equal(err.code, ERROR_MEMORY);
	}
}
