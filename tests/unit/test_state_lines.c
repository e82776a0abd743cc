/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state/state_line and what state/state_reader makes of its lines: members of
 * every kind that they can and cannot have.
 */
#include <config.h>

#include "state/state.h"

#include <stdlib.h>
#include <string.h>

#include "lists.h"
#include "support.h"

static int setup(void **state)
{
	wall_freeze((struct wall_time){ NOW_MS });
	return temp_dir_setup(state);
}

static void test_as_others_write_it(void **data)
{
	/* Blanks, another order behind the first member, kinds and members
	 * that are not known yet. */
	static const char text[] =
		"{ \"version\" : 1, \"more\": [1, {\"x\": null}] }\n"
		"{\"counters\":{\"a\":[1.5,2]},\"list\":\"no\"}\n"
		"{\"outcome\":\"x\"}\n" LIST_A
		"{\"pod\":\"p1\",\"port\":1,\"ns\":\"e\",\"more\":1}\n" POD_2
		"{\"of the counters\":1}\n" POD_1
		"{\"list\":\"b\",\"items\":0,\"listed_at\":1800000000000}\n"
		"{\"end\":true,\"lines\":9}\n";
	char *path = path_join(*data, "state.json");
	struct state *state;

	write_file(path, text);
	state = open_good_state(path);
	assert_int_equal(count_items(state, "a"), 2);
	assert_true(has_list(state, "b"));
	assert_false(has_list(state, "no"));
	assert_int_equal(state_record(state).last_success.ms, 0);
	state_close(state);
	/* Two of one key: the later one. */
	write_file(
		path, HEADER LIST_A POD_1 POD_2
		"{\"list\":\"a\",\"listed_at\":1800000000000,\"items\":1}\n" NAME_1
			END(6));
	state = open_good_state(path);
	assert_int_equal(count_items(state, "a"), 1);
	state_close(state);
	free(path);
}

/* One line in the place of the first pod of list "a", or of its head. The
 * other list is as good as before. */
static void test_misfits(void **data)
{
#define POD(rest) "{\"pod\":\"p\",\"ns\":\"e\"" rest "}\n"
#define PORT ",\"port\":1"
#define HEAD(listed_at, items)                                                 \
	"{\"list\":\"a\",\"listed_at\":" listed_at ",\"items\":" items "}\n"
	static const struct {
		const char *line;
		const char *member; /* that is complained of; NULL: is good */
	} items[] = {
		{ POD(PORT), NULL },
		{ POD(",\"port\":65535"), NULL },
		{ POD(PORT ",\"address\":\"::1\""), NULL },
		{ POD(",\"skip\":\"no_such_port\",\"port\":0"), NULL },
		{ POD(PORT ",\"gateway\":\"\""), NULL },
		{ NAME_1, NULL },
		{ "{\"name\":\"x\",\"not_before\":-5}\n", NULL },
		{ POD(""), "port" },
		{ POD(",\"port\":0"), "port" },
		{ POD(",\"port\":-1"), "port" },
		{ POD(",\"port\":65536"), "port" },
		{ POD(",\"port\":4294967739"), "port" },
		{ POD(",\"port\":99999999999999999999"), "port" },
		{ POD(",\"port\":443.0"), "port" },
		{ POD(",\"port\":\"443\""), "port" },
		{ POD(",\"port\":null"), "port" },
		{ POD(PORT ",\"address\":\"\""), "address" },
		{ POD(PORT ",\"address\":\"10.0.0\""), "address" },
		{ POD(PORT ",\"address\":\"10.0.0.1:443\""), "address" },
		{ POD(PORT ",\"address\":\"10.0.0.1\\u0000\""), "address" },
		{ POD(PORT ",\"address\":null"), "address" },
		{ POD(PORT ",\"address\":10"), "address" },
		{ POD(",\"skip\":\"\""), "skip" },
		{ POD(",\"skip\":\"lazy\""), "skip" },
		{ POD(",\"skip\":1"), "skip" },
		{ POD(PORT ",\"skip\":null"), "skip" },
		{ POD(PORT ",\"gateway\":null"), "gateway" },
		{ POD(PORT ",\"gateway\":{}"), "gateway" },
		{ "{\"pod\":\"p\",\"port\":1}\n", "ns" },
		{ "{\"pod\":\"p\",\"ns\":1,\"port\":1}\n", "ns" },
		{ "{\"pod\":null,\"ns\":\"e\",\"port\":1}\n", "pod" },
		{ "{\"pod\":\"a\\u0000b\",\"ns\":\"e\",\"port\":1}\n", "pod" },
		{ "{\"name\":1}\n", "name" },
		{ "{\"name\":\"x\",\"gateway\":1}\n", "gateway" },
		{ "{\"name\":\"x\",\"not_before\":\"1\"}\n", "not_before" },
		{ "{\"name\":\"x\",\"not_before\":1e30}\n", "not_before" },
		{ "{\"name\":\"x\",\"not_before\":9223372036854775807}\n",
		  "not_before" },
		{ "{\"unknown\":1}\n", "items" },
		{ SUCCESS, "items" },
	};
	static const struct {
		const char *line, *member;
	} heads[] = {
		{ HEAD("1800000000000", "2"), NULL },
		{ HEAD("1800000000000", "1"), "items" },
		{ HEAD("1800000000000", "3"), "items" },
		{ HEAD("1800000000000", "0"), "items" },
		{ HEAD("1800000000000", "-1"), "items" },
		{ HEAD("1800000000000", "2.0"), "items" },
		{ HEAD("1800000000000", "18446744073709551618"), "items" },
		{ HEAD("-1", "2"), "listed_at" },
		{ HEAD("253402300800000", "2"), "listed_at" },
		{ HEAD("\"1\"", "2"), "listed_at" },
		{ "{\"list\":1,\"listed_at\":1,\"items\":2}\n", "list" },
		{ "{\"list\":\"a\",\"listed_at\":1}\n", "items" },
		{ "{\"unknown\":1}\n", "" },
	};
	char *path = path_join(*data, "state.json");

	for (size_t i = 0; i < COUNT_OF(items) + COUNT_OF(heads); i++) {
		bool is_head = i >= COUNT_OF(items);
		const char *head =
			is_head ? heads[i - COUNT_OF(items)].line : LIST_A;
		const char *item = is_head ? POD_1 : items[i].line;
		const char *member = is_head ?
					     heads[i - COUNT_OF(items)].member :
					     items[i].member;
		const char *name = is_head ? head : item;
		struct state *state;
		const char *said;
		char quoted[64];
		char *text;

		assert_true(asprintf(&text, "%s%s%s%s%s%s%s%s", HEADER, head,
				     item, POD_2, LIST_B, NAME_1, SUCCESS,
				     END(7)) > 0);
		write_file(path, text);
		free(text);
		state = open_any_state(path);
		said = state_complaint(state);
		assert_row(count_items(state, "a") == (member == NULL ? 2 : 0),
			   name);
		assert_row(count_items(state, "b") == 1, name);
		assert_int_equal(state_record(state).last_success.ms,
				 1700000000000);
		if (member == NULL || *member == '\0') {
			assert_row(said == NULL, name);
		} else {
			(void)snprintf(quoted, sizeof(quoted), "'%s' is not",
				       member);
			assert_row(said != NULL, name);
			if (strstr(said, quoted) == NULL)
				print_error("%s\n", said);
			assert_row(strstr(said, quoted) != NULL, name);
			assert_row(strstr(said, ": line ") != NULL, name);
		}
		state_close(state);
		assert_usable(path);
	}
	free(path);
}

/* Each one byte longer than it may be. */
static void test_long_texts(void **data)
{
	static const struct {
		const char *name;
		int key, pod, ns, gateway, text;
	} rows[] = {
		{ "none", 8192, 253, 253, 507, 1024 },
		{ "list", 8193, 1, 1, 1, 1 },
		{ "pod", 1, 254, 1, 1, 1 },
		{ "ns", 1, 1, 254, 1, 1 },
		{ "gateway", 1, 1, 1, 508, 1 },
		{ "name", 1, 1, 1, 1, 1025 },
	};
	char *path = path_join(*data, "state.json");

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		FILE *out = fopen(path, "we");
		struct state *state;
		char key[8194];
		char said[64];

		assert_non_null(out);
		(void)snprintf(key, sizeof(key), "%0*d", rows[i].key, 7);
		(void)fprintf(out,
			      HEADER "{\"list\":\"%s\",\"listed_at\":"
				     "1800000000000,\"items\":2}\n",
			      key);
		(void)fprintf(out,
			      "{\"pod\":\"%0*d\",\"ns\":\"%0*d\","
			      "\"gateway\":\"%0*d\",\"port\":1}\n",
			      rows[i].pod, 7, rows[i].ns, 7, rows[i].gateway,
			      7);
		(void)fprintf(out, "{\"name\":\"%0*d\"}\n" END(4), rows[i].text,
			      7);
		assert_int_equal(fclose(out), 0);
		state = open_any_state(path);
		assert_row(count_items(state, key) == (i == 0 ? 2 : 0),
			   rows[i].name);
		(void)snprintf(said, sizeof(said), "'%s' is not", rows[i].name);
		assert_row((state_complaint(state) == NULL) == (i == 0),
			   rows[i].name);
		assert_row(i == 0 ||
				   strstr(state_complaint(state), said) != NULL,
			   rows[i].name);
		state_close(state);
	}
	free(path);
}

/* A NUL ends no line, and none goes on behind it. */
static void test_nul(void **data)
{
	static const char *const lines[] = { HEADER "{\"a\":1}#\n" END(2),
					     HEADER "#{\"a\":1}\n" END(2),
					     HEADER "{\"a\":#1}\n" END(2),
					     HEADER "{\"a\":\"#\"}\n" END(2),
					     HEADER "{\"a\":1}#{\n" END(2) };
	char *path = path_join(*data, "state.json");

	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct state *state;
		size_t size = strlen(lines[i]);
		char bytes[256];

		memcpy(bytes, lines[i], size);
		*(char *)memchr(bytes, '#', size) = '\0';
		write_bytes(path, bytes, size);
		state = open_any_state(path);
		assert_row(state_complaint(state) != NULL, lines[i]);
		assert_row(strstr(state_complaint(state),
				  "line 2: is not a JSON object") != NULL,
			   lines[i]);
		state_close(state);
	}
	free(path);
}

static void test_last_success_misfits(void **data)
{
	static const char *const lines[] = {
		"{\"last_success\":\"1\"}\n",
		"{\"last_success\":-1}\n",
		"{\"last_success\":null}\n",
		"{\"last_success\":9223372036854775808}\n",
	};
	char *path = path_join(*data, "state.json");

	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct state *state;
		char *text;

		assert_true(asprintf(&text, "%s%s%s%s%s%s", HEADER, LIST_A,
				     POD_1, POD_2, lines[i], END(5)) > 0);
		write_file(path, text);
		free(text);
		state = open_any_state(path);
		assert_row(strstr(state_complaint(state), "'last_success'") !=
				   NULL,
			   lines[i]);
		assert_int_equal(state_record(state).last_success.ms, 0);
		assert_int_equal(count_items(state, "a"), 2);
		state_close(state);
	}
	free(path);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, temp_dir_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_as_others_write_it),	 TEST(test_misfits),
		TEST(test_long_texts),		 TEST(test_nul),
		TEST(test_last_success_misfits),
	};

	return cmocka_run_group_tests_name("state_lines", tests, NULL, NULL);
}
