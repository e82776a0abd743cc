/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state/state on files that no run wrote: damaged, cut off, of another
 * version, no files at all. A list is whole or it is none.
 */
#include <config.h>

#include "state/state.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lists.h"
#include "state/state_reader.h"
#include "support.h"

static int setup(void **state)
{
	wall_freeze((struct wall_time){ NOW_MS });
	return temp_dir_setup(state);
}

static void test_useless_files(void **data)
{
	static const struct {
		const char *name, *text, *complaint;
	} rows[] = {
		{ "empty", "", "has no end" },
		{ "one newline", "\n", "line 1: is not a JSON object" },
		{ "no newline", "{\"version\":1}", "line 1: ends in the" },
		{ "text", "hello\n", "line 1: is not a JSON object" },
		{ "an array", "[1]\n", "line 1: is not a JSON object" },
		{ "an empty object", "{}\n", "line 1: is not a JSON object" },
		{ "a number", "1\n", "line 1: is not a JSON object" },
		{ "null", "null\n", "line 1: is not a JSON object" },
		{ "no header", LIST_A POD_1 POD_2 END(3), "is no state file" },
		{ "no version", "{\"end\":true,\"lines\":0}\n",
		  "is no state file" },
		{ "version 0", "{\"version\":0}\n" END(1), "is no state file" },
		{ "version '1'", "{\"version\":\"1\"}\n" END(1),
		  "is no state file" },
		{ "version 2", "{\"version\":2}\nwhatever\n",
		  "is of version 2, and this program knows 1" },
		{ "header only", HEADER, "has no end" },
		{ "two headers", HEADER HEADER END(2), "begins twice" },
		{ "no end", HEADER LIST_A POD_1 POD_2, "has no end" },
		{ "too few lines", HEADER LIST_A POD_1 POD_2 END(5),
		  "has not as many lines" },
		{ "too many lines", HEADER LIST_A POD_1 POD_2 END(3),
		  "has not as many lines" },
		{ "no number of lines", HEADER "{\"end\":true}\n",
		  "has not as many lines" },
		{ "behind the end", HEADER END(1) SUCCESS,
		  "goes on behind its end" },
		{ "two ends", HEADER END(1) END(2), "goes on behind its end" },
		{ "the end without a newline",
		  HEADER "{\"end\":true,"
			 "\"lines\":1}",
		  "line 2: ends in the middle" },
		{ "two objects in a line", HEADER "{\"a\":1}{\"b\":1}\n" END(2),
		  "line 2: is not a JSON object" },
		{ "UTF-8", HEADER "{\"a\":\"\xff\"}\n" END(2),
		  "line 2: is not a JSON object" },
		{ "deep",
		  HEADER
		  "{\"a\":[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]}\n" END(2),
		  "line 2: is not a JSON object" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *path = path_join(*data, "state.json");
		struct error err = { 0 };
		struct state *state;
		const char *said;
		char *text;

		write_file(path, rows[i].text);
		state = open_any_state(path);
		said = state_complaint(state);
		assert_row(said != NULL, rows[i].name);
		if (strstr(said, rows[i].complaint) == NULL)
			print_error("%s\n", said);
		assert_row(strstr(said, rows[i].complaint) != NULL,
			   rows[i].name);
		assert_row(strncmp(said, path, strlen(path)) == 0,
			   rows[i].name);
		assert_row(strstr(said, "; the state begins anew") != NULL,
			   rows[i].name);
		assert_row(count_items(state, "a") == 0, rows[i].name);
		assert_int_equal(state_record(state).last_success.ms, 0);
		/* It stays until there is a new one. */
		text = read_text(path);
		assert_string_equal(text, rows[i].text);
		free(text);
		assert_ok(state_begin_write(state, &err), &err);
		commit_and_close(state);
		state_close(open_good_state(path));
		free(path);
	}
}

/* At each length, and with each byte another one. */
static void test_every_byte(void **data)
{
	static const unsigned char flips[] = { 0x01, 0x02, 0x08, 0x20,
					       0x80, 0xff, '\n' };
	static const char whole[] = WHOLE;
	size_t size = sizeof(whole) - 1;
	char *path = path_join(*data, "state.json");
	char bytes[sizeof(whole)];

	for (size_t cut = 0; cut < size; cut++) {
		struct state *state;

		write_bytes(path, whole, cut);
		state = open_any_state(path);
		assert_non_null(state_complaint(state));
		assert_int_equal(count_items(state, "a"), 0);
		assert_int_equal(count_items(state, "b"), 0);
		state_close(state);
	}
	for (size_t i = 0; i < size * sizeof(flips); i++) {
		unsigned char flip = flips[i % sizeof(flips)];
		unsigned char *byte =
			(unsigned char *)&bytes[i / sizeof(flips)];

		memcpy(bytes, whole, size);
		/* A newline, or a NUL in place of one. */
		*byte = flip == '\n' ? (*byte == '\n' ? '\0' : '\n') :
				       *byte ^ flip;
		write_bytes(path, bytes, size);
		assert_usable(path);
	}
	free(path);
}

/* A fixed sequence of numbers. */
static uint32_t next_number(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(*seed >> 33);
}

/* Lines that are cut, doubled, swapped, filled with noise. */
static size_t mutate(char *bytes, size_t size, size_t room, uint64_t *seed)
{
	size_t at = next_number(seed) % (size + 1);
	size_t length = next_number(seed) % 80;
	size_t from;

	if (length > size - at)
		length = size - at;
	switch (next_number(seed) % 4) {
	case 0: /* out */
		memmove(bytes + at, bytes + at + length, size - at - length);
		return size - length;
	case 1: /* once more, elsewhere */
		if (size + length > room)
			return size;
		from = next_number(seed) % (size - length + 1);
		memmove(bytes + at + length, bytes + at, size - at);
		memmove(bytes + at, bytes + from, length);
		return size + length;
	case 2: /* noise */
		for (size_t i = 0; i < length; i++)
			bytes[at + i] = (char)next_number(seed);
		return size;
	default: /* a character that means something */
		if (at < size)
			bytes[at] = "{}[]\",:\\\n0"[next_number(seed) % 10];
		return size;
	}
}

static void test_mutations(void **data)
{
	static const char whole[] = WHOLE;
	char *path = path_join(*data, "state.json");
	char bytes[4096];
	uint64_t seed = 20;

	for (int round = 0; round < 3000; round++) {
		size_t size = sizeof(whole) - 1;
		uint32_t count = 1 + next_number(&seed) % 4;

		memcpy(bytes, whole, size);
		for (uint32_t i = 0; i < count; i++)
			size = mutate(bytes, size, sizeof(bytes), &seed);
		write_bytes(path, bytes, size);
		/* A count may be another one now, and so may a key. */
		state_close(open_any_state(path));
		for (size_t i = 0; i < size; i++)
			bytes[i] = (char)next_number(&seed);
		write_bytes(path, bytes, size);
		assert_usable(path);
	}
	free(path);
}

static void test_no_file(void **data)
{
	static const struct {
		const char *name, *complaint; /* NULL: none */
	} rows[] = {
		{ "missing.json", NULL },
		{ "missing/state.json", NULL },
		{ "dangling", NULL },
		{ "fifo", "is not a regular file" },
		{ "directory", "is not a regular file" },
		{ "null", "is not a regular file" },
		{ "loop", "cannot be read" },
		{ "file/state.json", "cannot be read" },
		{ "large", "has more than 268435456 bytes" },
	};
	char *path = path_join(*data, "fifo");

	assert_int_equal(mkfifo(path, 0600), 0);
	free(path);
	path = path_join(*data, "directory");
	assert_int_equal(mkdir(path, 0700), 0);
	free(path);
	path = path_join(*data, "dangling");
	assert_int_equal(symlink("nowhere", path), 0);
	free(path);
	path = path_join(*data, "null");
	assert_int_equal(symlink("/dev/null", path), 0);
	free(path);
	path = path_join(*data, "loop");
	assert_int_equal(symlink("loop", path), 0);
	free(path);
	path = path_join(*data, "file");
	write_file(path, "");
	free(path);
	path = path_join(*data, "large");
	write_file(path, WHOLE);
	assert_int_equal(truncate(path, (off_t)STATE_BYTES_MAX + 1), 0);
	free(path);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct error err = { 0 };
		struct state *state;
		const char *said;
		int r;

		path = path_join(*data, rows[i].name);
		state = open_any_state(path);
		said = state_complaint(state);
		assert_row((said == NULL) == (rows[i].complaint == NULL),
			   rows[i].name);
		assert_row(said == NULL ||
				   strstr(said, rows[i].complaint) != NULL,
			   rows[i].name);
		assert_int_equal(count_items(state, "a"), 0);
		if (said != NULL && strstr(said, "regular") != NULL) {
			r = state_begin_write(state, &err);
			assert_error(r, &err, ERROR_INVALID, path);
			assert_null(strstr(err.message, "output"));
		}
		state_close(state);
		free(path);
	}
}

static void test_unreadable(void **data)
{
	char *path = path_join(*data, "state.json");
	struct state *state;

	write_file(path, WHOLE);
	assert_int_equal(chmod(path, 0), 0);
	/* Root may read everything. */
	if (getuid() == 0 && seteuid(65534) != 0)
		skip();
	state = open_any_state(path);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	assert_non_null(strstr(state_complaint(state), "cannot be read"));
	assert_int_equal(count_items(state, "a"), 0);
	state_close(state);
	free(path);
}

/* Under a reader's hands, though only a rename is ever to do that. */
static void test_changes_after_open(void **data)
{
	char *path = path_join(*data, "state.json");
	static const char *const now[] = {
		"",
		HEADER,
		HEADER LIST_B NAME_1 END(3),
		HEADER LIST_A POD_1,
		HEADER LIST_C POD_1 POD_2 END(4),
		HEADER LIST_A POD_1 SUCCESS END(4),
	};

	for (size_t i = 0; i < COUNT_OF(now); i++) {
		struct error err = { 0 };
		struct state *state;

		write_file(path, WHOLE);
		state = open_good_state(path);
		write_file(path, now[i]);
		assert_int_equal(count_items(state, "a"), 0);
		state_close(state);

		/* And between the recall and the commit. */
		write_file(path, WHOLE);
		state = open_good_state(path);
		assert_ok(state_begin_write(state, &err), &err);
		assert_int_equal(count_items(state, "a"), 2);
		assert_int_equal(truncate(path, 0), 0);
		assert_error(state_commit(state, &err), &err, ERROR_SYSTEM,
			     "state.json: has changed");
		state_close(state);
		assert_int_equal(count_entries(*data), 1);
	}
	free(path);
}

/* The new file, not the one that is read, has the name. */
static void test_replaced_after_open(void **data)
{
	char *path = path_join(*data, "state.json");
	char *other = path_join(*data, "other.json");
	struct state *state;

	write_file(path, WHOLE);
	write_file(other, HEADER END(1));
	state = open_good_state(path);
	assert_int_equal(rename(other, path), 0);
	assert_int_equal(count_items(state, "a"), 2);
	state_close(state);
	free(other);
	free(path);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, temp_dir_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_useless_files),	TEST(test_every_byte),
		TEST(test_mutations),		TEST(test_no_file),
		TEST(test_unreadable),		TEST(test_changes_after_open),
		TEST(test_replaced_after_open),
	};

	return cmocka_run_group_tests_name("state_damage", tests, NULL, NULL);
}
