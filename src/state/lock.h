/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run at a time in a textfile directory: two files of ours in it would
 * hide each other's run_* series. The lock is flock(2), which dies with its
 * process, on a file that only its owner can open: whoever may read the
 * directory could hold a lock on that itself for ever. The file stays.
 */
#ifndef CEM_STATE_LOCK_H
#define CEM_STATE_LOCK_H

#include "base/error.h"

#define LOCK_FILE_NAME ".certificate_expiry_monitor.lock"

/* Locks the directory of the file that `path` means. ERROR_BUSY if another
 * run holds it. The lock is held until *ret_lock is closed. */
int lock_textfile_directory(const char *path, int *ret_lock, struct error *err)
	__attribute__((warn_unused_result));

#endif
