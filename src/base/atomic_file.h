/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replacing a file whole or not at all.
 *
 *	atomic_file_open(path, &file, err)    resolves, checks, creates
 *	... write to file.fd ...
 *	atomic_file_commit(&file, err)        fsync, file.mode, rename, fsync
 *	atomic_file_abort(&file)              or: as if nothing had been
 *
 * The temporary file is in the same directory, hidden, and does not end in
 * ".prom", so that node_exporter never reads it. It has one name per file:
 * what a killed run left is removed by the next. Two writers of one file must
 * be kept apart by the caller (state/lock.h).
 */
#ifndef CEM_BASE_ATOMIC_FILE_H
#define CEM_BASE_ATOMIC_FILE_H

#include <sys/types.h>

#include "base/error.h"

struct atomic_file {
	int fd;		 /* to write to */
	int directory;	 /* descriptor of the directory both names are in */
	char *path;	 /* as given, for messages */
	char *name;	 /* in the directory, links resolved */
	char *temporary; /* in the directory */
	mode_t mode;	 /* that the file gets with the commit, whatever the
			  * umask: 0644 if nobody sets another; 0600 until
			  * then */
};

#define ATOMIC_FILE_INIT                                                       \
	{                                                                      \
		.fd = -1, .directory = -1                                      \
	}

/* A symbolic link is followed, unless it is neither ours nor root's: the file
 * it points to is replaced, the link stays. What exists and is not a regular
 * file is refused (rename(2) would replace a device or FIFO by a file). */
int atomic_file_open(const char *path, struct atomic_file *ret_file,
		     struct error *err) __attribute__((warn_unused_result));

/* Everything reaches the disk before the old file is gone. On failure the old
 * file stays and the temporary one is removed; but if only the directory cannot
 * be written to the disk the new file is in place, and a power cut could bring
 * the old one back. Releases `file` either way. */
int atomic_file_commit(struct atomic_file *file, struct error *err)
	__attribute__((warn_unused_result));

/* Removes the temporary file and releases; nothing for a file that was not
 * opened, was committed, or is NULL. */
void atomic_file_abort(struct atomic_file *file);

/* The directory of the file that `path` means, links resolved, as a new
 * O_DIRECTORY descriptor; *ret_name (may be NULL) gets the name in it, for
 * the caller to free. Neither need `path` exist nor be a regular file. */
int atomic_file_directory(const char *path, int *ret_directory, char **ret_name,
			  struct error *err)
	__attribute__((warn_unused_result));

#endif
