/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A datagram of lines "NAME=value".
 */
#include <config.h>

#include "base/journal.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Its length, 0 if it is too large. */
static size_t format_entry(const struct journal_field *fields, size_t count,
			   char entry[JOURNAL_ENTRY_MAX])
{
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		int length;

		if (fields[i].value == NULL)
			continue;
		/* A value of several lines is written otherwise. */
		assert(strchr(fields[i].value, '\n') == NULL);
		length = snprintf(entry + used, JOURNAL_ENTRY_MAX - used,
				  "%s=%s\n", fields[i].name, fields[i].value);
		if (length < 0 || (size_t)length >= JOURNAL_ENTRY_MAX - used)
			return 0;
		used += (size_t)length;
	}
	return used;
}

bool journal_send(const char *path, const struct journal_field *fields,
		  size_t count)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char entry[JOURNAL_ENTRY_MAX];
	size_t size = format_entry(fields, count, entry);
	CLEANUP(cleanup_close)
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert(strlen(path) < sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path));
	return fd >= 0 && size > 0 &&
	       sendto(fd, entry, size, MSG_NOSIGNAL,
		      (const struct sockaddr *)&address,
		      sizeof(address)) == (ssize_t)size;
}
