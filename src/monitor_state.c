/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state in the course of a run.
 */
#include <config.h>

#include "monitor_state.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "state/lock.h"

#define PATIENCE_MS 1000 /* at least */

/* The path of the state file, NULL for none. */
static int find_state(const struct config *config, char **ret_path,
		      struct error *err)
{
	int r;

	*ret_path = NULL;
	if (config->state_file != NULL && state_is_none(config->state_file))
		return 0;
	if (config->state_file != NULL) {
		*ret_path = strdup(config->state_file);
		return *ret_path == NULL ? error_memory(err) : 0;
	}
	r = state_default_path(ret_path, err);
	if (r != -ERROR_SYSTEM)
		return r;
	log_info("%s", err->message);
	*err = (struct error){ 0 };
	return 0;
}

/* Nothing can be written, for a reason that does not end the run; the run
 * does without, and says so. */
static int do_without(int r, struct error *err)
{
	if (r == -ERROR_MEMORY || r == -ERROR_BUSY)
		return r;
	log_warning("%s; nothing will be remembered", err->message);
	*err = (struct error){ 0 };
	return 0;
}

/* A run must not spend its time on what it remembers. */
static int64_t patience_ms(const struct config *config)
{
	return config->deadline_ms / 10 > PATIENCE_MS ?
		       config->deadline_ms / 10 :
		       PATIENCE_MS;
}

int run_state_open(struct run_state *rs, const struct config *config,
		   bool writes, struct error *err)
{
	CLEANUP(cleanup_free) char *path = NULL;
	bool may_write = false;
	int r = find_state(config, &path, err);

	if (r == 0 && path != NULL && writes) {
		r = lock_state_file(path, &rs->lock, err);
		may_write = r == 0;
		if (r < 0)
			r = do_without(r, err);
	}
	if (r == 0)
		r = state_open(path, patience_ms(config), &rs->state, err);
	if (r < 0)
		return r;
	if (state_complaint(rs->state) != NULL)
		log_warning("%s", state_complaint(rs->state));
	rs->before = rs->record = state_record(rs->state);
	if (may_write)
		r = state_begin_write(rs->state, err);
	return r < 0 ? do_without(r, err) : 0;
}

int run_state_recall(struct run_state *rs, struct target_set *targets,
		     struct error *err)
{
	int r = history_init(&rs->history, targets, err);

	if (r == 0)
		r = state_recall_pairs(rs->state, &rs->history, err);
	if (r < 0 && r != -ERROR_MEMORY) {
		log_warning("%s; what is remembered of some pairs begins anew",
			    err->message);
		*err = (struct error){ 0 };
		r = 0;
	}
	if (r == 0)
		history_plan(&rs->history, targets);
	return r;
}

void run_state_save(struct run_state *rs, bool success, bool are_changes_said,
		    struct wall_time started_at)
{
	struct error err = { 0 };

	history_count(&rs->record.runs);
	if (success)
		rs->record.last_success = started_at;
	else
		history_count(&rs->record.failures);
	history_advance(&rs->history, are_changes_said);
	state_keep_pairs(rs->state, &rs->history);
	state_set_record(rs->state, &rs->record);
	if (state_commit(rs->state, &err) < 0)
		log_warning("%s; nothing new is remembered", err.message);
}

void run_state_put_back(struct run_state *rs)
{
	struct error err = { 0 };

	rs->record.last_success = rs->before.last_success;
	history_count(&rs->record.failures);
	if (state_put_back_record(rs->state, &rs->record, &err) < 0)
		log_warning("%s", err.message);
}

bool run_state_counts(const struct run_state *rs)
{
	return state_is_committed(rs->state);
}

void run_state_close(struct run_state *rs)
{
	state_close(TAKE(rs->state));
	if (rs->lock >= 0)
		(void)close(TAKE_FD(rs->lock));
}

void run_state_release(struct run_state *rs)
{
	run_state_close(rs);
	history_free(&rs->history);
}
