/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Defaults of a job, and checks of its single values. What only the whole job
 * shows is checked in config/job_finish.c.
 */
#include <config.h>

#include "config/job.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/selector.h"
#include "config/value.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void endpoint_config_free(struct endpoint_config *endpoint)
{
	free(endpoint->address);
	free(endpoint->port);
}

static void domain_objects_free(struct domain_objects *objects)
{
	string_vector_free(&objects->namespaces);
	free(objects->class);
	free(objects->labels);
}

static void domains_from_free(struct domains_from *from)
{
	free(from->file);
	domain_objects_free(&from->ingresses);
	domain_objects_free(&from->gateways);
	domain_objects_free(&from->ingressroutes);
	domain_objects_free(&from->certificates);
}

int job_config_init(struct job_config *job, const char *name, struct error *err)
{
	int r;

	*job = (struct job_config){
		.port_number = 443,
		.handshake = HANDSHAKE_FULL,
		.verify = true,
		.timeout_ms = 5000,
	};
	r = value_set_string(&job->name, name, err);
	if (r == 0)
		r = value_set_string(&job->labels, "", err);
	if (r == 0)
		r = value_set_string(&job->node, "", err);
	if (r == 0)
		r = value_set_string(&job->port, "443", err);
	if (r < 0)
		job_config_free(job);
	return r;
}

void job_config_free(struct job_config *job)
{
	free(job->name);
	string_vector_free(&job->namespaces);
	free(job->labels);
	free(job->node);
	free(job->pods_file);
	free(job->port);
	for (size_t i = 0; i < job->endpoints.count; i++)
		endpoint_config_free(&job->endpoints.items[i]);
	endpoint_config_vector_clear(&job->endpoints);
	free(job->service_ns);
	free(job->service_name);
	domain_vector_free(&job->domains);
	domains_from_free(&job->domains_from);
	domain_filter_free(&job->ignored);
	free(job->ca_file);
	free(job->client_certificate);
	free(job->client_key);
	*job = (struct job_config){ 0 };
}

static int add_namespace(struct string_vector *namespaces, const char *text,
			 struct error *err)
{
	if (strcmp(text, "*") != 0 && !text_is_dns_label(text))
		return error_set(err, ERROR_INVALID,
				 "'%s' is not a namespace (lower-case letters, "
				 "digits and '-', or '*' for all)",
				 text);
	if (string_vector_has(namespaces, text))
		return 0;
	if (namespaces->count == CONFIG_NAMESPACES_MAX)
		return error_set(err, ERROR_INVALID,
				 "more than %d namespaces; use '*'",
				 CONFIG_NAMESPACES_MAX);
	return string_vector_add(namespaces, text, err);
}

int job_config_add_namespace(struct job_config *job, const char *text,
			     struct error *err)
{
	return add_namespace(&job->namespaces, text, err);
}

int domain_objects_add_namespace(struct domain_objects *objects,
				 const char *text, struct error *err)
{
	return add_namespace(&objects->namespaces, text, err);
}

int domain_objects_set_labels(struct domain_objects *objects, const char *text,
			      struct error *err)
{
	int r = selector_check(text, err);

	return r < 0 ? r : value_set_string(&objects->labels, text, err);
}

int domain_objects_set_class(struct domain_objects *objects, const char *text,
			     struct error *err)
{
	if (!text_is_dns_subdomain(text))
		return error_set(err, ERROR_INVALID,
				 "'%s' is not the name of a class (lower-case "
				 "letters, digits, '-' and '.')",
				 text);
	return value_set_string(&objects->class, text, err);
}

int domain_objects_set_hosts(struct domain_objects *objects, const char *text,
			     struct error *err)
{
	static const char *const names[] = { "tls", "all" };
	int choice;
	int r = value_set_choice(text, names, COUNT_OF(names), &choice, err);

	if (r == 0)
		objects->all_hosts = choice == 1;
	return r;
}

int job_config_set_labels(struct job_config *job, const char *text,
			  struct error *err)
{
	int r = selector_check(text, err);

	return r < 0 ? r : value_set_string(&job->labels, text, err);
}

int job_config_set_node(struct job_config *job, const char *text,
			struct error *err)
{
	if (strcmp(text, "") != 0 && strcmp(text, "@self") != 0 &&
	    !text_is_dns_subdomain(text))
		return error_set(err, ERROR_INVALID,
				 "'%s' is not a node's name (lower-case "
				 "letters, digits, '-' and '.'), nor '@self'",
				 text);
	return value_set_string(&job->node, text, err);
}

/* RFC 6335, 5.1: 1 to 15 of a-z, 0-9 and '-', a letter among them. */
static bool is_port_name(const char *text)
{
	return text_is_dns_label(text) && strlen(text) <= 15 &&
	       strpbrk(text, "abcdefghijklmnopqrstuvwxyz") != NULL;
}

int job_config_set_port(struct job_config *job, const char *text,
			struct error *err)
{
	unsigned long long number = 0;

	if (!text_to_number(text, 1, UINT16_MAX, &number) &&
	    !is_port_name(text))
		return error_set(err, ERROR_INVALID,
				 "'%s' is neither a port (1 to 65535) nor a "
				 "container port's name",
				 text);
	job->port_number = (uint16_t)number;
	job->has_port = true;
	if (number == 0)
		return value_set_string(&job->port, text, err);

	/* "0443" and "443" are one port and one label. */
	char canonical[24];

	(void)snprintf(canonical, sizeof(canonical), "%llu", number);
	return value_set_string(&job->port, canonical, err);
}

int job_config_set_service(struct job_config *job, const char *text,
			   struct error *err)
{
	const char *slash = strchr(text, '/');
	char *ns = slash == NULL ? NULL : strndup(text, (size_t)(slash - text));
	int r = 0;

	if (slash != NULL && ns == NULL)
		return error_memory(err);
	if (slash == NULL || !text_is_dns_label(ns) ||
	    !text_is_dns_label(slash + 1))
		r = error_set(err, ERROR_INVALID,
			      "'%s' is not NAMESPACE/NAME of a Service", text);
	if (r == 0)
		r = value_set_string(&job->service_ns, ns, err);
	if (r == 0)
		r = value_set_string(&job->service_name, slash + 1, err);
	free(ns);
	return r;
}

int job_config_set_families(struct job_config *job, const char *text,
			    struct error *err)
{
	static const char *const names[] = {
		[FAMILIES_PRIMARY] = "primary",
		[FAMILIES_ALL] = "all",
	};
	int choice;
	int r = value_set_choice(text, names, COUNT_OF(names), &choice, err);

	if (r == 0)
		job->families = (enum job_families)choice;
	return r;
}

/* A name to resolve, or an address, in the form in which it is compared. */
static int set_endpoint_address(struct endpoint_config *endpoint,
				const char *text, struct error *err)
{
	struct domain_vector one = { 0 };
	int r = domain_vector_add(&one, text, err);

	if (r == 0 && strncmp(one.items[0].name, "*.", 2) == 0)
		r = error_set(err, ERROR_INVALID,
			      "'%s' is a wildcard: no server has that name",
			      text);
	if (r == 0)
		r = value_set_string(&endpoint->address, one.items[0].name,
				     err);
	domain_vector_free(&one);
	return r;
}

static int set_endpoint_port(struct endpoint_config *endpoint, const char *text,
			     struct error *err)
{
	unsigned long long number;
	char canonical[24];

	if (!text_to_number(text, 1, UINT16_MAX, &number))
		return error_set(err, ERROR_INVALID,
				 "'%s' is not a port (1 to 65535)", text);
	endpoint->port_number = (uint16_t)number;
	(void)snprintf(canonical, sizeof(canonical), "%llu", number);
	return value_set_string(&endpoint->port, canonical, err);
}

int job_config_add_endpoint(struct job_config *job, const char *address,
			    const char *port, struct error *err)
{
	struct endpoint_config endpoint = { 0 };
	int r = 0;

	if (job->endpoints.count == CONFIG_ENDPOINTS_MAX)
		return error_set(err, ERROR_INVALID, "more than %d endpoints",
				 CONFIG_ENDPOINTS_MAX);
	r = set_endpoint_address(&endpoint, address, err);
	if (r == 0)
		r = set_endpoint_port(&endpoint, port == NULL ? "443" : port,
				      err);
	if (r == 0)
		r = endpoint_config_vector_append(&job->endpoints, endpoint,
						  err);
	if (r < 0)
		endpoint_config_free(&endpoint);
	return r;
}

int job_config_set_timeout(struct job_config *job, const char *text,
			   struct error *err)
{
	return value_set_duration(&job->timeout_ms, text, VALUE_TIMEOUT_MAX_MS,
				  err);
}

int job_config_set_proxy_protocol(struct job_config *job, const char *text,
				  struct error *err)
{
	static const char *const names[] = {
		[PROXY_PROTOCOL_NONE] = "",
		[PROXY_PROTOCOL_V1] = "v1",
		[PROXY_PROTOCOL_V2] = "v2",
	};
	int choice;
	int r = value_set_optional_choice(text, names, COUNT_OF(names), &choice,
					  err);

	if (r == 0)
		job->proxy_protocol = (enum proxy_protocol)choice;
	return r;
}

int job_config_set_starttls(struct job_config *job, const char *text,
			    struct error *err)
{
	static const char *const names[] = {
		[STARTTLS_NONE] = "",	    [STARTTLS_SMTP] = "smtp",
		[STARTTLS_IMAP] = "imap",   [STARTTLS_POP3] = "pop3",
		[STARTTLS_LDAP] = "ldap",   [STARTTLS_POSTGRES] = "postgres",
		[STARTTLS_MYSQL] = "mysql",
	};
	int choice;
	int r;

	static_assert(COUNT_OF(names) == STARTTLS_COUNT, "one name each");
	r = value_set_optional_choice(text, names, COUNT_OF(names), &choice,
				      err);
	if (r == 0)
		job->starttls = (enum starttls_protocol)choice;
	return r;
}

int job_config_set_handshake(struct job_config *job, const char *text,
			     struct error *err)
{
	static const char *const names[] = {
		[HANDSHAKE_FULL] = "full",
		[HANDSHAKE_CERTIFICATE] = "certificate",
	};
	int choice;
	int r = value_set_choice(text, names, COUNT_OF(names), &choice, err);

	if (r == 0)
		job->handshake = (enum handshake_mode)choice;
	return r;
}

static const char *const key_type_names[] = {
	[KEY_TYPE_ANY] = "",
	[KEY_TYPE_RSA] = "rsa",
	[KEY_TYPE_ECDSA] = "ecdsa",
};
static_assert(COUNT_OF(key_type_names) == KEY_TYPE_COUNT, "one name each");

const char *key_type_name(enum key_type type)
{
	return key_type_names[type];
}

int job_config_add_key_type(struct job_config *job, const char *text,
			    struct error *err)
{
	int choice;
	/* An item of a list: "" is a mistake there, not the default. */
	int r = value_set_choice(text, key_type_names + 1, KEY_TYPE_COUNT - 1,
				 &choice, err);

	if (r == 0)
		job->key_types[choice + 1] = true;
	return r;
}

bool job_config_has_key_type(const struct job_config *job, enum key_type type)
{
	if (type != KEY_TYPE_ANY)
		return job->key_types[type];
	for (size_t i = KEY_TYPE_ANY + 1; i < KEY_TYPE_COUNT; i++)
		if (job->key_types[i])
			return false;
	return true;
}
