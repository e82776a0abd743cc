/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line on the terminal that says how far the run is.
 */
#ifndef CEM_REPORT_PROGRESS_H
#define CEM_REPORT_PROGRESS_H

#include <stdbool.h>

#include "base/clock.h"
#include "probe/engine.h"

struct progress_line {
	bool is_on;    /* else nothing is ever drawn */
	bool is_drawn; /* there is something to clear */
	struct mono_time started_at;
};

/* Whether standard error is a terminal that it can be drawn on. */
bool progress_line_is_wanted(void);

/* Draws on standard error if `is_on`. Log lines clear it first. */
void progress_line_init(struct progress_line *line, bool is_on);

/* What is being done before there are pairs to count. */
void progress_line_say(struct progress_line *line, const char *words);

/* For engine_options.on_progress; `data` is the line. */
void progress_line_update(const struct engine_progress *progress, void *data);

void progress_line_clear(struct progress_line *line);

/* Clears, and draws no more. */
void progress_line_end(struct progress_line *line);

#endif
