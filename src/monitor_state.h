/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run has to do with the state: where it is, whether it may be written,
 * what it says of this run's pairs, and when what is put into it. What is wrong
 * with it is logged here and never ends the run.
 */
#ifndef CEM_MONITOR_STATE_H
#define CEM_MONITOR_STATE_H

#include <stdbool.h>

#include "config/config.h"
#include "state/history.h"
#include "state/state.h"

struct run_state {
	int lock; /* of the state file, in a run that writes it; else -1 */
	struct state *state;
	struct history history;
	struct run_record before; /* this run */
	struct run_record record; /* with this run */
};

#define RUN_STATE_INIT                                                         \
	{                                                                      \
		.lock = -1                                                     \
	}

/* Opens it, and begins to write it if `writes`: only in a run that replaces a
 * file, so that it never says what the file does not. ERROR_BUSY if another run
 * is at it, ERROR_MEMORY. */
int run_state_open(struct run_state *rs, const struct config *config,
		   bool writes, struct error *err)
	__attribute__((warn_unused_result));

/* What is remembered of the pairs, and whose turn it therefore is. */
int run_state_recall(struct run_state *rs, struct target_set *targets,
		     struct error *err) __attribute__((warn_unused_result));

/* Counts this run and what it found, and writes the state: before the textfile
 * is replaced, as what the file says must not be forgotten by a run that is
 * killed then. What changed is remembered if it has been said. */
void run_state_save(struct run_state *rs, bool success, bool are_changes_said,
		    struct wall_time started_at);

/* The textfile could not be replaced: the run was no success after all. */
void run_state_put_back(struct run_state *rs);

/* Whether what is counted will be there in the next run. Else it would go back,
 * and is not shown. */
bool run_state_counts(const struct run_state *rs);

/* Closes what others may want. */
void run_state_close(struct run_state *rs);

void run_state_release(struct run_state *rs);

#endif
