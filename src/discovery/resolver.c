/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Around getaddrinfo_a(3). glibc looks up 20 names at a time and queues the
 * rest. A lookup that has begun cannot be cancelled, so each has a block of its
 * own, which stays allocated if it is not over at the end.
 */
#include <config.h>

#include "discovery/resolver.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

#define SLICE_MS 50 /* how often a signal is looked for */

/* All that the thread of the C library reads and writes. */
struct lookup {
	struct gaicb control;
	struct lookup *next; /* of `abandoned` */
	char name[];	     /* control.ar_name */
};

struct resolver {
	struct lookup **lookups; /* sorted by name, unique */
	size_t count;
	struct mono_time deadline;
};

/* What such threads, which nobody can end, may still use: theirs until the
 * process ends. */
static struct lookup *abandoned;

static const struct addrinfo hints = {
	.ai_family = AF_UNSPEC,
	.ai_socktype = SOCK_STREAM,
};

static int compare_names(const void *one, const void *other)
{
	const char *const *a = one;
	const char *const *b = other;

	return strcmp(*a, *b);
}

VECTOR_DEFINE(name_vector, const char *); /* borrowed */

/* The host names of all endpoints, sorted and unique. */
static int collect_names(const struct config *config, struct name_vector *names,
			 struct error *err)
{
	size_t kept = 0;
	int r = 0;

	for (size_t i = 0; i < config->jobs.count; i++) {
		const struct endpoint_config_vector *endpoints =
			&config->jobs.items[i].endpoints;

		for (size_t j = 0; r == 0 && j < endpoints->count; j++) {
			const char *name = endpoints->items[j].address;
			struct address address;

			if (!address_parse(name, &address))
				r = name_vector_append(names, name, err);
		}
	}
	if (r < 0)
		return r;
	if (names->count > 1)
		qsort(names->items, names->count, sizeof(names->items[0]),
		      compare_names);
	for (size_t i = 0; i < names->count; i++)
		if (kept == 0 ||
		    strcmp(names->items[i], names->items[kept - 1]) != 0)
			names->items[kept++] = names->items[i];
	names->count = kept;
	return 0;
}

static int start(const char *name, struct lookup **ret_lookup,
		 struct error *err)
{
	size_t size = strlen(name) + 1;
	struct lookup *lookup = calloc(1, sizeof(*lookup) + size);
	struct gaicb *list[1];

	if (lookup == NULL)
		return error_memory(err);
	memcpy(lookup->name, name, size);
	lookup->control.ar_name = lookup->name;
	lookup->control.ar_request = &hints;
	list[0] = &lookup->control;
	/* One by one: the C library has the array of all on its stack. If it
	 * fails the name is not resolved, as gai_error() or the end of the
	 * time says. */
	(void)getaddrinfo_a(GAI_NOWAIT, list, 1, NULL);
	*ret_lookup = lookup;
	return 0;
}

int resolver_open(const struct config *config, struct mono_time deadline,
		  struct resolver **ret_resolver, struct error *err)
{
	CLEANUP(name_vector_clear) struct name_vector names = { 0 };
	int64_t wait_ms = mono_until(deadline) / 2;
	struct resolver *resolver;
	int r = collect_names(config, &names, err);

	if (r < 0)
		return r;
	if (wait_ms > RESOLVER_MAX_MS)
		wait_ms = RESOLVER_MAX_MS;
	resolver = calloc(1, sizeof(*resolver));
	if (resolver == NULL)
		return error_memory(err);
	resolver->deadline = mono_after(mono_now(), wait_ms);
	resolver->lookups = calloc(names.count + 1, sizeof(struct lookup *));
	if (resolver->lookups == NULL)
		r = error_memory(err);
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		r = start(names.items[i], &resolver->lookups[i], err);
		if (r == 0)
			resolver->count++;
	}
	if (r < 0) {
		resolver_close(resolver);
		return r;
	}
	*ret_resolver = resolver;
	return 0;
}

static struct lookup *find(const struct resolver *resolver, const char *name)
{
	size_t begin = 0;
	size_t end = resolver->count;

	while (begin < end) {
		size_t middle = begin + (end - begin) / 2;
		int order = strcmp(name, resolver->lookups[middle]->name);

		if (order == 0)
			return resolver->lookups[middle];
		if (order < 0)
			end = middle;
		else
			begin = middle + 1;
	}
	return NULL;
}

/* Until the lookup is over, in whatever way, or its time. */
static int await(const struct resolver *resolver, struct lookup *lookup,
		 struct interrupt *interrupt, struct error *err)
{
	const struct gaicb *const list[] = { &lookup->control };

	while (gai_error(&lookup->control) == EAI_INPROGRESS) {
		int64_t wait_ms = mono_until(resolver->deadline);
		struct timespec slice = { 0 };

		if (interrupt_seen(interrupt))
			return error_set(err, ERROR_INTERRUPTED, "interrupted");
		if (wait_ms == 0)
			return 0;
		if (wait_ms > SLICE_MS)
			wait_ms = SLICE_MS;
		slice.tv_nsec = (long)wait_ms * 1000000;
		/* It may never have been queued. */
		if (gai_suspend(list, 1, &slice) == EAI_ALLDONE &&
		    gai_error(&lookup->control) == EAI_INPROGRESS)
			return 0;
	}
	return 0;
}

static bool read_address(const struct sockaddr *socket,
			 struct address *ret_address)
{
	struct address address = { .family = socket->sa_family };

	if (socket->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)socket;

		memcpy(address.bytes, &in->sin_addr, sizeof(in->sin_addr));
	} else if (socket->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)socket;

		if (IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr))
			return false;
		memcpy(address.bytes, &in6->sin6_addr, sizeof(in6->sin6_addr));
	} else {
		return false;
	}
	*ret_address = address;
	return true;
}

/* IPv4 first. */
static int compare_addresses(const void *one, const void *other)
{
	const struct address *a = one;
	const struct address *b = other;

	if (a->family != b->family)
		return a->family == AF_INET ? -1 : 1;
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

/* Whether packets could be sent there. None is: connecting a UDP socket only
 * looks for the route. */
static bool has_route(const struct address *address)
{
	struct sockaddr_storage socket_address;
	socklen_t size = address_to_socket(address, 9, &socket_address);
	int fd = socket(address->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool has;

	if (fd < 0)
		return errno != EAFNOSUPPORT;
	has = connect(fd, (const struct sockaddr *)&socket_address, size) == 0;
	(void)close(fd);
	return has;
}

static bool has_any_route(const struct address *addresses, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (has_route(&addresses[i]))
			return true;
	return false;
}

/* Leaves out a family that this host cannot speak, as many have no IPv6: that
 * says nothing of the server. Never both. AI_ADDRCONFIG would do much the same,
 * but would need a netlink socket, which our sandbox has not. */
static void leave_out_family(struct address_vector *addresses)
{
	struct address *all = addresses->items;
	size_t count = addresses->count;
	size_t fours = 0;
	bool has_four;
	bool has_six;

	while (fours < count && all[fours].family == AF_INET)
		fours++;
	if (fours == 0 || fours == count)
		return;
	has_four = has_any_route(all, fours);
	has_six = has_any_route(&all[fours], count - fours);
	if (has_four && !has_six)
		addresses->count = fours;
	if (has_four || !has_six)
		return;
	memmove(all, &all[fours], (count - fours) * sizeof(all[0]));
	addresses->count -= fours;
}

/* `addresses` is empty. */
static int read_addresses(const struct addrinfo *list,
			  struct address_vector *addresses, struct error *err)
{
	size_t kept = 0;
	int r = 0;

	for (; r == 0 && list != NULL; list = list->ai_next) {
		struct address address;

		if (read_address(list->ai_addr, &address))
			r = address_vector_append(addresses, address, err);
	}
	if (r < 0)
		return r;
	if (addresses->count > 1)
		qsort(addresses->items, addresses->count,
		      sizeof(addresses->items[0]), compare_addresses);
	for (size_t i = 0; i < addresses->count; i++)
		if (kept == 0 ||
		    compare_addresses(&addresses->items[i],
				      &addresses->items[kept - 1]) != 0)
			addresses->items[kept++] = addresses->items[i];
	addresses->count = kept;
	leave_out_family(addresses);
	return 0;
}

int resolver_wait(struct resolver *resolver, const char *name,
		  struct interrupt *interrupt, struct address_vector *addresses,
		  struct error *err)
{
	struct lookup *lookup = find(resolver, name);
	int r;

	if (lookup == NULL)
		return 0;
	r = await(resolver, lookup, interrupt, err);
	if (r < 0)
		return r;
	r = gai_error(&lookup->control);
	if (r == 0)
		return read_addresses(lookup->control.ar_result, addresses,
				      err);
	log_debug("%s: %s", name,
		  r == EAI_INPROGRESS ? "the resolver did not answer in time" :
					gai_strerror(r));
	return 0;
}

void resolver_close(struct resolver *resolver)
{
	if (resolver == NULL)
		return;
	for (size_t i = 0; i < resolver->count; i++) {
		struct lookup *lookup = resolver->lookups[i];

		/* Begun and not over: the thread still writes to it. */
		if (gai_cancel(&lookup->control) == EAI_NOTCANCELED) {
			lookup->next = abandoned;
			abandoned = lookup;
			continue;
		}
		if (lookup->control.ar_result != NULL)
			freeaddrinfo(lookup->control.ar_result);
		free(lookup);
	}
	free(resolver->lookups);
	free(resolver);
}
