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
#include "config/domain.h"

#define CONFIG_CONCURRENCY_MAX 4096
#define CONFIG_JOBS_MAX 1000
#define CONFIG_DOMAINS_MAX 10000    /* of a job */
#define CONFIG_NAMESPACES_MAX 10000 /* of a job */
#define CONFIG_CLI_JOB "cli"	    /* the job that options describe */
#define CONFIG_CA_FILE_NONE "none"  /* as ca_file: do not verify */
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

enum job_address {
	JOB_ADDRESS_POD,
	JOB_ADDRESS_HOST,
};

/* The PROXY header that is sent first (haproxy's proxy-protocol.txt, 2.1 and
 * 2.2). */
enum proxy_protocol {
	PROXY_PROTOCOL_NONE,
	PROXY_PROTOCOL_V1,
	PROXY_PROTOCOL_V2,
};

/* The dialogue that leads to TLS. */
enum starttls_protocol {
	STARTTLS_NONE,
	STARTTLS_SMTP,
	STARTTLS_IMAP,
	STARTTLS_POP3,
	STARTTLS_LDAP,
	STARTTLS_POSTGRES,
	STARTTLS_MYSQL,
};
#define STARTTLS_COUNT (STARTTLS_MYSQL + 1)

enum handshake_mode {
	HANDSHAKE_FULL,
	HANDSHAKE_CERTIFICATE, /* hang up when the certificate has arrived */
};

/* Of a certificate: a server may hold one of each. */
enum key_type {
	KEY_TYPE_ANY, /* whichever the server picks */
	KEY_TYPE_RSA,
	KEY_TYPE_ECDSA,
};
#define KEY_TYPE_COUNT (KEY_TYPE_ECDSA + 1)

/* One selection of pods, and what each of them is asked. */
struct job_config {
	char *name;
	struct string_vector namespaces; /* names; "*" is all */
	char *labels;			 /* selector, "" is everything */
	char *node;			 /* "" is any, "@self" this one */
	char *pods_file;		 /* NULL: ask the API; "-" is stdin */
	char *port;			 /* as configured: the metric label */
	uint16_t port_number;		 /* 0: `port` names a container port */
	enum job_address address;
	bool unready; /* probe pods that are not Ready, too */
	struct domain_vector domains;
	struct domain_filter ignored;
	enum proxy_protocol proxy_protocol;
	enum starttls_protocol starttls;
	enum handshake_mode handshake;
	bool key_types[KEY_TYPE_COUNT]; /* asked for; none: KEY_TYPE_ANY */
	bool verify;			/* chains, against ca_file */
	char *ca_file;			/* PEM; NULL: the system's store */
	char *client_certificate;	/* PEM; NULL: none; both or neither */
	char *client_key;
	int64_t timeout_ms; /* of one connection */
};

VECTOR_DEFINE(job_vector, struct job_config);

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
	char *output; /* path, "-", or "none" */
	size_t concurrency;
	int64_t deadline_ms;
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

/* Defaults of a job. */
int job_config_init(struct job_config *job, const char *name, struct error *err)
	__attribute__((warn_unused_result));
void job_config_free(struct job_config *job);

/* Setters that check; all fail with ERROR_INVALID and a message that quotes
 * the value. Those of strings replace, those of lists add; "" is no PROXY
 * header and no STARTTLS. */
int job_config_add_namespace(struct job_config *job, const char *text,
			     struct error *err);
int job_config_set_labels(struct job_config *job, const char *text,
			  struct error *err);
int job_config_set_node(struct job_config *job, const char *text,
			struct error *err);
int job_config_set_port(struct job_config *job, const char *text,
			struct error *err);
int job_config_set_proxy_protocol(struct job_config *job, const char *text,
				  struct error *err);
int job_config_set_starttls(struct job_config *job, const char *text,
			    struct error *err);
int job_config_set_handshake(struct job_config *job, const char *text,
			     struct error *err);
int job_config_add_key_type(struct job_config *job, const char *text,
			    struct error *err);
int job_config_set_timeout(struct job_config *job, const char *text,
			   struct error *err);
int config_set_deadline(struct config *config, const char *text,
			struct error *err);
int config_set_api_timeout(struct config *config, const char *text,
			   struct error *err);
int config_set_threshold(struct threshold *threshold, const char *text,
			 struct error *err);
int config_set_concurrency(struct config *config, const char *text,
			   struct error *err);
int config_set_max_series(struct config *config, const char *text,
			  struct error *err);
int config_set_metrics(struct config *config, const char *text,
		       struct error *err);
int config_set_log_level(struct config *config, const char *text,
			 struct error *err);

/* The index of `text` among the `count` names; ERROR_INVALID lists them. */
int config_set_choice(const char *text, const char *const *names, size_t count,
		      int *ret_choice, struct error *err);

/* Replaces the string *member by a copy of `text`. */
int config_set_string(char **member, const char *text, struct error *err)
	__attribute__((warn_unused_result));

/* "rsa", "ecdsa"; "" for KEY_TYPE_ANY. */
const char *key_type_name(enum key_type type);

/* Whether the job probes certificates of this type; KEY_TYPE_ANY where none is
 * asked for. */
bool job_config_has_key_type(const struct job_config *job, enum key_type type);

/* Removes ignored domains, sorts the rest, turns the ca_file `none` into
 * `verify` false, and checks what only the whole job shows: that it has a
 * domain, that a ca_file is not there in vain, and that a client certificate
 * has its key (ERROR_INVALID). */
int job_config_finish(struct job_config *job, struct error *err)
	__attribute__((warn_unused_result));

/* Whether the job asks the API for all namespaces. */
bool job_config_all_namespaces(const struct job_config *job);

#endif
