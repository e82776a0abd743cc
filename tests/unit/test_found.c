/* SPDX-License-Identifier: Apache-2.0 */
/*
 * discovery/found: what belongs to whom, and limits.
 */
#include <config.h>

#include "discovery/found.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "support.h"

static void add_pod(struct found *found, const char *name)
{
	struct pod_facts facts = { .ns = strdup("edge"),
				   .name = strdup(name),
				   .gateway = strdup("edge/web") };
	struct error err = { 0 };

	assert_ok(found_add_pod(found, facts, &err), &err);
}

static void add_name(struct found *found, const char *text)
{
	struct error err = { 0 };

	assert_ok(found_add_name(found, text, NULL, 0, &err), &err);
}

static void test_skip_names(void **state)
{
	enum pod_skip skip = POD_NOT_READY;

	(void)state;
	for (int s = 0; s < POD_SKIP_COUNT; s++) {
		assert_true(pod_skip_of_name(pod_skip_name((enum pod_skip)s),
					     &skip));
		assert_int_equal(skip, s);
	}
	assert_false(pod_skip_of_name("", &skip));
	assert_false(pod_skip_of_name("ready", &skip));
	assert_int_equal(skip, POD_SKIP_COUNT - 1);
}

static void test_names(void **state)
{
	CLEANUP(found_free) struct found found = { 0 };
	struct error err = { 0 };
	char text[FOUND_TEXT_MAX + 2];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[FOUND_TEXT_MAX + 1] = '\0';
	assert_ok(found_add_name(&found, text, NULL, 0, &err), &err);
	assert_int_equal(found.names.count, 0);
	text[FOUND_TEXT_MAX] = '\0';
	assert_ok(found_add_name(&found, text, "edge/web", 7, &err), &err);
	assert_int_equal(found.names.count, 1);
	assert_string_equal(found.names.items[0].text, text);
	assert_string_equal(found.names.items[0].gateway, "edge/web");
	assert_int_equal(found.names.items[0].not_before, 7);
	/* A copy. */
	text[0] = 'b';
	assert_int_equal(found.names.items[0].text[0], 'a');
}

static void test_truncate(void **state)
{
	CLEANUP(found_free) struct found found = { 0 };

	(void)state;
	add_pod(&found, "a");
	add_pod(&found, "b");
	add_name(&found, "x");
	add_name(&found, "y");
	found_truncate(&found, 5, 5);
	assert_int_equal(found.pods.count, 2);
	found_truncate(&found, 1, 2);
	assert_int_equal(found.pods.count, 1);
	assert_int_equal(found.names.count, 2);
	found_truncate(&found, 1, 0);
	assert_int_equal(found.names.count, 0);
	add_pod(&found, "c");
	assert_string_equal(found.pods.items[1].name, "c");
}

static void test_append(void **state)
{
	CLEANUP(found_free) struct found one = { 0 };
	CLEANUP(found_free) struct found other = { 0 };
	struct error err = { 0 };

	(void)state;
	assert_ok(found_append(&one, &other, &err), &err);
	add_pod(&one, "a");
	add_pod(&other, "b");
	add_name(&other, "x");
	assert_ok(found_append(&one, &other, &err), &err);
	assert_int_equal(one.pods.count, 2);
	assert_int_equal(one.names.count, 1);
	assert_string_equal(one.pods.items[1].name, "b");
	assert_string_equal(one.pods.items[1].gateway, "edge/web");
	assert_int_equal(other.pods.count, 0);
	assert_int_equal(other.names.count, 0);
	assert_null(other.pods.items);
}

/* So many that nobody has to name them: strings may be missing. */
static void fill(struct found *found, size_t pods, size_t names)
{
	found->pods.items = calloc(pods + 1, sizeof(found->pods.items[0]));
	found->names.items = calloc(names + 1, sizeof(found->names.items[0]));
	assert_non_null(found->pods.items);
	assert_non_null(found->names.items);
	found->pods.count = pods;
	found->pods.capacity = pods + 1;
	found->names.count = names;
	found->names.capacity = names + 1;
}

static void test_limits(void **state)
{
	CLEANUP(found_free) struct found full = { 0 };
	CLEANUP(found_free) struct found pod = { 0 };
	CLEANUP(found_free) struct found name = { 0 };
	CLEANUP(found_free) struct found nothing = { 0 };
	struct error err = { 0 };

	(void)state;
	fill(&full, FOUND_PODS_MAX - 1, FOUND_NAMES_MAX - 1);
	add_pod(&full, "last");
	add_name(&full, "last");
	assert_error(found_add_pod(&full,
				   (struct pod_facts){ .ns = strdup("x"),
						       .name = strdup("y") },
				   &err),
		     &err, ERROR_TOO_LARGE, "200000 pods");
	assert_error(found_add_name(&full, "x", NULL, 0, &err), &err,
		     ERROR_TOO_LARGE, "100000 names");
	add_pod(&pod, "a");
	add_name(&name, "a");
	assert_ok(found_append(&full, &nothing, &err), &err);
	assert_error(found_append(&full, &pod, &err), &err, ERROR_TOO_LARGE,
		     "pods");
	assert_error(found_append(&full, &name, &err), &err, ERROR_TOO_LARGE,
		     "names");
	/* Nothing has moved. */
	assert_int_equal(pod.pods.count, 1);
	assert_string_equal(pod.pods.items[0].name, "a");
	assert_string_equal(name.names.items[0].text, "a");
	assert_int_equal(full.pods.count, FOUND_PODS_MAX);
	assert_int_equal(full.names.count, FOUND_NAMES_MAX);
	assert_error(found_check_room(&full, &pod, &err), &err, ERROR_TOO_LARGE,
		     NULL);
	assert_ok(found_check_room(&nothing, &full, &err), &err);
}

static void fill_up(struct found *found, const char *text)
{
	struct error err = { 0 };
	int r = 0;

	while (r == 0)
		r = found_add_name(found, text, NULL, 0, &err);
	assert_error(r, &err, ERROR_TOO_LARGE, "more than 24 MB of names");
}

/* Few that are long are as much as many. */
static void test_bytes(void **state)
{
	CLEANUP(found_free) struct found full = { 0 };
	CLEANUP(found_free) struct found other = { 0 };
	struct error err = { 0 };
	char text[1024];
	size_t count;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	fill_up(&full, text);
	count = full.names.count;
	assert_int_equal(count, FOUND_BYTES_MAX / sizeof(text));
	assert_error(found_add_pod(&full,
				   (struct pod_facts){ .ns = strdup("x"),
						       .name = strdup("y") },
				   &err),
		     &err, ERROR_TOO_LARGE, "more than 24 MB of names");
	add_pod(&other, "a");
	assert_error(found_append(&full, &other, &err), &err, ERROR_TOO_LARGE,
		     "more than 24 MB of names");
	/* What goes makes room, also where it went from one to the other. */
	found_truncate(&full, 0, count - 1);
	assert_ok(found_append(&full, &other, &err), &err);
	assert_int_equal(other.bytes, 0);
	found_truncate(&full, 0, count - 1);
	fill_up(&full, text);
	assert_int_equal(full.names.count, count);
	found_free(&full);
	assert_int_equal(full.bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_skip_names),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_truncate),
		cmocka_unit_test(test_append),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_bytes),
	};

	return cmocka_run_group_tests_name("found", tests, NULL, NULL);
}
