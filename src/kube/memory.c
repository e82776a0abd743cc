/* SPDX-License-Identifier: Apache-2.0 */
/*
 * malloc(3) for libcurl, with a free() and realloc() that zero; and the stack.
 */
#include <config.h>

#include "kube/memory.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/wipe.h"
#include "base/x509.h"

#define STACK_BYTES ((size_t)128 * 1024)

int kube_memory_init(struct error *err)
{
	CURLcode code =
		curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wipe_free,
				     wipe_realloc, strdup, calloc);

	if (code != CURLE_OK)
		return error_set(err, ERROR_SYSTEM, "libcurl: %s",
				 curl_easy_strerror(code));
	x509_wipe_freed(true);
	return 0;
}

/* The functions that handled the credential had locals. And what memcpy(3)
 * last moved is still in vector registers, which the dynamic linker saves on
 * the stack when it next looks up a function: moving zeros, of any size that
 * memcpy(3) treats apart, leaves zeros there. */
__attribute__((noinline)) static void wipe_stack(void)
{
	void *(*volatile move)(void *, const void *, size_t) = memmove;
	char below[STACK_BYTES];

	explicit_bzero(below, sizeof(below));
	for (size_t size = 1; size <= sizeof(below) / 2; size *= 2)
		move(below, below + sizeof(below) / 2, size);
}

void kube_memory_release(void)
{
	curl_global_cleanup();
	x509_wipe_freed(false);
	wipe_stack();
}
