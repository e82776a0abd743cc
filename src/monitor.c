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
#include "base/x509.h"
#include "config/config.h"
#include "config/config_file.h"
#include "discovery/discovery.h"
#include "kube/client.h"
#include "metrics/families.h"
#include "metrics/textfile.h"
#include "probe/certificate_cache.h"
#include "probe/engine.h"
#include "probe/target.h"
#include "report/progress.h"
#include "report/report.h"
#include "report/verdict.h"
#include "state/lock.h"

#define DEFAULT_CONFIG_FILE SYSCONFDIR "/certificate-expiry-monitor.yaml"
#define LOGGED_FAILURES_MAX 10 /* lines of one kind; then a line sums up */

struct run {
	struct config config;
	bool replaces_file; /* a textfile is to be replaced */
	struct interrupt interrupt;
	int lock;
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

	if (path == NULL && access(DEFAULT_CONFIG_FILE, F_OK) == 0)
		path = DEFAULT_CONFIG_FILE;
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

#define JOB_WORDS_MAX 288 /* bytes; a job's name has 253 */

/* "job 'edge': "; nothing for the only job, that of the options. */
static const char *job_words(const struct job_config *job,
			     char words[JOB_WORDS_MAX])
{
	words[0] = '\0';
	if (strcmp(job->name, CONFIG_CLI_JOB) != 0)
		(void)snprintf(words, JOB_WORDS_MAX, "job '%s': ", job->name);
	return words;
}

static void log_discovery_failures(const struct job_discovery *job)
{
	size_t count = job->failures.count;
	char words[JOB_WORDS_MAX];

	for (size_t i = 0; i < count && i < LOGGED_FAILURES_MAX; i++)
		log_error("%s", job->failures.items[i].message);
	if (count > LOGGED_FAILURES_MAX)
		log_error("%sand %zu more lists failed",
			  job_words(job->job, words),
			  count - LOGGED_FAILURES_MAX);
}

/* "2 not_ready, 1 no_address" */
static void describe_skipped(const struct namespace_count *ns, char *text,
			     size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (int s = 0; s < POD_SKIP_COUNT && used < size; s++)
		if (ns->skipped[s] > 0)
			used += (size_t)snprintf(
				text + used, size - used, "%s%" PRIu64 " %s",
				used == 0 ? "" : ", ", ns->skipped[s],
				pod_skip_name((enum pod_skip)s));
}

static uint64_t count_skipped(const struct namespace_count *ns)
{
	uint64_t skipped = 0;

	for (int s = 0; s < POD_SKIP_COUNT; s++)
		skipped += ns->skipped[s];
	return skipped;
}

/* A selection without a pod to probe is said: it is hardly ever meant. On one
 * node of many it is the usual thing. */
static void log_empty_namespaces(const struct job_discovery *job)
{
	enum log_level level =
		pool_is_whole(job->job) ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG;
	char words[JOB_WORDS_MAX];
	const char *which = job_words(job->job, words);
	size_t logged = 0;

	for (size_t i = 0; i < job->namespaces.count; i++) {
		const struct namespace_count *ns = &job->namespaces.items[i];
		char skipped[256];

		if (ns->matching > count_skipped(ns))
			continue;
		if (++logged > LOGGED_FAILURES_MAX)
			continue;
		describe_skipped(ns, skipped, sizeof(skipped));
		if (ns->matching == 0 && ns->ns[0] == '\0')
			log_line(level, "%sno pod matches", which);
		else if (ns->matching == 0)
			log_line(level, "%sno pod matches in namespace '%s'",
				 which, ns->ns);
		else
			log_line(level,
				 "%snone of the %" PRIu64
				 " pods in namespace '%s' can be probed: %s",
				 which, ns->matching, ns->ns, skipped);
	}
	if (logged > LOGGED_FAILURES_MAX)
		log_line(level,
			 "%sand %zu more namespaces without a pod to probe",
			 which, logged - LOGGED_FAILURES_MAX);
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
	int r;

	progress_line_say(&run->progress, "listing pods ...");
	r = discovery_run(&run->config, &run->interrupt, deadline,
			  &run->discovery, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < run->discovery.count; i++) {
		const struct job_discovery *job = &run->discovery.jobs[i];

		if (job->failures.count > 0)
			run->failed = true;
		log_discovery_failures(job);
		log_empty_namespaces(job);
	}
	return build_targets(run, err);
}

/* --- Probing ------------------------------------------------------------- */

static void log_cut_off(const struct run *run)
{
	size_t left = 0;
	char deadline[DURATION_WORDS_MAX];

	for (size_t i = 0; i < run->targets.pair_count; i++)
		if (run->targets.pairs[i].result.reason == REASON_DEADLINE)
			left++;
	if (run->interrupt.signal != 0) {
		log_error("ended by signal %d (%s) with %zu of %zu pairs not "
			  "probed; what is known is written",
			  run->interrupt.signal,
			  sigdescr_np(run->interrupt.signal), left,
			  run->targets.pair_count);
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
	int r = engine_run(&run->targets, &store, &options, &run->settled_at,
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

static void log_sum(const struct run *run, const struct run_facts *facts)
{
	size_t good = 0;

	for (size_t i = 0; i < run->targets.pair_count; i++)
		if (run->targets.pairs[i].result.status == STATUS_VALID)
			good++;
	log_info("pairs of pod and domain: %zu, valid: %zu, different "
		 "certificate chains: %zu, %" PRId64 ".%03" PRId64 " s",
		 run->targets.pair_count, good,
		 certificate_cache_count(&run->cache),
		 facts->duration_ms / 1000, facts->duration_ms % 1000);
}

/* --- The run ------------------------------------------------------------- */

static void run_release(struct run *run)
{
	progress_line_end(&run->progress);
	pool_set_free(&run->pools);
	target_set_free(&run->targets);
	certificate_cache_release(&run->cache);
	session_facts_set_release(&run->sessions);
	probe_setup_release(&run->setup);
	discovery_free(&run->discovery);
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

	if (discover(run, &err) < 0)
		return end_early(run, &err);
	progress_line_end(&run->progress);
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

static enum exit_status run_pipeline(struct run *run)
{
	struct error err = { 0 };
	struct run_facts facts;

	if (prepare_output(run, &err) < 0 || discover(run, &err) < 0 ||
	    probe(run, &err) < 0)
		return end_early(run, &err);
	progress_line_end(&run->progress);
	facts = facts_of(run);
	/* From here on a signal ends the run as usual: a pipe that nobody reads
	 * could hold it up for ever. A file is replaced before. */
	if (writes_stdout(&run->config))
		interrupt_release(&run->interrupt);
	write_metrics(run, &facts);
	interrupt_release(&run->interrupt);
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

static enum exit_status check_config(const struct run *run)
{
	const struct job_vector *jobs = &run->config.jobs;

	for (size_t i = 0; i < jobs->count; i++)
		(void)printf("job '%s': %zu domains, port %s\n",
			     jobs->items[i].name, jobs->items[i].domains.count,
			     jobs->items[i].port);
	(void)printf("The configuration is good.\n");
	return fflush(stdout) == 0 ? EXIT_RAN : EXIT_FAILED;
}

enum exit_status monitor_run(const struct options *options)
{
	CLEANUP(run_release)
	struct run run = {
		.lock = -1,
		.interrupt.fd = -1,
		.started_at = wall_now(),
		.begin = mono_now(),
	};
	struct error err = { 0 };

	if (load_config(&run, options, &err) < 0)
		return end_early(&run, &err);
	if (options->action != ACTION_CHECK_CONFIG)
		settle_defaults(&run);
	if (set_up(&run, &err) < 0)
		return end_early(&run, &err);
	if (options->action == ACTION_CHECK_CONFIG)
		return check_config(&run);
	report_init();
	if (interrupt_init(&run.interrupt, &err) < 0)
		return end_early(&run, &err);
	progress_line_init(&run.progress, isatty(STDERR_FILENO) == 1);
	if (options->action == ACTION_LIST_TARGETS)
		return list_targets(&run);
	return run_pipeline(&run);
}
