/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the metrics go: a file replaced as a whole, or standard output.
 */
#ifndef CEM_METRICS_TEXTFILE_H
#define CEM_METRICS_TEXTFILE_H

#include "base/error.h"
#include "metrics/families.h"

/* Fails, with nothing changed, if the file at `path` could not be replaced:
 * before a run that would be in vain. Under the lock only. */
int textfile_check(const char *path, struct error *err)
	__attribute__((warn_unused_result));

/* Replaces the file at `path` ("-": writes to standard output) by the metrics
 * of `mode`, or by the summary where that would be too many series;
 * *ret_limited (may be NULL) says whether. On failure the old file stays. */
int textfile_write(const char *path, const struct run_facts *facts,
		   enum metrics_mode mode, bool *ret_limited, struct error *err)
	__attribute__((warn_unused_result));

#endif
