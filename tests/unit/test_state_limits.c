/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state/state at its limits: of memory, of the disk, of what it may write to,
 * and of what a line takes.
 */
#include <config.h>

#include "state/state.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lists.h"
#include "state/state_line.h"
#include "state/state_reader.h"
#include "support.h"
#include "torture.h"

static int setup(void **state)
{
	wall_freeze((struct wall_time){ NOW_MS });
	return temp_dir_setup(state);
}

/* --- Memory --------------------------------------------------------------- */

#define MANY_PODS 10000

/* More than the program, its buffers and json-c need for a line or for any
 * number of them; a tree of this many lines takes 15 MB. */
#define MEMORY_MAX_KB 1024

#ifdef __SANITIZE_ADDRESS__
#define IS_MEASURED false /* what is freed stays for a while then */
#else
#define IS_MEASURED true
#endif

static long peak_kb(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_maxrss;
}

/* Writes, and then carries over, as many pods; what the list itself takes is
 * there before and after. */
static void test_memory(void **data)
{
	char *path;
	struct found found = { 0 };
	struct found recalled = { 0 };
	struct state *state;
	struct stat st;
	long before;
	long after;
	path = path_join(*data, "state.json");
	list_add_many(&found, MANY_PODS);
	/* Libraries are loaded and used for the first time. */
	state = open_new_state(path);
	keep_list(state, "small", NOW_MS, &(struct found){ 0 });
	commit_and_close(state);
	state_close(open_good_state(path));

	before = peak_kb();
	state = open_new_state(path);
	keep_list(state, "pods", NOW_MS, &found);
	for (int i = 0; i < 10; i++) {
		char key[16];

		(void)snprintf(key, sizeof(key), "pods %d", i);
		keep_list(state, key, NOW_MS, &found);
	}
	commit_and_close(state);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size > 8 * 1024 * MEMORY_MAX_KB);
	state = open_new_state(path);
	after = peak_kb();
	if (IS_MEASURED)
		assert_in_range(after - before, 0, MEMORY_MAX_KB);

	/* One list in memory, and another file on the disk. */
	assert_true(recall_list(state, "pods", &recalled));
	assert_same_lists(&recalled, &found);
	before = peak_kb();
	commit_and_close(state);
	after = peak_kb();
	if (IS_MEASURED)
		assert_in_range(after - before, 0, MEMORY_MAX_KB);
	state = open_good_state(path);
	assert_true(has_list(state, "pods"));
	assert_false(has_list(state, "pods 1"));
	state_close(state);
	found_free(&recalled);
	found_free(&found);
	free(path);
}

/* With something to complain of: a list that lacks an item. */
#define ONE_GOOD_LIST                                                          \
	"{\"version\":1}\n"                                                    \
	"{\"list\":\"c\",\"listed_at\":1800000000000,\"items\":2}\n"           \
	"{\"name\":\"x\"}\n"                                                   \
	"{\"list\":\"a\",\"listed_at\":1800000000000,\"items\":2}\n"           \
	"{\"pod\":\"p\",\"ns\":\"e\",\"gateway\":\"e/g\",\"port\":1}\n"        \
	"{\"name\":\"x\",\"gateway\":\"e/g\"}\n"                               \
	"{\"end\":true,\"lines\":6}\n"

static int run_once(void *data, struct error *err)
{
	struct state *state = NULL;
	struct found found = { 0 };
	struct wall_time listed_at;
	struct list_memory memory;
	int r;

	write_file(data, ONE_GOOD_LIST);
	r = state_open(data, INT64_MAX, &state, err);
	if (r < 0)
		return r;
	assert_non_null(state_complaint(state));
	memory = state_list_memory(state);
	r = state_begin_write(state, err);
	if (r == 0)
		r = memory.recall(memory.data, "a", HOUR_MS, &found, &listed_at,
				  err);
	if (r >= 0) {
		assert_int_equal(r, 1);
		memory.keep(memory.data, "b", listed_at, &found);
		memory.keep(memory.data, "c", listed_at, &found);
		r = state_commit(state, err);
	}
	if (r == 0)
		r = state_put_back_record(
			state, &(struct run_record){ .last_success = { 7 } },
			err);
	found_free(&found);
	state_close(state);
	return r;
}

static void test_torture(void **data)
{
	char *path = path_join(*data, "state.json");

	torture(run_once, path);
	assert_int_equal(count_entries(*data), 1);
	free(path);
}

/* --- The disk ------------------------------------------------------------- */

/* What is there when a run fails to write is what was there before. */
static void assert_old_file(const char *directory, const char *path)
{
	struct state *state = open_good_state(path);

	assert_true(has_list(state, "old"));
	assert_int_equal(state_record(state).last_success.ms, 17);
	state_close(state);
	assert_int_equal(count_entries(directory), 1);
}

static void write_old_file(const char *path)
{
	struct state *state = open_new_state(path);
	struct found found = { 0 };

	list_fill(&found);
	keep_list(state, "old", NOW_MS, &found);
	found_free(&found);
	state_set_record(state, &(struct run_record){ .last_success = { 17 } });
	commit_and_close(state);
}

/* Also if it is only found out with the last bytes. */
static void test_disk_full(void **data)
{
	static const struct {
		rlim_t bytes;
		size_t pods;
	} rows[] = {
		{ 0, 0 },
		{ 10, 0 },
		{ 4096, 100 },
		{ 100000, 10000 },
	};
	char *path = path_join(*data, "state.json");

	write_old_file(path);
	(void)signal(SIGXFSZ, SIG_IGN);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct rlimit old;
		struct rlimit limit;
		struct found found = { 0 };
		struct error err = { 0 };
		struct state *state;

		list_add_many(&found, rows[i].pods);
		assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
		limit = old;
		limit.rlim_cur = rows[i].bytes;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		state = open_new_state(path);
		keep_list(state, "k", NOW_MS, &found);
		assert_true(has_list(state, "old"));
		keep_list(state, "l", NOW_MS, &found);
		state_set_record(
			state, &(struct run_record){ .last_success = { 18 } });
		assert_error(state_commit(state, &err), &err, ERROR_SYSTEM,
			     "state.json: ");
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
		/* It is over. */
		assert_ok(state_commit(state, &err), &err);
		state_close(state);
		assert_old_file(*data, path);
		found_free(&found);
	}
	(void)signal(SIGXFSZ, SIG_DFL);
	free(path);
}

static void test_not_writable(void **data)
{
	char *path = path_join(*data, "state.json");
	char *missing = path_join(*data, "missing/state.json");
	struct error err = { 0 };
	struct state *state;

	/* The default directory, where nobody made it. */
	state = open_good_state(missing);
	assert_error(state_begin_write(state, &err), &err, ERROR_SYSTEM,
		     "missing/state.json: its directory");
	keep_list(state, "k", NOW_MS, &(struct found){ 0 });
	assert_ok(state_commit(state, &err), &err);
	state_close(state);

	write_old_file(path);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(chmod(*data, 0555), 0);
	if (getuid() == 0 && seteuid(65534) != 0)
		skip();
	/* It is read all the same. */
	state = open_good_state(path);
	assert_error(state_begin_write(state, &err), &err, ERROR_SYSTEM,
		     "cannot write to its directory");
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	assert_true(has_list(state, "old"));
	keep_list(state, "k", NOW_MS, &(struct found){ 0 });
	state_set_record(state, &(struct run_record){ .last_success = { 18 } });
	assert_ok(state_commit(state, &err), &err);
	state_close(state);
	assert_int_equal(chmod(*data, 0755), 0);
	assert_old_file(*data, path);
	free(missing);
	free(path);
}

/* A run that was killed leaves a temporary file and the old one. */
static void test_killed(void **data)
{
	char *path = path_join(*data, "state.json");
	struct found found = { 0 };
	int status;
	pid_t child;

	write_old_file(path);
	list_add_many(&found, MANY_PODS);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct state *state = open_new_state(path);

		keep_list(state, "k", NOW_MS, &found);
		(void)raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(count_entries(*data), 2);
	{
		struct state *state = open_new_state(path);

		assert_true(has_list(state, "old"));
		assert_false(has_list(state, "k"));
		commit_and_close(state);
	}
	assert_old_file(*data, path);
	found_free(&found);
	free(path);
}

/* --- Lines ---------------------------------------------------------------- */

static char *text_of(size_t length, char filler)
{
	char *text = malloc(length + 1);

	assert_non_null(text);
	memset(text, filler, length);
	text[length] = '\0';
	return text;
}

/* What is as long as it may be comes back, though it is all escapes; what is
 * longer, or no text, is not remembered, nor is its list. */
static void test_texts(void **data)
{
	static const struct {
		const char *name;
		size_t key, ns, pod, gateway, text;
		const char *other; /* in place of the pod's name */
		int64_t not_before;
		uint16_t port;
		bool is_there;
	} rows[] = {
		{ "nothing", 0, 0, 0, 0, 0, NULL, 0, 1, true },
		{ "longest", STATE_KEY_MAX, 253, 253, 507, 1024, NULL,
		  253402300799, 65535, true },
		{ "earliest", 1, 1, 1, 1, 1, NULL, -253402300799, 1, true },
		{ "key", STATE_KEY_MAX + 1, 1, 1, 1, 1, NULL, 0, 1, false },
		{ "namespace", 1, 254, 1, 1, 1, NULL, 0, 1, false },
		{ "pod", 1, 1, 254, 1, 1, NULL, 0, 1, false },
		{ "gateway", 1, 1, 1, 508, 1, NULL, 0, 1, false },
		{ "not UTF-8", 1, 1, 1, 1, 1, "a\xff", 0, 1, false },
		{ "late", 1, 1, 1, 1, 1, NULL, 253402300800, 1, false },
		{ "early", 1, 1, 1, 1, 1, NULL, -253402300800, 1, false },
		{ "no port", 1, 1, 1, 1, 1, NULL, 0, 0, false },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *path = path_join(*data, "state.json");
		CLEANUP(cleanup_free) char *key = text_of(rows[i].key, '\x01');
		CLEANUP(cleanup_free) char *ns = text_of(rows[i].ns, '\x1f');
		CLEANUP(cleanup_free) char *pod = text_of(rows[i].pod, '\x7f');
		CLEANUP(cleanup_free) char *gw = text_of(rows[i].gateway, '\"');
		CLEANUP(cleanup_free) char *text = text_of(rows[i].text, '\n');
		struct found expected = { 0 };
		struct found found = { 0 };
		struct state *state = open_new_state(path);
		bool is_there;

		list_add_pod(&expected, ns,
			     rows[i].other == NULL ? pod : rows[i].other, gw,
			     "10.0.0.1", rows[i].port);
		list_add_name(&expected, text, gw, rows[i].not_before);
		keep_list(state, "before", NOW_MS, &found);
		keep_list(state, key, NOW_MS, &expected);
		keep_list(state, "after", NOW_MS, &found);
		commit_and_close(state);
		state = open_good_state(path);
		is_there = recall_list(state, key, &found);
		assert_row(is_there == rows[i].is_there, rows[i].name);
		if (is_there)
			assert_same_lists(&found, &expected);
		assert_true(has_list(state, "before"));
		assert_true(has_list(state, "after"));
		state_close(state);
		found_free(&found);
		found_free(&expected);
		free(path);
	}
}

static void test_times(void **data)
{
	static const int64_t times[] = { INT64_MIN, -1, STATE_TIME_MAX_MS + 1,
					 INT64_MAX };
	char *path = path_join(*data, "state.json");

	for (size_t i = 0; i < COUNT_OF(times); i++) {
		struct state *state = open_new_state(path);

		keep_list(state, "k", times[i], &(struct found){ 0 });
		state_set_record(state, &(struct run_record){
						.last_success = { times[i] } });
		commit_and_close(state);
		state = open_good_state(path);
		assert_false(has_list(state, "k"));
		assert_int_equal(state_record(state).last_success.ms, 0);
		state_close(state);
	}
	free(path);
}

static void assert_complaint(const char *path, const char *part)
{
	struct state *state = NULL;
	struct error err = { 0 };

	assert_ok(state_open(path, INT64_MAX, &state, &err), &err);
	assert_non_null(state_complaint(state));
	assert_non_null(strstr(state_complaint(state), part));
	state_close(state);
}

/* What somebody made up may take longer than a run has. */
static void test_patience(void **data)
{
	char *path = path_join(*data, "state.json");
	struct state *state = NULL;
	struct error err = { 0 };

	write_file(path, WHOLE);
	assert_ok(state_open(path, 0, &state, &err), &err);
	assert_non_null(strstr(state_complaint(state),
			       "state.json: takes too long to read; the state "
			       "begins anew"));
	assert_int_equal(count_items(state, "a"), 0);
	assert_int_equal(state_record(state).runs, 0);
	state_close(state);
	assert_ok(state_open(path, 60000, &state, &err), &err);
	assert_null(state_complaint(state));
	state_close(state);
	free(path);
}

static void write_lists(const char *path, size_t count)
{
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	(void)fprintf(out, "{\"version\":1}\n");
	for (size_t i = 0; i < count; i++)
		(void)fprintf(
			out, "{\"list\":\"%zu\",\"listed_at\":1,\"items\":0}\n",
			i);
	(void)fprintf(out, "{\"end\":true,\"lines\":%zu}\n", count + 1);
	assert_int_equal(fclose(out), 0);
}

static void test_many_lists(void **data)
{
	char *path = path_join(*data, "state.json");

	write_lists(path, STATE_LISTS_MAX);
	state_close(open_good_state(path));
	write_lists(path, STATE_LISTS_MAX + 1);
	assert_complaint(path, "has too many lists");
	free(path);
}

/* The index is in memory: few lists of long keys are as much as many. */
static void test_long_keys(void **data)
{
	char *path = path_join(*data, "state.json");
	char *key = text_of(STATE_KEY_MAX - 8, 'k');
	size_t count = STATE_KEYS_MAX / STATE_KEY_MAX + 1;
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	(void)fprintf(out, "{\"version\":1}\n");
	for (size_t i = 0; i < count; i++)
		(void)fprintf(out,
			      "{\"list\":\"%08zu%s\",\"listed_at\":1,"
			      "\"items\":0}\n",
			      i, key);
	(void)fprintf(out, "{\"end\":true,\"lines\":%zu}\n", count + 1);
	assert_int_equal(fclose(out), 0);
	assert_complaint(path, "has too long keys");
	free(key);
	free(path);
}

static void write_long_line(const char *path, size_t bytes)
{
	char *text = text_of(bytes - strlen("{\"other\":\"\"}"), 'x');
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	(void)fprintf(out,
		      "{\"version\":1}\n"
		      "{\"other\":\"%s\"}\n"
		      "{\"end\":true,\"lines\":2}\n",
		      text);
	assert_int_equal(fclose(out), 0);
	free(text);
}

static void test_long_line(void **data)
{
	char *path = path_join(*data, "state.json");

	write_long_line(path, STATE_LINE_MAX);
	state_close(open_good_state(path));
	write_long_line(path, STATE_LINE_MAX + 1);
	assert_complaint(path, "line 2: has more than 65536 bytes");
	free(path);
}

/* As many pods as a job may have are recalled, one more are none. */
static void test_full_list(void **data)
{
	char *path = path_join(*data, "state.json");
	struct found found = { 0 };
	struct state *state = open_new_state(path);

	list_add_many(&found, FOUND_PODS_MAX);
	keep_list(state, "all", NOW_MS, &found);
	commit_and_close(state);
	found_free(&found);
	state = open_good_state(path);
	assert_true(recall_list(state, "all", &found));
	assert_int_equal(found.pods.count, FOUND_PODS_MAX);
	/* There is no room for them twice. */
	assert_false(recall_list(state, "all", &found));
	assert_int_equal(found.pods.count, FOUND_PODS_MAX);
	found_free(&found);
	state_close(state);
	free(path);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, temp_dir_teardown)
	const struct CMUnitTest tests[] = {
		/* The first, so that no other has had the memory. */
		TEST(test_memory),    TEST(test_torture),
		TEST(test_disk_full), TEST(test_not_writable),
		TEST(test_killed),    TEST(test_texts),
		TEST(test_times),     TEST(test_many_lists),
		TEST(test_long_keys), TEST(test_long_line),
		TEST(test_full_list), TEST(test_patience),
	};

	return cmocka_run_group_tests_name("state_limits", tests, NULL, NULL);
}
