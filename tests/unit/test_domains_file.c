/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of domains, good and bad.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "discovery/domains_file.h"

#include "objects.h"
#include "support.h"

static int read_bytes(const char *directory, const char *bytes, size_t size,
		      struct found *found, struct error *err)
{
	char *path = path_join(directory, "domains");
	FILE *file = fopen(path, "w");
	int r;

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	r = domains_file_read(path, found, err);
	free(path);
	return r;
}

static const struct {
	const char *text;
	const char *found;   /* NULL: fails */
	const char *message; /* then */
} files[] = {
	{ "a.example\nb.example\n", "a.example, b.example", NULL },
	{ "a.example", "a.example", NULL },
	{ "", "", NULL },
	{ "\n\n \t\n#\n", "", NULL },
	{ "# all\n a.example\t# this\n#b.example\n\n*.c.example#x\n",
	  "a.example, *.c.example", NULL },
	{ "a.example\r\n\r\n# x\r\nb.example\r\n", "a.example, b.example",
	  NULL },
	{ "\xef\xbb\xbf"
	  "a.example\n",
	  "a.example", NULL },
	{ "\xef\xbb\xbf"
	  "# all\na.example\n",
	  "a.example", NULL },
	{ "A.Example.\n192.0.2.1\n[2001:db8::1]\nm\xc3\xbcller.example\n",
	  "A.Example., 192.0.2.1, [2001:db8::1], m\xc3\xbcller.example", NULL },
	{ "a.example\n\nb example\n", NULL, "/domains:3: 'b example' is not" },
	{ "a.example, b.example\n", NULL, "/domains:1: " },
	{ "a.example\rb.example\n", NULL, "/domains:1: " },
	{ "https://a.example/\n", NULL, "/domains:1: " },
	{ "*\n", NULL, "/domains:1: " },
	{ "a.example\n-", NULL, "/domains:2: " },
	{ "\xff\n", NULL, "/domains:1: " },
};

static void test_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		struct found found = { 0 };
		struct error err = { 0 };
		int r = read_bytes(*state, files[i].text, strlen(files[i].text),
				   &found, &err);
		char *text = objects_describe(&found);

		if (files[i].found == NULL)
			assert_error(r, &err, ERROR_INVALID, files[i].message);
		else if (r < 0 || strcmp(text, files[i].found) != 0)
			fail_msg("%s: '%s' %s", files[i].text, text,
				 err.message);
		free(text);
		found_free(&found);
	}
}

static void test_nul(void **state)
{
	struct found found = { 0 };
	struct error err = { 0 };

	assert_error(read_bytes(*state, "a\nb\0c\nd\n", 8, &found, &err), &err,
		     ERROR_INVALID, "/domains:2: has a NUL byte");
	assert_error(read_bytes(*state, "a\0", 2, &found, &err), &err,
		     ERROR_INVALID, "/domains:1: has a NUL byte");
	found_free(&found);
}

static void test_no_file(void **state)
{
	char *path = path_join(*state, "missing");
	struct found found = { 0 };
	struct error err = { 0 };

	assert_error(domains_file_read(path, &found, &err), &err, ERROR_SYSTEM,
		     "/missing: No such file");
	assert_error(domains_file_read(*state, &found, &err), &err,
		     ERROR_INVALID, "not a file");
	free(path);
}

static void test_limits(void **state)
{
	size_t size = DOMAINS_FILE_BYTES_MAX + 1;
	char *bytes = malloc(size);
	struct found found = { 0 };
	struct error err = { 0 };

	assert_non_null(bytes);
	memset(bytes, '\n', size);
	assert_ok(read_bytes(*state, bytes, size - 1, &found, &err), &err);
	assert_int_equal(found.names.count, 0);
	assert_error(read_bytes(*state, bytes, size, &found, &err), &err,
		     ERROR_TOO_LARGE, "/domains");
	/* One line of all that fits. */
	memset(bytes, 'a', size);
	assert_error(read_bytes(*state, bytes, size - 1, &found, &err), &err,
		     ERROR_INVALID, "/domains:1: 'aaa");
	for (size_t i = 1; i < size; i += 2)
		bytes[i] = '\n';
	assert_error(read_bytes(*state, bytes, 2 * FOUND_NAMES_MAX + 2, &found,
				&err),
		     &err, ERROR_TOO_LARGE, "/domains:100001: more than");
	found_free(&found);
	assert_ok(read_bytes(*state, bytes, 2 * FOUND_NAMES_MAX, &found, &err),
		  &err);
	assert_int_equal(found.names.count, FOUND_NAMES_MAX);
	found_free(&found);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_files, temp_dir_setup,
						temp_dir_teardown),
		cmocka_unit_test_setup_teardown(test_nul, temp_dir_setup,
						temp_dir_teardown),
		cmocka_unit_test_setup_teardown(test_no_file, temp_dir_setup,
						temp_dir_teardown),
		cmocka_unit_test_setup_teardown(test_limits, temp_dir_setup,
						temp_dir_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
