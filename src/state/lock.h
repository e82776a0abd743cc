/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run at a time in a textfile directory, for two files of ours in it would
 * hide each other's run_* series, and one run at a time that writes a state
 * file, for each would drop what the other remembers.
 *
 * A lock is flock(2), which dies with its process, on a file of its own that
 * only its owner can open: whoever may read the directory, or the state file,
 * could hold a lock on that itself for ever. (The state file is no place for
 * it either, as every run that writes it puts another file there.) The lock's
 * file stays. Locks are tried, never waited for, so their order is free.
 */
#ifndef CEM_STATE_LOCK_H
#define CEM_STATE_LOCK_H

#include "base/error.h"

#define LOCK_FILE_NAME ".certificate_expiry_monitor.lock"

/* Locks the directory of the file that `path` means. ERROR_BUSY if another
 * run holds it. The lock is held until *ret_lock is closed. */
int lock_textfile_directory(const char *path, int *ret_lock, struct error *err)
	__attribute__((warn_unused_result));

/* Locks the state file that `path` means, whether it exists or not, by the
 * file ".NAME.lock" beside it; other files in that directory are free. Take it
 * before state_open(), so that what is read is what is replaced, and only in a
 * run that is going to write: reading needs none. ERROR_BUSY if another run
 * holds it; another error means that the state cannot be written either. For
 * NULL or "none" there is nothing to lock, and *ret_lock becomes -1. */
int lock_state_file(const char *path, int *ret_lock, struct error *err)
	__attribute__((warn_unused_result));

#endif
