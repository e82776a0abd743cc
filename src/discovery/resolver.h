/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of servers outside Kubernetes to addresses, by the system's resolver
 * (getaddrinfo_a(3): in threads that the C library starts and ends), with an
 * end: a resolver that is dead costs one wait for the whole run.
 *
 *	resolver_open(config, deadline, &resolver, err)
 *	resolver_wait(resolver, "lb.example.com", interrupt, &addresses, err)
 *	resolver_close(resolver)
 */
#ifndef CEM_DISCOVERY_RESOLVER_H
#define CEM_DISCOVERY_RESOLVER_H

#include "base/address.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/vector.h"
#include "config/config.h"

/* How long is waited for names at most, in all: twice what the C library gives
 * a name server by default, so that the second one can answer. */
#define RESOLVER_MAX_MS 10000

VECTOR_DEFINE(address_vector, struct address);

struct resolver;

/* Begins to look up the host names of all jobs' endpoints, each once; they go
 * on meanwhile, so it is opened before anything else that takes time. They are
 * waited for until half of what is left until `deadline`, and RESOLVER_MAX_MS
 * at most. Names that cannot even be asked for are not resolved. */
int resolver_open(const struct config *config, struct mono_time deadline,
		  struct resolver **ret_resolver, struct error *err)
	__attribute__((warn_unused_result));

/* Fills `addresses`, which is empty, with those of `name`, sorted and unique;
 * none if it does not resolve, not in time, or is no name of the
 * configuration's. Link-local IPv6 addresses are left out: without an interface
 * they lead nowhere. So are those of a family to which this host has no route,
 * if it has one to the other. Fails with ERROR_INTERRUPTED, or for want of
 * memory. */
int resolver_wait(struct resolver *resolver, const char *name,
		  struct interrupt *interrupt, struct address_vector *addresses,
		  struct error *err) __attribute__((warn_unused_result));

/* Never waits. What is still being looked up goes on in its thread, which
 * ends with the process: its few bytes stay allocated. NULL is fine. */
void resolver_close(struct resolver *resolver);

#endif
