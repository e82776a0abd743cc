/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/yaml: trees, typed look-ups, line numbers, hostile documents.
 */
#include <config.h>

#include "base/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support.h"

static int parse(const char *text, size_t size, struct yaml **ret_yaml,
		 struct error *err)
{
	struct buffer b = BUFFER_INIT(1024 * 1024);
	int r;

	assert_ok(buffer_append(&b, text, size, err), err);
	r = yaml_parse("test.yaml", &b, ret_yaml, err);
	buffer_free(&b);
	return r;
}

static struct yaml *parse_good(const char *text)
{
	struct yaml *yaml = NULL;
	struct error err = { 0 };

	assert_ok(parse(text, strlen(text), &yaml, &err), &err);
	return yaml;
}

static void test_look_ups(void **state)
{
	struct yaml *yaml = parse_good("a: {b: [1, two, '3']}\n"
				       "empty:\n"
				       "quoted: 'null'\n"
				       "text: |\n"
				       "  line\n");
	const struct yaml_node *root = yaml_root(yaml);
	const struct yaml_node *list;
	struct error err = { 0 };
	char *text = NULL;
	void *at = NULL;
	int count = 0;

	(void)state;
	assert_int_equal(yaml_kind(root), YAML_MAPPING);
	list = yaml_lookup(yaml_lookup(root, "a"), "b");
	assert_int_equal(yaml_kind(list), YAML_SEQUENCE);
	while (yaml_next_item(list, &at) != NULL)
		count++;
	assert_int_equal(count, 3);
	assert_null(yaml_lookup(root, "missing"));
	assert_null(yaml_lookup(root, "empty"));
	assert_null(yaml_lookup(list, "b"));
	assert_null(yaml_lookup(NULL, "b"));
	assert_int_equal(yaml_kind(NULL), YAML_NULL);
	assert_int_equal(yaml_kind(yaml_lookup(root, "quoted")), YAML_SCALAR);
	at = NULL;
	assert_null(yaml_next_item(root, &at));
	assert_ok(yaml_string(yaml, yaml_lookup(root, "text"), "text", &text,
			      &err),
		  &err);
	assert_string_equal(text, "line\n");
	free(text);
	yaml_free(yaml);
}

static void test_plain(void **state)
{
	static const struct {
		const char *key;
		bool is_plain;
	} rows[] = {
		{ "plain", true },    { "quoted", false }, { "single", false },
		{ "block", false },   { "list", false },   { "alias", true },
		{ "nothing", false },
	};
	struct yaml *yaml = parse_good("plain: &a 1\nquoted: \"1\"\n"
				       "single: '1'\nblock: |\n  1\n"
				       "list: [1]\nalias: *a\n");

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_row(yaml_is_plain(
				   yaml_lookup(yaml_root(yaml), rows[i].key)) ==
				   rows[i].is_plain,
			   rows[i].key);
	yaml_free(yaml);
}

static void test_pairs(void **state)
{
	struct yaml *yaml = parse_good("b: 1\na: 2\n");
	const struct yaml_node *key;
	const struct yaml_node *value;
	struct error err = { 0 };
	char order[8] = "";
	void *at = NULL;

	(void)state;
	while (yaml_next_pair(yaml_root(yaml), &at, &key, &value)) {
		char *text = NULL;

		assert_ok(yaml_string(yaml, key, "key", &text, &err), &err);
		(void)strncat(order, text, 1);
		free(text);
	}
	assert_string_equal(order, "ba");
	at = NULL;
	assert_false(yaml_next_pair(NULL, &at, &key, &value));
	yaml_free(yaml);
}

static void test_kinds(void **state)
{
	static const struct {
		const char *text;
		enum yaml_kind kind;
	} rows[] = {
		{ "", YAML_NULL },	  { "# only a comment\n", YAML_NULL },
		{ "~", YAML_NULL },	  { "null", YAML_NULL },
		{ "Null", YAML_NULL },	  { "NULL", YAML_NULL },
		{ "nUll", YAML_SCALAR },  { "\"\"", YAML_SCALAR },
		{ "x", YAML_SCALAR },	  { "[]", YAML_SEQUENCE },
		{ "{}", YAML_MAPPING },	  { "- a", YAML_SEQUENCE },
		{ "a: b", YAML_MAPPING }, { "{\"a\":null}", YAML_MAPPING },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct yaml *yaml = parse_good(rows[i].text);

		assert_row(yaml_kind(yaml_root(yaml)) == rows[i].kind,
			   rows[i].text);
		yaml_free(yaml);
	}
}

static void test_typed(void **state)
{
	struct yaml *yaml = parse_good("yes: true\n"
				       "no: false\n"
				       "quoted: 'true'\n"
				       "old: yes\n"
				       "number: 42\n"
				       "large: 43\n"
				       "octal: 0o7\n"
				       "list: [1]\n"
				       "nul: \"a\\0b\"\n");
	const struct yaml_node *root = yaml_root(yaml);
	unsigned long long number = 0;
	struct error err = { 0 };
	char *text = NULL;
	bool flag = false;

	(void)state;
	assert_ok(yaml_bool(yaml, yaml_lookup(root, "yes"), "yes", &flag, &err),
		  &err);
	assert_true(flag);
	assert_ok(yaml_bool(yaml, yaml_lookup(root, "no"), "no", &flag, &err),
		  &err);
	assert_false(flag);
	assert_error(yaml_bool(yaml, yaml_lookup(root, "quoted"), "quoted",
			       &flag, &err),
		     &err, ERROR_INVALID,
		     "test.yaml:3: quoted: expected true or false");
	assert_error(
		yaml_bool(yaml, yaml_lookup(root, "old"), "old", &flag, &err),
		&err, ERROR_INVALID, "test.yaml:4: ");
	assert_ok(yaml_number(yaml, yaml_lookup(root, "number"), "number", 1,
			      42, &number, &err),
		  &err);
	assert_int_equal(number, 42);
	assert_error(yaml_number(yaml, yaml_lookup(root, "large"), "large", 1,
				 42, &number, &err),
		     &err, ERROR_INVALID,
		     "test.yaml:6: large: expected a whole number from 1 to "
		     "42, not '43'");
	assert_error(yaml_number(yaml, yaml_lookup(root, "octal"), "octal", 1,
				 42, &number, &err),
		     &err, ERROR_INVALID, "test.yaml:7: ");
	assert_error(yaml_string(yaml, yaml_lookup(root, "list"), "list", &text,
				 &err),
		     &err, ERROR_INVALID, "test.yaml:8: list: expected a text");
	assert_error(
		yaml_string(yaml, yaml_lookup(root, "nul"), "nul", &text, &err),
		&err, ERROR_INVALID, "test.yaml:9: nul: has a NUL in it");
	assert_error(yaml_string(yaml, NULL, "missing", &text, &err), &err,
		     ERROR_INVALID, "test.yaml: missing: expected a text");
	assert_null(text);
	yaml_free(yaml);
}

static void test_line_of_a_collection(void **state)
{
	struct yaml *yaml = parse_good("a: 1\nb:\n  - {c: 1}\nd: []\n");
	const struct yaml_node *root = yaml_root(yaml);
	struct error err = { 0 };

	(void)state;
	assert_int_equal(
		yaml_fail(yaml, yaml_lookup(root, "b"), &err, "%s", "x"),
		-ERROR_INVALID);
	assert_string_equal(err.message, "test.yaml:3: x");
	yaml_fail(yaml, yaml_lookup(root, "d"), &err, "x");
	assert_string_equal(err.message, "test.yaml: x");
	yaml_free(yaml);
}

static void test_aliases(void **state)
{
	struct yaml *yaml = parse_good("base: &b {k: v}\n"
				       "use: *b\n"
				       "text: &t hello\n"
				       "again: *t\n");
	const struct yaml_node *root = yaml_root(yaml);
	struct error err = { 0 };
	char *text = NULL;

	(void)state;
	assert_int_equal(yaml_kind(yaml_lookup(root, "use")), YAML_MAPPING);
	assert_non_null(yaml_lookup(yaml_lookup(root, "use"), "k"));
	assert_ok(yaml_string(yaml, yaml_lookup(root, "again"), "again", &text,
			      &err),
		  &err);
	assert_string_equal(text, "hello");
	free(text);
	yaml_free(yaml);
}

/* It is no missing value, which would silently mean the default. */
static void test_alias_of_nothing(void **state)
{
	static const char *const texts[] = { "x: 1\na: *nowhere\n",
					     "x: 1\na: &b *b\n",
					     "x: 1\na: &a [*a]\n" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct yaml *yaml = NULL;
		struct error err = { 0 };
		char *text = NULL;
		int r = parse(texts[i], strlen(texts[i]), &yaml, &err);

		if (r == 0)
			r = yaml_string(yaml, yaml_lookup(yaml_root(yaml), "a"),
					"a", &text, &err);
		assert_row(r < 0, texts[i]);
		assert_error(r, &err, ERROR_INVALID, "test.yaml:2: ");
		assert_null(text);
		yaml_free(yaml);
	}
}

static void test_refuses(void **state)
{
	static const struct {
		const char *name, *text;
		size_t size; /* 0: up to the NUL */
		const char *part;
	} rows[] = {
		{ "open list", "a: 1\nb: [1, 2\n", 0, "test.yaml:" },
		{ "tab", "a:\n\tb: 1\n", 0, "test.yaml:2: " },
		{ "duplicate key", "a: 1\na: 2\n", 0,
		  "test.yaml:2: 'a' is there twice" },
		{ "quoted", "a: 1\nb: 2\n'a': 3\n", 0,
		  "test.yaml:3: 'a' is there twice" },
		{ "below", "x:\n- a: {b: 1, c: 2,\n     b: 3}\n", 0,
		  "test.yaml:3: 'b' is there twice" },
		{ "NUL", "a: 1\0b", 6, "NUL byte" },
		{ "bad UTF-8", "a: 1\nb: \xff\xfe\n", 0,
		  "test.yaml:2: is not UTF-8" },
		{ "cut UTF-8", "a: \xe2\x82", 0, "test.yaml:1: is not UTF-8" },
		{ "only a NUL", "\0", 1, "NUL byte" },
		{ "colon", "a: b: c\n", 0, "test.yaml:1: " },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct yaml *yaml = NULL;
		struct error err = { 0 };
		int r = parse(rows[i].text,
			      rows[i].size == 0 ? strlen(rows[i].text) :
						  rows[i].size,
			      &yaml, &err);

		assert_row(r < 0, rows[i].name);
		assert_error(r, &err, ERROR_INVALID, rows[i].part);
		assert_null(yaml);
	}
}

/* What a document costs is bounded by its text. */
static void test_hostile(void **state)
{
	static const char laughs[] = "a: &a [x,x,x,x,x,x,x,x,x]\n"
				     "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
				     "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
				     "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
				     "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
				     "f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n"
				     "g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n"
				     "h: &h [*g,*g,*g,*g,*g,*g,*g,*g,*g]\n"
				     "i: &i [*h,*h,*h,*h,*h,*h,*h,*h,*h]\n";
	char deep[20001];
	struct yaml *yaml = NULL;
	struct error err = { 0 };

	(void)state;
	yaml_free(parse_good(laughs));

	memset(deep, '[', 10000);
	memset(deep + 10000, ']', 10000);
	deep[20000] = '\0';
	if (parse(deep, strlen(deep), &yaml, &err) < 0)
		assert_error(-(int)err.code, &err, ERROR_INVALID, "test.yaml");
	yaml_free(yaml);
}

/* Those that libfyaml takes minutes or gigabytes for. */
static void test_large(void **state)
{
	static const struct {
		const char *before, *after; /* a number; NULL: no number */
		const char *part;	    /* NULL: is good */
		int count;
	} rows[] = {
		{ "k", ": 1\n", NULL, 50000 },
		{ "? [k", "]\n: 1\n", NULL, 20000 },
		{ "- ", "\n", NULL, YAML_ITEMS_MAX },
		{ "- ", "\n", "has more than 100000 lines",
		  YAML_ITEMS_MAX + 1 },
		{ "[", NULL, "has more than 100000 lines", YAML_ITEMS_MAX + 1 },
		{ "- ", NULL, "test.yaml", 100 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct buffer b = BUFFER_INIT(4 * 1024 * 1024);
		struct yaml *yaml = NULL;
		struct error err = { 0 };
		char item[64];
		int r;

		for (int n = 0; n < rows[i].count; n++) {
			if (rows[i].after == NULL)
				(void)snprintf(item, sizeof(item), "%s",
					       rows[i].before);
			else
				(void)snprintf(item, sizeof(item), "%s%d%s",
					       rows[i].before, n,
					       rows[i].after);
			assert_ok(buffer_append(&b, item, strlen(item), &err),
				  &err);
		}
		(void)alarm(60);
		r = yaml_parse("test.yaml", &b, &yaml, &err);
		(void)alarm(0);
		if (rows[i].part == NULL)
			assert_ok(r, &err);
		else
			assert_error(r, &err, ERROR_INVALID, rows[i].part);
		yaml_free(yaml);
		buffer_free(&b);
	}
}

static void test_every_cut_of_a_document(void **state)
{
	static const char text[] = "a: &x {b: [1, \"two\\n\", '3']}\n"
				   "c: *x\n"
				   "? complex\n"
				   ": |\n"
				   "  block\n"
				   "--- # next\n";

	(void)state;
	for (size_t size = 0; size < sizeof(text) - 1; size++) {
		struct yaml *yaml = NULL;
		struct error err = { 0 };

		if (parse(text, size, &yaml, &err) < 0)
			assert_error(-(int)err.code, &err, ERROR_INVALID,
				     "test.yaml");
		yaml_free(yaml);
	}
}

static void test_wipe(void **state)
{
	static const char text[] = "plain: secret\nquoted: \"sec\\x72et\"\n"
				   "list: [secret]\n";
	static const char *const keys[] = { "plain", "quoted" };
	struct yaml *yaml = parse_good(text);
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		const struct yaml_node *node =
			yaml_lookup(yaml_root(yaml), keys[i]);
		char *value = NULL;

		assert_ok(yaml_string(yaml, node, "key", &value, &err), &err);
		assert_string_equal(value, "secret");
		free(value);
		yaml_wipe(node);
		/* Its bytes are NULs now. */
		assert_error(yaml_string(yaml, node, "key", &value, &err), &err,
			     ERROR_INVALID, "NUL");
	}
	yaml_wipe(NULL);
	yaml_wipe(yaml_lookup(yaml_root(yaml), "list"));
	yaml_free(yaml);
	yaml_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_look_ups),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_typed),
		cmocka_unit_test(test_line_of_a_collection),
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_alias_of_nothing),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_every_cut_of_a_document),
		cmocka_unit_test(test_wipe),
	};

	return cmocka_run_group_tests_name("yaml", tests, NULL, NULL);
}
