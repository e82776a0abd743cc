/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries with fields for systemd's journal, by its native protocol
 * (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/): one datagram each. The
 * protocol is stable and a few lines long; libsystemd would bring five more
 * libraries into every run.
 */
#ifndef CEM_BASE_JOURNAL_H
#define CEM_BASE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define JOURNAL_ENTRY_MAX 8192 /* bytes; what is larger is not sent */

struct journal_field {
	const char *name;  /* A to Z, 0 to 9 and '_' */
	const char *value; /* one line; NULL: left out */
};

/* Sends an entry to the journal that listens at `path`. False if that did not
 * work, for whatever reason; it never waits. */
bool journal_send(const char *path, const struct journal_field *fields,
		  size_t count);

#endif
