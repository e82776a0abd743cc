/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state/line_reader: lines around the size of its buffer.
 */
#include <config.h>

#include "state/line_reader.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support.h"

static void test_line_reader(void **data)
{
	static const struct {
		const char *name, *text;
		int results[5]; /* lengths; -1 the end, or an error's code */
	} rows[] = {
		{ "empty", "", { -1 } },
		{ "an empty line", "\n", { 0, -1 } },
		{ "as long as may be", "12345678\n", { 8, -1 } },
		{ "longer", "123456789\n", { -ERROR_TOO_LARGE } },
		{ "much longer",
		  "12345678901234567890\n",
		  { -ERROR_TOO_LARGE } },
		{ "several", "1234\n567\n\n12345678\n", { 4, 3, 0, 8, -1 } },
		{ "no newline", "1234\n5", { 4, -ERROR_INVALID } },
		{ "long and no newline", "12345678", { -ERROR_INVALID } },
		{ "too long and no newline",
		  "123456789",
		  { -ERROR_TOO_LARGE } },
	};
	char *path = path_join(*data, "lines");

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct line_reader reader = { .fd = -1 };
		struct error err = { 0 };
		const char *line;
		size_t size;
		int fd;

		write_file(path, rows[i].text);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		assert_ok(line_reader_init(&reader, fd, 8, &err), &err);
		for (int pass = 0; pass < 2; pass++) {
			uint64_t offset = 0;
			int expected = 0;
			int r;

			line_reader_seek(&reader, 0);
			for (size_t j = 0; expected >= 0; j++) {
				expected = rows[i].results[j];
				assert_int_equal(reader.offset, offset);
				r = line_reader_next(&reader, &line, &size,
						     &err);
				if (expected >= 0) {
					assert_row(r == 1, rows[i].name);
					assert_row(size == (size_t)expected,
						   rows[i].name);
					assert_row(strlen(line) == size,
						   rows[i].name);
					offset += size + 1;
				} else if (expected == -1) {
					assert_row(r == 0, rows[i].name);
				} else {
					assert_row(r == expected, rows[i].name);
				}
			}
		}
		line_reader_release(&reader);
		(void)close(fd);
	}
	free(path);
}

int main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, temp_dir_setup, temp_dir_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_line_reader),
	};

	return cmocka_run_group_tests_name("line_reader", tests, NULL, NULL);
}
