/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass makes the index; a list is read once more when it is recalled.
 */
#include <config.h>

/* A failed allocation inside uthash leaves the item out of the table. */
#define HASH_NONFATAL_OOM 1
#include "state/state_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "state/state_line.h"

/* --- The table of lists --------------------------------------------------- */

static void free_list(struct state_list *list)
{
	free(list->key);
	free(list);
}

struct state_list *state_reader_find(const struct state_reader *reader,
				     const char *key)
{
	struct state_list *list = NULL;

	HASH_FIND_STR(reader->lists, key, list);
	return list;
}

int state_reader_find_or_add(struct state_reader *reader, const char *key,
			     struct state_list **ret_list, struct error *err)
{
	struct state_list *list = state_reader_find(reader, key);

	if (list != NULL) {
		*ret_list = list;
		return 0;
	}
	list = calloc(1, sizeof(*list));
	if (list == NULL)
		return error_memory(err);
	list->key = strdup(key);
	if (list->key == NULL) {
		free_list(list);
		return error_memory(err);
	}
	HASH_ADD_KEYPTR(hh, reader->lists, list->key, strlen(list->key), list);
	if (list->hh.tbl == NULL) {
		free_list(list);
		return error_memory(err);
	}
	*ret_list = list;
	return 0;
}

static void free_lists(struct state_reader *reader)
{
	struct state_list *list;
	struct state_list *next;

	HASH_ITER (hh, reader->lists, list, next) {
		HASH_DEL(reader->lists, list);
		free_list(list);
	}
	reader->lists = NULL;
}

void state_reader_release(struct state_reader *reader)
{
	free_lists(reader);
	line_reader_release(&reader->lines);
	if (reader->tokener != NULL)
		json_tokener_free(reader->tokener);
	if (reader->fd >= 0)
		(void)close(reader->fd);
	*reader = (struct state_reader)STATE_READER_INIT;
}

/* --- The index ------------------------------------------------------------ */

/* One pass over the file. */
struct scan {
	struct state_reader *reader;
	struct error *complaint;
	uint64_t number; /* of the line, from 1 */
	uint64_t offset; /* of the line */
	bool is_in_list; /* the one whose items are being counted: */
	char *key;
	uint64_t head_number;
	uint64_t head_offset;
	struct wall_time listed_at;
	size_t items;	/* that it should have */
	size_t counted; /* so far */
	size_t keys;	/* bytes of all */
	bool has_ended;
};

/* The first complaint is the one that is kept. */
static void complain(struct scan *scan, uint64_t number, const char *member)
{
	if (scan->complaint->code == ERROR_NONE)
		error_set(scan->complaint, ERROR_INVALID,
			  "line %" PRIu64
			  ": '%s' is not as it must be; what it belongs to is "
			  "forgotten",
			  number, member);
}

/* What makes the whole file useless. */
static int damaged(struct error *problem, const char *what)
{
	return error_set(problem, ERROR_SYSTEM, "%s", what);
}

/* All items of the list have been seen. Whether each of them is good shows
 * again when it is recalled. */
static int close_list(struct scan *scan, struct error *err)
{
	CLEANUP(cleanup_free) char *key = TAKE(scan->key);
	struct state_list *list = NULL;
	int r;

	if (!scan->is_in_list)
		return 0;
	scan->is_in_list = false;
	if (scan->counted != scan->items) {
		complain(scan, scan->head_number, "items");
		return 0;
	}
	/* Of two with one key, which no run writes, the later one. */
	r = state_reader_find_or_add(scan->reader, key, &list, err);
	if (r < 0)
		return r;
	list->offset = scan->head_offset;
	list->listed_at = scan->listed_at;
	list->items = scan->items;
	return 0;
}

static int begin_list(struct scan *scan, const struct state_line *line,
		      struct error *problem)
{
	if (line->misfit != NULL)
		return 0;
	if (HASH_COUNT(scan->reader->lists) == STATE_LISTS_MAX)
		return damaged(problem, "has too many lists");
	scan->keys += strlen(line->list.key);
	if (scan->keys > STATE_KEYS_MAX)
		return damaged(problem, "has too long keys of lists");
	scan->is_in_list = true;
	scan->counted = 0;
	scan->head_number = scan->number;
	scan->head_offset = scan->offset;
	scan->listed_at = line->list.listed_at;
	scan->items = line->list.items;
	scan->key = strdup(line->list.key);
	return scan->key == NULL ? error_memory(problem) : 0;
}

static int scan_line(struct scan *scan, const struct state_line *line,
		     struct error *problem)
{
	int r;

	if (scan->has_ended)
		return damaged(problem, "goes on behind its end");
	if (line->misfit != NULL)
		complain(scan, scan->number, line->misfit);
	if (line->kind == STATE_LINE_POD || line->kind == STATE_LINE_NAME) {
		/* Without a list: items of one whose head is no good. */
		scan->counted++;
		return 0;
	}
	r = close_list(scan, problem);
	if (r < 0)
		return r;
	switch (line->kind) {
	case STATE_LINE_HEADER:
		return damaged(problem, "begins twice");
	case STATE_LINE_LIST:
		return begin_list(scan, line, problem);
	case STATE_LINE_LAST_SUCCESS:
		if (line->misfit == NULL)
			scan->reader->record.last_success = line->last_success;
		return 0;
	case STATE_LINE_RUNS:
		if (line->misfit == NULL) {
			scan->reader->record.runs = line->counted.runs;
			scan->reader->record.failures = line->counted.failures;
		}
		return 0;
	case STATE_LINE_ENDPOINT:
		if (scan->reader->pairs_offset == 0)
			scan->reader->pairs_offset = scan->offset;
		return 0;
	case STATE_LINE_END:
		if (line->misfit != NULL || line->end != scan->number - 1)
			return damaged(problem, "has not as many lines as it "
						"says");
		scan->has_ended = true;
		return 0;
	case STATE_LINE_POD:
	case STATE_LINE_NAME:
	case STATE_LINE_PAIR:
	case STATE_LINE_OTHER:
		break;
	}
	return 0;
}

static int check_header(const struct state_line *line, struct error *problem)
{
	if (line->kind != STATE_LINE_HEADER || line->misfit != NULL)
		return damaged(problem, "is no state file");
	if (line->header.version != STATE_VERSION)
		return error_set(problem, ERROR_SYSTEM,
				 "is of version %" PRId64
				 ", and this program knows %d",
				 line->header.version, STATE_VERSION);
	return 0;
}

/* 1 and the next line, 0 at the file's end. */
static int next_line(struct state_reader *reader, struct state_line *ret_line,
		     struct error *problem)
{
	const char *text;
	size_t size;
	int r = line_reader_next(&reader->lines, &text, &size, problem);

	if (r <= 0)
		return r;
	r = state_line_parse(reader->tokener, text, size, ret_line, problem);
	return r < 0 ? r : 1;
}

static int check_time(struct mono_time end, struct error *problem)
{
	return mono_until(end) > 0 ? 0 :
				     error_set(problem, ERROR_TIMEOUT,
					       "takes too long to read");
}

static int scan_file(struct scan *scan, struct error *problem)
{
	struct state_reader *reader = scan->reader;
	struct mono_time end = mono_after(mono_now(), reader->patience_ms);
	int r;

	line_reader_seek(&reader->lines, 0);
	for (;;) {
		CLEANUP(state_line_release)
		struct state_line line = { .kind = STATE_LINE_OTHER };

		scan->number++;
		scan->offset = reader->lines.offset;
		r = next_line(reader, &line, problem);
		if (r == 0)
			break;
		if (r > 0 && scan->number == 1)
			r = check_header(&line, problem);
		else if (r > 0)
			r = scan_line(scan, &line, problem);
		if (r >= 0)
			r = check_time(end, problem);
		if (r == -ERROR_INVALID || r == -ERROR_TOO_LARGE)
			error_prefix(problem, "line %" PRIu64, scan->number);
		if (r < 0)
			return r;
	}
	if (!scan->has_ended)
		return damaged(problem, "has no end");
	return 0;
}

/* Opens what can be a state file. 0 if there is none, 1 if there is. */
static int open_file(struct state_reader *reader, const char *path,
		     struct error *problem)
{
	/* O_NONBLOCK: a FIFO without a writer must not hold up the run. */
	CLEANUP(cleanup_close)
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(problem, ERROR_SYSTEM, "cannot be read: %s",
				 strerror(errno));
	reader->is_irregular = !S_ISREG(st.st_mode);
	if (reader->is_irregular)
		return damaged(problem, "is not a regular file");
	if ((uint64_t)st.st_size > STATE_BYTES_MAX)
		return error_set(problem, ERROR_TOO_LARGE,
				 "has more than %" PRIu64 " bytes",
				 STATE_BYTES_MAX);
	reader->fd = TAKE_FD(fd);
	return 1;
}

static int read_index(struct state_reader *reader, struct error *complaint,
		      struct error *problem)
{
	struct scan scan = { .reader = reader, .complaint = complaint };
	int r = line_reader_init(&reader->lines, reader->fd, STATE_LINE_MAX,
				 problem);

	if (r < 0)
		return r;
	reader->tokener = state_line_tokener(problem);
	if (reader->tokener == NULL)
		return -(int)problem->code;
	r = scan_file(&scan, problem);
	free(scan.key);
	return r;
}

int state_reader_open(const char *path, int64_t patience_ms,
		      struct state_reader *ret_reader, struct error *complaint,
		      struct error *err)
{
	CLEANUP(state_reader_release)
	struct state_reader reader = STATE_READER_INIT;
	struct error problem = { 0 };
	int r = open_file(&reader, path, &problem);

	reader.patience_ms = patience_ms;
	if (r > 0)
		r = read_index(&reader, complaint, &problem);
	if (r == -ERROR_MEMORY) {
		*err = problem;
		return r;
	}
	if (r < 0) {
		bool is_irregular = reader.is_irregular;

		state_reader_release(&reader);
		reader.is_irregular = is_irregular;
		error_set(complaint, problem.code, "%s; the state begins anew",
			  problem.message);
	}
	*ret_reader = reader;
	reader = (struct state_reader)STATE_READER_INIT;
	return 0;
}

/* --- Recalling ------------------------------------------------------------ */

static char *copy(const char *text, bool *ok)
{
	char *copied = text == NULL ? NULL : strdup(text);

	*ok &= text == NULL || copied != NULL;
	return copied;
}

static int add_pod(struct found *found, const struct state_line *line,
		   struct error *err)
{
	bool ok = true;
	struct pod_facts pod = {
		.ns = copy(line->pod.ns, &ok),
		.name = copy(line->pod.name, &ok),
		.gateway = copy(line->pod.gateway, &ok),
		.is_skipped = line->pod.is_skipped,
		.skip = line->pod.skip,
		.address = line->pod.address,
		.port = line->pod.port,
	};

	if (ok)
		return found_add_pod(found, pod, err);
	pod_facts_free(&pod);
	return error_memory(err);
}

static int add_item(struct found *found, const struct state_line *line,
		    struct error *problem)
{
	if (line->misfit == NULL && line->kind == STATE_LINE_POD)
		return add_pod(found, line, problem);
	if (line->misfit == NULL && line->kind == STATE_LINE_NAME)
		return found_add_name(found, line->name.text,
				      line->name.gateway, line->name.not_before,
				      problem);
	return damaged(problem, "has changed");
}

/* The next line must be there. */
static int expect_line(struct state_reader *reader, struct state_line *ret_line,
		       struct error *problem)
{
	int r = next_line(reader, ret_line, problem);

	return r == 0 ? damaged(problem, "has changed") : r;
}

static int read_list(struct state_reader *reader, const struct state_list *list,
		     struct found *found, struct error *problem)
{
	CLEANUP(state_line_release)
	struct state_line head = { .kind = STATE_LINE_OTHER };
	int r;

	line_reader_seek(&reader->lines, list->offset);
	r = expect_line(reader, &head, problem);
	if (r < 0)
		return r;
	if (head.kind != STATE_LINE_LIST || head.misfit != NULL ||
	    strcmp(head.list.key, list->key) != 0 ||
	    head.list.items != list->items)
		return damaged(problem, "has changed");
	for (size_t i = 0; i < list->items; i++) {
		CLEANUP(state_line_release)
		struct state_line line = { .kind = STATE_LINE_OTHER };

		r = expect_line(reader, &line, problem);
		if (r > 0)
			r = add_item(found, &line, problem);
		if (r < 0)
			return r;
	}
	return 1;
}

int state_reader_recall(struct state_reader *reader,
			const struct state_list *list, struct found *found,
			struct error *err)
{
	struct error problem = { 0 };
	size_t pods = found->pods.count;
	size_t names = found->names.count;
	int r = read_list(reader, list, found, &problem);

	if (r > 0)
		return 1;
	found_truncate(found, pods, names);
	if (r != -ERROR_MEMORY)
		return 0;
	*err = problem;
	return r;
}

/* The endpoint that the line speaks of, if this run probes it. */
static const struct endpoint *endpoint_of(const struct history *history,
					  const struct state_line *line)
{
	if (line->misfit != NULL)
		return NULL;
	return history_find_endpoint(history, &line->endpoint);
}

static void set_pair(const struct history *history,
		     const struct endpoint *endpoint,
		     const struct state_line *line)
{
	struct pair_history *pair = NULL;

	if (endpoint != NULL && line->misfit == NULL)
		pair = history_find_pair(history, endpoint, line->pair.domain,
					 line->pair.type);
	if (pair != NULL)
		*pair = line->pair.history;
}

int state_reader_recall_pairs(struct state_reader *reader,
			      struct history *history, struct error *err)
{
	struct mono_time end = mono_after(mono_now(), reader->patience_ms);
	const struct endpoint *endpoint = NULL;
	int r = 1;

	if (reader->fd < 0 || reader->pairs_offset == 0)
		return 0;
	line_reader_seek(&reader->lines, reader->pairs_offset);
	while (r > 0) {
		CLEANUP(state_line_release)
		struct state_line line = { .kind = STATE_LINE_OTHER };

		r = next_line(reader, &line, err);
		if (r > 0 && line.kind == STATE_LINE_ENDPOINT)
			endpoint = endpoint_of(history, &line);
		else if (r > 0 && line.kind == STATE_LINE_PAIR)
			set_pair(history, endpoint, &line);
		if (r > 0 && check_time(end, err) < 0)
			r = -(int)err->code;
	}
	return r;
}
