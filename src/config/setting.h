/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an option of the command line and a key of the file have in common: a
 * text, and what it sets. Both tables point here.
 */
#ifndef CEM_CONFIG_SETTING_H
#define CEM_CONFIG_SETTING_H

#include "base/error.h"
#include "config/config.h"

struct setting_target {
	struct config *config;
	struct job_config *job; /* the job that is being described, or NULL */
	struct domain_objects *objects;	  /* likewise of its domains_from */
	struct endpoint_config *endpoint; /* likewise of its endpoints */
};

/* Checks `text` and sets one value, or adds one to a list. Fails as the
 * function of config.h or domain.h behind it does. */
typedef int setting_function(struct setting_target *target, const char *text,
			     struct error *err);

/* Of a job. */
setting_function setting_namespace;
setting_function setting_labels;
setting_function setting_node;
setting_function setting_service;
setting_function setting_families;
setting_function setting_ingress_namespace;
setting_function setting_ingress_class;
setting_function setting_port;
setting_function setting_domain;
setting_function setting_ignored_domain;
setting_function setting_pods_file;
setting_function setting_proxy_protocol;
setting_function setting_starttls;
setting_function setting_handshake;
setting_function setting_key_type;
setting_function setting_ca_file;
setting_function setting_client_certificate;
setting_function setting_client_key;
setting_function setting_timeout;

/* Of the whole configuration. */
setting_function setting_kubeconfig;
setting_function setting_context;
setting_function setting_output;
setting_function setting_state_file;
setting_function setting_concurrency;
setting_function setting_deadline;
setting_function setting_metrics;
setting_function setting_max_series;
setting_function setting_log_level;

#endif
