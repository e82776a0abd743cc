/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a table fit a terminal.
 */
#ifndef CEM_REPORT_LAYOUT_H
#define CEM_REPORT_LAYOUT_H

#include <libsmartcols/libsmartcols.h>
#include <stdbool.h>
#include <stddef.h>

#define LAYOUT_NAME_MIN 16 /* columns for a name that is told in parts */

/* A column that may be hidden to make room. */
struct spare_column {
	size_t number;
	bool if_uniform; /* only if it says the same in all rows */
};

/* Once all rows are in the table. If they are too long for a terminal of so
 * many columns (0: there is none), spare columns are hidden one after the
 * other, as far as necessary; then those that are marked SCOLS_FL_WRAP are
 * narrowed. Where too little would be left of them nothing is cut, and it is
 * the terminal that breaks lines. False if memory ran out. */
bool layout_fit(struct libscols_table *table, size_t columns,
		const struct spare_column *spare, size_t spare_count);

#endif
