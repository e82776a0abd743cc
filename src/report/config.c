/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the configuration comes to, in words.
 */
#include <config.h>

#include "report/report.h"

#include <inttypes.h>

#include "base/duration.h"

static void print_namespaces(FILE *out, const struct job_config *job)
{
	const struct string_vector *v = &job->namespaces;

	if (job_config_all_namespaces(job)) {
		(void)fputs("pods in all namespaces", out);
		return;
	}
	(void)fputs("pods in ", out);
	if (v->count > 3)
		(void)fprintf(out, "%zu namespaces", v->count);
	for (size_t i = 0; v->count <= 3 && i < v->count; i++)
		(void)fprintf(out, "%s%s", i == 0 ? "" : ", ", v->items[i]);
}

static void print_pool(FILE *out, const struct job_config *job)
{
	if (job->endpoints.count > 0) {
		(void)fprintf(out, "%zu endpoint%s", job->endpoints.count,
			      job->endpoints.count == 1 ? "" : "s");
		return;
	}
	if (job->service_name != NULL)
		(void)fprintf(out, "service %s/%s", job->service_ns,
			      job->service_name);
	else if (job->pods_file != NULL)
		(void)fprintf(out, "pods of %s", job->pods_file);
	else
		print_namespaces(out, job);
	if (job->labels[0] != '\0')
		(void)fprintf(out, " with %s", job->labels);
	if (job->node[0] != '\0')
		(void)fprintf(out, " on node %s", job->node);
	(void)fprintf(out, ", port %s", job->port);
}

static void print_domains(FILE *out, const struct job_config *job)
{
	const struct domains_from *from = &job->domains_from;
	const struct {
		const char *name;
		bool is_used;
	} sources[] = {
		{ "ingresses", from->ingresses.is_used },
		{ "gateways", from->gateways.is_used },
		{ "ingressroutes", from->ingressroutes.is_used },
		{ "certificates", from->certificates.is_used },
		{ from->file, from->file != NULL },
	};

	const char *before = " and those of ";

	(void)fprintf(out, "%zu domain%s", job->domains.count,
		      job->domains.count == 1 ? "" : "s");
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		if (!sources[i].is_used)
			continue;
		(void)fprintf(out, "%s%s", before, sources[i].name);
		before = ", ";
	}
}

static void print_duration(FILE *out, int64_t ms)
{
	char words[DURATION_WORDS_MAX];

	if (ms % 1000 != 0) {
		(void)fprintf(out, "%" PRId64 "ms", ms);
		return;
	}
	duration_words(ms / 1000, words);
	(void)fputs(words, out);
}

static void print_connection(FILE *out, const struct job_config *job)
{
	(void)fputs("; ", out);
	print_duration(out, job->timeout_ms);
	if (!job->verify)
		(void)fputs(" a connection, chains not verified", out);
	else
		(void)fprintf(out, " a connection, chains verified against %s",
			      job->ca_file != NULL ? job->ca_file :
						     "the system's store");
}

static void print_run(FILE *out, const struct config *config)
{
	(void)fprintf(out, "API access: %s",
		      config->kubernetes.kubeconfig != NULL ?
			      config->kubernetes.kubeconfig :
			      "$KUBECONFIG, in-cluster account or "
			      "~/.kube/config");
	if (config->kubernetes.context != NULL &&
	    config->kubernetes.context[0] != '\0')
		(void)fprintf(out, ", context '%s'",
			      config->kubernetes.context);
	(void)fprintf(out, "\nrun: %zu connections at a time, at most ",
		      config->concurrency);
	print_duration(out, config->deadline_ms);
	(void)fprintf(out, "\noutput: %s, metrics %s%s\nstate: %s\n",
		      config->output, config_metrics_name(config->metrics),
		      config->has_cli_job && !config->has_output ?
			      " (by hand nothing, unless --output says so)" :
			      "",
		      config->state_file != NULL ?
			      config->state_file :
			      "state.json in $STATE_DIRECTORY or "
			      "/var/lib/certificate-expiry-monitor");
}

int report_config(FILE *out, const struct config *config, const char *path,
		  struct error *err)
{
	(void)fprintf(out, "configuration: %s\n",
		      path != NULL ? path : "options alone");
	for (size_t i = 0; i < config->jobs.count; i++) {
		const struct job_config *job = &config->jobs.items[i];

		(void)fprintf(out, "job '%s': ", job->name);
		print_pool(out, job);
		(void)fputs(": ", out);
		print_domains(out, job);
		print_connection(out, job);
		(void)fputc('\n', out);
	}
	print_run(out, config);
	(void)fputs("The configuration is good.\n", out);
	if (ferror(out) || fflush(out) != 0)
		return error_set(err, ERROR_SYSTEM,
				 "the report cannot be written");
	return 0;
}
