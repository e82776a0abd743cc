/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flock on a file in the directory.
 */
#include <config.h>

#include "state/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#include "base/atomic_file.h"
#include "base/cleanup.h"

int lock_textfile_directory(const char *path, int *ret_lock, struct error *err)
{
	CLEANUP(cleanup_close) int directory = -1;
	CLEANUP(cleanup_close) int file = -1;
	int r = atomic_file_directory(path, &directory, NULL, err);

	if (r < 0)
		return r;
	file = openat(directory, LOCK_FILE_NAME,
		      O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (file < 0)
		return error_set(err, ERROR_SYSTEM,
				 "%s: cannot write to its directory: %s", path,
				 strerror(errno));
	while (flock(file, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EINTR)
			continue;
		if (errno == EWOULDBLOCK)
			return error_set(err, ERROR_BUSY,
					 "%s: another run is at work in this "
					 "directory",
					 path);
		return error_set(err, ERROR_SYSTEM,
				 "%s: its directory cannot be locked: %s", path,
				 strerror(errno));
	}
	*ret_lock = TAKE_FD(file);
	return 0;
}
