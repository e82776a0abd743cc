/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helpers of the tests of src/state/.
 */
#include <config.h>

#include "lists.h"

#include <stdlib.h>
#include <string.h>

#include "support.h"

static char *copy(const char *text)
{
	char *copied = text == NULL ? NULL : strdup(text);

	assert_true(text == NULL || copied != NULL);
	return copied;
}

void list_add_pod(struct found *found, const char *ns, const char *name,
		  const char *gateway, const char *address, uint16_t port)
{
	struct pod_facts pod = {
		.ns = copy(ns),
		.name = copy(name),
		.gateway = copy(gateway),
		.port = port,
	};
	struct error err = { 0 };

	assert_true(address == NULL || address_parse(address, &pod.address));
	assert_ok(found_add_pod(found, pod, &err), &err);
}

void list_add_skipped(struct found *found, const char *ns, const char *name,
		      enum pod_skip skip)
{
	struct pod_facts pod = {
		.ns = copy(ns),
		.name = copy(name),
		.is_skipped = true,
		.skip = skip,
	};
	struct error err = { 0 };

	assert_ok(found_add_pod(found, pod, &err), &err);
}

void list_add_name(struct found *found, const char *text, const char *gateway,
		   int64_t not_before)
{
	struct error err = { 0 };

	assert_ok(found_add_name(found, text, gateway, not_before, &err), &err);
}

void list_fill(struct found *found)
{
	list_add_pod(found, "edge", "traefik-1", NULL, "10.0.0.1", 443);
	list_add_pod(found, "edge", "traefik-2", "edge/gw", "2001:db8::1",
		     65535);
	list_add_pod(found, "", "lb.example.com", NULL, NULL, 1);
	list_add_pod(found, "d\xc3\xa9\"\\\n\x01/", "\xf0\x9f\x90\x99", NULL,
		     "0.0.0.0", 8443);
	for (int s = 0; s < POD_SKIP_COUNT; s++)
		list_add_skipped(found, "edge", "skipped", (enum pod_skip)s);
	list_add_name(found, "shop.example.com", NULL, 0);
	list_add_name(found, "*.example.org", "edge/gw", 1700000000);
	list_add_name(found, "", NULL, -1);
}

void list_add_many(struct found *found, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char name[64];
		char address[64];

		(void)snprintf(name, sizeof(name), "traefik-7d9c5b-%06zu", i);
		(void)snprintf(address, sizeof(address), "10.%zu.%zu.%zu",
			       i >> 16, i >> 8 & 255, i & 255);
		list_add_pod(found, "edge", name, NULL, address, 443);
	}
}

static void assert_same_text(const char *text, const char *expected)
{
	assert_int_equal(text == NULL, expected == NULL);
	if (text != NULL)
		assert_string_equal(text, expected);
}

void assert_same_lists(const struct found *found, const struct found *expected)
{
	assert_int_equal(found->pods.count, expected->pods.count);
	assert_int_equal(found->names.count, expected->names.count);
	for (size_t i = 0; i < found->pods.count; i++) {
		const struct pod_facts *a = &found->pods.items[i];
		const struct pod_facts *b = &expected->pods.items[i];

		assert_same_text(a->ns, b->ns);
		assert_same_text(a->name, b->name);
		assert_same_text(a->gateway, b->gateway);
		assert_int_equal(a->is_skipped, b->is_skipped);
		assert_int_equal(a->skip, b->skip);
		assert_int_equal(a->port, b->port);
		assert_memory_equal(&a->address, &b->address,
				    sizeof(a->address));
	}
	for (size_t i = 0; i < found->names.count; i++) {
		const struct found_name *a = &found->names.items[i];
		const struct found_name *b = &expected->names.items[i];

		assert_same_text(a->text, b->text);
		assert_same_text(a->gateway, b->gateway);
		assert_int_equal(a->not_before, b->not_before);
	}
}

struct state *open_good_state(const char *path)
{
	struct state *state = NULL;
	struct error err = { 0 };

	assert_ok(state_open(path, INT64_MAX, &state, &err), &err);
	if (state_complaint(state) != NULL)
		print_error("%s\n", state_complaint(state));
	assert_null(state_complaint(state));
	return state;
}

struct state *open_new_state(const char *path)
{
	struct state *state = open_good_state(path);
	struct error err = { 0 };

	assert_ok(state_begin_write(state, &err), &err);
	return state;
}

void commit_and_close(struct state *state)
{
	struct error err = { 0 };

	assert_ok(state_commit(state, &err), &err);
	state_close(state);
}

void keep_list(struct state *state, const char *key, int64_t listed_at_ms,
	       const struct found *found)
{
	struct list_memory memory = state_list_memory(state);

	memory.keep(memory.data, key, (struct wall_time){ listed_at_ms },
		    found);
}

bool recall_list(struct state *state, const char *key, struct found *found)
{
	struct list_memory memory = state_list_memory(state);
	struct wall_time listed_at = { -1 };
	struct error err = { 0 };
	int r = memory.recall(memory.data, key, HOUR_MS, found, &listed_at,
			      &err);

	assert_in_range(r, 0, 1);
	if (r == 0)
		assert_int_equal(listed_at.ms, -1);
	return r > 0;
}

bool has_list(struct state *state, const char *key)
{
	struct found found = { 0 };
	bool has = recall_list(state, key, &found);

	found_free(&found);
	return has;
}

void write_bytes(const char *path, const char *bytes, size_t size)
{
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, size, out), size);
	assert_int_equal(fclose(out), 0);
}

struct state *open_any_state(const char *path)
{
	struct state *state = NULL;
	struct error err = { 0 };

	assert_ok(state_open(path, INT64_MAX, &state, &err), &err);
	return state;
}

size_t count_items(struct state *state, const char *key)
{
	struct found found = { 0 };
	bool has = recall_list(state, key, &found);
	size_t count = found.pods.count + found.names.count;

	assert_true(has || count == 0);
	found_free(&found);
	return count;
}

void assert_usable(const char *path)
{
	static unsigned int calls;
	struct state *state = open_any_state(path);
	struct error err = { 0 };
	size_t a = count_items(state, "a");
	size_t b = count_items(state, "b");
	struct wall_time success = state_record(state).last_success;

	assert_true(a == 0 || a == 2);
	assert_in_range(b, 0, 1);
	assert_true(success.ms >= 0);
	/* Each file that reaches the disk takes its time. */
	if (++calls % 16 != 0) {
		state_close(state);
		return;
	}
	assert_ok(state_begin_write(state, &err), &err);
	commit_and_close(state);
	state = open_good_state(path);
	assert_int_equal(count_items(state, "a"), a);
	assert_int_equal(count_items(state, "b"), b);
	assert_int_equal(state_record(state).last_success.ms, success.ms);
	state_close(state);
}
