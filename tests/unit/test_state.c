/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state/state, with state/state_line, state/state_reader and
 * state/state_writer below it: what one run remembers for the next.
 */
#include <config.h>

#include "state/state.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lists.h"
#include "support.h"

static int setup(void **state)
{
	wall_freeze((struct wall_time){ NOW_MS });
	return temp_dir_setup(state);
}

/* One run that keeps what list_fill() makes. */
static void write_one(const char *path, const char *key, int64_t listed_at_ms)
{
	struct state *state = open_new_state(path);
	struct found found = { 0 };

	list_fill(&found);
	keep_list(state, key, listed_at_ms, &found);
	found_free(&found);
	commit_and_close(state);
}

static void test_round_trip(void **data)
{
	char *path = path_join(*data, "state.json");
	struct state *state = open_new_state(path);
	struct found expected = { 0 };
	struct found found = { 0 };
	struct found empty = { 0 };
	struct wall_time listed_at;
	struct list_memory memory;
	struct error err = { 0 };

	list_fill(&expected);
	keep_list(state, "pods ns=edge", NOW_MS - 5, &expected);
	keep_list(state, "nothing", NOW_MS, &empty);
	assert_int_equal(state_record(state).last_success.ms, 0);
	state_set_record(
		state, &(struct run_record){ .last_success = { NOW_MS - 7 } });
	commit_and_close(state);

	state = open_good_state(path);
	memory = state_list_memory(state);
	assert_int_equal(state_record(state).last_success.ms, NOW_MS - 7);
	/* Behind what is there already. */
	list_add_name(&found, "first.example", NULL, 0);
	assert_int_equal(memory.recall(memory.data, "pods ns=edge", HOUR_MS,
				       &found, &listed_at, &err),
			 1);
	assert_int_equal(listed_at.ms, NOW_MS - 5);
	assert_string_equal(found.names.items[0].text, "first.example");
	found_free(&found);
	/* Once more, and the same. */
	assert_true(recall_list(state, "pods ns=edge", &found));
	assert_same_lists(&found, &expected);
	found_free(&found);
	assert_true(recall_list(state, "nothing", &found));
	assert_same_lists(&found, &empty);
	assert_false(has_list(state, "pods ns=other"));
	state_close(state);
	found_free(&expected);
	free(path);
}

static void test_file(void **data)
{
	char *path = path_join(*data, "state.json");
	mode_t mask = umask(0);
	struct found found = { 0 };
	struct state *state;
	struct stat st;
	char *text;

	/* In place of one that others could read. */
	state = open_new_state(path);
	commit_and_close(state);
	assert_int_equal(chmod(path, 0666), 0);
	state = open_new_state(path);
	list_add_pod(&found, "edge", "a", "edge/gw", "10.0.0.1", 443);
	list_add_skipped(&found, "edge", "b", POD_NOT_READY);
	list_add_name(&found, "x.example", NULL, 12);
	keep_list(state, "k", 34, &found);
	found_free(&found);
	state_set_record(state, &(struct run_record){ .last_success = { 56 } });
	commit_and_close(state);
	(void)umask(mask);

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(count_entries(*data), 1);
	text = read_text(path);
	assert_string_equal(
		text, "{\"version\":1,\"program\":\"" PACKAGE_STRING "\","
		      "\"written_at\":1800000000000}\n"
		      "{\"list\":\"k\",\"listed_at\":34,\"items\":3}\n"
		      "{\"pod\":\"a\",\"ns\":\"edge\",\"gateway\":\"edge/gw\","
		      "\"address\":\"10.0.0.1\",\"port\":443}\n"
		      "{\"pod\":\"b\",\"ns\":\"edge\",\"skip\":\"not_ready\"}\n"
		      "{\"name\":\"x.example\",\"not_before\":12}\n"
		      "{\"runs\":0,\"failures\":0}\n"
		      "{\"last_success\":56}\n"
		      "{\"end\":true,\"lines\":7}\n");
	free(text);
	free(path);
}

static void test_age(void **data)
{
	static const struct {
		const char *name;
		int64_t listed_at_ms, max_age_ms;
		bool is_there;
	} rows[] = {
		{ "just read", NOW_MS, HOUR_MS, true },
		{ "as old as it may be", NOW_MS - HOUR_MS, HOUR_MS, true },
		{ "older", NOW_MS - HOUR_MS - 1, HOUR_MS, false },
		{ "since the epoch", 0, HOUR_MS, false },
		{ "any age", 0, INT64_MAX, true },
		{ "the clock went back a little", NOW_MS + 60000, HOUR_MS,
		  true },
		{ "the clock was wrong", NOW_MS + 60001, HOUR_MS, false },
		{ "in the future, any age", NOW_MS + 60001, INT64_MAX, false },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *path = path_join(*data, "state.json");
		struct wall_time listed_at = { -1 };
		struct found found = { 0 };
		struct error err = { 0 };
		struct list_memory memory;
		struct state *state;
		int r;

		write_one(path, "k", rows[i].listed_at_ms);
		state = open_good_state(path);
		memory = state_list_memory(state);
		r = memory.recall(memory.data, "k", rows[i].max_age_ms, &found,
				  &listed_at, &err);
		assert_row(r == rows[i].is_there, rows[i].name);
		assert_row((found.pods.count > 0) == rows[i].is_there,
			   rows[i].name);
		found_free(&found);
		state_close(state);
		free(path);
	}
}

static void test_last_success(void **data)
{
	char *path = path_join(*data, "state.json");
	struct state *state = open_new_state(path);

	state_set_record(state,
			 &(struct run_record){ .last_success = { NOW_MS } });
	commit_and_close(state);
	/* A run that does not succeed. */
	commit_and_close(open_new_state(path));
	state = open_good_state(path);
	assert_int_equal(state_record(state).last_success.ms, NOW_MS);
	state_close(state);
	/* The clock was wrong then, or is now. */
	wall_freeze((struct wall_time){ NOW_MS - 60001 });
	state = open_good_state(path);
	assert_int_equal(state_record(state).last_success.ms, 0);
	/* Times that no line can hold. */
	state_set_record(state, &(struct run_record){ .last_success = { -1 } });
	assert_int_equal(state_record(state).last_success.ms, 0);
	state_close(state);
	free(path);
}

/* What a run neither keeps nor recalls is gone with it. */
static void test_carry_over(void **data)
{
	char *path = path_join(*data, "state.json");
	struct state *state = open_new_state(path);
	struct found expected = { 0 };
	struct found found = { 0 };
	struct found one = { 0 };

	list_fill(&expected);
	list_add_name(&one, "new.example", NULL, 0);
	keep_list(state, "stays", NOW_MS, &expected);
	keep_list(state, "drops", NOW_MS, &one);
	keep_list(state, "is read anew", NOW_MS, &expected);
	commit_and_close(state);
	for (int run = 0; run < 3; run++) {
		state = open_new_state(path);
		assert_true(has_list(state, "stays"));
		assert_true(has_list(state, "is read anew"));
		keep_list(state, "is read anew", NOW_MS, &one);
		commit_and_close(state);
	}
	state = open_good_state(path);
	assert_true(recall_list(state, "stays", &found));
	assert_same_lists(&found, &expected);
	found_free(&found);
	assert_true(recall_list(state, "is read anew", &found));
	assert_same_lists(&found, &one);
	found_free(&found);
	assert_false(has_list(state, "drops"));
	state_close(state);
	found_free(&one);
	found_free(&expected);
	free(path);
}

/* A list that is too old is not carried, however often it is asked for. */
static void test_old_is_dropped(void **data)
{
	char *path = path_join(*data, "state.json");
	struct state *state;
	char *text;

	write_one(path, "old", NOW_MS - HOUR_MS - 1);
	state = open_new_state(path);
	assert_false(has_list(state, "old"));
	commit_and_close(state);
	text = read_text(path);
	assert_null(strstr(text, "\"old\""));
	free(text);
	free(path);
}

/* What this run keeps is for the next one; of two, one is written. */
static void test_kept_twice(void **data)
{
	char *path = path_join(*data, "state.json");
	struct found first = { 0 };
	struct found second = { 0 };
	struct found found = { 0 };
	struct state *state;
	char *text;

	write_one(path, "k", NOW_MS - 1);
	list_add_name(&first, "first.example", NULL, 0);
	list_add_name(&second, "second.example", NULL, 0);
	state = open_new_state(path);
	keep_list(state, "k", NOW_MS, &first);
	keep_list(state, "k", NOW_MS + 1, &second);
	keep_list(state, "new", NOW_MS, &first);
	keep_list(state, "new", NOW_MS, &second);
	assert_false(has_list(state, "new"));
	/* The job before could read the list, this one cannot. */
	assert_true(recall_list(state, "k", &found));
	assert_true(found.pods.count > 0);
	found_free(&found);
	commit_and_close(state);
	text = read_text(path);
	assert_null(strstr(text, "second.example"));
	free(text);
	state = open_good_state(path);
	assert_true(recall_list(state, "k", &found));
	assert_same_lists(&found, &first);
	found_free(&found);
	assert_true(has_list(state, "new"));
	state_close(state);
	found_free(&second);
	found_free(&first);
	free(path);
}

static void test_only_reading(void **data)
{
	char *path = path_join(*data, "state.json");
	struct error err = { 0 };
	struct state *state;
	char *before;
	char *after;

	write_one(path, "k", NOW_MS);
	before = read_text(path);
	state = open_good_state(path);
	assert_true(has_list(state, "k"));
	keep_list(state, "new", NOW_MS, &(struct found){ 0 });
	state_set_record(state, &(struct run_record){ .last_success = { 1 } });
	assert_ok(state_commit(state, &err), &err);
	assert_ok(state_put_back_record(
			  state, &(struct run_record){ .last_success = { 2 } },
			  &err),
		  &err);
	state_close(state);
	/* Nor does a run that is cut off in the middle. */
	state = open_new_state(path);
	keep_list(state, "new", NOW_MS, &(struct found){ 0 });
	assert_int_equal(count_entries(*data), 2);
	state_close(state);
	after = read_text(path);
	assert_string_equal(after, before);
	assert_int_equal(count_entries(*data), 1);
	state_close(NULL);
	free(after);
	free(before);
	free(path);
}

static void test_no_state(void **data)
{
	static const char *const paths[] = { NULL, "none" };
	struct error err = { 0 };

	assert_int_equal(chdir(*data), 0);
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		struct state *state = open_new_state(paths[i]);

		assert_true(state_is_none(paths[i]));
		keep_list(state, "k", NOW_MS, &(struct found){ 0 });
		assert_false(has_list(state, "k"));
		assert_ok(state_commit(state, &err), &err);
		assert_ok(state_put_back_record(
				  state,
				  &(struct run_record){ .last_success = { 1 } },
				  &err),
			  &err);
		state_close(state);
	}
	assert_false(state_is_none("none/state.json"));
	assert_int_equal(count_entries(*data), 0);
	assert_int_equal(chdir("/"), 0);
}

/* The file is written once; with the commit the state has done its work. */
static void test_second_commit(void **data)
{
	char *path = path_join(*data, "state.json");
	struct state *state = open_new_state(path);
	struct error err = { 0 };

	assert_ok(state_commit(state, &err), &err);
	assert_int_equal(unlink(path), 0);
	keep_list(state, "k", NOW_MS, &(struct found){ 0 });
	commit_and_close(state);
	assert_int_equal(count_entries(*data), 0);
	free(path);
}

static void test_put_back(void **data)
{
	char *path = path_join(*data, "state.json");
	struct found expected = { 0 };
	struct found found = { 0 };
	struct error err = { 0 };
	struct state *state;
	struct stat st;
	char *before;
	char *after;
	char *line;

	write_one(path, "recalled", NOW_MS);
	list_fill(&expected);
	state = open_new_state(path);
	state_set_record(state, &(struct run_record){ .last_success = { 17 } });
	assert_true(has_list(state, "recalled"));
	keep_list(state, "kept", NOW_MS, &expected);
	assert_ok(state_commit(state, &err), &err);
	before = read_text(path);
	assert_ok(state_put_back_record(
			  state, &(struct run_record){ .last_success = { 42 } },
			  &err),
		  &err);
	assert_int_equal(state_record(state).last_success.ms, 42);
	state_close(state);
	/* Nothing but that number has changed. */
	after = read_text(path);
	line = strstr(before, "{\"last_success\":17}");
	assert_non_null(line);
	memcpy(line, "{\"last_success\":42}", strlen("{\"last_success\":42}"));
	assert_string_equal(after, before);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(count_entries(*data), 1);

	state = open_good_state(path);
	assert_int_equal(state_record(state).last_success.ms, 42);
	assert_true(recall_list(state, "kept", &found));
	assert_same_lists(&found, &expected);
	found_free(&found);
	state_close(state);
	found_free(&expected);
	free(after);
	free(before);
	free(path);
}

/* A link is followed, and stays. */
static void test_link(void **data)
{
	char *path = path_join(*data, "state.json");
	char *link = path_join(*data, "link");
	struct state *state;
	struct stat st;

	assert_int_equal(symlink("state.json", link), 0);
	write_one(link, "k", NOW_MS);
	state = open_good_state(path);
	assert_true(has_list(state, "k"));
	state_close(state);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	free(link);
	free(path);
}

static void test_default_path(void **data)
{
	static const struct {
		const char *given, *expected;
	} rows[] = {
		{ "/a", "/a/state.json" },
		{ "/a:/b", "/a/state.json" },
		{ "/a/b:", "/a/b/state.json" },
	};
	struct error err = { 0 };
	char *path = NULL;

	(void)data;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		(void)setenv("STATE_DIRECTORY", rows[i].given, 1);
		assert_ok(state_default_path(&path, &err), &err);
		assert_string_equal(path, rows[i].expected);
		free(path);
	}
	/* Whether there is one depends on the machine that this runs on. */
	for (int i = 0; i < 2; i++) {
		path = NULL;
		if (i == 0)
			(void)setenv("STATE_DIRECTORY", "", 1);
		else
			(void)unsetenv("STATE_DIRECTORY");
		if (access(STATE_DEFAULT_DIRECTORY, X_OK) == 0) {
			assert_ok(state_default_path(&path, &err), &err);
			assert_string_equal(path, STATE_DEFAULT_DIRECTORY
					    "/state.json");
			free(path);
		} else {
			assert_error(state_default_path(&path, &err), &err,
				     ERROR_SYSTEM, STATE_DEFAULT_DIRECTORY);
			assert_null(path);
		}
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, temp_dir_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_round_trip),	 TEST(test_file),
		TEST(test_age),		 TEST(test_last_success),
		TEST(test_carry_over),	 TEST(test_old_is_dropped),
		TEST(test_kept_twice),	 TEST(test_only_reading),
		TEST(test_no_state),	 TEST(test_second_commit),
		TEST(test_put_back),	 TEST(test_link),
		TEST(test_default_path),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
