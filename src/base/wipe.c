/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is zeroed when it is given back.
 */
#include <config.h>

#include "base/wipe.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void wipe_free(void *bytes)
{
	if (bytes != NULL)
		explicit_bzero(bytes, malloc_usable_size(bytes));
	free(bytes);
}

void *wipe_realloc(void *bytes, size_t size)
{
	size_t old_size = bytes == NULL ? 0 : malloc_usable_size(bytes);
	void *moved = malloc(size);

	if (moved == NULL || bytes == NULL)
		return moved;
	memcpy(moved, bytes, old_size < size ? old_size : size);
	wipe_free(bytes);
	return moved;
}
