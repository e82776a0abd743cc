/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flock on a file in the directory.
 */
#include <config.h>

#include "state/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "base/atomic_file.h"
#include "base/cleanup.h"
#include "state/state.h"

/* Locks the file called `name`; `path` and `what` ("in this directory") are
 * for messages. */
static int lock_file(int directory, const char *name, const char *path,
		     const char *what, int *ret_lock, struct error *err)
{
	CLEANUP(cleanup_close)
	int file = openat(directory, name,
			  O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (file < 0)
		return error_set(err, ERROR_SYSTEM,
				 "%s: cannot write to its directory (%s): %s",
				 path, name, strerror(errno));
	while (flock(file, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EINTR)
			continue;
		if (errno == EWOULDBLOCK)
			return error_set(err, ERROR_BUSY,
					 "%s: another run is at work %s", path,
					 what);
		return error_set(err, ERROR_SYSTEM,
				 "%s: its directory cannot be locked: %s", path,
				 strerror(errno));
	}
	*ret_lock = TAKE_FD(file);
	return 0;
}

int lock_textfile_directory(const char *path, int *ret_lock, struct error *err)
{
	CLEANUP(cleanup_close) int directory = -1;
	int r = atomic_file_directory(path, &directory, NULL, err);

	if (r < 0)
		return r;
	return lock_file(directory, LOCK_FILE_NAME, path, "in this directory",
			 ret_lock, err);
}

int lock_state_file(const char *path, int *ret_lock, struct error *err)
{
	CLEANUP(cleanup_close) int directory = -1;
	CLEANUP(cleanup_free) char *name = NULL;
	CLEANUP(cleanup_free) char *lock_name = NULL;
	int r;

	if (state_is_none(path)) {
		*ret_lock = -1;
		return 0;
	}
	r = atomic_file_directory(path, &directory, &name, err);
	if (r < 0)
		return r;
	if (asprintf(&lock_name, ".%s.lock", name) < 0) {
		lock_name = NULL;
		return error_memory(err);
	}
	return lock_file(directory, lock_name, path, "with this file", ret_lock,
			 err);
}
