/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a text to the member it sets.
 */
#include <config.h>

#include "config/setting.h"

#include <stdlib.h>

#include "config/value.h"

static int set_path(char **member, const char *text, struct error *err)
{
	if (text[0] == '\0')
		return error_set(err, ERROR_INVALID, "the path is empty");
	return value_set_string(member, text, err);
}

/* "" is none. */
static int set_optional_path(char **member, const char *text, struct error *err)
{
	if (text[0] != '\0')
		return value_set_string(member, text, err);
	free(*member);
	*member = NULL;
	return 0;
}

int setting_namespace(struct setting_target *t, const char *text,
		      struct error *err)
{
	return job_config_add_namespace(t->job, text, err);
}

int setting_labels(struct setting_target *t, const char *text,
		   struct error *err)
{
	return job_config_set_labels(t->job, text, err);
}

int setting_node(struct setting_target *t, const char *text, struct error *err)
{
	return job_config_set_node(t->job, text, err);
}

int setting_service(struct setting_target *t, const char *text,
		    struct error *err)
{
	return job_config_set_service(t->job, text, err);
}

int setting_families(struct setting_target *t, const char *text,
		     struct error *err)
{
	return job_config_set_families(t->job, text, err);
}

int setting_ingress_namespace(struct setting_target *t, const char *text,
			      struct error *err)
{
	t->job->domains_from.ingresses.is_used = true;
	return domain_objects_add_namespace(&t->job->domains_from.ingresses,
					    text, err);
}

int setting_ingress_class(struct setting_target *t, const char *text,
			  struct error *err)
{
	t->job->domains_from.ingresses.is_used = true;
	return domain_objects_set_class(&t->job->domains_from.ingresses, text,
					err);
}

int setting_port(struct setting_target *t, const char *text, struct error *err)
{
	return job_config_set_port(t->job, text, err);
}

int setting_domain(struct setting_target *t, const char *text,
		   struct error *err)
{
	return domain_vector_add(&t->job->domains, text, err);
}

int setting_ignored_domain(struct setting_target *t, const char *text,
			   struct error *err)
{
	return domain_filter_add(&t->job->ignored, text, err);
}

int setting_pods_file(struct setting_target *t, const char *text,
		      struct error *err)
{
	return set_path(&t->job->pods_file, text, err);
}

int setting_proxy_protocol(struct setting_target *t, const char *text,
			   struct error *err)
{
	return job_config_set_proxy_protocol(t->job, text, err);
}

int setting_starttls(struct setting_target *t, const char *text,
		     struct error *err)
{
	return job_config_set_starttls(t->job, text, err);
}

int setting_handshake(struct setting_target *t, const char *text,
		      struct error *err)
{
	return job_config_set_handshake(t->job, text, err);
}

int setting_key_type(struct setting_target *t, const char *text,
		     struct error *err)
{
	return job_config_add_key_type(t->job, text, err);
}

int setting_ca_file(struct setting_target *t, const char *text,
		    struct error *err)
{
	return set_optional_path(&t->job->ca_file, text, err);
}

int setting_client_certificate(struct setting_target *t, const char *text,
			       struct error *err)
{
	return set_optional_path(&t->job->client_certificate, text, err);
}

int setting_client_key(struct setting_target *t, const char *text,
		       struct error *err)
{
	return set_optional_path(&t->job->client_key, text, err);
}

int setting_timeout(struct setting_target *t, const char *text,
		    struct error *err)
{
	return job_config_set_timeout(t->job, text, err);
}

int setting_kubeconfig(struct setting_target *t, const char *text,
		       struct error *err)
{
	return set_path(&t->config->kubernetes.kubeconfig, text, err);
}

int setting_context(struct setting_target *t, const char *text,
		    struct error *err)
{
	return value_set_string(&t->config->kubernetes.context, text, err);
}

int setting_state_file(struct setting_target *t, const char *text,
		       struct error *err)
{
	return set_path(&t->config->state_file, text, err);
}

int setting_output(struct setting_target *t, const char *text,
		   struct error *err)
{
	return set_path(&t->config->output, text, err);
}

int setting_concurrency(struct setting_target *t, const char *text,
			struct error *err)
{
	return config_set_concurrency(t->config, text, err);
}

int setting_deadline(struct setting_target *t, const char *text,
		     struct error *err)
{
	return config_set_deadline(t->config, text, err);
}

int setting_metrics(struct setting_target *t, const char *text,
		    struct error *err)
{
	return config_set_metrics(t->config, text, err);
}

int setting_max_series(struct setting_target *t, const char *text,
		       struct error *err)
{
	return config_set_max_series(t->config, text, err);
}

int setting_log_level(struct setting_target *t, const char *text,
		      struct error *err)
{
	return config_set_log_level(t->config, text, err);
}
