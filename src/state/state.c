/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The old file, the new one, and what goes from one to the other.
 */
#include <config.h>

#include "state/state.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "state/state_line.h"
#include "state/state_reader.h"
#include "state/state_writer.h"

struct state {
	char *path; /* NULL: there is no state */
	struct state_reader old;
	struct state_writer new;
	struct run_record record; /* for the new one */
	bool is_committed;
	struct error complaint;
};

/* --- Where it is ---------------------------------------------------------- */

bool state_is_none(const char *path)
{
	return path == NULL || strcmp(path, "none") == 0;
}

/* Whether this user may look into the directory, and read the file in it if
 * there is one. */
static bool may_read(const char *directory, const char *path)
{
	return access(directory, X_OK) == 0 &&
	       (access(path, R_OK) == 0 || errno == ENOENT);
}

int state_default_path(char **ret_path, struct error *err)
{
	CLEANUP(cleanup_free) char *path = NULL;
	const char *given = getenv("STATE_DIRECTORY");
	size_t length = given == NULL ? 0 : strcspn(given, ":");

	if (asprintf(&path, "%.*s/%s",
		     length > 0 ? (int)length :
				  (int)strlen(STATE_DEFAULT_DIRECTORY),
		     length > 0 ? given : STATE_DEFAULT_DIRECTORY,
		     STATE_FILE_NAME) < 0) {
		path = NULL;
		return error_memory(err);
	}
	if (length == 0 && !may_read(STATE_DEFAULT_DIRECTORY, path))
		return error_set(err, ERROR_SYSTEM,
				 "%s: %s; nothing is remembered from run to "
				 "run",
				 STATE_DEFAULT_DIRECTORY, strerror(errno));
	*ret_path = TAKE(path);
	return 0;
}

/* --- Reading -------------------------------------------------------------- */

static void cleanup_state(struct state **state)
{
	state_close(*state);
}

static bool is_in_future(struct wall_time at)
{
	return at.ms - wall_now().ms > STATE_TIME_AHEAD_MAX_MS;
}

int state_open(const char *path, int64_t patience_ms, struct state **ret_state,
	       struct error *err)
{
	CLEANUP(cleanup_state)
	struct state *state = calloc(1, sizeof(*state));
	int r;

	if (state == NULL)
		return error_memory(err);
	state->old = (struct state_reader)STATE_READER_INIT;
	state->new = (struct state_writer)STATE_WRITER_INIT;
	if (!state_is_none(path)) {
		state->path = strdup(path);
		if (state->path == NULL)
			return error_memory(err);
		r = state_reader_open(path, patience_ms, &state->old,
				      &state->complaint, err);
		if (r < 0)
			return r;
	}
	if (state->complaint.code != ERROR_NONE)
		error_prefix(&state->complaint, "%s", path);
	state->record = state->old.record;
	if (is_in_future(state->record.last_success))
		state->record.last_success = (struct wall_time){ 0 };
	*ret_state = TAKE(state);
	return 0;
}

const char *state_complaint(const struct state *state)
{
	return state->complaint.code == ERROR_NONE ? NULL :
						     state->complaint.message;
}

struct run_record state_record(const struct state *state)
{
	return state->record;
}

int state_recall_pairs(struct state *state, struct history *history,
		       struct error *err)
{
	int r = state_reader_recall_pairs(&state->old, history, err);

	return r < 0 ? error_prefix(err, "%s", state->path) : 0;
}

static int recall(void *data, const char *key, int64_t max_age_ms,
		  struct found *found, struct wall_time *ret_listed_at,
		  struct error *err)
{
	struct state *state = data;
	struct state_list *list = state_reader_find(&state->old, key);
	int r;

	if (list == NULL || list->offset == 0 ||
	    is_in_future(list->listed_at) ||
	    wall_now().ms - list->listed_at.ms > max_age_ms)
		return 0;
	r = state_reader_recall(&state->old, list, found, err);
	if (r <= 0)
		return r;
	list->is_recalled = true;
	*ret_listed_at = list->listed_at;
	return 1;
}

/* --- Writing -------------------------------------------------------------- */

int state_begin_write(struct state *state, struct error *err)
{
	int r;

	assert(!state->new.is_open && !state->is_committed);
	if (state->path == NULL)
		return 0;
	/* What rename(2) would replace, or would not. */
	if (state->old.is_irregular)
		return error_set(err, ERROR_INVALID,
				 "%s: is not a regular file; the state is not "
				 "kept",
				 state->path);
	r = state_writer_open(state->path, &state->new, err);
	if (r < 0)
		return r;
	state_writer_header(&state->new, wall_now());
	return 0;
}

static bool fits(const char *key, struct wall_time listed_at,
		 const struct found *found)
{
	for (size_t i = 0; i < found->pods.count; i++)
		if (!state_line_pod_fits(&found->pods.items[i]))
			return false;
	for (size_t i = 0; i < found->names.count; i++)
		if (!state_line_name_fits(&found->names.items[i]))
			return false;
	return state_line_key_fits(key) && state_line_time_fits(listed_at);
}

static void keep(void *data, const char *key, struct wall_time listed_at,
		 const struct found *found)
{
	struct state *state = data;
	struct state_list *list;
	struct error err = { 0 };

	if (!state->new.is_open || !fits(key, listed_at, found))
		return;
	if (state_reader_find_or_add(&state->old, key, &list, &err) < 0) {
		state_writer_fail(&state->new, &err);
		return;
	}
	if (list->is_kept)
		return;
	list->is_kept = true;
	state_writer_list(&state->new, key, listed_at, found);
}

struct list_memory state_list_memory(struct state *state)
{
	return (struct list_memory){
		.recall = recall,
		.keep = keep,
		.data = state,
	};
}

void state_keep_pairs(struct state *state, const struct history *history)
{
	state_writer_history(&state->new, history);
}

void state_set_record(struct state *state, const struct run_record *record)
{
	state->record = *record;
	if (!state_line_time_fits(record->last_success))
		state->record.last_success = (struct wall_time){ 0 };
}

/* Lines of the old file as they are. */
static void carry_over(struct state *state, const struct state_list *list)
{
	struct line_reader *lines = &state->old.lines;
	struct error err = { 0 };

	line_reader_seek(lines, list->offset);
	for (size_t i = 0; i < list->items + 1; i++) {
		const char *line;
		size_t size;
		int r = line_reader_next(lines, &line, &size, &err);

		if (r == 0)
			r = error_set(&err, ERROR_SYSTEM, "has changed");
		if (r < 0) {
			error_prefix(&err, "%s", state->path);
			state_writer_fail(&state->new, &err);
			return;
		}
		state_writer_copy(&state->new, line, size);
	}
}

int state_commit(struct state *state, struct error *err)
{
	struct state_list *list;
	struct state_list *next;
	int r;

	if (!state->new.is_open)
		return 0;
	HASH_ITER (hh, state->old.lists, list, next) {
		if (list->is_recalled && !list->is_kept)
			carry_over(state, list);
	}
	state_writer_record(&state->new, &state->record);
	r = state_writer_commit(&state->new, err);
	state->is_committed = r == 0;
	return r;
}

bool state_is_committed(const struct state *state)
{
	return state->is_committed;
}

/* Copies the file line by line, but for its record. */
static int copy_with_record(struct line_reader *lines,
			    struct json_tokener *tokener,
			    struct state_writer *writer,
			    const struct run_record *record, struct error *err)
{
	for (;;) {
		CLEANUP(state_line_release)
		struct state_line parsed = { .kind = STATE_LINE_OTHER };
		const char *line;
		size_t size;
		int r = line_reader_next(lines, &line, &size, err);

		if (r <= 0)
			return r;
		r = state_line_parse(tokener, line, size, &parsed, err);
		if (r < 0)
			return r;
		if (parsed.kind == STATE_LINE_END)
			return 0;
		if (parsed.kind == STATE_LINE_RUNS)
			state_writer_record(writer, record);
		else if (parsed.kind != STATE_LINE_LAST_SUCCESS)
			state_writer_copy(writer, line, size);
	}
}

int state_put_back_record(struct state *state, const struct run_record *record,
			  struct error *err)
{
	CLEANUP(state_reader_release)
	struct state_reader written = STATE_READER_INIT;
	CLEANUP(state_writer_abort)
	struct state_writer writer = STATE_WRITER_INIT;
	struct error complaint = { 0 };
	int r;

	if (!state->is_committed)
		return 0;
	r = state_reader_open(state->path, INT64_MAX, &written, &complaint,
			      err);
	if (r < 0)
		return r;
	if (written.fd < 0)
		return error_set(err, ERROR_SYSTEM, "%s: has changed",
				 state->path);
	r = state_writer_open(state->path, &writer, err);
	if (r < 0)
		return r;
	line_reader_seek(&written.lines, 0);
	r = copy_with_record(&written.lines, written.tokener, &writer, record,
			     err);
	if (r < 0)
		return error_prefix(err, "%s", state->path);
	state_set_record(state, record);
	return state_writer_commit(&writer, err);
}

void state_close(struct state *state)
{
	if (state == NULL)
		return;
	state_writer_abort(&state->new);
	state_reader_release(&state->old);
	free(state->path);
	free(state);
}
