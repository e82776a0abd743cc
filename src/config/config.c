/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Defaults and checks of what is not a job's.
 */
#include <config.h>

#include "config/config.h"

#include <assert.h>
#include <stdlib.h>

#include "base/duration.h"
#include "config/value.h"

#define DEADLINE_MAX_MS (INT64_C(24) * 3600 * 1000) /* of a run */
#define MAX_SERIES_MAX 10000000
#define DISCOVERY_AGE_MAX_MS (INT64_C(30) * 24 * 3600 * 1000)

int config_init(struct config *config, struct error *err)
{
	*config = (struct config){
		.kubernetes.timeout_ms = 10000,
		.concurrency = 64,
		.deadline_ms = 50000,
		.discovery_max_age_ms = INT64_C(3600) * 1000,
		.refresh_ms = INT64_C(15) * 60 * 1000,
		.metrics = METRICS_STANDARD,
		.max_series = 20000,
		.log_level = LOG_LEVEL_WARNING,
		.warn = CONFIG_WARN_DEFAULT,
		.crit = CONFIG_CRIT_DEFAULT,
	};
	return value_set_string(&config->output,
				TEXTFILE_DIR "/" CONFIG_TEXTFILE_NAME, err);
}

void config_free(struct config *config)
{
	free(config->kubernetes.kubeconfig);
	free(config->kubernetes.context);
	free(config->output);
	free(config->state_file);
	for (size_t i = 0; i < config->jobs.count; i++)
		job_config_free(&config->jobs.items[i]);
	job_vector_clear(&config->jobs);
}

int config_set_deadline(struct config *config, const char *text,
			struct error *err)
{
	return value_set_duration(&config->deadline_ms, text, DEADLINE_MAX_MS,
				  err);
}

int config_set_api_timeout(struct config *config, const char *text,
			   struct error *err)
{
	return value_set_duration(&config->kubernetes.timeout_ms, text,
				  VALUE_TIMEOUT_MAX_MS, err);
}

int config_set_discovery_max_age(struct config *config, const char *text,
				 struct error *err)
{
	return value_set_duration(&config->discovery_max_age_ms, text,
				  DISCOVERY_AGE_MAX_MS, err);
}

int config_set_refresh(struct config *config, const char *text,
		       struct error *err)
{
	return value_set_duration(&config->refresh_ms, text,
				  DISCOVERY_AGE_MAX_MS, err);
}

int config_set_threshold(struct threshold *threshold, const char *text,
			 struct error *err)
{
	int64_t ms;
	int r = duration_parse(text, &ms, err);

	if (r == 0)
		threshold->seconds = ms / 1000;
	return r;
}

int config_set_concurrency(struct config *config, const char *text,
			   struct error *err)
{
	unsigned long long number;
	int r = value_set_number(1, CONFIG_CONCURRENCY_MAX, text, &number, err);

	if (r == 0)
		config->concurrency = (size_t)number;
	return r;
}

int config_set_max_series(struct config *config, const char *text,
			  struct error *err)
{
	unsigned long long number;
	int r = value_set_number(0, MAX_SERIES_MAX, text, &number, err);

	if (r == 0)
		config->max_series = number;
	return r;
}

static const char *const metrics_names[] = {
	[METRICS_STANDARD] = "standard",
	[METRICS_FULL] = "full",
	[METRICS_SUMMARY] = "summary",
	[METRICS_MUX] = "mux",
};

const char *config_metrics_name(enum metrics_mode mode)
{
	return metrics_names[mode];
}

int config_set_metrics(struct config *config, const char *text,
		       struct error *err)
{
	int choice;
	int r = value_set_choice(text, metrics_names, METRICS_MUX + 1, &choice,
				 err);

	if (r == 0)
		config->metrics = (enum metrics_mode)choice;
	return r;
}

int config_set_log_level(struct config *config, const char *text,
			 struct error *err)
{
	/* The others cannot be asked for. */
	static const enum log_level levels[] = {
		LOG_LEVEL_DEBUG,
		LOG_LEVEL_INFO,
		LOG_LEVEL_WARNING,
		LOG_LEVEL_ERROR,
	};
	enum {
		COUNT = sizeof(levels) / sizeof(levels[0])
	};
	const char *names[COUNT];
	int choice;
	int r;

	for (size_t i = 0; i < COUNT; i++)
		names[i] = log_level_name(levels[i]);
	r = value_set_choice(text, names, COUNT, &choice, err);
	if (r == 0) {
		config->log_level = levels[choice];
		config->has_log_level = true;
	}
	return r;
}
