/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which route is attached to which listener, and the names that come of it.
 */
#include <config.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "discovery/gateways.h"

/* The words of a fact, of listeners and of routes. */
enum word {
	WORD_TYPE,
	WORD_PROTOCOL,
	WORD_KIND = WORD_PROTOCOL,
	WORD_PORT,
	WORD_FROM,
	WORD_NAMESPACE = WORD_FROM,
	WORD_KINDS,
	WORD_VERDICT = WORD_KINDS,
	WORD_NAME,
	WORD_SECTION = WORD_NAME,
	WORD_HOSTNAME,
};
#define WORD_COUNT (WORD_HOSTNAME + 1)

struct text {
	const char *at;
	size_t length;
};

/* Borrowed from what was found. */
struct fact {
	const char *gateway;
	struct text words[WORD_COUNT];
};

static bool is(struct text text, const char *word)
{
	return strlen(word) == text.length &&
	       memcmp(text.at, word, text.length) == 0;
}

static bool is_none(struct text text)
{
	return is(text, "-");
}

static bool is_equal(struct text a, struct text b)
{
	return a.length == b.length && memcmp(a.at, b.at, a.length) == 0;
}

/* False if it is no fact: what is remembered may be damaged. */
static bool parse(const struct found_name *name, struct fact *ret_fact)
{
	const char *at = name->text;

	if (name->gateway == NULL)
		return false;
	ret_fact->gateway = name->gateway;
	for (int w = 0; w < WORD_COUNT; w++) {
		struct text *word = &ret_fact->words[w];

		word->at = at;
		word->length = strcspn(at, " ");
		at += word->length;
		if (word->length == 0 ||
		    *at != (w == WORD_COUNT - 1 ? '\0' : ' '))
			return false;
		at++;
	}
	return is(ret_fact->words[WORD_TYPE], "listener") ||
	       is(ret_fact->words[WORD_TYPE], "route");
}

/* Listeners before routes, by Gateway. */
static int compare(const void *one, const void *other)
{
	const struct fact *a = one;
	const struct fact *b = other;
	bool a_is_route = is(a->words[WORD_TYPE], "route");
	bool b_is_route = is(b->words[WORD_TYPE], "route");

	if (a_is_route != b_is_route)
		return a_is_route ? 1 : -1;
	return strcmp(a->gateway, b->gateway);
}

/* Whether each name that `narrow` means `wide` means too: "*.x" covers any
 * depth below x (HTTPRouteSpec.hostnames). */
static bool covers(struct text wide, struct text narrow)
{
	size_t suffix = wide.length - 1; /* of "*.x": ".x" */

	if (is_none(wide) || is_equal(wide, narrow))
		return true;
	return wide.at[0] == '*' && narrow.length > suffix &&
	       memcmp(narrow.at + narrow.length - suffix, wide.at + 1,
		      suffix) == 0;
}

static bool allows_namespace(const struct fact *listener,
			     const struct fact *route)
{
	struct text from = listener->words[WORD_FROM];
	struct text ns = route->words[WORD_NAMESPACE];

	if (is(from, "All"))
		return true;
	if (is(from, "Same"))
		return strncmp(listener->gateway, ns.at, ns.length) == 0 &&
		       listener->gateway[ns.length] == '/';
	return is(from, "Selector") &&
	       is(route->words[WORD_VERDICT], "accepted");
}

/* Whether the route's hostname is served at the listener. Of the other kinds
 * of intersection, where the listener's hostname is the narrower one, comes
 * that hostname, which is taken anyway. */
static bool is_attached(const struct fact *listener, const struct fact *route)
{
	const struct text *l = listener->words;
	const struct text *r = route->words;

	return is(l[WORD_PROTOCOL], "HTTPS") &&
	       memmem(l[WORD_KINDS].at, l[WORD_KINDS].length, r[WORD_KIND].at,
		      r[WORD_KIND].length) != NULL &&
	       (is_none(r[WORD_PORT]) ||
		is_equal(l[WORD_PORT], r[WORD_PORT])) &&
	       (is_none(r[WORD_SECTION]) ||
		is_equal(l[WORD_NAME], r[WORD_SECTION])) &&
	       allows_namespace(listener, route) &&
	       covers(l[WORD_HOSTNAME], r[WORD_HOSTNAME]);
}

/* The hostname ends the fact, so it is a text by itself. */
static int take_hostname(const struct fact *fact, struct found *found,
			 struct error *err)
{
	if (is_none(fact->words[WORD_HOSTNAME]))
		return 0;
	return found_add_name(found, fact->words[WORD_HOSTNAME].at,
			      fact->gateway, 0, err);
}

/* The first of the sorted `facts` that is not before `key`. */
static size_t find(const struct fact *facts, size_t count,
		   const struct fact *key)
{
	size_t low = 0;

	while (low < count) {
		size_t middle = low + (count - low) / 2;

		if (compare(&facts[middle], key) < 0)
			low = middle + 1;
		else
			count = middle;
	}
	return low;
}

/* Adds the hostname of `route` if a listener of its Gateway takes it. Somebody
 * may list a Gateway again and again. */
static int join_route(const struct fact *route, const struct fact *listeners,
		      size_t count, struct found *found, struct error *err)
{
	struct fact key = *route;
	size_t first;

	key.words[WORD_TYPE] = (struct text){ "listener", 8 };
	first = find(listeners, count, &key);
	for (size_t i = first;
	     i < count && i - first < GATEWAY_ITEMS_MAX &&
	     strcmp(listeners[i].gateway, route->gateway) == 0;
	     i++)
		if (is_attached(&listeners[i], route))
			return take_hostname(route, found, err);
	return 0;
}

int gateways_join(const struct found *facts, struct found *found,
		  struct error *err)
{
	CLEANUP(cleanup_free)
	struct fact *all = calloc(facts->names.count + 1, sizeof(*all));
	struct fact first_route = { .gateway = "",
				    .words[WORD_TYPE] = { "route", 5 } };
	size_t count = 0;
	size_t listeners;
	int r = 0;

	if (all == NULL)
		return error_memory(err);
	for (size_t i = 0; i < facts->names.count; i++)
		if (parse(&facts->names.items[i], &all[count]))
			count++;
	qsort(all, count, sizeof(*all), compare);
	listeners = find(all, count, &first_route);
	for (size_t i = 0; r == 0 && i < listeners; i++)
		r = take_hostname(&all[i], found, err);
	for (size_t i = listeners; r == 0 && i < count; i++)
		r = join_route(&all[i], all, listeners, found, err);
	return r;
}
