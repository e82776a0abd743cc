/* SPDX-License-Identifier: Apache-2.0 */
/*
 * free(3) and realloc(3) that leave nothing behind: for the libraries that
 * handle a credential.
 */
#ifndef CEM_BASE_WIPE_H
#define CEM_BASE_WIPE_H

#include <stddef.h>

/* Both take memory of malloc(3) or NULL, as their namesakes do. */
void wipe_free(void *bytes);
void *wipe_realloc(void *bytes, size_t size);

#endif
