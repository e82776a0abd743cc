/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scope-bound cleanup. A local that owns something is initialised where it is
 * declared, carries CLEANUP(), and gives its ownership away by TAKE().
 */
#ifndef CEM_BASE_CLEANUP_H
#define CEM_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Calls function(&variable) when the variable goes out of scope. */
#define CLEANUP(function) __attribute__((cleanup(function)))

/* The value of an owning pointer, which is NULL from here on. */
#define TAKE(pointer)                                                          \
	({                                                                     \
		__typeof__(pointer) *p_ = &(pointer);                          \
		__typeof__(pointer) v_ = *p_;                                  \
		*p_ = NULL;                                                    \
		v_;                                                            \
	})

/* The value of an owning descriptor, which is -1 from here on. */
#define TAKE_FD(fd)                                                            \
	({                                                                     \
		int *p_ = &(fd);                                               \
		int v_ = *p_;                                                  \
		*p_ = -1;                                                      \
		v_;                                                            \
	})

/* For CLEANUP(): the pointer behind a char **, void ** and the like. */
static inline void cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

/* For CLEANUP(): a descriptor that was only read from (close cannot lose
 * data); -1 is none. */
static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

#endif
