/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read(2) and write(2) to the end.
 */
#include <config.h>

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

/* For whoever is at a pipe's other side: to do something, when we write; to
 * be done, when we read, as a byte now and then is no file. */
#define PIPE_TIMEOUT_MS 10000

/* Waits until a pipe has more to read, or room to write (poll's events). */
static int wait_for(int fd, short events, struct mono_time end,
		    struct error *err)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left_ms = mono_until(end);
	int ready = left_ms == 0 ? 0 : poll(&p, 1, (int)left_ms);

	if (ready == 0)
		return error_set(err, ERROR_SYSTEM,
				 "the other side of the pipe is not done after "
				 "%d s",
				 PIPE_TIMEOUT_MS / 1000);
	if (ready < 0 && errno != EINTR)
		return error_set(err, ERROR_SYSTEM, "%s", strerror(errno));
	return 0;
}

static int read_all(int fd, struct buffer *contents, struct error *err)
{
	struct mono_time end = mono_after(mono_now(), PIPE_TIMEOUT_MS);
	char chunk[16384];
	ssize_t got;
	int r = 0;

	while (r == 0 && (got = read(fd, chunk, sizeof(chunk))) != 0) {
		if (got > 0)
			r = buffer_append(contents, chunk, (size_t)got, err);
		else if (errno == EAGAIN)
			r = wait_for(fd, POLLIN, end, err);
		else if (errno != EINTR)
			r = error_set(err, ERROR_SYSTEM, "%s", strerror(errno));
	}
	/* The file may hold a secret. */
	explicit_bzero(chunk, sizeof(chunk));
	return r;
}

int file_read(const char *path, struct buffer *ret_contents, struct error *err)
{
	CLEANUP(cleanup_close) int fd = -1;
	struct stat st;
	int r;

	/* O_NONBLOCK: a FIFO without a writer must not hold up the run. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(err, ERROR_SYSTEM, "%s: %s", path,
				 strerror(errno));
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode) &&
	    !S_ISSOCK(st.st_mode))
		return error_set(err, ERROR_INVALID, "%s: not a file", path);
	r = buffer_append(ret_contents, "", 0, err);
	if (r == 0)
		r = read_all(fd, ret_contents, err);
	if (r < 0)
		return error_prefix(err, "%s", path);
	return 0;
}

int file_write(int fd, const void *bytes, size_t size, struct error *err)
{
	struct mono_time end = mono_after(mono_now(), PIPE_TIMEOUT_MS);
	const char *at = bytes;

	while (size > 0) {
		ssize_t written = write(fd, at, size);

		if (written >= 0) {
			at += written;
			size -= (size_t)written;
			end = mono_after(mono_now(), PIPE_TIMEOUT_MS);
		} else if (errno == EAGAIN) {
			int r = wait_for(fd, POLLOUT, end, err);

			if (r < 0)
				return r;
		} else if (errno != EINTR) {
			return error_set(err, ERROR_SYSTEM, "%s",
					 strerror(errno));
		}
	}
	return 0;
}
