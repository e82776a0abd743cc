/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The families into an atomic file.
 */
#include <config.h>

#include "metrics/textfile.h"

#include <string.h>
#include <unistd.h>

#include "base/atomic_file.h"

int textfile_check(const char *path, struct error *err)
{
	struct atomic_file file = ATOMIC_FILE_INIT;
	int r = atomic_file_open(path, &file, err);

	atomic_file_abort(&file);
	return r;
}

int textfile_write(const char *path, const struct run_facts *facts,
		   enum metrics_mode mode, bool *ret_limited, struct error *err)
{
	struct atomic_file file = ATOMIC_FILE_INIT;
	struct exposition x;
	bool is_limited = families_exceed_limit(facts, mode);
	bool is_stdout = strcmp(path, "-") == 0;
	int r;

	if (is_limited)
		mode = METRICS_SUMMARY;
	if (!is_stdout) {
		r = atomic_file_open(path, &file, err);
		if (r < 0)
			return r;
	}
	exposition_init(&x, is_stdout ? STDOUT_FILENO : file.fd);
	r = families_write(&x, facts, mode, is_limited, err);
	if (r < 0) {
		atomic_file_abort(&file);
		return error_prefix(err, "%s",
				    is_stdout ? "standard output" : path);
	}
	if (!is_stdout)
		r = atomic_file_commit(&file, err);
	if (r == 0 && ret_limited != NULL)
		*ret_limited = is_limited;
	return r;
}
