/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines through a buffer into an atomic file.
 */
#include <config.h>

#include "state/state_writer.h"

#include "base/file.h"
#include "state/state_reader.h"

/* Written out past the first; a line fits between it and the second. */
#define FLUSH_BYTES ((size_t)32 * 1024)
#define BUFFER_MAX (FLUSH_BYTES + STATE_LINE_MAX + 1)

int state_writer_open(const char *path, struct state_writer *ret_writer,
		      struct error *err)
{
	struct state_writer writer = {
		.is_open = true,
		.file = ATOMIC_FILE_INIT,
		.out = BUFFER_INIT(BUFFER_MAX),
	};
	int r = atomic_file_open(path, &writer.file, err);

	if (r < 0)
		return r;
	writer.file.mode = 0600;
	*ret_writer = writer;
	return 0;
}

void state_writer_fail(struct state_writer *writer, const struct error *err)
{
	if (writer->error.code == ERROR_NONE)
		writer->error = *err;
}

static bool is_writing(const struct state_writer *writer)
{
	return writer->is_open && writer->error.code == ERROR_NONE;
}

static void flush(struct state_writer *writer)
{
	struct error err = { 0 };

	if (file_write(writer->file.fd, writer->out.data, writer->out.size,
		       &err) < 0) {
		error_prefix(&err, "%s", writer->file.path);
		state_writer_fail(writer, &err);
	}
	writer->bytes += writer->out.size;
	writer->out.size = 0;
}

/* A line was appended, or `r` is why not. */
static void end_line(struct state_writer *writer, int r,
		     const struct error *err)
{
	if (r < 0) {
		state_writer_fail(writer, err);
		return;
	}
	writer->lines++;
	if (writer->out.size >= FLUSH_BYTES)
		flush(writer);
	/* No run would read it. */
	if (writer->bytes > STATE_BYTES_MAX - BUFFER_MAX) {
		struct error large = { 0 };

		error_set(&large, ERROR_TOO_LARGE,
			  "%s: would have more than %llu bytes",
			  writer->file.path,
			  (unsigned long long)STATE_BYTES_MAX);
		state_writer_fail(writer, &large);
	}
}

void state_writer_header(struct state_writer *writer,
			 struct wall_time written_at)
{
	struct error err = { 0 };

	if (is_writing(writer))
		end_line(
			writer,
			state_line_print_header(&writer->out, written_at, &err),
			&err);
}

void state_writer_list(struct state_writer *writer, const char *key,
		       struct wall_time listed_at, const struct found *found)
{
	struct error err = { 0 };

	if (is_writing(writer))
		end_line(writer,
			 state_line_print_list(
				 &writer->out, key, listed_at,
				 found->pods.count + found->names.count, &err),
			 &err);
	for (size_t i = 0; is_writing(writer) && i < found->pods.count; i++)
		end_line(writer,
			 state_line_print_pod(&writer->out,
					      &found->pods.items[i], &err),
			 &err);
	for (size_t i = 0; is_writing(writer) && i < found->names.count; i++)
		end_line(writer,
			 state_line_print_name(&writer->out,
					       &found->names.items[i], &err),
			 &err);
}

void state_writer_record(struct state_writer *writer,
			 const struct run_record *record)
{
	struct error err = { 0 };

	if (is_writing(writer))
		end_line(writer,
			 state_line_print_runs(&writer->out, record, &err),
			 &err);
	if (is_writing(writer))
		end_line(writer,
			 state_line_print_last_success(
				 &writer->out, record->last_success, &err),
			 &err);
}

static void write_pair(struct state_writer *writer, const struct pair *pair,
		       const struct pair_history *history)
{
	struct error err = { 0 };

	if (is_writing(writer))
		end_line(writer,
			 state_line_print_pair(&writer->out, pair->domain->name,
					       pair->key_type, history, &err),
			 &err);
}

/* The endpoint's line precedes those of its pairs. */
static void write_endpoint(struct state_writer *writer,
			   const struct history *history,
			   const struct endpoint *endpoint)
{
	const struct endpoint_labels labels = endpoint_labels_of(endpoint);
	size_t end = endpoint->first_pair + endpoint->pair_count;
	bool has_line = false;
	struct error err = { 0 };

	if (!state_line_endpoint_fits(&labels))
		return;
	for (size_t i = endpoint->first_pair; i < end; i++) {
		if (pair_history_is_blank(&history->pairs[i]))
			continue;
		if (!has_line && is_writing(writer))
			end_line(writer,
				 state_line_print_endpoint(&writer->out,
							   &labels, &err),
				 &err);
		has_line = true;
		write_pair(writer, &history->targets->pairs[i],
			   &history->pairs[i]);
	}
}

void state_writer_history(struct state_writer *writer,
			  const struct history *history)
{
	for (size_t i = 0; i < history->targets->endpoint_count; i++)
		write_endpoint(writer, history,
			       &history->targets->endpoints[i]);
}

void state_writer_copy(struct state_writer *writer, const char *line,
		       size_t size)
{
	struct error err = { 0 };
	int r;

	if (!is_writing(writer))
		return;
	r = buffer_append(&writer->out, line, size, &err);
	if (r == 0)
		r = buffer_append(&writer->out, "\n", 1, &err);
	end_line(writer, r, &err);
}

int state_writer_commit(struct state_writer *writer, struct error *err)
{
	int r;

	if (is_writing(writer))
		end_line(writer,
			 state_line_print_end(&writer->out, writer->lines, err),
			 err);
	if (is_writing(writer))
		flush(writer);
	if (!is_writing(writer)) {
		*err = writer->error;
		state_writer_abort(writer);
		return -(int)err->code;
	}
	r = atomic_file_commit(&writer->file, err);
	state_writer_abort(writer);
	return r;
}

void state_writer_abort(struct state_writer *writer)
{
	if (!writer->is_open)
		return;
	atomic_file_abort(&writer->file);
	buffer_free(&writer->out);
	*writer = (struct state_writer)STATE_WRITER_INIT;
}
