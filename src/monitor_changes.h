/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run says in the log of its pairs: what changed since the last one, in
 * few lines, however much it was.
 */
#ifndef CEM_MONITOR_CHANGES_H
#define CEM_MONITOR_CHANGES_H

#include <stddef.h>

#include "base/error.h"
#include "state/history.h"

/* Lines about pairs that changed alike in a job; more are one line. */
#define CHANGES_ALIKE_MAX 3
#define CHANGES_LINES_MAX 20 /* in all; a last one counts the rest */

/* Compares the settled results with what the history has of earlier runs, so
 * before history_advance(). A change for the worse is logged as a notice, one
 * for the better as info. A pair that is not remembered was good: without a
 * state all that is not good is a change. *ret_changes is how many there are.
 * Fails for want of memory only. O(pairs, and changes log changes). */
int log_changes(const struct history *history, size_t *ret_changes,
		struct error *err) __attribute__((warn_unused_result));

#endif
