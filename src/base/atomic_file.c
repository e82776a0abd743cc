/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Temporary file, fsync, rename, fsync of the directory.
 */
#include <config.h>

#include "base/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define LINKS_MAX 40 /* as the kernel follows in one look-up */

static int fail(struct error *err, const char *path, const char *what)
{
	return error_set(err, ERROR_SYSTEM, "%s: %s: %s", path, what,
			 strerror(errno));
}

/* What the link at `path` points to, as a path; NULL if it is no link (then
 * errno is EINVAL or ENOENT) or on failure. A link of another user, who may
 * write to the directory, would have us replace whatever file that one likes:
 * EPERM. */
static char *follow_link(const char *path)
{
	CLEANUP(cleanup_close)
	int link = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	const char *slash = strrchr(path, '/');
	char target[PATH_MAX];
	ssize_t length;
	struct stat st;
	char *joined;

	if (link < 0 || fstat(link, &st) < 0)
		return NULL;
	if (!S_ISLNK(st.st_mode)) {
		errno = EINVAL;
		return NULL;
	}
	if (st.st_uid != 0 && st.st_uid != geteuid()) {
		errno = EPERM;
		return NULL;
	}
	length = readlinkat(link, "", target, sizeof(target) - 1);
	if (length < 0)
		return NULL;
	target[length] = '\0';
	if (target[0] == '/' || slash == NULL)
		return strdup(target);
	if (asprintf(&joined, "%.*s/%s", (int)(slash - path), path, target) < 0)
		return NULL;
	return joined;
}

int atomic_file_directory(const char *path, int *ret_directory, char **ret_name,
			  struct error *err)
{
	CLEANUP(cleanup_free) char *resolved = strdup(path);
	const char *name;
	char *slash;
	int directory;

	if (resolved == NULL)
		return error_memory(err);
	for (int links = 0;; links++) {
		char *target = follow_link(resolved);

		if (target == NULL) {
			if (errno == EPERM)
				return error_set(err, ERROR_SYSTEM,
						 "%s: is a symbolic link of "
						 "another user, which is not "
						 "followed",
						 path);
			if (errno != EINVAL && errno != ENOENT)
				return fail(err, path, "cannot be resolved");
			break;
		}
		free(resolved);
		resolved = target;
		if (links == LINKS_MAX)
			return error_set(err, ERROR_INVALID,
					 "%s: too many symbolic links", path);
	}
	slash = strrchr(resolved, '/');
	name = slash == NULL ? resolved : slash + 1;
	if (name[0] == '\0' || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0)
		return error_set(err, ERROR_INVALID,
				 "%s: is a directory; name a file in it", path);
	if (ret_name != NULL) {
		*ret_name = strdup(name);
		if (*ret_name == NULL)
			return error_memory(err);
	}
	if (slash == NULL)
		directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	else if (slash == resolved)
		directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	else {
		*slash = '\0';
		directory = open(resolved, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (directory < 0) {
		int r = error_set(err, ERROR_SYSTEM,
				  "%s: its directory cannot be opened: %s",
				  path, strerror(errno));

		if (ret_name != NULL)
			free(TAKE(*ret_name));
		return r;
	}
	*ret_directory = directory;
	return 0;
}

/* Refuses what rename(2) would silently replace by a regular file. */
static int check_kind(const struct atomic_file *file, struct error *err)
{
	struct stat st;

	if (fstatat(file->directory, file->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ?
			       0 :
			       fail(err, file->path, "cannot be examined");
	if (S_ISREG(st.st_mode))
		return 0;
	if (S_ISDIR(st.st_mode))
		return error_set(err, ERROR_INVALID,
				 "%s: is a directory; name a file in it",
				 file->path);
	return error_set(err, ERROR_INVALID,
			 "%s: is not a regular file and would be replaced by "
			 "one; '-' writes to standard output",
			 file->path);
}

static void release(struct atomic_file *file)
{
	if (file->fd >= 0)
		(void)close(file->fd);
	if (file->directory >= 0)
		(void)close(file->directory);
	free(file->path);
	free(file->name);
	free(file->temporary);
	*file = (struct atomic_file)ATOMIC_FILE_INIT;
}

static int open_temporary(struct atomic_file *file, struct error *err)
{
	if (unlinkat(file->directory, file->temporary, 0) < 0 &&
	    errno != ENOENT)
		return error_set(err, ERROR_SYSTEM,
				 "%s: %s beside it, the left-over of an "
				 "earlier run, cannot be removed: %s",
				 file->path, file->temporary, strerror(errno));
	file->fd = openat(file->directory, file->temporary,
			  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			  0600);
	if (file->fd < 0)
		return fail(err, file->path, "cannot write to its directory");
	return 0;
}

int atomic_file_open(const char *path, struct atomic_file *ret_file,
		     struct error *err)
{
	struct atomic_file file = ATOMIC_FILE_INIT;
	int r;

	file.mode = 0644;
	file.path = strdup(path);
	if (file.path == NULL)
		return error_memory(err);
	r = atomic_file_directory(path, &file.directory, &file.name, err);
	if (r == 0 && asprintf(&file.temporary, ".%s.tmp", file.name) < 0) {
		file.temporary = NULL;
		r = error_memory(err);
	}
	if (r == 0)
		r = check_kind(&file, err);
	if (r == 0)
		r = open_temporary(&file, err);
	if (r < 0) {
		release(&file);
		return r;
	}
	*ret_file = file;
	return 0;
}

static int replace(struct atomic_file *file, struct error *err)
{
	int fd = file->fd;

	if (fchmod(fd, file->mode) < 0)
		return fail(err, file->path, "its mode cannot be set");
	if (fsync(fd) < 0)
		return fail(err, file->path, "cannot be written to the disk");
	file->fd = -1;
	if (close(fd) < 0)
		return fail(err, file->path, "cannot be written");
	if (renameat(file->directory, file->temporary, file->directory,
		     file->name) < 0) {
		if (errno == EBUSY)
			return error_set(
				err, ERROR_SYSTEM,
				"%s: cannot be replaced, as it is a mount "
				"point; mount its directory instead",
				file->path);
		return fail(err, file->path, "cannot be replaced");
	}
	/* The new file is in place: nothing to remove any more. */
	free(TAKE(file->temporary));
	if (fsync(file->directory) < 0 && errno != EINVAL)
		return fail(err, file->path,
			    "its directory cannot be written to the disk");
	return 0;
}

int atomic_file_commit(struct atomic_file *file, struct error *err)
{
	int r = replace(file, err);

	atomic_file_abort(file);
	return r;
}

void atomic_file_abort(struct atomic_file *file)
{
	if (file == NULL)
		return;
	if (file->temporary != NULL)
		(void)unlinkat(file->directory, file->temporary, 0);
	release(file);
}
