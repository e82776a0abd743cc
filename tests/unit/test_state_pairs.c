/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the state file says of pairs and runs: state/state, with
 * state/state_line and state/state_line_print below it.
 */
#include <config.h>

#include "state/state.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lists.h"
#include "support.h"
#include "world.h"

static int setup(void **state)
{
	wall_freeze((struct wall_time){ NOW_MS });
	return temp_dir_setup(state);
}

/* Three pods with two domains each, and one pod with a pair for each type of
 * key. */
static void fill(struct world *w)
{
	struct job_config *edge;
	struct job_config *typed;

	world_init(w);
	wall_freeze((struct wall_time){ NOW_MS });
	edge = world_add_job(w, "edge");
	world_add_domain(edge, "*.b.example");
	world_add_domain(edge, "a.example");
	world_add_pod(w, edge, "shop", "proxy-0");
	world_add_pod(w, edge, "shop", "proxy-1");
	world_add_pod(w, edge, "shop", "proxy-2");
	typed = world_add_job(w, "typed");
	world_add_domain(typed, "a.example");
	typed->key_types[KEY_TYPE_RSA] = true;
	typed->key_types[KEY_TYPE_ECDSA] = true;
	world_add_pod(w, typed, "shop", "proxy-0");
	world_build(w);
	assert_int_equal(w->targets.pair_count, 8);
}

static void keep_pairs(const char *path, const struct world *w)
{
	struct state *state = open_new_state(path);

	state_keep_pairs(state, &w->history);
	commit_and_close(state);
}

static void recall_pairs(const char *path, struct world *w)
{
	struct state *state = open_good_state(path);
	struct error err = { 0 };

	assert_ok(state_recall_pairs(state, &w->history, &err), &err);
	state_close(state);
}

static void test_file(void **data)
{
	char *path = path_join(*data, "state.json");
	const struct run_record record = {
		.runs = 12,
		.failures = 3,
		.last_success = { 56 },
	};
	struct state *state;
	struct world w;
	char *text;

	fill(&w);
	w.history.pairs[1].open_errors = 4;
	w.history.pairs[4] = (struct pair_history){
		.close_errors = 1,
		.outcome = { STATUS_NOT_FOUND, REASON_NAME_MISMATCH,
			     VERIFY_NAME_MISMATCH },
	};
	w.history.pairs[5].left_out = 3;
	w.history.pairs[7].outcome =
		(struct pair_outcome){ STATUS_NONE, REASON_KEY_TYPE_MISSING,
				       VERIFY_OK };
	state = open_new_state(path);
	state_keep_pairs(state, &w.history);
	state_set_record(state, &record);
	commit_and_close(state);
	text = read_text(path);
	assert_string_equal(
		text,
		"{\"version\":1,\"program\":\"" PACKAGE_STRING "\","
		"\"written_at\":1800000000000}\n"
		"{\"endpoint\":\"proxy-0\",\"ns\":\"shop\",\"job\":\"edge\","
		"\"port\":\"443\",\"family\":\"\"}\n"
		"{\"domain\":\"a.example\",\"open_errors\":4}\n"
		"{\"endpoint\":\"proxy-2\",\"ns\":\"shop\",\"job\":\"edge\","
		"\"port\":\"443\",\"family\":\"\"}\n"
		"{\"domain\":\"*.b.example\",\"status\":\"notfound\","
		"\"reason\":\"name_mismatch\",\"verify\":\"name_mismatch\","
		"\"close_errors\":1}\n"
		"{\"domain\":\"a.example\",\"left_out\":3}\n"
		"{\"endpoint\":\"proxy-0\",\"ns\":\"shop\",\"job\":\"typed\","
		"\"port\":\"443\",\"family\":\"\"}\n"
		"{\"domain\":\"a.example\",\"key\":\"ecdsa\","
		"\"status\":\"none\",\"reason\":\"key_type_missing\"}\n"
		"{\"runs\":12,\"failures\":3}\n"
		"{\"last_success\":56}\n"
		"{\"end\":true,\"lines\":10}\n");
	free(text);
	world_free(&w);
	free(path);
}

static void assert_same_history(const struct pair_history *a,
				const struct pair_history *b)
{
	assert_int_equal(a->open_errors, b->open_errors);
	assert_int_equal(a->close_errors, b->close_errors);
	assert_int_equal(a->left_out, b->left_out);
	assert_true(pair_outcome_equals(&a->outcome, &b->outcome));
}

/* Every word, and numbers up to the largest. */
static void test_round_trip(void **data)
{
	char *path = path_join(*data, "state.json");

	for (int i = 0; i < REASON_COUNT; i++) {
		struct world w;
		struct world next;

		fill(&w);
		for (size_t j = 0; j < w.targets.pair_count; j++)
			w.history.pairs[j] = (struct pair_history){
				.open_errors = (uint64_t)i * j,
				.close_errors = HISTORY_COUNT_MAX,
				.outcome = { (enum pair_status)(i %
								STATUS_COUNT),
					     (enum probe_reason)i,
					     (enum verify_reason)(
						     i % VERIFY_COUNT) },
				.left_out = (int32_t)j * 1000,
			};
		keep_pairs(path, &w);
		fill(&next);
		recall_pairs(path, &next);
		for (size_t j = 0; j < w.targets.pair_count; j++)
			assert_same_history(&next.history.pairs[j],
					    &w.history.pairs[j]);
		world_free(&next);
		world_free(&w);
	}
	free(path);
}

/* Pairs that are gone leave the file with the next run; new ones begin with
 * nothing. */
static void test_other_pairs(void **data)
{
	char *path = path_join(*data, "state.json");
	struct world w;
	struct world other;
	struct job_config *job;
	char *text;

	fill(&w);
	for (size_t i = 0; i < w.targets.pair_count; i++)
		w.history.pairs[i].open_errors = i + 1;
	keep_pairs(path, &w);
	world_free(&w);

	world_init(&other);
	wall_freeze((struct wall_time){ NOW_MS });
	job = world_add_job(&other, "edge");
	world_add_domain(job, "a.example");
	world_add_domain(job, "new.example");
	world_add_pod(&other, job, "shop", "proxy-1");
	world_add_pod(&other, job, "shop", "proxy-9");
	world_build(&other);
	recall_pairs(path, &other);
	assert_int_equal(other.history.pairs[0].open_errors, 4);
	for (size_t i = 1; i < 4; i++)
		assert_true(pair_history_is_blank(&other.history.pairs[i]));
	keep_pairs(path, &other);
	text = read_text(path);
	assert_non_null(strstr(text, "\"proxy-1\""));
	assert_null(strstr(text, "\"proxy-0\""));
	assert_null(strstr(text, "\"*.b.example\""));
	free(text);
	world_free(&other);
	free(path);
}

/* A label that no line can hold is not remembered, and the rest is. */
static void test_what_does_not_fit(void **data)
{
	char *path = path_join(*data, "state.json");
	char name[STATE_NAME_MAX + 2];
	struct world w;
	struct world next;

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	fill(&w);
	free(w.discovery.jobs[0].pods.items[0].name);
	w.discovery.jobs[0].pods.items[0].name = strdup(name);
	assert_non_null(w.discovery.jobs[0].pods.items[0].name);
	for (size_t i = 0; i < w.targets.pair_count; i++)
		w.history.pairs[i].open_errors = 1;
	keep_pairs(path, &w);
	fill(&next);
	recall_pairs(path, &next);
	for (size_t i = 0; i < next.targets.pair_count; i++)
		assert_int_equal(next.history.pairs[i].open_errors, i >= 2);
	world_free(&next);
	world_free(&w);
	free(path);
}

#define ENDPOINT                                                               \
	"{\"endpoint\":\"proxy-0\",\"ns\":\"shop\",\"job\":\"edge\","          \
	"\"port\":\"443\",\"family\":\"\"}\n"
#define PAIR(rest) "{\"domain\":\"a.example\"" rest ",\"open_errors\":7}\n"

static void test_misfits(void **data)
{
	static const struct {
		const char *endpoint, *pair;
		const char *member; /* that is complained of; NULL: is good */
		bool is_known;	    /* the pair of the line */
	} rows[] = {
		{ ENDPOINT, PAIR(""), NULL, true },
		{ ENDPOINT, PAIR(",\"key\":\"\""), NULL, true },
		{ ENDPOINT, PAIR(",\"later\":[1]"), NULL, true },
		{ ENDPOINT, "{\"later\":1}\n" PAIR(""), NULL, true },
		{ ENDPOINT, PAIR(",\"key\":\"rsa\""), NULL, false },
		{ ENDPOINT, PAIR(",\"key\":\"dsa\""), "key", false },
		{ ENDPOINT, PAIR(",\"status\":\"fine\""), "status", false },
		{ ENDPOINT, PAIR(",\"status\":1"), "status", false },
		{ ENDPOINT, PAIR(",\"reason\":\"bored\""), "reason", false },
		{ ENDPOINT, PAIR(",\"reason\":null"), "reason", false },
		{ ENDPOINT, PAIR(",\"verify\":\"maybe\""), "verify", false },
		{ ENDPOINT, PAIR(",\"close_errors\":-1"), "close_errors",
		  false },
		{ ENDPOINT, PAIR(",\"close_errors\":9007199254740993"),
		  "close_errors", false },
		{ ENDPOINT, PAIR(",\"close_errors\":\"1\""), "close_errors",
		  false },
		{ ENDPOINT, PAIR(",\"left_out\":true"), "left_out", false },
		{ ENDPOINT, PAIR(",\"left_out\":-1"), "left_out", false },
		{ ENDPOINT, "{\"domain\":7,\"open_errors\":7}\n", "domain",
		  false },
		{ "", PAIR(""), NULL, false },
		{ "{\"endpoint\":\"proxy-0\",\"ns\":\"shop\",\"job\":\"edge\","
		  "\"port\":443,\"family\":\"\"}\n",
		  PAIR(""), "port", false },
		{ "{\"endpoint\":\"proxy-0\",\"ns\":\"shop\",\"job\":\"edge\","
		  "\"port\":\"443\"}\n",
		  PAIR(""), "family", false },
		{ ENDPOINT
		  "{\"endpoint\":\"gone\",\"ns\":\"shop\",\"job\":\"edge\","
		  "\"port\":\"443\",\"family\":\"\"}\n",
		  PAIR(""), NULL, false },
	};
	char *path = path_join(*data, "state.json");

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct error err = { 0 };
		struct state *state;
		const char *said;
		struct world w;
		char quoted[64];
		char *text;
		size_t lines = 0;

		assert_true(asprintf(&text, HEADER "%s%s" SUCCESS,
				     rows[i].endpoint, rows[i].pair) > 0);
		for (const char *at = text; *at != '\0'; at++)
			lines += *at == '\n';
		free(text);
		assert_true(asprintf(&text,
				     HEADER "%s%s" SUCCESS
					    "{\"end\":true,\"lines\":%zu}\n",
				     rows[i].endpoint, rows[i].pair,
				     lines) > 0);
		write_file(path, text);
		state = open_any_state(path);
		fill(&w);
		assert_ok(state_recall_pairs(state, &w.history, &err), &err);
		assert_row(w.history.pairs[1].open_errors ==
				   (rows[i].is_known ? 7 : 0),
			   text);
		said = state_complaint(state);
		assert_row((said == NULL) == (rows[i].member == NULL), text);
		if (said != NULL) {
			(void)snprintf(quoted, sizeof(quoted), "'%s' is not",
				       rows[i].member);
			assert_row(strstr(said, quoted) != NULL, text);
		}
		assert_int_equal(state_record(state).last_success.ms,
				 1700000000000);
		state_close(state);
		world_free(&w);
		free(text);
	}
	free(path);
}

static void test_record(void **data)
{
	static const struct {
		const char *line;
		uint64_t runs, failures;
		bool is_good;
	} rows[] = {
		{ "{\"runs\":7,\"failures\":2}\n", 7, 2, true },
		{ "{\"runs\":7}\n", 7, 0, true },
		{ "{\"runs\":-7,\"failures\":2}\n", 0, 0, false },
		{ "{\"runs\":7,\"failures\":\"2\"}\n", 0, 0, false },
		{ "{\"runs\":1e3,\"failures\":2}\n", 0, 0, false },
		{ "{\"later\":1}\n", 0, 0, true },
	};
	char *path = path_join(*data, "state.json");

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct state *state;
		char *text;

		assert_true(asprintf(&text, HEADER "%s" SUCCESS END(3),
				     rows[i].line) > 0);
		write_file(path, text);
		free(text);
		state = open_any_state(path);
		assert_row(state_record(state).runs == rows[i].runs,
			   rows[i].line);
		assert_row(state_record(state).failures == rows[i].failures,
			   rows[i].line);
		assert_row((state_complaint(state) == NULL) == rows[i].is_good,
			   rows[i].line);
		state_close(state);
	}
	free(path);
}

/* A file that is cut off after it was opened. */
static void test_changed_under_us(void **data)
{
	char *path = path_join(*data, "state.json");
	struct error err = { 0 };
	struct state *state;
	struct world w;

	fill(&w);
	for (size_t i = 0; i < w.targets.pair_count; i++)
		w.history.pairs[i].open_errors = 5;
	keep_pairs(path, &w);
	state = open_good_state(path);
	assert_int_equal(truncate(path, 100), 0);
	assert_error(state_recall_pairs(state, &w.history, &err), &err,
		     ERROR_INVALID, "state.json: ends in the middle");
	state_close(state);
	world_free(&w);
	free(path);
}

/* Of the record alone; pairs stay as they are. */
static void test_put_back(void **data)
{
	char *path = path_join(*data, "state.json");
	struct run_record record = { .runs = 5, .last_success = { NOW_MS } };
	struct error err = { 0 };
	struct state *state;
	struct world w;
	struct world next;

	fill(&w);
	w.history.pairs[3].open_errors = 9;
	state = open_new_state(path);
	state_keep_pairs(state, &w.history);
	state_set_record(state, &record);
	assert_false(state_is_committed(state));
	assert_ok(state_commit(state, &err), &err);
	assert_true(state_is_committed(state));
	record.failures = 1;
	record.last_success = (struct wall_time){ NOW_MS - 5 };
	assert_ok(state_put_back_record(state, &record, &err), &err);
	state_close(state);

	state = open_good_state(path);
	assert_int_equal(state_record(state).runs, 5);
	assert_int_equal(state_record(state).failures, 1);
	assert_int_equal(state_record(state).last_success.ms, NOW_MS - 5);
	fill(&next);
	assert_ok(state_recall_pairs(state, &next.history, &err), &err);
	assert_int_equal(next.history.pairs[3].open_errors, 9);
	state_close(state);
	world_free(&next);
	world_free(&w);
	free(path);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, temp_dir_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_file),	TEST(test_round_trip),
		TEST(test_other_pairs), TEST(test_what_does_not_fit),
		TEST(test_misfits),	TEST(test_record),
		TEST(test_put_back),	TEST(test_changed_under_us),
	};

	return cmocka_run_group_tests_name("state_pairs", tests, NULL, NULL);
}
