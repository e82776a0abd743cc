/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log sink: one write(2) a line, so that lines of two processes do not
 * mix, or one datagram to the journal.
 */
#include <config.h>

#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/journal.h"
#include "base/text.h"

#define LOG_LINE_MAX 2048 /* bytes; longer ones are cut */
#define LOG_VALUE_MAX 512 /* likewise of a field's value */

static const char *const level_names[] = {
	[LOG_LEVEL_DEBUG] = "debug",   [LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_NOTICE] = "notice", [LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_ERROR] = "error",
};
static_assert(sizeof(level_names) / sizeof(level_names[0]) ==
		      LOG_LEVEL_ERROR + 1,
	      "a name for each level");

/* syslog(3) priorities. */
static const char level_priorities[] = {
	[LOG_LEVEL_DEBUG] = '7',  [LOG_LEVEL_INFO] = '6',
	[LOG_LEVEL_NOTICE] = '5', [LOG_LEVEL_WARNING] = '4',
	[LOG_LEVEL_ERROR] = '3',
};

static struct {
	enum log_level level;
	void (*before_line)(void *data);
	void *before_line_data;
	int64_t patience_ms; /* what is left of it */
} sink = { .level = LOG_LEVEL_WARNING, .patience_ms = LOG_PATIENCE_MS };

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

const char *log_error_prefix(void)
{
	return log_to_journal() ? "<3>" : PACKAGE_NAME ": error: ";
}

void log_set_before_line(void (*before_line)(void *data), void *data)
{
	sink.before_line = before_line;
	sink.before_line_data = data;
}

/* Whether standard error takes a line before patience is over. */
static bool wait_for_room(void)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
	struct mono_time end = mono_after(mono_now(), sink.patience_ms);
	int ready;

	do
		ready = poll(&p, 1, (int)mono_until(end));
	while (ready < 0 && errno == EINTR);
	sink.patience_ms = mono_until(end);
	return ready > 0;
}

static void write_line(const char *line, size_t length)
{
	if (!wait_for_room())
		return;
	/* Nothing sensible is left to do if standard error is gone. */
	while (write(STDERR_FILENO, line, length) < 0 && errno == EINTR)
		continue;
}

static bool send_to_journal(enum log_level level, const char *message,
			    const struct log_field *fields, size_t count)
{
	const char priority[] = { level_priorities[level], '\0' };
	struct journal_field all[LOG_FIELDS_MAX + 4] = {
		{ "MESSAGE", message },
		{ "PRIORITY", priority },
		{ "SYSLOG_IDENTIFIER", PACKAGE_NAME },
		{ "SYSLOG_FACILITY", "3" }, /* daemon: RFC 5424, 6.2.1 */
	};
	char values[LOG_FIELDS_MAX][LOG_VALUE_MAX];

	assert(count <= LOG_FIELDS_MAX);
	for (size_t i = 0; i < count; i++) {
		all[4 + i].name = fields[i].name;
		if (fields[i].value == NULL)
			continue;
		(void)snprintf(values[i], sizeof(values[i]), "%s",
			       fields[i].value);
		text_make_line(values[i]);
		all[4 + i].value = values[i];
	}
	return journal_send(JOURNAL_SOCKET, all, 4 + count);
}

static void log_line_va(enum log_level level, const struct log_field *fields,
			size_t count, const char *format, va_list args)
{
	char message[LOG_LINE_MAX - 64];
	char line[LOG_LINE_MAX];
	bool is_journal = log_to_journal();
	int length;

	(void)vsnprintf(message, sizeof(message), format, args);
	text_make_line(message);
	if (is_journal && send_to_journal(level, message, fields, count))
		return;
	/* sd-daemon(3) has the journal's way to say a priority. */
	length = is_journal ?
			 snprintf(line, sizeof(line), "<%c>%s\n",
				  level_priorities[level], message) :
			 snprintf(line, sizeof(line), "%s: %s: %s\n",
				  PACKAGE_NAME, level_names[level], message);
	if (sink.before_line != NULL)
		sink.before_line(sink.before_line_data);
	write_line(line, (size_t)length);
}

void log_line_with(enum log_level level, const struct log_field *fields,
		   size_t count, const char *format, ...)
{
	int saved_errno = errno;
	va_list args;

	if (level < sink.level)
		return;
	va_start(args, format);
	log_line_va(level, fields, count, format, args);
	va_end(args);
	errno = saved_errno;
}

void log_line(enum log_level level, const char *format, ...)
{
	int saved_errno = errno;
	va_list args;

	if (level < sink.level)
		return;
	va_start(args, format);
	log_line_va(level, NULL, 0, format, args);
	va_end(args);
	errno = saved_errno;
}
