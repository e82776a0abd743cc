/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log sink: one write(2) a line, so that lines of two processes do not
 * mix.
 */
#include <config.h>

#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

#define LOG_LINE_MAX 2048 /* bytes; longer ones are cut */

static const char *const level_names[] = {
	[LOG_LEVEL_DEBUG] = "debug",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_ERROR] = "error",
};
static_assert(sizeof(level_names) / sizeof(level_names[0]) ==
		      LOG_LEVEL_ERROR + 1,
	      "a name for each level");

/* syslog(3) priorities. */
static const char level_priorities[] = {
	[LOG_LEVEL_DEBUG] = '7',
	[LOG_LEVEL_INFO] = '6',
	[LOG_LEVEL_WARNING] = '4',
	[LOG_LEVEL_ERROR] = '3',
};

static struct {
	enum log_level level;
	void (*before_line)(void *data);
	void *before_line_data;
} sink = { .level = LOG_LEVEL_WARNING };

void log_set_level(enum log_level level)
{
	sink.level = level;
}

const char *log_level_name(enum log_level level)
{
	return level_names[level];
}

bool log_to_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device;
	unsigned long long inode;
	struct stat st;

	return stream != NULL &&
	       sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device &&
	       st.st_ino == inode;
}

void log_set_before_line(void (*before_line)(void *data), void *data)
{
	sink.before_line = before_line;
	sink.before_line_data = data;
}

void log_line(enum log_level level, const char *format, ...)
{
	char message[LOG_LINE_MAX - 64];
	char line[LOG_LINE_MAX];
	int saved_errno = errno;
	int length;
	va_list args;

	if (level < sink.level)
		return;
	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	text_make_line(message);

	if (log_to_journal())
		length = snprintf(line, sizeof(line), "<%c>%s\n",
				  level_priorities[level], message);
	else
		length = snprintf(line, sizeof(line),
				  "certificate-expiry-monitor: %s: %s\n",
				  level_names[level], message);
	if (sink.before_line != NULL)
		sink.before_line(sink.before_line_data);
	/* Nothing sensible is left to do if standard error is gone. */
	while (write(STDERR_FILENO, line, (size_t)length) < 0 && errno == EINTR)
		continue;
	errno = saved_errno;
}
