/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config/config_file: every key, every mistake with its line.
 */
#include <config.h>

#include "config/config_file.h"

#include <stdlib.h>
#include <string.h>

#include "support.h"

static int load(const char *directory, const char *text,
		struct config *ret_config, struct error *err)
{
	char *path = path_join(directory, "cem.yaml");
	int r;

	write_file(path, text);
	*err = (struct error){ 0 };
	assert_ok(config_init(ret_config, err), err);
	r = config_file_load(path, ret_config, err);
	free(path);
	return r;
}

static void test_every_key(void **state)
{
	struct config config;
	struct error err;
	const struct job_config *job;

	assert_ok(load(*state,
		       "kubernetes: {kubeconfig: /k, context: c, timeout: 3s}\n"
		       "output: /out.prom\n"
		       "concurrency: 7\n"
		       "deadline: 20s\n"
		       "metrics: mux\n"
		       "max_series: 0\n"
		       "log_level: error\n"
		       "jobs:\n"
		       "  - name: edge\n"
		       "    namespaces: [a, b]\n"
		       "    labels: app=x\n"
		       "    node: \"@self\"\n"
		       "    port: websecure\n"
		       "    address: host\n"
		       "    unready: true\n"
		       "    domains: [b.example, \"*.a.example\", c.example]\n"
		       "    ignored_domains: ['/^c/']\n"
		       "    proxy_protocol: v2\n"
		       "    starttls: imap\n"
		       "    handshake: certificate\n"
		       "    key_types: [ecdsa, rsa]\n"
		       "    verify: true\n"
		       "    ca_file: ca.pem\n"
		       "    client_certificate: /client.crt\n"
		       "    client_key: ../client.key\n"
		       "    timeout: 1s\n"
		       "  - name: other\n"
		       "    domains: [x.example]\n",
		       &config, &err),
		  &err);
	assert_string_equal(config.kubernetes.kubeconfig, "/k");
	assert_string_equal(config.kubernetes.context, "c");
	assert_int_equal(config.kubernetes.timeout_ms, 3000);
	assert_string_equal(config.output, "/out.prom");
	assert_int_equal(config.concurrency, 7);
	assert_int_equal(config.deadline_ms, 20000);
	assert_int_equal(config.metrics, METRICS_MUX);
	assert_int_equal(config.max_series, 0);
	assert_true(config.has_log_level);
	assert_int_equal(config.log_level, LOG_LEVEL_ERROR);
	assert_false(config.has_cli_job);
	assert_int_equal(config.jobs.count, 2);
	job = &config.jobs.items[0];
	assert_string_equal(job->name, "edge");
	assert_int_equal(job->namespaces.count, 2);
	assert_string_equal(job->labels, "app=x");
	assert_string_equal(job->node, "@self");
	assert_string_equal(job->port, "websecure");
	assert_int_equal(job->port_number, 0);
	assert_int_equal(job->address, JOB_ADDRESS_HOST);
	assert_true(job->unready);
	assert_int_equal(job->domains.count, 2);
	assert_string_equal(job->domains.items[0].name, "*.a.example");
	assert_string_equal(job->domains.items[1].name, "b.example");
	assert_int_equal(job->proxy_protocol, PROXY_PROTOCOL_V2);
	assert_int_equal(job->starttls, STARTTLS_IMAP);
	assert_int_equal(job->handshake, HANDSHAKE_CERTIFICATE);
	assert_true(job_config_has_key_type(job, KEY_TYPE_RSA));
	assert_true(job_config_has_key_type(job, KEY_TYPE_ECDSA));
	assert_true(job->verify);
	assert_string_equal(job->ca_file, "ca.pem");
	assert_string_equal(job->client_certificate, "/client.crt");
	assert_string_equal(job->client_key, "../client.key");
	assert_int_equal(job->timeout_ms, 1000);
	job = &config.jobs.items[1];
	assert_string_equal(job->namespaces.items[0], "default");
	assert_string_equal(job->port, "443");
	config_free(&config);
}

static void test_defaults_stay(void **state)
{
	static const char *const texts[] = { "", "# nothing\n", "{}",
					     "output:\njobs:\n"
					     "kubernetes: ~\n" };

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct config config;
		struct error err;

		assert_ok(load(*state, texts[i], &config, &err), &err);
		assert_int_equal(config.jobs.count, 0);
		assert_int_equal(config.concurrency, 64);
		assert_string_equal(config.output, TEXTFILE_DIR
				    "/certificate_expiry_monitor.prom");
		config_free(&config);
	}
}

/* What the sample of README.md shows as "nothing" is the default. */
static void test_empty_values_of_a_job(void **state)
{
	struct config config;
	struct error err;
	const struct job_config *job;

	assert_ok(load(*state,
		       "jobs:\n"
		       "  - name: a\n"
		       "    domains: [x.example]\n"
		       "    proxy_protocol: \"\"\n"
		       "    starttls: \"\"\n"
		       "    handshake:\n"
		       "    key_types: []\n"
		       "    verify:\n"
		       "    ca_file: \"\"\n"
		       "    client_certificate: \"\"\n"
		       "    client_key: \"\"\n",
		       &config, &err),
		  &err);
	job = &config.jobs.items[0];
	assert_int_equal(job->proxy_protocol, PROXY_PROTOCOL_NONE);
	assert_int_equal(job->starttls, STARTTLS_NONE);
	assert_int_equal(job->handshake, HANDSHAKE_FULL);
	assert_true(job_config_has_key_type(job, KEY_TYPE_ANY));
	assert_true(job->verify);
	assert_null(job->ca_file);
	assert_null(job->client_certificate);
	assert_null(job->client_key);
	config_free(&config);
}

static const struct job_config *job_of(const struct config *config, size_t i)
{
	assert_true(i < config->jobs.count);
	return &config->jobs.items[i];
}

/* The pools that are no selection of pods, and where domains come from. */
static void test_pools_and_domains(void **state)
{
	static const char text[] =
		"state_file: /s\nrefresh: 5m\ndiscovery_max_age: 2h\n"
		"jobs:\n"
		"- name: edge\n"
		"  namespaces: [n, m]\n"
		"  families: all\n"
		"  domains_from:\n"
		"    file: /d\n"
		"    ingresses: {namespaces: ['*'], class: c, hosts: all}\n"
		"    gateways: {}\n"
		"    certificates: {namespaces: [k], labels: a=b}\n"
		"- name: service\n"
		"  service: edge/proxy\n"
		"  port: websecure\n"
		"  domains_from: {ingressroutes: {}}\n"
		"- name: front\n"
		"  endpoints: [{address: LB.Example., port: 0443},\n"
		"    {address: '2001:DB8::1'}]\n"
		"  domains: [x.example]\n";
	const struct domains_from *from;
	const struct job_config *job;
	struct config config;
	struct error err;

	assert_ok(load(*state, text, &config, &err), &err);
	assert_string_equal(config.state_file, "/s");
	assert_int_equal(config.refresh_ms, 300000);
	assert_int_equal(config.discovery_max_age_ms, 7200000);
	job = job_of(&config, 0);
	from = &job->domains_from;
	assert_int_equal(job->families, FAMILIES_ALL);
	assert_string_equal(from->file, "/d");
	assert_true(from->ingresses.is_used && from->ingresses.all_hosts);
	assert_string_equal(from->ingresses.class, "c");
	assert_int_equal(from->ingresses.namespaces.count, 1);
	assert_string_equal(from->ingresses.namespaces.items[0], "*");
	/* Those of the job, where none are named. */
	assert_int_equal(from->gateways.namespaces.count, 2);
	assert_string_equal(from->gateways.namespaces.items[1], "m");
	assert_false(from->ingressroutes.is_used);
	assert_string_equal(from->certificates.labels, "a=b");
	assert_string_equal(from->certificates.namespaces.items[0], "k");
	job = job_of(&config, 1);
	from = &job->domains_from;
	assert_string_equal(job->service_ns, "edge");
	assert_string_equal(job->service_name, "proxy");
	assert_int_equal(job->namespaces.count, 0);
	assert_string_equal(from->ingressroutes.namespaces.items[0], "edge");
	job = job_of(&config, 2);
	assert_int_equal(job->endpoints.count, 2);
	assert_string_equal(job->endpoints.items[0].address, "lb.example");
	assert_string_equal(job->endpoints.items[0].port, "443");
	assert_string_equal(job->endpoints.items[1].address, "2001:db8::1");
	assert_int_equal(job->endpoints.items[1].port_number, 443);
	config_free(&config);
}

static void test_no_verification(void **state)
{
	static const char *const keys[] = {
		"verify: false",
		"ca_file: none",
		"verify: false, ca_file: ''",
		"verify: false, ca_file: none",
		"verify: ~, ca_file: none",
	};

	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		char text[128];
		struct config config;
		struct error err;

		(void)snprintf(text, sizeof(text),
			       "jobs: [{name: a, domains: [x.e], %s}]\n",
			       keys[i]);
		assert_ok(load(*state, text, &config, &err), &err);
		assert_row(!config.jobs.items[0].verify, keys[i]);
		assert_row(config.jobs.items[0].ca_file == NULL, keys[i]);
		config_free(&config);
	}
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *text, *part;
	} rows[] = {
		{ "job: []\n", "cem.yaml:1: unknown key 'job'; did you mean "
			       "'jobs'?" },
		{ "x: 1\nfoobarbaz: 1\n", "cem.yaml:1: unknown key 'x'" },
		{ "state_file: ''\n", "cem.yaml:1: state_file: the path is" },
		{ "refresh: 0s\n", "refresh: '0s' is not between 1ms and" },
		{ "discovery_max_age: 31d\n",
		  "discovery_max_age: '31d' is not between 1ms and 30d" },
		{ "jobs: [{name: a, domains_from: [x]}]\n",
		  "domains_from: expected keys and values" },
		{ "jobs: [{name: a, domains_from: {}}]\n",
		  "names no domains to probe" },
		{ "jobs: [{name: a, domains_from: {file: ''}}]\n",
		  "file: the path is empty" },
		{ "jobs: [{name: a, domains_from: {ingress: {}}}]\n",
		  "unknown key 'ingress'; did you mean 'ingresses'?" },
		{ "jobs: [{name: a, domains_from: {ingresses: {host: x}}}]\n",
		  "unknown key 'host'; did you mean 'hosts'?" },
		{ "jobs: [{name: a, domains_from: {ingresses: {hosts: x}}}]\n",
		  "hosts: 'x' is none of: tls, all" },
		{ "jobs: [{name: a, domains_from: {ingresses: {class: A_}}}]\n",
		  "class: 'A_' is not the name of a class" },
		{ "jobs: [{name: a, domains_from: {gateways: {class: x}}}]\n",
		  "unknown key 'class'" },
		{ "jobs: [{name: a, domains_from:\n"
		  "  {certificates: {labels: 'a in'}}}]\n",
		  "cem.yaml:2: labels: " },
		{ "jobs: [{name: a, domains_from:\n"
		  "  {certificates: {namespaces: [A]}}}]\n",
		  "cem.yaml:2: namespaces: 'A' is not a namespace" },
		{ "jobs: [{name: a, domains: [x.e], families: both}]\n",
		  "families: 'both' is none of: primary, all" },
		{ "jobs: [{name: a, domains: [x.e], service: x}]\n",
		  "service: 'x' is not NAMESPACE/NAME of a Service" },
		{ "jobs: [{name: a, domains: [x.e], service: a/B}]\n",
		  "service: 'a/B' is not NAMESPACE/NAME of a Service" },
		{ "jobs: [{name: a, domains: [x.e], service: a/b}]\n",
		  "port is needed with service" },
		{ "jobs: [{name: a, domains: [x.e], service: a/b, port: 1,\n"
		  "  labels: x}]\n",
		  "the service is the pool itself" },
		{ "jobs: [{name: a, domains: [x.e], service: a/b, port: 1,\n"
		  "  address: host}]\n",
		  "address: a service has the pods' addresses" },
		{ "jobs: [{name: a, domains: [x.e], endpoints: {}}]\n",
		  "endpoints: expected a list" },
		{ "jobs: [{name: a, domains: [x.e], endpoints: []}]\n",
		  "endpoints: names no server to probe" },
		{ "jobs: [{name: a, domains: [x.e], endpoints: [x]}]\n",
		  "an endpoint: expected keys and values" },
		{ "jobs: [{name: a, domains: [x.e], endpoints: [{port: 1}]}]\n",
		  "endpoints: an endpoint needs an address" },
		{ "jobs: [{name: a, domains: [x.e], endpoints:\n"
		  "  [{address: '*.x.e'}]}]\n",
		  "'*.x.e' is a wildcard: no server has that name" },
		{ "jobs: [{name: a, domains: [x.e], endpoints:\n"
		  "  [{address: x.e, port: https}]}]\n",
		  "cem.yaml:2: endpoints: 'https' is not a port" },
		{ "jobs: [{name: a, domains: [x.e], port: 1, endpoints:\n"
		  "  [{address: x.e}]}]\n",
		  "port: each of the endpoints has its own" },
		{ "jobs: [{name: a, domains: [x.e], namespaces: [n],\n"
		  "  endpoints: [{address: x.e}]}]\n",
		  "endpoints are the pool itself" },
		{ "jobs: [{name: a, domains: [x.e], unready: true,\n"
		  "  endpoints: [{address: x.e}]}]\n",
		  "are about pods, not endpoints" },
		{ "jobs: [{name: a, endpoints: [{address: x.e}],\n"
		  "  domains_from: {gateways: {}}}]\n",
		  "domains_from: gateways: needs namespaces" },
		{ "concurrency: 64\nmetric: mux\n",
		  "cem.yaml:2: unknown key 'metric'; did you mean 'metrics'?" },
		{ "jobs:\n  - name: a\n    domain: [x.example]\n",
		  "cem.yaml:3: unknown key 'domain'; did you mean 'domains'?" },
		{ "jobs: [{nam: a}]\n", "'nam'; did you mean 'name'?" },
		{ "jobs: [{timeot: 1s}]\n", "did you mean 'timeout'?" },
		{ "jobs: [{key_type: rsa}]\n", "did you mean 'key_types'?" },
		{ "kubernetes: {token: x}\n", "unknown key 'token'" },
		{ "kubernetes: yes\n",
		  "cem.yaml:1: kubernetes: expected keys and values" },
		{ "[a, b]\n", "the file: expected keys and values" },
		{ "concurrency: 0\n", "cem.yaml:1: concurrency: '0' is not" },
		{ "\n\ndeadline: fast\n", "cem.yaml:3: deadline: 'fast'" },
		{ "output: ''\n", "output: the path is empty" },
		{ "output: [a]\n", "output: expected a text" },
		{ "jobs: {name: a}\n", "jobs: expected a list" },
		{ "jobs: [a]\n", "a job: expected keys and values" },
		{ "jobs: [{domains: [a.example]}]\n", "a job has no name" },
		{ "jobs: [~]\n", "a job has no name" },
		{ "jobs: [{name: ''}]\n", "name: must have 1 to 253 bytes" },
		{ "jobs: [{name: a}]\n",
		  "cem.yaml:1: job 'a': names no domains" },
		{ "jobs: [{name: a, domains: []}]\n", "names no domains" },
		{ "jobs: [{name: a, domains: [x.e], ignored_domains: [x.e]}]\n",
		  "all of its domains are ignored" },
		{ "jobs:\n- {name: a, domains: [x.e]}\n"
		  "- {name: a, domains: [y.e]}\n",
		  "cem.yaml:3: name: there are two jobs 'a'" },
		{ "jobs: [{name: a, domains: x.example}]\n",
		  "domains: expected a list" },
		{ "jobs: [{name: a, domains: [x y]}]\n",
		  "domains: 'x y' is not a domain" },
		{ "jobs: [{name: a, domains: [[x.example]]}]\n",
		  "domains: expected a text" },
		{ "jobs: [{name: a, unready: yes, domains: [x.e]}]\n",
		  "unready: expected true or false" },
		{ "jobs: [{name: a, address: node, domains: [x.e]}]\n",
		  "address: 'node' is none of: pod, host" },
		{ "jobs: [{name: a, labels: '=', domains: [x.e]}]\n",
		  "labels: label selector '='" },
		{ "jobs: [{name: a, port: 0, domains: [x.e]}]\n",
		  "port: '0' is neither" },
		{ "jobs: [{name: a, namespaces: [A], domains: [x.e]}]\n",
		  "namespaces: 'A' is not a namespace" },
		{ "jobs: [{name: a, ignored_domains: ['/(/']}]\n",
		  "ignored_domains: '/(/' is not a regular expression" },
		{ "jobs: [{name: a, proxy_protocol: v3}]\n",
		  "proxy_protocol: 'v3' is none of: v1, v2" },
		{ "jobs: [{name: a, starttls: ftp}]\n",
		  "starttls: 'ftp' is none of: smtp, imap" },
		{ "jobs: [{name: a, handshake: ''}]\n",
		  "handshake: '' is none of: full, certificate" },
		{ "jobs: [{name: a, key_types: rsa}]\n",
		  "key_types: expected a list" },
		{ "jobs: [{name: a, key_types: [rsa, '']}]\n",
		  "key_types: '' is none of: rsa, ecdsa" },
		{ "jobs: [{name: a, verify: none}]\n",
		  "verify: expected true or false" },
		{ "jobs: [{name: a, ca_file: [a]}]\n",
		  "ca_file: expected a text" },
		{ "jobs: [{name: a, domains: [x.e], verify: false, ca_file: b}]\n",
		  "cem.yaml:1: job 'a': ca_file is 'b', but verify is false" },
		{ "jobs:\n- name: a\n  ca_file: none\n  verify: true\n",
		  "cem.yaml:4: job 'a': verify is true, but ca_file is 'none'" },
		{ "jobs:\n- name: a\n  verify: true\n  ca_file: none\n",
		  "cem.yaml:3: job 'a': verify is true, but ca_file is 'none'" },
		{ "jobs: [{name: a, domains: [x.e], client_certificate: b}]\n",
		  "job 'a': client_certificate needs a client_key" },
		{ "jobs: [{name: a, domains: [x.e], client_key: b, "
		  "client_certificate: ''}]\n",
		  "job 'a': client_key needs a client_certificate" },
		{ "jobs:\n- name: \xff\n", "cem.yaml:2: is not UTF-8" },
		{ "jobs: [{name: '${CEM_TEST_BYTE}'}]\n",
		  "cem.yaml:1: name: '?' is not UTF-8" },
		{ "jobs: [{name: a, namespaces: *typo, domains: [x.e]}]\n",
		  "namespaces: expected a list" },
		{ "output: *typo\n", "output: expected a text" },
		{ "metrics: mux\nmetrics: summary\n", "cem.yaml:2: " },
		{ "output: \"a\n", "cem.yaml:" },
		{ "output: ${CEM_TEST_UNSET}\n",
		  "output: ${CEM_TEST_UNSET} is not set" },
		{ "output: ${CEM_TEST_A\n",
		  "output: '${CEM_TEST_A' has no '}'" },
		{ "output: ${}\n", "${} is not set" },
	};

	assert_int_equal(unsetenv("CEM_TEST_UNSET"), 0);
	assert_int_equal(setenv("CEM_TEST_BYTE", "\xff", 1), 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct config config;
		struct error err;
		int r = load(*state, rows[i].text, &config, &err);

		assert_row(r < 0, rows[i].text);
		assert_error(r, &err, ERROR_USAGE, rows[i].part);
		config_free(&config);
	}
}

static void test_environment(void **state)
{
	static const struct {
		const char *text, *output;
	} rows[] = {
		{ "output: ${CEM_TEST_A}\n", "alpha" },
		{ "output: /x/${CEM_TEST_A}/${CEM_TEST_B}.prom\n",
		  "/x/alpha/.prom" },
		{ "output: /x/$${CEM_TEST_A}\n", "/x/${CEM_TEST_A}" },
		{ "output: /x/$$$y$\n", "/x/$$$y$" },
		{ "output: '$${a}${CEM_TEST_A}'\n", "${a}alpha" },
		/* What comes from there is no YAML and is not expanded. */
		{ "output: ${CEM_TEST_C}\n", "x: [${CEM_TEST_A}" },
	};

	assert_int_equal(setenv("CEM_TEST_A", "alpha", 1), 0);
	assert_int_equal(setenv("CEM_TEST_B", "", 1), 0);
	assert_int_equal(setenv("CEM_TEST_C", "x: [${CEM_TEST_A}", 1), 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct config config;
		struct error err;

		assert_ok(load(*state, rows[i].text, &config, &err), &err);
		assert_string_equal(config.output, rows[i].output);
		config_free(&config);
	}
}

static void test_files_that_cannot_be_read(void **state)
{
	char *path = path_join(*state, "missing.yaml");
	char *large = malloc(CONFIG_FILE_MAX_BYTES + 2);
	struct config config;
	struct error err = { 0 };

	assert_ok(config_init(&config, &err), &err);
	assert_error(config_file_load(path, &config, &err), &err, ERROR_USAGE,
		     "missing.yaml: No such file");
	assert_error(config_file_load(*state, &config, &err), &err, ERROR_USAGE,
		     "not a file");
	assert_non_null(large);
	memset(large, '#', CONFIG_FILE_MAX_BYTES + 1);
	large[CONFIG_FILE_MAX_BYTES + 1] = '\0';
	write_file(path, large);
	assert_error(config_file_load(path, &config, &err), &err, ERROR_USAGE,
		     "more than 4194304 bytes");
	config_free(&config);
	free(large);
	free(path);
}

static void test_too_many_jobs(void **state)
{
	char *text = NULL;
	struct config config;
	struct error err;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	(void)fputs("jobs:\n", out);
	for (int i = 0; i <= CONFIG_JOBS_MAX; i++)
		(void)fprintf(out, "- {name: j%d, domains: [a.example]}\n", i);
	assert_int_equal(fclose(out), 0);
	assert_error(load(*state, text, &config, &err), &err, ERROR_USAGE,
		     "cem.yaml:1002: more than 1000 jobs");
	config_free(&config);
	free(text);
}

int main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, temp_dir_setup, temp_dir_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_every_key),
		TEST(test_defaults_stay),
		TEST(test_empty_values_of_a_job),
		TEST(test_pools_and_domains),
		TEST(test_no_verification),
		TEST(test_mistakes),
		TEST(test_environment),
		TEST(test_files_that_cannot_be_read),
		TEST(test_too_many_jobs),
	};

	return cmocka_run_group_tests_name("config_file", tests, NULL, NULL);
}
