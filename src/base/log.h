/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log lines on standard error: for a person as they are, under systemd with
 * the priority that the journal understands (sd-daemon(3): "<3>...").
 *
 * Only the pipeline (src/monitor.c) and main log errors; stages return them.
 */
#ifndef CEM_BASE_LOG_H
#define CEM_BASE_LOG_H

#include <stdbool.h>

enum log_level {
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_ERROR,
};

/* Lines below `level` are dropped from here on; before the first call, below
 * LOG_LEVEL_WARNING. */
void log_set_level(enum log_level level);

/* "debug", "info", "warning", "error". */
const char *log_level_name(enum log_level level);

/* Whether standard error is the journal's stream ($JOURNAL_STREAM,
 * systemd.exec(5)). */
bool log_to_journal(void);

/* Called before each line that is written, so that whoever draws on the
 * terminal can clear its line first; NULL for none. */
void log_set_before_line(void (*before_line)(void *data), void *data);

/* One line, whatever it quotes; written at once. errno is kept. */
void log_line(enum log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)

#endif
