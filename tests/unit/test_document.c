/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kube/document: look-ups, and what they leave behind.
 */
#include <config.h>

#include "kube/document.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "torture.h"

static struct document parse(const char *path, const char *text)
{
	struct buffer source = BUFFER_INIT(1000);
	struct document d = { 0 };
	struct error err = { 0 };

	assert_ok(buffer_append(&source, text, strlen(text), &err), &err);
	assert_ok(document_parse(path, &source, &d, &err), &err);
	assert_int_equal(source.size, 0);
	return d;
}

static void test_texts(void **state)
{
	struct document d = parse("/etc/k", "a: text\nb: ''\nc:\nd: [x]\n");
	const struct yaml_node *root = yaml_root(d.yaml);
	struct error err = { 0 };
	char *text = NULL;

	(void)state;
	assert_ok(document_text(&d, root, "a", &text, &err), &err);
	assert_string_equal(text, "text");
	free(text);
	for (const char *key = "bcx"; *key != '\0'; key++) {
		const char name[] = { *key, '\0' };

		assert_ok(document_text(&d, root, name, &text, &err), &err);
		assert_null(text);
	}
	assert_error(document_text(&d, root, "d", &text, &err), &err,
		     ERROR_INVALID, "/etc/k:4: d: expected a text");
	assert_true(document_is_given(yaml_lookup(root, "b")));
	assert_false(document_is_given(yaml_lookup(root, "c")));
	document_free(&d);
	assert_null(d.path);
}

static void test_paths(void **state)
{
	static const struct {
		const char *document, *path, *expected;
	} rows[] = {
		{ "/etc/k/config", "ca.crt", "/etc/k/ca.crt" },
		{ "/etc/k/config", "../ca.crt", "/etc/k/../ca.crt" },
		{ "/etc/k/config", "/ca.crt", "/ca.crt" },
		{ "config", "pki/ca.crt", "pki/ca.crt" },
		{ "./config", "ca.crt", "./ca.crt" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[64];
		struct document d;
		struct error err = { 0 };
		char *path = NULL;

		(void)snprintf(text, sizeof(text), "p: %s\n", rows[i].path);
		d = parse(rows[i].document, text);
		assert_ok(
			document_path(&d, yaml_root(d.yaml), "p", &path, &err),
			&err);
		assert_string_equal(path, rows[i].expected);
		free(path);
		assert_ok(
			document_path(&d, yaml_root(d.yaml), "q", &path, &err),
			&err);
		assert_null(path);
		document_free(&d);
	}
}

static size_t leaks;

/* Libraries' own copies are seen by the end-to-end tests. */
static void look(void *pointer)
{
	if (pointer != NULL &&
	    memmem(pointer, malloc_usable_size(pointer), "s3cret", 6) != NULL)
		leaks++;
}

static void test_secret(void **state)
{
	struct document d = parse("k", "a: s3cret\nb: \"s3c\\x72et\"\n");
	const struct yaml_node *root = yaml_root(d.yaml);
	struct buffer small = BUFFER_INIT(3);
	struct error err = { 0 };
	char *text = NULL;

	(void)state;
	torture_on_free = look;
	for (const char *key = "ab"; *key != '\0'; key++) {
		const char name[] = { *key, '\0' };
		struct buffer secret = BUFFER_INIT(100);

		assert_ok(document_secret(&d, root, name, &secret, &err), &err);
		assert_string_equal(secret.data, "s3cret");
		buffer_free(&secret);
		/* It is zeros in the document by now. */
		assert_error(document_text(&d, root, name, &text, &err), &err,
			     ERROR_INVALID, "has a NUL in it");
	}
	assert_ok(document_secret(&d, root, "c", &small, &err), &err);
	assert_int_equal(small.size, 0);
	document_free(&d);
	d = parse("k", "a: s3cret\n");
	assert_error(document_secret(&d, yaml_root(d.yaml), "a", &small, &err),
		     &err, ERROR_TOO_LARGE, "k: a: more than 3 bytes");
	document_free(&d);
	torture_on_free = NULL;
	assert_int_equal(leaks, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_secret),
	};

	return cmocka_run_group_tests_name("document", tests, NULL, NULL);
}
