/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new state file, line by line as the lines come. The first failure is kept
 * and makes everything after it nothing, until the commit returns it.
 */
#ifndef CEM_STATE_STATE_WRITER_H
#define CEM_STATE_STATE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atomic_file.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "discovery/found.h"
#include "state/history.h"
#include "state/state_line.h"

struct state_writer {
	bool is_open;
	struct atomic_file file;
	struct buffer out; /* not written yet */
	uint64_t bytes;	   /* in all */
	uint64_t lines;
	struct error error; /* the first one */
};

#define STATE_WRITER_INIT                                                      \
	{                                                                      \
		.file = ATOMIC_FILE_INIT                                       \
	}

/* Makes the temporary file beside `path`. Nothing of `path` changes before the
 * commit. The error names the path. */
int state_writer_open(const char *path, struct state_writer *ret_writer,
		      struct error *err) __attribute__((warn_unused_result));

void state_writer_header(struct state_writer *writer,
			 struct wall_time written_at);

void state_writer_list(struct state_writer *writer, const char *key,
		       struct wall_time listed_at, const struct found *found);

void state_writer_record(struct state_writer *writer,
			 const struct run_record *record);

/* All pairs of which there is something to remember. */
void state_writer_history(struct state_writer *writer,
			  const struct history *history);

/* A line as it is, given without its newline. */
void state_writer_copy(struct state_writer *writer, const char *line,
		       size_t size);

/* Keeps a failure that the caller had, unless there is one. */
void state_writer_fail(struct state_writer *writer, const struct error *err);

/* Writes the end and puts the file in its place with mode 0600, unless
 * something has failed; closes either way. */
int state_writer_commit(struct state_writer *writer, struct error *err)
	__attribute__((warn_unused_result));

/* Removes the temporary file; nothing for one that is not open. */
void state_writer_abort(struct state_writer *writer);

#endif
