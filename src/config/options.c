/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table of options feeds the parser, the setters and --help.
 */
#include <config.h>

#include "config/options.h"

#include <assert.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/setting.h"
#include "config/value.h"

#define HELP_COLUMN 28 /* where the explanations begin */
#define HELP_WIDTH 79
#define OPTION_LIST_MAX_BYTES (1024 * 1024)
#define FIRST_OPTION 256 /* past what getopt(3) gives for a letter */

enum option_group {
	GROUP_JOB, /* the first: together they make the job `cli` */
	GROUP_API,
	GROUP_RUN,
	GROUP_OUTPUT,
	GROUP_ASK,
};

static const char *const group_titles[] = {
	[GROUP_JOB] =
		"What to probe (any of these replaces the jobs of the file)",
	[GROUP_API] = "Configuration and API",
	[GROUP_RUN] = "The run",
	[GROUP_OUTPUT] = "Output",
	[GROUP_ASK] = "Instead of a run",
};

/* Calls add() for each comma-separated item; commas inside /.../ do not
 * split. */
static int for_each_item(const char *list, struct setting_target *target,
			 setting_function *add, struct error *err)
{
	const char *at = list;

	if (strlen(list) > OPTION_LIST_MAX_BYTES)
		return error_set(err, ERROR_INVALID, "more than %d bytes",
				 OPTION_LIST_MAX_BYTES);
	for (;;) {
		CLEANUP(cleanup_free) char *item = NULL;
		const char *end = at;
		int r;

		if (*at == '/') {
			/* Up to the slash that ends the item. */
			do {
				end = strchr(end + 1, '/');
			} while (end != NULL && end[1] != ',' &&
				 end[1] != '\0');
			end = end == NULL ? at : end + 1;
		}
		end += strcspn(end, ",");
		item = strndup(at, (size_t)(end - at));
		if (item == NULL)
			return error_memory(err);
		if (item[0] == '\0')
			return error_set(err, ERROR_INVALID,
					 "'%.64s' has an empty item", list);
		r = add(target, item, err);
		if (r < 0)
			return r;
		if (*end == '\0')
			return 0;
		at = end + 1;
	}
}

static int set_unready(struct setting_target *t, const char *value,
		       struct error *err)
{
	(void)value;
	(void)err;
	t->job->unready = true;
	return 0;
}

static int set_host_ip(struct setting_target *t, const char *value,
		       struct error *err)
{
	(void)value;
	(void)err;
	t->job->address = JOB_ADDRESS_HOST;
	return 0;
}

static int set_output(struct setting_target *t, const char *value,
		      struct error *err)
{
	t->config->has_output = true;
	return setting_output(t, value, err);
}

static int set_report(struct setting_target *t, const char *value,
		      struct error *err)
{
	static const char *const names[] = { "none", "table", "json" };
	int choice;
	int r;

	static_assert(REPORT_NONE == 0 && REPORT_TABLE == 1 && REPORT_JSON == 2,
		      "names in the order of the enum");
	r = value_set_choice(value, names, 3, &choice, err);
	if (r == 0) {
		t->config->report = (enum report_mode)choice;
		t->config->has_report = true;
	}
	return r;
}

static int set_warn(struct setting_target *t, const char *value,
		    struct error *err)
{
	return config_set_threshold(&t->config->warn, value, err);
}

static int set_crit(struct setting_target *t, const char *value,
		    struct error *err)
{
	return config_set_threshold(&t->config->crit, value, err);
}

static int set_check(struct setting_target *t, const char *value,
		     struct error *err)
{
	(void)value;
	(void)err;
	t->config->check = true;
	return 0;
}

/* In the order of --help. `set` is NULL where options_parse() acts itself. */
static const struct row {
	const char *name;
	/* NULL: takes none; "LIST": `set` is called for each of its items */
	const char *argument;
	enum option_group group;
	setting_function *set;
	enum options_action action;
	const char *help;
} rows[] = {
	{ "namespaces", "LIST", GROUP_JOB, setting_namespace, ACTION_RUN,
	  "namespaces to search, '*' for all (default)" },
	{ "labels", "SELECTOR", GROUP_JOB, setting_labels, ACTION_RUN,
	  "label selector, as kubectl's -l" },
	{ "domains", "LIST", GROUP_JOB, setting_domain, ACTION_RUN,
	  "domains to probe on each pod: names, *.wildcards, IP addresses" },
	{ "ingress-namespaces", "LIST", GROUP_JOB, setting_ingress_namespace,
	  ACTION_RUN,
	  "take domains from the Ingress objects there as well, '*' for all" },
	{ "ingress-class", "NAME", GROUP_JOB, setting_ingress_class, ACTION_RUN,
	  "only from Ingress objects of this class" },
	{ "ignored-domains", "LIST", GROUP_JOB, setting_ignored_domain,
	  ACTION_RUN,
	  "domains to leave out: names, or /POSIX extended regex/" },
	{ "port", "PORT", GROUP_JOB, setting_port, ACTION_RUN,
	  "number, or a container port's name (443)" },
	{ "unready", NULL, GROUP_JOB, set_unready, ACTION_RUN,
	  "probe pods that are not Ready as well" },
	{ "host-ip", NULL, GROUP_JOB, set_host_ip, ACTION_RUN,
	  "connect to the node's address instead of the pod's" },
	{ "proxy-protocol", "VERSION", GROUP_JOB, setting_proxy_protocol,
	  ACTION_RUN,
	  "v1 or v2: send a PROXY header first, as some proxies demand" },
	{ "node", "NAME", GROUP_JOB, setting_node, ACTION_RUN,
	  "only pods bound to this node; '@self' for the own one" },
	{ "pods-file", "FILE", GROUP_JOB, setting_pods_file, ACTION_RUN,
	  "read the pods ('kubectl get pods -o json') from FILE or '-'" },
	{ "starttls", "PROTOCOL", GROUP_JOB, setting_starttls, ACTION_RUN,
	  "smtp, imap, pop3, ldap, postgres or mysql: ask for TLS first" },
	{ "handshake", "MODE", GROUP_JOB, setting_handshake, ACTION_RUN,
	  "full, or certificate: hang up once it has arrived (full)" },
	{ "key-types", "LIST", GROUP_JOB, setting_key_type, ACTION_RUN,
	  "rsa, ecdsa: probe once for each type of key" },
	{ "ca-file", "FILE", GROUP_JOB, setting_ca_file, ACTION_RUN,
	  "PEM file that chains are verified against; 'none' to not verify "
	  "(the system's store)" },
	{ "timeout", "DURATION", GROUP_JOB, setting_timeout, ACTION_RUN,
	  "for each connection (5s)" },

	{ "config", "FILE", GROUP_API, NULL, ACTION_RUN,
	  "configuration file (" SYSCONFDIR
	  "/certificate-expiry-monitor.yaml, if it exists)" },
	{ "kubeconfig", "FILE", GROUP_API, setting_kubeconfig, ACTION_RUN,
	  "API access ($KUBECONFIG, in-cluster account, ~/.kube/config)" },
	{ "context", "NAME", GROUP_API, setting_context, ACTION_RUN,
	  "context of the kubeconfig (its current one)" },

	{ "concurrency", "NUMBER", GROUP_RUN, setting_concurrency, ACTION_RUN,
	  "connections in flight (64)" },
	{ "deadline", "DURATION", GROUP_RUN, setting_deadline, ACTION_RUN,
	  "for the whole run (50s)" },

	{ "output", "FILE", GROUP_OUTPUT, set_output, ACTION_RUN,
	  "textfile to replace; '-' for standard output, 'none' "
	  "(" TEXTFILE_DIR "/" CONFIG_TEXTFILE_NAME ")" },
	{ "state-file", "FILE", GROUP_OUTPUT, setting_state_file, ACTION_RUN,
	  "what is remembered from run to run; 'none' for nothing (state.json "
	  "in $STATE_DIRECTORY or /var/lib/certificate-expiry-monitor)" },
	{ "metrics", "SET", GROUP_OUTPUT, setting_metrics, ACTION_RUN,
	  "standard, full, summary or mux (standard)" },
	{ "max-series", "NUMBER", GROUP_OUTPUT, setting_max_series, ACTION_RUN,
	  "above it the summary is written; 0 for no limit (20000)" },
	{ "report", "FORMAT", GROUP_OUTPUT, set_report, ACTION_RUN,
	  "table, json or none (table on a terminal, else none)" },
	{ "warn", "DURATION", GROUP_OUTPUT, set_warn, ACTION_RUN,
	  "yellow below this time to expiry, or 25% of the lifetime (21d)" },
	{ "crit", "DURATION", GROUP_OUTPUT, set_crit, ACTION_RUN,
	  "red below this time to expiry, or 10% of the lifetime (7d)" },
	{ "check", NULL, GROUP_OUTPUT, set_check, ACTION_RUN,
	  "exit 3 if a pair is bad or below --crit, or if there is none" },
	{ "log-level", "LEVEL", GROUP_OUTPUT, setting_log_level, ACTION_RUN,
	  "debug, info, warning, error (info on a terminal and under systemd, "
	  "else warning)" },

	{ "list-targets", NULL, GROUP_ASK, NULL, ACTION_LIST_TARGETS,
	  "show what would be probed" },
	{ "check-config", NULL, GROUP_ASK, NULL, ACTION_CHECK_CONFIG,
	  "show whether options and configuration are good" },
	{ "version", NULL, GROUP_ASK, NULL, ACTION_VERSION,
	  "show the version" },
	{ "help", NULL, GROUP_ASK, NULL, ACTION_HELP, "show this" },
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

/* Two options that begin so; nothing where there are no two. */
static void find_beginnings(const char *name, const char **ret_first,
			    const char **ret_second)
{
	const char *first = NULL;

	for (size_t i = 0; i < ROW_COUNT; i++) {
		if (strncmp(rows[i].name, name, strlen(name)) != 0)
			continue;
		if (first != NULL) {
			*ret_first = first;
			*ret_second = rows[i].name;
			return;
		}
		first = rows[i].name;
	}
}

static int unknown_option(const char *word, struct error *err)
{
	CLEANUP(cleanup_free) char *name = NULL;
	const char *names[ROW_COUNT];
	const char *first = NULL;
	const char *second = NULL;
	const char *nearest;

	if (strncmp(word, "--", 2) != 0)
		return error_set(err, ERROR_USAGE,
				 "%s: unknown option (options have two "
				 "dashes; see --help)",
				 word);
	name = strndup(word + 2, strcspn(word + 2, "="));
	if (name == NULL)
		return error_memory(err);
	for (size_t i = 0; i < ROW_COUNT; i++) {
		names[i] = rows[i].name;
		if (strcmp(rows[i].name, name) == 0)
			return error_set(err, ERROR_USAGE,
					 "--%s: takes no value", name);
	}
	find_beginnings(name, &first, &second);
	if (first != NULL)
		return error_set(err, ERROR_USAGE,
				 "--%s: is the beginning of --%s and of --%s",
				 name, first, second);
	nearest = text_nearest(name, names, ROW_COUNT);
	if (nearest != NULL)
		return error_set(err, ERROR_USAGE,
				 "--%s: unknown option; did you mean --%s?",
				 name, nearest);
	return error_set(err, ERROR_USAGE, "--%s: unknown option (see --help)",
			 name);
}

/* The word that getopt_long() did not know. Within several letters after a
 * single dash it has not gone on to the next one yet. */
static const char *unknown_word(int argc, char **argv)
{
	if (optopt != 0 && optind < argc && argv[optind][0] == '-' &&
	    argv[optind][1] == optopt && argv[optind][2] != '\0')
		return argv[optind];
	return argv[optind - 1];
}

static void fill_getopt(struct option options[ROW_COUNT + 1])
{
	for (size_t i = 0; i < ROW_COUNT; i++)
		options[i] = (struct option){
			.name = rows[i].name,
			.has_arg = rows[i].argument == NULL ? no_argument :
							      required_argument,
			/* Each its own, or an abbreviation that fits several
			 * would mean the first. */
			.val = FIRST_OPTION + (int)i,
		};
	options[ROW_COUNT] = (struct option){ 0 };
}

static int use_option(struct options *options, size_t row, const char *value,
		      struct error *err)
{
	if (rows[row].action > options->action)
		options->action = rows[row].action;
	if (strcmp(rows[row].name, "config") == 0) {
		if (value[0] == '\0')
			return error_set(err, ERROR_USAGE,
					 "--config: the path is empty");
		options->config_path = value;
	}
	return option_use_vector_append(&options->uses,
					(struct option_use){ row, value }, err);
}

int options_parse(int argc, char **argv, struct options *ret_options,
		  struct error *err)
{
	struct option getopt_options[ROW_COUNT + 1];
	struct options options = { .action = ACTION_RUN };
	int found;
	int r = 0;

	fill_getopt(getopt_options);
	opterr = 0;
	optind = 0; /* glibc: begin anew */
	while (r == 0 && (found = getopt_long(argc, argv, ":", getopt_options,
					      NULL)) != -1) {
		if (found >= FIRST_OPTION)
			r = use_option(&options, (size_t)(found - FIRST_OPTION),
				       optarg, err);
		else if (found == ':')
			r = error_set(err, ERROR_USAGE, "%s: needs a value",
				      argv[optind - 1]);
		else
			r = unknown_option(unknown_word(argc, argv), err);
	}
	if (r == 0 && optind < argc)
		r = error_set(err, ERROR_USAGE,
			      "'%s': not an option (see --help)", argv[optind]);
	if (r < 0) {
		options_free(&options);
		return r;
	}
	*ret_options = options;
	return 0;
}

void options_free(struct options *options)
{
	option_use_vector_clear(&options->uses);
}

/* A list read from a file is the selection itself. */
static int check_pods_file(const struct options *options, struct error *err)
{
	static const char *const selections[] = { "namespaces", "labels",
						  "node" };

	for (size_t i = 0; i < options->uses.count; i++) {
		const char *name = rows[options->uses.items[i].row].name;

		for (size_t j = 0; j < 3; j++)
			if (strcmp(name, selections[j]) == 0)
				return error_set(
					err, ERROR_USAGE,
					"--%s: not together with --pods-file, "
					"which is the selection itself",
					name);
	}
	return 0;
}

static int apply(const struct row *row, struct setting_target *target,
		 const char *value, struct error *err)
{
	if (row->set == NULL)
		return 0;
	if (row->argument != NULL && strcmp(row->argument, "LIST") == 0)
		return for_each_item(value, target, row->set, err);
	return row->set(target, value, err);
}

static int apply_all(const struct options *options,
		     struct setting_target *target, bool *ret_has_job,
		     struct error *err)
{
	for (size_t i = 0; i < options->uses.count; i++) {
		const struct option_use *use = &options->uses.items[i];
		const struct row *row = &rows[use->row];

		if (row->group == GROUP_JOB)
			*ret_has_job = true;
		if (apply(row, target, use->value, err) < 0) {
			if (err->code == ERROR_INVALID)
				err->code = ERROR_USAGE;
			return error_prefix(err, "--%s", row->name);
		}
	}
	return 0;
}

int options_apply(const struct options *options, struct config *config,
		  struct error *err)
{
	struct job_config job = { 0 };
	struct setting_target target = { .config = config, .job = &job };
	bool has_job = false;
	int r = job_config_init(&job, CONFIG_CLI_JOB, err);

	if (r == 0)
		r = apply_all(options, &target, &has_job, err);
	if (r == 0 && config->state_file != NULL &&
	    strcmp(config->state_file, "none") != 0 &&
	    strcmp(config->state_file, config->output) == 0)
		r = error_set(err, ERROR_USAGE,
			      "--state-file: '%s' is the --output already: the "
			      "metrics would replace the state",
			      config->state_file);
	if (r == 0 && job.pods_file != NULL)
		r = check_pods_file(options, err);
	/* Else it is looked for in the job's namespaces. */
	if (r == 0 && job.pods_file != NULL &&
	    job.domains_from.ingresses.is_used &&
	    job.domains_from.ingresses.namespaces.count == 0)
		r = error_set(
			err, ERROR_USAGE,
			"--ingress-class: needs --ingress-namespaces where "
			"the pods are read from a file");
	if (r == 0 && has_job && job.domains.count == 0 &&
	    !job_config_finds_domains(&job))
		r = error_set(err, ERROR_USAGE,
			      "--domains: needed: which domains are to be "
			      "probed? (options of what to probe replace the "
			      "jobs of the file)");
	if (r == 0 && has_job && job_config_finish(&job, err) < 0) {
		if (err->code == ERROR_INVALID)
			err->code = ERROR_USAGE;
		r = error_prefix(err, "--domains");
	}
	if (r < 0 || !has_job) {
		job_config_free(&job);
		return r;
	}
	for (size_t i = 0; i < config->jobs.count; i++)
		job_config_free(&config->jobs.items[i]);
	config->jobs.count = 0;
	config->has_cli_job = true;
	r = job_vector_append(&config->jobs, job, err);
	if (r < 0)
		job_config_free(&job);
	return r;
}

/* The words of `text`, wrapped, from HELP_COLUMN on; the cursor is there. A
 * word that is longer than the line (a path) has one for itself. */
static void print_wrapped(FILE *out, const char *text)
{
	size_t column = HELP_COLUMN;

	while (*text != '\0') {
		size_t length = strcspn(text, " ");

		if (column > HELP_COLUMN && column + 1 + length > HELP_WIDTH) {
			(void)fprintf(out, "\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		} else if (column > HELP_COLUMN) {
			(void)fputc(' ', out);
			column++;
		}
		(void)fprintf(out, "%.*s", (int)length, text);
		column += length;
		text += length;
		text += strspn(text, " ");
	}
	(void)fputc('\n', out);
}

void options_print_help(FILE *out)
{
	(void)fputs("Usage: certificate-expiry-monitor [OPTION]...\n"
		    "Probes every pod for every domain and writes what "
		    "certificates they serve as\n"
		    "metrics for node_exporter's textfile collector.\n",
		    out);
	for (size_t i = 0; i < ROW_COUNT; i++) {
		char left[64];

		if (i == 0 || rows[i].group != rows[i - 1].group)
			(void)fprintf(out, "\n%s:\n",
				      group_titles[rows[i].group]);
		(void)snprintf(left, sizeof(left), "--%s%s%s", rows[i].name,
			       rows[i].argument == NULL ? "" : "=",
			       rows[i].argument == NULL ? "" :
							  rows[i].argument);
		(void)fprintf(out, "  %-*s", HELP_COLUMN - 2, left);
		print_wrapped(out, rows[i].help);
	}
	(void)fputs("\nLists are comma-separated, and options may be repeated. "
		    "Durations: 500ms, 5s,\n"
		    "1m30s, 2h, 7d. Exit status: 0 ran and wrote; 1 something "
		    "failed that needs an\n"
		    "operator; 2 command line or configuration; 3 --check "
		    "found something; 75 another\n"
		    "run holds the lock.\n",
		    out);
}
