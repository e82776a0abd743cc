/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person sees at the end: a table, or JSON for a script. The only part
 * that looks at the locale, and of it at LC_CTYPE alone.
 */
#ifndef CEM_REPORT_REPORT_H
#define CEM_REPORT_REPORT_H

#include <stdio.h>

#include "base/error.h"
#include "metrics/families.h"

#define REPORT_ROWS_MAX 1000 /* of the table; the worst come first */

/* Sets LC_CTYPE from the environment; once, before a table is printed. */
void report_init(void);

/* One row a pair, or for pods that are alike (rows.h), worst first, then a line
 * that sums up. On a terminal as wide as that allows, and in colour unless
 * $NO_COLOR is set (no-color.org). */
int report_table(FILE *out, const struct run_facts *facts, struct error *err)
	__attribute__((warn_unused_result));

/* One row a pair, before anything was probed; then which API server was asked
 * as whom, and for each job what was found and how many pairs that makes. */
int report_targets(FILE *out, const struct discovery *discovery,
		   const struct target_set *targets, struct error *err)
	__attribute__((warn_unused_result));

/* Before anything is listed: which file was read (`path`, NULL: none), one line
 * a job with its pool and where its domains come from, and the run. */
int report_config(FILE *out, const struct config *config, const char *path,
		  struct error *err) __attribute__((warn_unused_result));

/* One JSON object: the run, its jobs, its pairs (doc/report.md). */
int report_json(FILE *out, const struct run_facts *facts, struct error *err)
	__attribute__((warn_unused_result));

/* The version of json-c at run time, "0.16". */
const char *report_json_library_version(void);

#endif
