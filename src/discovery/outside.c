/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endpoints as configured to what is found behind them.
 */
#include <config.h>

#include "discovery/outside.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "discovery/resolver.h"

/* One endpoint, at `address`, or without any for NULL. */
static int add_endpoint(const char *name, const struct address *address,
			uint16_t port, struct found *found, struct error *err)
{
	struct pod_facts facts = {
		.ns = strdup(""),
		.name = strdup(name),
		.port = port,
	};

	if (address != NULL)
		facts.address = *address;
	if (facts.ns == NULL || facts.name == NULL) {
		pod_facts_free(&facts);
		return error_memory(err);
	}
	return found_add_pod(found, facts, err);
}

static int add_addresses(const struct endpoint_config *endpoint,
			 const struct address *addresses, size_t count,
			 struct found *found, struct error *err)
{
	int r = 0;

	if (count == 0)
		return add_endpoint(endpoint->address, NULL,
				    endpoint->port_number, found, err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		char name[ADDRESS_TEXT_MAX];

		address_format(&addresses[i], name);
		r = add_endpoint(name, &addresses[i], endpoint->port_number,
				 found, err);
	}
	return r;
}

/* How many addresses there is room for: of one name, and in all, where one is
 * kept for each endpoint that is still to come. */
static size_t limit_of(const struct found *found, size_t to_come)
{
	size_t used = found->pods.count + to_come;
	size_t left = used < FOUND_PODS_MAX ? FOUND_PODS_MAX - used : 1;

	return left < OUTSIDE_ADDRESSES_MAX ? left : OUTSIDE_ADDRESSES_MAX;
}

static int read_endpoint(struct lister *lister,
			 const struct endpoint_config *endpoint, size_t to_come,
			 struct found *found, struct error *err)
{
	CLEANUP(address_vector_clear) struct address_vector addresses = { 0 };
	size_t limit = limit_of(found, to_come);
	struct address literal;
	int r;

	if (address_parse(endpoint->address, &literal))
		return add_addresses(endpoint, &literal, 1, found, err);
	r = resolver_wait(lister->resolver, endpoint->address,
			  lister->api.interrupt, &addresses, err);
	if (r < 0)
		return r;
	if (addresses.count > limit) {
		log_info("%s has %zu addresses: only the first %zu are probed",
			 endpoint->address, addresses.count, limit);
		addresses.count = limit;
	}
	return add_addresses(endpoint, addresses.items, addresses.count, found,
			     err);
}

int outside_read(struct lister *lister, struct job_discovery *job,
		 struct found *found, struct error *err)
{
	const struct endpoint_config_vector *endpoints = &job->job->endpoints;
	int r = 0;

	for (size_t i = 0; r == 0 && i < endpoints->count; i++)
		r = read_endpoint(lister, &endpoints->items[i],
				  endpoints->count - i - 1, found, err);
	return r;
}
