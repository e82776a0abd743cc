/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Typed vectors over one growth function.
 *
 *	VECTOR_DEFINE(string_vector, char *);
 *
 * makes `struct string_vector { char **items; size_t count, capacity; }`
 * (zeroed is empty) with string_vector_append(), which returns 0 or
 * -ERROR_MEMORY, and string_vector_clear(), which frees the array. What the
 * items own, the user of the vector frees before.
 */
#ifndef CEM_BASE_VECTOR_H
#define CEM_BASE_VECTOR_H

#include <stddef.h>
#include <stdlib.h>

#include "base/error.h"

/* Room for at least `needed` items of `item_size` bytes in *items, doubling;
 * returns 0 or -ERROR_MEMORY, then nothing has changed. */
int vector_reserve(void **items, size_t *capacity, size_t needed,
		   size_t item_size, struct error *err);

#define VECTOR_DEFINE(name, type)                                              \
	struct name {                                                          \
		type *items;                                                   \
		size_t count;                                                  \
		size_t capacity;                                               \
	};                                                                     \
	__attribute__((unused, warn_unused_result)) static inline int          \
		name##_append(struct name *v, type item, struct error *err)    \
	{                                                                      \
		void *items = v->items;                                        \
		int r = vector_reserve(&items, &v->capacity, v->count + 1,     \
				       sizeof(v->items[0]), err);              \
                                                                               \
		v->items = items;                                              \
		if (r == 0)                                                    \
			v->items[v->count++] = item;                           \
		return r;                                                      \
	}                                                                      \
	__attribute__((unused)) static inline void name##_clear(               \
		struct name *v)                                                \
	{                                                                      \
		free(v->items);                                                \
		*v = (struct name){ 0 };                                       \
	}                                                                      \
	struct name

/* Strings that the vector owns. */
VECTOR_DEFINE(string_vector, char *);

/* Appends a copy of `text`. */
int string_vector_add(struct string_vector *v, const char *text,
		      struct error *err) __attribute__((warn_unused_result));

/* Frees the strings and the array. */
void string_vector_free(struct string_vector *v);

/* Whether an equal string is in it. O(n). */
_Bool string_vector_has(const struct string_vector *v, const char *text);

#endif
