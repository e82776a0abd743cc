/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Domains to probe, wherever they are named, in the one form in which they
 * are compared, probed and shown; and the filter of those to ignore.
 */
#ifndef CEM_CONFIG_DOMAIN_H
#define CEM_CONFIG_DOMAIN_H

#include <stdbool.h>

#include "base/error.h"
#include "base/vector.h"

/* The first label of the name that is probed for a wildcard: always this
 * one, as a proxy that gets certificates on demand would ask for a new one
 * each time otherwise. */
#define DOMAIN_WILDCARD_LABEL "cem-probe"

#define DOMAIN_MAX_BYTES 253 /* RFC 1035, in text */

struct domain {
	/* A-labels in lower case without a final dot, a leading "*." kept
	 * (the metric label), or an IP address as inet_ntop() writes it. */
	char *name;
	/* The host name that the certificate must name and that goes into
	 * the SNI; for an address the address, which goes into no SNI. */
	char *probe_name;
	bool is_address;
};

VECTOR_DEFINE(domain_vector, struct domain);

/* Appends the domain that `text` names. Fails with ERROR_INVALID if it names
 * none. */
int domain_vector_add(struct domain_vector *v, const char *text,
		      struct error *err) __attribute__((warn_unused_result));

/* Sorts by name, so that the order does not depend on where they came from,
 * and removes duplicates. */
void domain_vector_normalise(struct domain_vector *v);

void domain_vector_free(struct domain_vector *v);

/* Domains that are not to be probed: literal names or POSIX extended regular
 * expressions between slashes, both compared with domain.name. */
struct domain_filter {
	struct domain_rule *rules;
	size_t count;
	size_t capacity;
};

/* Adds "name" or "/regex/"; ERROR_INVALID says what is wrong with it. */
int domain_filter_add(struct domain_filter *filter, const char *text,
		      struct error *err) __attribute__((warn_unused_result));

bool domain_filter_ignores(const struct domain_filter *filter,
			   const struct domain *domain);

/* Removes the domains that the filter ignores. */
void domain_vector_filter(struct domain_vector *v,
			  const struct domain_filter *filter);

void domain_filter_free(struct domain_filter *filter);

#endif
