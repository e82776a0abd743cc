/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flock on a directory.
 */
#include <config.h>

#include "state/lock.h"

#include <errno.h>
#include <string.h>
#include <sys/file.h>

#include "base/atomic_file.h"
#include "base/cleanup.h"

int lock_textfile_directory(const char *path, int *ret_lock, struct error *err)
{
	CLEANUP(cleanup_close) int directory = -1;
	int r = atomic_file_directory(path, &directory, NULL, err);

	if (r < 0)
		return r;
	while (flock(directory, LOCK_EX | LOCK_NB) < 0) {
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
	*ret_lock = TAKE_FD(directory);
	return 0;
}
