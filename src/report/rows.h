/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of the table: the pairs of a run, worst first, and pods that differ
 * in nothing but their name together.
 *
 *	CLEANUP(rows_free) struct rows rows = { 0 };
 *	r = rows_build(facts, &rows, err);
 *	for (first = 0; first < rows.count; first += length)
 *		length = rows_length(&rows, first);
 */
#ifndef CEM_REPORT_ROWS_H
#define CEM_REPORT_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "metrics/families.h"
#include "report/verdict.h"

#define ROW_PODS_MIN 3 /* as one row; fewer have one each */

struct ranked_pair {
	const struct pair *pair; /* borrowed */
	enum verdict verdict;
	int status; /* pair_status_rank() */
	/* How many more pods of its pool show the certificate that most of them
	 * show than show this one. */
	int64_t oddness;
	int64_t lag;	   /* seconds; 0 if it has none */
	int64_t not_after; /* seconds since the epoch; 0 without dates */
	/* The run's first pair of the same pool with the same certificate,
	 * family and reason; borrowed. */
	const struct pair *kind;
};

struct rows {
	struct ranked_pair *pairs; /* those of one row are neighbours */
	size_t count;
};

/* O(n log n). The run's pairs and pools must outlive the rows. */
int rows_build(const struct run_facts *facts, struct rows *ret_rows,
	       struct error *err) __attribute__((warn_unused_result));

/* How many pairs are in the row that begins with the pair `first`: 1, or
 * ROW_PODS_MIN and more of pods that are alike in all else that a row shows.
 * O(length). */
size_t rows_length(const struct rows *rows, size_t first);

void rows_free(struct rows *rows);

#endif
