/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log lines: for a person on standard error, under systemd in the journal,
 * with priority and fields.
 *
 * A line waits for nobody for long: what a full pipe does not take within
 * LOG_PATIENCE_MS, counted over the whole run, is dropped.
 *
 * Only the pipeline (src/monitor.c) and main log errors; stages return them.
 */
#ifndef CEM_BASE_LOG_H
#define CEM_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

#define LOG_PATIENCE_MS 1000

enum log_level {
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO,
	LOG_LEVEL_NOTICE, /* shown where info is; a change for the worse */
	LOG_LEVEL_WARNING,
	LOG_LEVEL_ERROR,
};

/* Lines below `level` are dropped from here on; before the first call, below
 * LOG_LEVEL_WARNING. */
void log_set_level(enum log_level level);

/* "debug", "info", "notice", "warning", "error". */
const char *log_level_name(enum log_level level);

/* Whether standard error is the journal's stream ($JOURNAL_STREAM,
 * systemd.exec(5)). */
bool log_to_journal(void);

/* What an error's line begins with on standard error. */
const char *log_error_prefix(void);

/* Called before each line that is written, so that whoever draws on the
 * terminal can clear its line first; NULL for none. */
void log_set_before_line(void (*before_line)(void *data), void *data);

/* One line, whatever it quotes; written at once. errno is kept. */
void log_line(enum log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* What a line is about, for the journal alone: a name (A to Z and '_') and a
 * text, which may be anybody's; NULL: left out. */
struct log_field {
	const char *name;
	const char *value;
};
#define LOG_FIELDS_MAX 8

/* As log_line(), with fields. */
void log_line_with(enum log_level level, const struct log_field *fields,
		   size_t count, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)

#endif
