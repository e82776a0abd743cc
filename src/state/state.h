/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What survives a run: the lists that discovery made, what is counted over all
 * runs, and what went wrong with pairs. doc/state.md describes the file. It is
 * read and written line by line: in memory there is an index of its lists,
 * whatever their size.
 *
 *	state_default_path(&path, err)	     unless one is configured
 *	lock_state_file(path, &lock, err)    only in a run that writes it
 *	state_open(path, patience_ms, &state, err) ... state_complaint(state)
 *	state_begin_write(state, err)	     only in a run that writes it
 *	... state_list_memory(state), state_record(state) ...
 *	state_recall_pairs(state, &history, err)
 *	... history_advance(&history, true) ...
 *	state_keep_pairs(state, &history)
 *	state_set_record(state, &record)
 *	state_commit(state, err)
 *	... state_put_back_record(state, &record, err) ...
 *	state_close(state)
 *
 * Lists and pairs are written as they come, to a temporary file that takes the
 * old one's place with the commit; a run that is killed leaves the old one. A
 * run that does not begin to write reads the same and changes nothing. No
 * secret may go into it.
 *
 * A path that is NULL or "none" means no state: every function is then a no-op
 * that succeeds.
 */
#ifndef CEM_STATE_STATE_H
#define CEM_STATE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "discovery/found.h"
#include "state/history.h"
#include "state/state_line.h"

/* As StateDirectory= of the unit and the package have it. */
#define STATE_DEFAULT_DIRECTORY "/var/lib/certificate-expiry-monitor"
#define STATE_FILE_NAME "state.json"

/* A time further ahead of the clock is not believed: it would make a list, or
 * a success, look fresh for as long. */
#define STATE_TIME_AHEAD_MAX_MS 60000

struct state;

/* Whether the path means that there is no state. NULL is none. */
bool state_is_none(const char *path);

/* Where the state is if nobody says so: STATE_FILE_NAME in $STATE_DIRECTORY
 * (the first, if it lists several; systemd makes it and sets this), else in
 * STATE_DEFAULT_DIRECTORY. A new string.
 *
 * Who runs the program by hand, without a package that made this directory or
 * as a user that may not enter it, has done nothing wrong: a warning with
 * every run would be noise. That is ERROR_SYSTEM here, with a message to be
 * logged once at level info; the run then goes on with no state. Nobody makes
 * the directory: a package or the unit gives it the owner and the mode it
 * should have, and removes it. A path that somebody names is not looked at by
 * this, so what is wrong with that is a warning. */
int state_default_path(char **ret_path, struct error *err)
	__attribute__((warn_unused_result));

/* Reads what an earlier run left at `path`. Fails for want of memory only:
 * where there is no file, or one that is damaged, incomplete, of a later
 * version, not regular, unreadable or larger than 256 MiB, the state is empty;
 * where a list in it is damaged, that list is. The file itself is not touched
 * until another takes its place. O(size of the file): if that takes more than
 * `patience_ms`, the state is empty as well. */
int state_open(const char *path, int64_t patience_ms, struct state **ret_state,
	       struct error *err) __attribute__((warn_unused_result));

/* What was wrong with the file, for the log, as a warning: "PATH: what; what
 * is done about it". NULL: nothing, or there was no file. Lives as long as the
 * state. */
const char *state_complaint(const struct state *state);

/* This run writes the state, once at most. If it cannot, the error says why,
 * naming the path, and the state goes on being read only. Whoever calls it
 * holds lock_state_file(), since before state_open(). */
int state_begin_write(struct state *state, struct error *err)
	__attribute__((warn_unused_result));

/* For discovery_run(); lives as long as the state.
 *
 * recall() gives what earlier runs left, never what this one keeps: whoever
 * asks has just failed to read the list, or not tried. A list that is listed
 * in the future (STATE_TIME_AHEAD_MAX_MS) is none.
 *
 * keep() writes at once. A key that is kept twice in a run is written once,
 * the first time: two jobs made the same selection, seconds apart. A list with
 * an item, or a key, past the limits of state_line.h is not remembered at all.
 * What fails is returned by the commit. */
struct list_memory state_list_memory(struct state *state);

/* What is counted over all runs; nothing in a success that lies in the future.
 */
struct run_record state_record(const struct state *state);

/* For the commit; without it what the old file says stays. */
void state_set_record(struct state *state, const struct run_record *record);

/* Sets what is remembered of the history's pairs; in a new history, the rest
 * is as of pairs that are not remembered. ERROR_MEMORY, or another if the file
 * can no longer be read as it was when it was opened; the message names it. */
int state_recall_pairs(struct state *state, struct history *history,
		       struct error *err) __attribute__((warn_unused_result));

/* Remembers the history's pairs, and no others; once at most. What fails is
 * returned by the commit. */
void state_keep_pairs(struct state *state, const struct history *history);

/* Puts the new file in place, mode 0600, whole and on the disk: the lists that
 * were kept in this run, those that were recalled and not kept, as they were,
 * and no others; the pairs that were kept, and the record. On failure (the
 * first since state_begin_write(); the message names the path) the old file
 * stays. Does nothing in a run that does not write, and the second time. */
int state_commit(struct state *state, struct error *err)
	__attribute__((warn_unused_result));

/* Whether a commit succeeded: what this run counts is counted for good. */
bool state_is_committed(const struct state *state);

/* After the commit: the run failed after all. Makes the file say so, with
 * everything else in it as it is. */
int state_put_back_record(struct state *state, const struct run_record *record,
			  struct error *err)
	__attribute__((warn_unused_result));

/* Frees; without a commit nothing has changed. NULL is none. */
void state_close(struct state *state);

#endif
