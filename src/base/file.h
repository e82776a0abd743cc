/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and writing descriptors and small files whole.
 */
#ifndef CEM_BASE_FILE_H
#define CEM_BASE_FILE_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/* Appends the whole file at `path` to `ret_contents` (ERROR_TOO_LARGE past
 * the buffer's limit). Only a regular file, a pipe or a socket; a directory
 * or device is ERROR_INVALID. The message names the path. */
int file_read(const char *path, struct buffer *ret_contents, struct error *err)
	__attribute__((warn_unused_result));

/* Writes all of it: EINTR and short writes are its business. Returns 0 or
 * -ERROR_SYSTEM; the message says why, and the caller adds where. */
int file_write(int fd, const void *bytes, size_t size, struct error *err)
	__attribute__((warn_unused_result));

#endif
