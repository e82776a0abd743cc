/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growth for all vectors, and the vector of strings.
 */
#include <config.h>

#include "base/vector.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define VECTOR_FIRST_CAPACITY 8

int vector_reserve(void **items, size_t *capacity, size_t needed,
		   size_t item_size, struct error *err)
{
	size_t grown = *capacity == 0 ? VECTOR_FIRST_CAPACITY : *capacity;
	size_t bytes;
	void *moved;

	if (needed <= *capacity)
		return 0;
	while (grown < needed)
		if (__builtin_mul_overflow(grown, (size_t)2, &grown))
			return error_memory(err);
	if (__builtin_mul_overflow(grown, item_size, &bytes))
		return error_memory(err);
	moved = realloc(*items, bytes);
	if (moved == NULL)
		return error_memory(err);
	*items = moved;
	*capacity = grown;
	return 0;
}

int string_vector_add(struct string_vector *v, const char *text,
		      struct error *err)
{
	char *copy = strdup(text);
	int r;

	if (copy == NULL)
		return error_memory(err);
	r = string_vector_append(v, copy, err);
	if (r < 0)
		free(copy);
	return r;
}

void string_vector_free(struct string_vector *v)
{
	for (size_t i = 0; i < v->count; i++)
		free(v->items[i]);
	string_vector_clear(v);
}

bool string_vector_has(const struct string_vector *v, const char *text)
{
	for (size_t i = 0; i < v->count; i++)
		if (strcmp(v->items[i], text) == 0)
			return true;
	return false;
}
