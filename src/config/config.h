/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run is to do, as plain data: defaults, validation of single values,
 * and the names of enumerated ones. The command line (config/options.h) and
 * the file (config/config_file.h) fill it through the same setters, so that a
 * value means the same in both.
 */
#ifndef CEM_CONFIG_CONFIG_H
#define CEM_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "base/vector.h"
#include "config/job.h"

#define CONFIG_CONCURRENCY_MAX 4096
#define CONFIG_JOBS_MAX 1000
#define CONFIG_TEXTFILE_NAME "certificate_expiry_monitor.prom"

enum metrics_mode {
	METRICS_STANDARD,
	METRICS_FULL,
	METRICS_SUMMARY,
	METRICS_MUX,
};

enum report_mode {
	REPORT_NONE,
	REPORT_TABLE,
	REPORT_JSON,
};

/* A threshold below which time to expiry is marked: the smaller of a time and
 * a share of the certificate's lifetime. */
struct threshold {
	int64_t seconds;
	int percent;
};

#define CONFIG_WARN_DEFAULT                                                    \
	{                                                                      \
		.seconds = 21 * 86400, .percent = 25                           \
	}
#define CONFIG_CRIT_DEFAULT                                                    \
	{                                                                      \
		.seconds = 7 * 86400, .percent = 10                            \
	}

struct config {
	/* From the file, or by options. */
	struct {
		char *kubeconfig; /* NULL: the usual places */
		char *context;	  /* NULL or "": the current one */
		int64_t timeout_ms;
	} kubernetes;
	char *output;	  /* path, "-", or "none" */
	char *state_file; /* path, or "none" */
	size_t concurrency;
	int64_t deadline_ms;
	int64_t discovery_max_age_ms; /* of a list that stands in for one that
				       * cannot be read */
	int64_t refresh_ms; /* how often the objects of domains_from are read */
	enum metrics_mode metrics;
	uint64_t max_series; /* 0: no limit */
	enum log_level log_level;
	bool has_log_level; /* else it depends on where standard error goes */
	struct job_vector jobs;

	/* By options alone. */
	bool has_output;  /* --output was given */
	bool has_cli_job; /* the jobs are the one of the options */
	bool has_report;  /* else it depends on where output goes */
	enum report_mode report;
	bool check;
	struct threshold warn;
	struct threshold crit;
};

/* Defaults of everything but the jobs. */
int config_init(struct config *config, struct error *err)
	__attribute__((warn_unused_result));
void config_free(struct config *config);

/* Setters that check, as those of config/job.h. */
int config_set_deadline(struct config *config, const char *text,
			struct error *err);
int config_set_api_timeout(struct config *config, const char *text,
			   struct error *err);
int config_set_discovery_max_age(struct config *config, const char *text,
				 struct error *err);
int config_set_refresh(struct config *config, const char *text,
		       struct error *err);
int config_set_threshold(struct threshold *threshold, const char *text,
			 struct error *err);
int config_set_concurrency(struct config *config, const char *text,
			   struct error *err);
int config_set_max_series(struct config *config, const char *text,
			  struct error *err);
int config_set_metrics(struct config *config, const char *text,
		       struct error *err);
/* "standard", "full", "summary", "mux". */
const char *config_metrics_name(enum metrics_mode mode);
int config_set_log_level(struct config *config, const char *text,
			 struct error *err);

#endif
