/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line that redraws itself.
 */
#include <config.h>

#include "report/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/duration.h"
#include "base/file.h"
#include "base/log.h"
#include "report/terminal.h"

#define CLEAR_LINE "\r\033[K" /* ECMA-48: carriage return, erase to the end */

static void draw(const char *text)
{
	struct error ignored = { 0 };

	/* A terminal that is gone loses nothing but the show. */
	if (file_write(STDERR_FILENO, text, strlen(text), &ignored) < 0)
		return;
}

static void clear_before_log(void *data)
{
	progress_line_clear(data);
}

bool progress_line_is_wanted(void)
{
	return terminal_redraws(STDERR_FILENO);
}

void progress_line_init(struct progress_line *line, bool is_on)
{
	*line = (struct progress_line){
		.is_on = is_on,
		.started_at = mono_now(),
	};
	if (is_on)
		log_set_before_line(clear_before_log, line);
}

void progress_line_say(struct progress_line *line, const char *words)
{
	char text[128];
	size_t columns;

	if (!line->is_on)
		return;
	columns = terminal_columns(STDERR_FILENO);
	/* What has flowed over the edge could not be cleared. */
	(void)snprintf(text, sizeof(text), CLEAR_LINE "%.*s",
		       columns > 0 ? (int)columns - 1 : (int)sizeof(text),
		       words);
	draw(text);
	line->is_drawn = true;
}

void progress_line_update(const struct engine_progress *progress, void *data)
{
	struct progress_line *line = data;
	int64_t elapsed_ms = mono_now().ms - line->started_at.ms;
	char elapsed[DURATION_WORDS_MAX];
	char words[112];

	duration_words(elapsed_ms / 1000, elapsed);
	(void)snprintf(words, sizeof(words),
		       "probing: %zu of %zu pairs, %zu failed, %s",
		       progress->done, progress->total, progress->failed,
		       elapsed);
	progress_line_say(line, words);
}

void progress_line_clear(struct progress_line *line)
{
	if (!line->is_drawn)
		return;
	draw(CLEAR_LINE);
	line->is_drawn = false;
}

void progress_line_end(struct progress_line *line)
{
	progress_line_clear(line);
	if (line->is_on)
		log_set_before_line(NULL, NULL);
	line->is_on = false;
}
