/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeding a file to a list reader.
 */
#include <config.h>

#include "discovery/pods_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "kube/list_reader.h"

#define CHUNK_BYTES 16384

/* Waits until there is something to read. */
static int wait_readable(int fd, struct interrupt *interrupt,
			 struct mono_time deadline, struct error *err)
{
	struct pollfd p[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = interrupt->fd, .events = POLLIN },
	};
	int64_t left_ms;
	int ready;

	/* A signal that was seen before wakes nobody any more. */
	do {
		if (interrupt_seen(interrupt))
			return error_set(err, ERROR_INTERRUPTED, "interrupted");
		left_ms = mono_until(deadline);
		ready = poll(p, 2, left_ms < INT_MAX ? (int)left_ms : INT_MAX);
	} while (ready < 0 && errno == EINTR);
	if (interrupt_seen(interrupt))
		return error_set(err, ERROR_INTERRUPTED, "interrupted");
	if (ready == 0)
		return error_set(err, ERROR_TIMEOUT,
				 "nothing more to read until the deadline");
	return 0;
}

static int feed(int fd, struct interrupt *interrupt, struct mono_time deadline,
		struct list_reader *reader, struct error *err)
{
	char chunk[CHUNK_BYTES];

	for (;;) {
		ssize_t got;
		int r = wait_readable(fd, interrupt, deadline, err);

		if (r < 0)
			return r;
		got = read(fd, chunk, sizeof(chunk));
		if (got == 0)
			return list_reader_finish(reader, err);
		if (got > 0)
			r = list_reader_feed(reader, chunk, (size_t)got, err);
		else if (errno != EAGAIN && errno != EINTR)
			r = error_set(err, ERROR_SYSTEM, "%s", strerror(errno));
		if (r < 0)
			return r;
	}
}

int pods_file_read(const char *path, struct interrupt *interrupt,
		   struct mono_time deadline, const struct list_sink *sink,
		   struct error *err)
{
	CLEANUP(cleanup_list_reader) struct list_reader *reader = NULL;
	CLEANUP(cleanup_close) int opened = -1;
	bool is_stdin = strcmp(path, "-") == 0;
	int r;

	if (!is_stdin) {
		/* O_NONBLOCK: a FIFO without a writer must not hold up. */
		opened = open(path,
			      O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		if (opened < 0)
			return error_set(err, ERROR_SYSTEM, "%s: %s", path,
					 strerror(errno));
	}
	r = list_reader_open("Pod", sink->on_item, sink->data, &reader, err);
	if (r < 0)
		return r;
	r = feed(is_stdin ? STDIN_FILENO : opened, interrupt, deadline, reader,
		 err);
	/* What an API server gave in pages is no list of all of them. */
	if (r == 0 && *list_reader_continue(reader) != '\0')
		r = error_set(err, ERROR_INVALID,
			      "is only one page of a longer list "
			      "(metadata.continue is set)");
	if (r < 0 && r != -ERROR_MEMORY && r != -ERROR_INTERRUPTED)
		error_prefix(err, "%s", is_stdin ? "standard input" : path);
	return r;
}
