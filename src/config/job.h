/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A job as plain data: which pods or other servers, and what each of them is
 * asked. Defaults and checks of single values, and of the whole.
 */
#ifndef CEM_CONFIG_JOB_H
#define CEM_CONFIG_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/vector.h"
#include "config/domain.h"

#define CONFIG_DOMAINS_MAX 10000    /* of a job */
#define CONFIG_NAMESPACES_MAX 10000 /* of a list of them */
#define CONFIG_ENDPOINTS_MAX 10000  /* of a job */
#define CONFIG_CLI_JOB "cli"	    /* the job that options describe */
#define CONFIG_CA_FILE_NONE "none"  /* as ca_file: do not verify */

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

/* Of pods with addresses of both. */
enum job_families {
	FAMILIES_PRIMARY, /* the address that Kubernetes lists first */
	FAMILIES_ALL,	  /* each: IPv4 and IPv6 are pairs of their own */
};

/* A server outside Kubernetes. */
struct endpoint_config {
	char *address; /* IP address as inet_ntop() writes it, or host name */
	char *port;    /* in decimal: the metric label */
	uint16_t port_number;
};
VECTOR_DEFINE(endpoint_config_vector, struct endpoint_config);

/* Objects of one kind that domains are taken from. */
struct domain_objects {
	bool is_used;
	struct string_vector namespaces; /* names; "*" is all */
	char *class;			 /* of ingresses; NULL: of any */
	bool all_hosts; /* of ingresses: also those without TLS */
	char *labels;	/* of certificates: selector; NULL: all */
};

/* Where a job's domains come from besides `domains`. */
struct domains_from {
	char *file; /* one domain a line; NULL: none */
	struct domain_objects ingresses;
	struct domain_objects gateways;
	struct domain_objects ingressroutes;
	struct domain_objects certificates;
};

/* One selection of pods or other endpoints, and what each of them is asked. */
struct job_config {
	char *name;
	/* The pool is one of: endpoints, a Service, a file, else pods by
	 * namespaces, labels and node. */
	struct endpoint_config_vector endpoints; /* outside Kubernetes */
	char *service_ns;			 /* of the Service; or NULL */
	char *service_name;
	struct string_vector namespaces; /* names; "*" is all */
	char *labels;			 /* selector, "" is everything */
	char *node;			 /* "" is any, "@self" this one */
	char *pods_file;		 /* NULL: ask the API; "-" is stdin */
	char *port;			 /* as configured: the metric label */
	uint16_t port_number;		 /* 0: `port` names a container port */
	bool has_port;			 /* else it is the default */
	enum job_address address;
	enum job_families families;
	bool unready; /* probe pods that are not Ready, too */
	struct domain_vector domains;
	struct domains_from domains_from;
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
/* "NAMESPACE/NAME" of a Service. */
int job_config_set_service(struct job_config *job, const char *text,
			   struct error *err);
/* "primary" or "all". */
int job_config_set_families(struct job_config *job, const char *text,
			    struct error *err);
/* Checks and copies; `port` is a number, or NULL for the default. */
int job_config_add_endpoint(struct job_config *job, const char *address,
			    const char *port, struct error *err);
/* A namespace, or "*" for all. */
int domain_objects_add_namespace(struct domain_objects *objects,
				 const char *text, struct error *err);
int domain_objects_set_labels(struct domain_objects *objects, const char *text,
			      struct error *err);
int domain_objects_set_class(struct domain_objects *objects, const char *text,
			     struct error *err);
/* "tls" or "all". */
int domain_objects_set_hosts(struct domain_objects *objects, const char *text,
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
/* "rsa", "ecdsa"; "" for KEY_TYPE_ANY. */
const char *key_type_name(enum key_type type);

/* Whether the job probes certificates of this type; KEY_TYPE_ANY where none is
 * asked for. */
bool job_config_has_key_type(const struct job_config *job, enum key_type type);

/* Removes ignored domains, sorts the rest, turns the ca_file `none` into
 * `verify` false, gives the objects of domains_from that name no namespaces
 * those of the job, and checks what only the whole job shows: that it has one
 * selection, and a domain or somewhere to take them from, that a ca_file is
 * not there in vain, and that a client certificate has its key
 * (ERROR_INVALID). */
int job_config_finish(struct job_config *job, struct error *err)
	__attribute__((warn_unused_result));

/* Whether the job asks the API for all namespaces. */
bool job_config_all_namespaces(const struct job_config *job);

/* Whether domains come from elsewhere as well, in whatever number. */
bool job_config_finds_domains(const struct job_config *job);

#endif
