/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of domains in a file: one a line, blank lines and what follows a '#'
 * left out.
 */
#ifndef CEM_DISCOVERY_DOMAINS_FILE_H
#define CEM_DISCOVERY_DOMAINS_FILE_H

#include "base/error.h"
#include "discovery/found.h"

#define DOMAINS_FILE_BYTES_MAX ((size_t)4 * 1024 * 1024)

/* Adds the domains of the file at `path`. ERROR_INVALID names the file and the
 * first line that names no domain; ERROR_TOO_LARGE past
 * DOMAINS_FILE_BYTES_MAX or FOUND_NAMES_MAX. */
int domains_file_read(const char *path, struct found *found, struct error *err)
	__attribute__((warn_unused_result));

#endif
