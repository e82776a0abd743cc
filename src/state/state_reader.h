/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state file that an earlier run left: an index of its lists in memory,
 * the lists themselves read from it when they are asked for. It stays open, so
 * that it can be read after a new one has taken its place.
 */
#ifndef CEM_STATE_STATE_READER_H
#define CEM_STATE_STATE_READER_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

#include "base/clock.h"
#include "base/error.h"
#include "discovery/found.h"
#include "state/history.h"
#include "state/line_reader.h"
#include "state/state_line.h"

#define STATE_BYTES_MAX ((uint64_t)256 * 1024 * 1024)
#define STATE_LISTS_MAX 65536
#define STATE_KEYS_MAX ((size_t)16 * 1024 * 1024) /* bytes, of all lists */

/* A list in the file, or one that this run keeps. */
struct state_list {
	char *key;
	struct wall_time listed_at;
	uint64_t offset; /* of its head line; 0: not in the old file, whose
			  * first line is another */
	size_t items;
	bool is_recalled; /* in this run */
	bool is_kept;	  /* likewise: the old one is not needed any more */
	UT_hash_handle hh;
};

struct state_reader {
	int fd;		     /* -1: there is none that can be used */
	bool is_irregular;   /* a directory, a device: nothing to replace */
	int64_t patience_ms; /* for one pass over it */
	struct line_reader lines;
	struct json_tokener *tokener;
	struct state_list *lists; /* uthash, in the order of the file */
	uint64_t pairs_offset;	  /* of the first endpoint; 0: there is none */
	struct run_record record;
};

#define STATE_READER_INIT                                                      \
	{                                                                      \
		.fd = -1, .lines.fd = -1                                       \
	}

/* Reads the index of the file at `path`, every line of which is looked at.
 * Fails for want of memory only. A file that is not there is an empty one.
 * What is wrong with another, and what is therefore forgotten (a list, or all
 * of it), goes to `complaint`, which has no code if all is good; the message
 * does not name the path. O(size of the file), and `patience_ms` at most: what
 * somebody made up may take longer than a run has. */
int state_reader_open(const char *path, int64_t patience_ms,
		      struct state_reader *ret_reader, struct error *complaint,
		      struct error *err) __attribute__((warn_unused_result));

void state_reader_release(struct state_reader *reader);

/* The list of this key, or NULL. */
struct state_list *state_reader_find(const struct state_reader *reader,
				     const char *key);

/* As state_reader_find(), but makes one (of no file) where there is none. */
int state_reader_find_or_add(struct state_reader *reader, const char *key,
			     struct state_list **ret_list, struct error *err)
	__attribute__((warn_unused_result));

/* Appends the list's items to `found`, all or none. 1 if all; 0 if the file
 * has changed under us or `found` has no room; -ERROR_MEMORY. */
int state_reader_recall(struct state_reader *reader,
			const struct state_list *list, struct found *found,
			struct error *err) __attribute__((warn_unused_result));

/* Sets what the file says of the history's pairs; others are passed over. If
 * the file has changed under us, can no longer be read, or that takes longer
 * than `patience_ms`, what was set stays; the message does not name the path.
 * O(lines log pairs). */
int state_reader_recall_pairs(struct state_reader *reader,
			      struct history *history, struct error *err)
	__attribute__((warn_unused_result));

#endif
