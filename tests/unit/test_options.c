/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config/options: the command line over the file, and its mistakes.
 */
#include <config.h>

#include "config/options.h"

#include <stdlib.h>
#include <string.h>

#include "support.h"

#define ARGUMENTS_MAX 8

/* Parses the arguments, which end with NULL. */
static int parse(const char *const *arguments, struct options *ret_options,
		 struct error *err)
{
	static char program[] = "certificate-expiry-monitor";
	char *argv[ARGUMENTS_MAX + 2] = { program };
	int argc = 1;

	while (arguments[argc - 1] != NULL) {
		argv[argc] = (char *)(uintptr_t)arguments[argc - 1];
		argc++;
	}
	*err = (struct error){ 0 };
	*ret_options = (struct options){ 0 };
	return options_parse(argc, argv, ret_options, err);
}

/* Parses and applies to the defaults. */
static int configure(const char *const *arguments, struct config *ret_config,
		     struct error *err)
{
	struct options options;
	int r = parse(arguments, &options, err);

	assert_ok(config_init(ret_config, err), err);
	if (r == 0)
		r = options_apply(&options, ret_config, err);
	options_free(&options);
	return r;
}

static void test_a_job(void **state)
{
	static const char *const arguments[] = {
		"--namespaces=a,b",
		"--labels=x in (y,z),v",
		"--domains",
		"b.example,*.a.example",
		"--ignored-domains=/x,y/,c.example",
		"--port=https",
		"--timeout=1s",
		NULL
	};
	const struct job_config *job;
	struct config config;
	struct error err;

	(void)state;
	assert_ok(configure(arguments, &config, &err), &err);
	assert_true(config.has_cli_job);
	assert_int_equal(config.jobs.count, 1);
	job = &config.jobs.items[0];
	assert_string_equal(job->name, "cli");
	assert_int_equal(job->namespaces.count, 2);
	assert_string_equal(job->labels, "x in (y,z),v");
	assert_int_equal(job->domains.count, 2);
	assert_int_equal(job->ignored.count, 2);
	assert_string_equal(job->port, "https");
	assert_int_equal(job->timeout_ms, 1000);
	config_free(&config);
}

static void test_the_others(void **state)
{
	static const char *const arguments[] = {
		"--output=-",	 "--metrics=summary", "--max-series=5",
		"--report=json", "--warn=2d",	      "--crit=1d",
		"--check",	 "--log-level=debug", NULL
	};
	struct config config;
	struct error err;

	(void)state;
	assert_ok(configure(arguments, &config, &err), &err);
	assert_false(config.has_cli_job);
	assert_int_equal(config.jobs.count, 0);
	assert_true(config.has_output);
	assert_string_equal(config.output, "-");
	assert_int_equal(config.metrics, METRICS_SUMMARY);
	assert_int_equal(config.max_series, 5);
	assert_true(config.has_report);
	assert_int_equal(config.report, REPORT_JSON);
	assert_int_equal(config.warn.seconds, 2 * 86400);
	assert_int_equal(config.crit.seconds, 86400);
	assert_true(config.check);
	assert_true(config.has_log_level);
	config_free(&config);
}

static void test_api_and_run(void **state)
{
	static const char *const arguments[] = {
		"--kubeconfig=/k", "--context=c", "--concurrency=3",
		"--deadline=9s",   "--unready",	  "--host-ip",
		"--domains=a.e",   NULL
	};
	struct config config;
	struct error err;

	(void)state;
	assert_ok(configure(arguments, &config, &err), &err);
	assert_string_equal(config.kubernetes.kubeconfig, "/k");
	assert_string_equal(config.kubernetes.context, "c");
	assert_int_equal(config.concurrency, 3);
	assert_int_equal(config.deadline_ms, 9000);
	assert_true(config.jobs.items[0].unready);
	assert_int_equal(config.jobs.items[0].address, JOB_ADDRESS_HOST);
	config_free(&config);
}

static void test_how_to_probe(void **state)
{
	static const char *const arguments[] = { "--domains=a.e",
						 "--proxy-protocol=v1",
						 "--starttls=postgres",
						 "--handshake=certificate",
						 "--key-types=rsa",
						 "--key-types=ecdsa,rsa",
						 "--ca-file=ca.pem",
						 "--metrics=full",
						 NULL };
	const struct job_config *job;
	struct config config;
	struct error err;

	(void)state;
	assert_ok(configure(arguments, &config, &err), &err);
	job = &config.jobs.items[0];
	assert_int_equal(job->proxy_protocol, PROXY_PROTOCOL_V1);
	assert_int_equal(job->starttls, STARTTLS_POSTGRES);
	assert_int_equal(job->handshake, HANDSHAKE_CERTIFICATE);
	assert_true(job_config_has_key_type(job, KEY_TYPE_RSA));
	assert_true(job_config_has_key_type(job, KEY_TYPE_ECDSA));
	assert_true(job->verify);
	assert_string_equal(job->ca_file, "ca.pem");
	assert_int_equal(config.metrics, METRICS_FULL);
	config_free(&config);
}

static void test_ca_file(void **state)
{
	static const struct {
		const char *arguments[4];
		bool verify;
		const char *ca_file;
	} rows[] = {
		{ { "--domains=a.e", NULL }, true, NULL },
		{ { "--domains=a.e", "--ca-file=", NULL }, true, NULL },
		{ { "--domains=a.e", "--ca-file=none", NULL }, false, NULL },
		{ { "--domains=a.e", "--ca-file=./none", NULL },
		  true,
		  "./none" },
		{ { "--domains=a.e", "--ca-file=none", "--ca-file=b", NULL },
		  true,
		  "b" },
		{ { "--domains=a.e", "--ca-file=b", "--ca-file=none", NULL },
		  false,
		  NULL },
		{ { "--domains=a.e", "--ca-file=b", "--ca-file=", NULL },
		  true,
		  NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct job_config *job;
		struct config config;
		struct error err;

		assert_ok(configure(rows[i].arguments, &config, &err), &err);
		job = &config.jobs.items[0];
		assert_int_equal(job->verify, rows[i].verify);
		if (rows[i].ca_file == NULL)
			assert_null(job->ca_file);
		else
			assert_string_equal(job->ca_file, rows[i].ca_file);
		config_free(&config);
	}
}

/* Each of them describes the job `cli`, so it needs to know the domains. */
static void test_the_first_group(void **state)
{
	static const char *const options[] = {
		"--namespaces=a",  "--labels=a",
		"--port=1",	   "--unready",
		"--host-ip",	   "--proxy-protocol=v1",
		"--node=a",	   "--pods-file=-",
		"--starttls=smtp", "--handshake=full",
		"--key-types=rsa", "--ca-file=none",
		"--timeout=1s",	   "--ignored-domains=a",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(options); i++) {
		const char *const arguments[] = { options[i], NULL };
		struct config config;
		struct error err;
		int r = configure(arguments, &config, &err);

		assert_row(r < 0, options[i]);
		assert_error(r, &err, ERROR_USAGE, "--domains: needed");
		config_free(&config);
	}
}

/* Options of the first group replace the file's jobs, others do not. */
static void test_over_the_file(void **state)
{
	static const char *const with_job[] = { "--domains=a.example", NULL };
	static const char *const without[] = { "--deadline=9s", NULL };
	struct options options;
	struct config config;
	struct job_config job;
	struct error err;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_ok(parse(i == 0 ? with_job : without, &options, &err),
			  &err);
		assert_ok(config_init(&config, &err), &err);
		assert_ok(job_config_init(&job, "file", &err), &err);
		assert_ok(domain_vector_add(&job.domains, "f.example", &err),
			  &err);
		assert_ok(job_vector_append(&config.jobs, job, &err), &err);
		assert_ok(options_apply(&options, &config, &err), &err);
		assert_int_equal(config.jobs.count, 1);
		assert_string_equal(config.jobs.items[0].name,
				    i == 0 ? "cli" : "file");
		config_free(&config);
		options_free(&options);
	}
}

static void test_lists(void **state)
{
	static const struct {
		const char *list;
		size_t count;
	} rows[] = {
		{ "a.example", 1 },	  { "a.example,b.example", 2 },
		{ "/a,b/", 1 },		  { "/a,b/,c.example", 2 },
		{ "c.example,/a,b/", 2 }, { "/a/,/b/", 2 },
		{ "/a\\/b,c/", 1 },	  { "/a{1,2}/,/b{1,2}/", 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *const arguments[] = { "--domains=x.test",
						  "--ignored-domains",
						  rows[i].list, NULL };
		struct config config;
		struct error err;

		assert_ok(configure(arguments, &config, &err), &err);
		assert_row(config.jobs.items[0].ignored.count == rows[i].count,
			   rows[i].list);
		config_free(&config);
	}
}

static void test_repeated(void **state)
{
	static const char *const arguments[] = { "--domains=a.example",
						 "--domains=b.example",
						 "--deadline=1s",
						 "--deadline=2s", NULL };
	struct config config;
	struct error err;

	(void)state;
	assert_ok(configure(arguments, &config, &err), &err);
	assert_int_equal(config.jobs.items[0].domains.count, 2);
	assert_int_equal(config.deadline_ms, 2000);
	config_free(&config);
}

static void test_actions(void **state)
{
	static const struct {
		const char *arguments[4];
		enum options_action action;
	} rows[] = {
		{ { NULL }, ACTION_RUN },
		{ { "--list-targets", NULL }, ACTION_LIST_TARGETS },
		{ { "--check-config", NULL }, ACTION_CHECK_CONFIG },
		{ { "--version", NULL }, ACTION_VERSION },
		{ { "--help", NULL }, ACTION_HELP },
		{ { "--help", "--list-targets", NULL }, ACTION_HELP },
		{ { "--check", NULL }, ACTION_RUN },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct options options;
		struct error err;

		assert_ok(parse(rows[i].arguments, &options, &err), &err);
		assert_int_equal(options.action, rows[i].action);
		options_free(&options);
	}
}

static void test_config_path(void **state)
{
	static const char *const arguments[] = { "--config=/a", "--config=/b",
						 NULL };
	struct options options;
	struct error err;

	(void)state;
	assert_ok(parse(arguments, &options, &err), &err);
	assert_string_equal(options.config_path, "/b");
	options_free(&options);
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *arguments[4];
		const char *part;
	} rows[] = {
		{ { "--domain=a.example", NULL }, NULL }, /* abbreviated */
		{ { "--domians=x", NULL },
		  "--domians: unknown option; did you mean --domains?" },
		{ { "--quite-another", NULL },
		  "--quite-another: unknown option (see --help)" },
		{ { "--ingress=a", NULL },
		  "--ingress: is the beginning of --ingress-namespaces and of "
		  "--ingress-class" },
		{ { "--d=5s", NULL },
		  "--d: is the beginning of --domains and of --deadline" },
		{ { "--state-file=", NULL }, "--state-file: the path is" },
		{ { "--ingress-namespaces=Edge", NULL },
		  "--ingress-namespaces: 'Edge' is not a namespace" },
		{ { "--ingress-class=a/b", NULL },
		  "--ingress-class: 'a/b' is not the name of a class" },
		{ { "--unready=no", NULL }, "--unready: takes no value" },
		{ { "--domains", NULL }, "--domains: needs a value" },
		{ { "--deadline=1s", "--port", NULL },
		  "--port: needs a value" },
		{ { "-x", NULL }, "-x: unknown option (options have two" },
		{ { "-domains=a.example", NULL },
		  "-domains=a.example: unknown option (options have two" },
		{ { "-check", "--unready", NULL }, "-check: unknown option" },
		{ { "positional", NULL }, "'positional': not an option" },
		{ { "--unready", "positional", NULL }, "'positional'" },
		{ { "--", "--unready", NULL }, "'--unready': not an option" },
		{ { "--config=", NULL }, "--config: the path is empty" },
		{ { "--domains=", NULL }, "--domains: '' has an empty item" },
		{ { "--domains=a.e,", NULL }, "has an empty item" },
		{ { "--domains=a.e,,b.e", NULL }, "has an empty item" },
		{ { "--domains=a b", NULL }, "--domains: 'a b' is not a" },
		{ { "--ignored-domains=/(/", NULL },
		  "--ignored-domains: '/(/' is not a regular expression" },
		{ { "--ignored-domains=/a,b", NULL },
		  "--ignored-domains: '/a' is not a regular expression" },
		{ { "--ignored-domains=a.e", NULL },
		  "--domains: needed: which domains" },
		{ { "--domains=a.e", "--ignored-domains=a.e", NULL },
		  "--domains: all of its domains are ignored" },
		{ { "--port=0", NULL }, "--port: '0'" },
		{ { "--timeout=0", NULL }, "--timeout: '0'" },
		{ { "--namespaces=A", NULL }, "--namespaces: 'A'" },
		{ { "--labels==", NULL }, "--labels: label selector '='" },
		{ { "--node=@x", NULL }, "--node: '@x'" },
		{ { "--pods-file=", NULL }, "--pods-file: the path is empty" },
		{ { "--output=/a/x", "--state-file=/a/x", NULL },
		  "--state-file: '/a/x' is the --output already" },
		{ { "--output=", NULL }, "--output: the path is empty" },
		{ { "--report=xml", NULL },
		  "--report: 'xml' is none of: none, table, json" },
		{ { "--metrics=all", NULL }, "--metrics: 'all'" },
		{ { "--proxy-protocol=v3", NULL },
		  "--proxy-protocol: 'v3' is none of: v1, v2" },
		{ { "--starttls=ftp", NULL },
		  "--starttls: 'ftp' is none of: smtp, imap, pop3, ldap, "
		  "postgres, mysql" },
		{ { "--handshake=", NULL },
		  "--handshake: '' is none of: full, certificate" },
		{ { "--key-types=rsa,dsa", NULL },
		  "--key-types: 'dsa' is none of: rsa, ecdsa" },
		{ { "--key-types=", NULL }, "--key-types: '' has an empty" },
		{ { "--starttls", NULL }, "--starttls: needs a value" },
		{ { "--pods-file=-", "--domains=a.e", "--namespaces=a", NULL },
		  "--namespaces: not together with --pods-file" },
		{ { "--pods-file=-", "--domains=a.e", "--labels=", NULL },
		  "--labels: not together with --pods-file" },
		{ { "--node=a", "--domains=a.e", "--pods-file=-", NULL },
		  "--node: not together with --pods-file" },
		{ { "--pods-file=-", "--ingress-class=a", NULL },
		  "--ingress-class: needs --ingress-namespaces where" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct config config;
		struct error err;
		int r = configure(rows[i].arguments, &config, &err);

		if (rows[i].part == NULL) {
			assert_ok(r, &err);
		} else {
			assert_row(r < 0, rows[i].part);
			assert_error(r, &err, ERROR_USAGE, rows[i].part);
		}
		config_free(&config);
	}
}

static void test_huge_list(void **state)
{
	const char *arguments[] = { "--domains", NULL, NULL };
	char *list = malloc(1024 * 1024 + 2);
	struct config config;
	struct error err;

	(void)state;
	assert_non_null(list);
	memset(list, 'a', 1024 * 1024 + 1);
	list[1024 * 1024 + 1] = '\0';
	arguments[1] = list;
	assert_error(configure(arguments, &config, &err), &err, ERROR_USAGE,
		     "--domains: more than 1048576 bytes");
	config_free(&config);
	free(list);
}

static void test_help(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	options_print_help(out);
	assert_int_equal(fclose(out), 0);
	assert_non_null(strstr(text, "  --domains=LIST"));
	assert_non_null(strstr(text, "  --check  "));
	assert_int_equal(text[size - 1], '\n');
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_job),
		cmocka_unit_test(test_the_others),
		cmocka_unit_test(test_api_and_run),
		cmocka_unit_test(test_how_to_probe),
		cmocka_unit_test(test_ca_file),
		cmocka_unit_test(test_the_first_group),
		cmocka_unit_test(test_over_the_file),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_config_path),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_huge_list),
		cmocka_unit_test(test_help),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
