/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pipeline in order. The only place that logs errors and picks the exit
 * status.
 */
#include <config.h>

#include "monitor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/pool.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/watchdog.h"
#include "base/x509.h"
#include "config/config.h"
#include "config/config_file.h"
#include "discovery/discovery.h"
#include "kube/client.h"
#include "metrics/families.h"
#include "metrics/textfile.h"
#include "monitor_changes.h"
#include "monitor_log.h"
#include "monitor_state.h"
#include "probe/certificate_cache.h"
#include "probe/engine.h"
#include "probe/target.h"
#include "report/progress.h"
#include "report/report.h"
#include "report/verdict.h"
#include "state/lock.h"
#include "state/state.h"

#define DEFAULT_CONFIG_FILE SYSCONFDIR "/certificate-expiry-monitor.yaml"

/* What the deadline leaves for writing what is known, at least; the units give
 * a run a little more. */
#define GRACE_MS 5000

struct run {
	struct config config;
	const char *config_path; /* of the file that was read, NULL: none */
	bool replaces_file;	 /* a textfile is to be replaced */
	struct interrupt interrupt;
	int lock; /* of the textfile's directory */
	struct run_state state;
	struct wall_time started_at;
	struct mono_time begin;
	struct discovery discovery;
	struct target_set targets;
	struct probe_setup setup;
	struct certificate_cache cache;
	struct session_facts_set sessions;
	struct wall_time settled_at;
	bool cut_off;
	struct pool_set pools;
	size_t changes; /* pairs that are not as in the last run */
	bool are_changes_said;
	struct progress_line progress;
	bool failed; /* something that the operator must fix */
};

/* --- Options and configuration ------------------------------------------- */

static bool is_by_hand(void)
{
	return isatty(STDIN_FILENO) == 1 || isatty(STDOUT_FILENO) == 1 ||
	       isatty(STDERR_FILENO) == 1;
}

static bool writes_stdout(const struct config *config)
{
	return strcmp(config->output, "-") == 0;
}

static int load_config(struct run *run, const struct options *options,
		       struct error *err)
{
	const char *path = options->config_path;
	struct config *config = &run->config;
	int r = config_init(config, err);

	/* One that cannot be looked at is not one that is not there. */
	if (path == NULL && (access(DEFAULT_CONFIG_FILE, F_OK) == 0 ||
			     (errno != ENOENT && errno != ENOTDIR)))
		path = DEFAULT_CONFIG_FILE;
	run->config_path = path;
	if (r == 0 && path != NULL)
		r = config_file_load(path, config, err);
	if (r == 0)
		r = options_apply(options, config, err);
	if (r == 0 && config->jobs.count == 0)
		r = error_set(
			err, ERROR_USAGE,
			"nothing to probe: give --domains (and --labels), "
			"or name jobs in %s",
			path == NULL ? DEFAULT_CONFIG_FILE : path);
	return r;
}

static void settle_defaults(struct run *run)
{
	struct config *config = &run->config;

	if (!config->has_log_level)
		config->log_level =
			isatty(STDERR_FILENO) == 1 || log_to_journal() ?
				LOG_LEVEL_INFO :
				LOG_LEVEL_WARNING;
	log_set_level(config->log_level);
	if (!config->has_report)
		config->report =
			isatty(STDOUT_FILENO) == 1 && !writes_stdout(config) ?
				REPORT_TABLE :
				REPORT_NONE;
	run->replaces_file =
		strcmp(config->output, "none") != 0 && !writes_stdout(config);
	if (run->replaces_file && config->has_cli_job && !config->has_output &&
	    is_by_hand()) {
		run->replaces_file = false;
		log_info("trying by hand: %s is not replaced (--output=FILE "
			 "writes one)",
			 config->output);
	}
}

/* --- Discovery ----------------------------------------------------------- */

static int open_state(struct run *run, struct error *err)
{
	bool writes = run->replaces_file;

	watchdog_say("reading what is remembered");
	/* By hand with other jobs and the timer's state: it would forget what
	 * it knows of its own. */
	if (writes && run->config.has_cli_job &&
	    run->config.state_file == NULL && is_by_hand()) {
		writes = false;
		log_debug("trying by hand: the state is only read "
			  "(--state-file=FILE keeps one)");
	}
	return run_state_open(&run->state, &run->config, writes, err);
}

/* Too many pairs are no reason not to say so in the file. */
static int build_targets(struct run *run, struct error *err)
{
	int r = target_set_build(&run->discovery, &run->targets, err);

	if (r == -ERROR_TOO_LARGE) {
		run->failed = true;
		log_error("%s; nothing is probed", err->message);
		return 0;
	}
	return r;
}

static int discover(struct run *run, struct error *err)
{
	/* Half of the run's time: what is found must be probed as well. */
	struct mono_time deadline =
		mono_after(run->begin, run->config.deadline_ms / 2);
	const struct list_memory memory = state_list_memory(run->state.state);
	int r;

	progress_line_say(&run->progress, "listing pods ...");
	watchdog_say("listing pods");
	r = discovery_run(&run->config, &memory, &run->interrupt, deadline,
			  &run->discovery, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < run->discovery.count; i++) {
		const struct job_discovery *job = &run->discovery.jobs[i];

		if (job_discovery_has_failed(job))
			run->failed = true;
		log_discovery(job);
	}
	r = build_targets(run, err);
	return r < 0 ? r : run_state_recall(&run->state, &run->targets, err);
}

/* --- Probing ------------------------------------------------------------- */

static void log_cut_off(const struct run *run)
{
	const char *what_then =
		run->replaces_file || writes_stdout(&run->config) ? "written" :
								    "shown";
	size_t left = 0;
	char deadline[DURATION_WORDS_MAX];

	for (size_t i = 0; i < run->targets.pair_count; i++)
		if (run->targets.pairs[i].result.reason == REASON_DEADLINE)
			left++;
	if (run->interrupt.signal != 0) {
		log_error("ended by signal %d (%s) with %zu of %zu pairs not "
			  "probed; what is known is %s",
			  run->interrupt.signal,
			  sigdescr_np(run->interrupt.signal), left,
			  run->targets.pair_count, what_then);
		return;
	}
	duration_words(run->config.deadline_ms / 1000, deadline);
	log_error("the deadline of %s came with %zu of %zu pairs not probed; "
		  "raise --deadline or --concurrency, or lower --timeout",
		  deadline, left, run->targets.pair_count);
}

static int probe(struct run *run, struct error *err)
{
	const struct engine_options options = {
		.concurrency = run->config.concurrency,
		.deadline = mono_after(run->begin, run->config.deadline_ms),
		.interrupt = &run->interrupt,
		.on_progress =
			run->progress.is_on ? progress_line_update : NULL,
		.data = &run->progress,
	};
	const struct engine_store store = {
		.setup = &run->setup,
		.cache = &run->cache,
		.sessions = &run->sessions,
	};
	int r;

	watchdog_say("probing");
	r = engine_run(&run->targets, &store, &options, &run->settled_at,
		       &run->cut_off, err);

	if (r < 0)
		return r;
	if (run->cut_off || run->interrupt.signal != 0) {
		run->failed = true;
		progress_line_clear(&run->progress);
		log_cut_off(run);
	}
	return pool_set_build(&run->targets, &run->pools, err);
}

/* Who looks at a report beside the log sees it there; for the log it is news
 * again in the next run. */
static int compare(struct run *run, struct error *err)
{
	if (run->config.report != REPORT_NONE && isatty(STDERR_FILENO) == 1)
		return 0;
	run->are_changes_said = true;
	return log_changes(&run->state.history, &run->changes, err);
}

/* --- Output -------------------------------------------------------------- */

static struct run_facts facts_of(const struct run *run)
{
	return (struct run_facts){
		.config = &run->config,
		.discovery = &run->discovery,
		.targets = &run->targets,
		.pools = &run->pools,
		.started_at = run->started_at,
		.settled_at = run->settled_at,
		.duration_ms = mono_now().ms - run->begin.ms,
		.success = !run->failed,
		.record = run->state.record,
		.history = run_state_counts(&run->state) ? &run->state.history :
							   NULL,
		.cut_off = run->cut_off,
		.gnutls_version = x509_library_version(),
		.curl_version = kube_client_library_version(),
		.json_version = report_json_library_version(),
	};
}

static void write_metrics(struct run *run, const struct run_facts *facts)
{
	struct error err = { 0 };
	bool is_limited = false;

	if (!run->replaces_file && !writes_stdout(&run->config))
		return;
	if (textfile_write(run->config.output, facts, run->config.metrics,
			   &is_limited, &err) < 0) {
		if (!run->failed)
			run_state_put_back(&run->state);
		run->failed = true;
		log_error("%s", err.message);
	} else if (is_limited) {
		log_info("more than %" PRIu64 " series: the summary is written "
			 "instead (--max-series)",
			 run->config.max_series);
	}
}

static void print_report(struct run *run, const struct run_facts *facts)
{
	/* Standard output is the metrics' then. */
	FILE *out = writes_stdout(&run->config) ? stderr : stdout;
	struct error err = { 0 };
	int r = 0;

	switch (run->config.report) {
	case REPORT_NONE:
		break;
	case REPORT_TABLE:
		r = report_table(out, facts, &err);
		break;
	case REPORT_JSON:
		r = report_json(out, facts, &err);
		break;
	}
	if (r < 0) {
		run->failed = true;
		log_error("%s", err.message);
	}
}

/* What a run found; nobody needs to be told each minute that all is as before.
 */
static void log_sum(const struct run *run, const struct run_facts *facts)
{
	bool is_news =
		run->changes > 0 || run->state.before.runs == 0 || run->failed;
	size_t good = 0;

	for (size_t i = 0; i < run->targets.pair_count; i++)
		if (run->targets.pairs[i].result.status == STATUS_VALID)
			good++;
	log_line(is_news ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG,
		 "pairs of pod and domain: %zu, valid: %zu, different "
		 "certificate chains: %zu, %" PRId64 ".%03" PRId64 " s",
		 run->targets.pair_count, good,
		 certificate_cache_count(&run->cache),
		 facts->duration_ms / 1000, facts->duration_ms % 1000);
}

/* A person who reads page by page may take all the time. */
static void leave_pager_alone(void)
{
	if (is_by_hand())
		watchdog_stop();
}

/* --- The run ------------------------------------------------------------- */

static void run_release(struct run *run)
{
	watchdog_stop();
	progress_line_end(&run->progress);
	pool_set_free(&run->pools);
	target_set_free(&run->targets);
	certificate_cache_release(&run->cache);
	session_facts_set_release(&run->sessions);
	probe_setup_release(&run->setup);
	discovery_free(&run->discovery);
	run_state_release(&run->state);
	if (run->lock >= 0)
		(void)close(run->lock);
	interrupt_release(&run->interrupt);
	config_free(&run->config);
}

/* Logs what ended the run early. */
static enum exit_status end_early(struct run *run, const struct error *err)
{
	progress_line_end(&run->progress);
	if (err->code == ERROR_INTERRUPTED)
		log_error("ended by signal %d (%s) before anything was "
			  "probed; nothing is written",
			  run->interrupt.signal,
			  sigdescr_np(run->interrupt.signal));
	else
		log_error("%s", err->message);
	if (err->code == ERROR_BUSY)
		return EXIT_LOCKED;
	return err->code == ERROR_USAGE ? EXIT_USAGE : EXIT_FAILED;
}

static enum exit_status list_targets(struct run *run)
{
	struct error err = { 0 };

	/* The state is read, and nothing kept: another run may be at work. */
	run->replaces_file = false;
	if (open_state(run, &err) < 0 || discover(run, &err) < 0)
		return end_early(run, &err);
	progress_line_end(&run->progress);
	watchdog_say("printing the targets");
	interrupt_release(&run->interrupt);
	leave_pager_alone();
	if (report_targets(stdout, &run->discovery, &run->targets, &err) < 0)
		return end_early(run, &err);
	return run->failed ? EXIT_FAILED : EXIT_RAN;
}

/* Takes the lock and finds out whether the file can be replaced. */
static int prepare_output(struct run *run, struct error *err)
{
	int r;

	if (!run->replaces_file)
		return 0;
	r = lock_textfile_directory(run->config.output, &run->lock, err);
	return r < 0 ? r : textfile_check(run->config.output, err);
}

/* What is left to do nobody need wait for. */
static void let_others_run(struct run *run)
{
	run_state_close(&run->state);
	if (run->lock >= 0)
		(void)close(TAKE_FD(run->lock));
}

static enum exit_status run_pipeline(struct run *run)
{
	struct error err = { 0 };
	struct run_facts facts;

	if (prepare_output(run, &err) < 0 || open_state(run, &err) < 0 ||
	    discover(run, &err) < 0 || probe(run, &err) < 0 ||
	    compare(run, &err) < 0)
		return end_early(run, &err);
	progress_line_end(&run->progress);
	/* From here on a signal ends the run as usual: a pipe that nobody reads
	 * could hold it up for ever. A file is replaced before. */
	if (writes_stdout(&run->config))
		interrupt_release(&run->interrupt);
	watchdog_say("writing what is known");
	watchdog_ignore_signals();
	run_state_save(&run->state, !run->failed, run->are_changes_said,
		       run->started_at);
	facts = facts_of(run);
	write_metrics(run, &facts);
	interrupt_release(&run->interrupt);
	let_others_run(run);
	watchdog_say("printing the report");
	leave_pager_alone();
	print_report(run, &facts);
	if (run->config.report == REPORT_NONE)
		log_sum(run, &facts);
	if (run->failed)
		return EXIT_FAILED;
	return run->config.check && verdict_check_fails(&facts) ? EXIT_CHECK :
								  EXIT_RAN;
}

/* Reads the files that jobs name. */
static int set_up(struct run *run, struct error *err)
{
	int r = probe_setup_init(&run->setup, &run->config, err);

	if (r == 0 && run->setup.lacks_system_store)
		log_warning("the system's certificate store is empty: no chain "
			    "can be verified (install ca-certificates, or "
			    "give --ca-file=FILE or --ca-file=none)");
	return r;
}

/* Every stage keeps the deadline by itself, as long as what it calls returns.
 */
static int watch_over(const struct run *run, struct error *err)
{
	int64_t deadline_ms = run->config.deadline_ms;
	int64_t grace_ms =
		deadline_ms / 10 > GRACE_MS ? deadline_ms / 10 : GRACE_MS;

	return watchdog_start(mono_after(run->begin, deadline_ms + grace_ms),
			      EXIT_FAILED, err);
}

static enum exit_status check_config(struct run *run)
{
	struct error err = { 0 };

	if (report_config(stdout, &run->config, run->config_path, &err) < 0)
		return end_early(run, &err);
	return EXIT_RAN;
}

enum exit_status monitor_run(const struct options *options)
{
	CLEANUP(run_release)
	struct run run = {
		.lock = -1,
		.state = RUN_STATE_INIT,
		.interrupt.fd = -1,
		.started_at = wall_now(),
		.begin = mono_now(),
	};
	struct error err = { 0 };

	if (load_config(&run, options, &err) < 0)
		return end_early(&run, &err);
	if (options->action != ACTION_CHECK_CONFIG)
		settle_defaults(&run);
	if (options->action == ACTION_CHECK_CONFIG)
		return set_up(&run, &err) < 0 ? end_early(&run, &err) :
						check_config(&run);
	if (interrupt_init(&run.interrupt, &err) < 0 ||
	    watch_over(&run, &err) < 0 || set_up(&run, &err) < 0)
		return end_early(&run, &err);
	report_init();
	progress_line_init(&run.progress, progress_line_is_wanted());
	if (options->action == ACTION_LIST_TARGETS)
		return list_targets(&run);
	return run_pipeline(&run);
}
