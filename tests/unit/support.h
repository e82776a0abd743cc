/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What several unit tests need: cmocka with its prerequisites, temporary
 * directories, and short assertions. A helper that fails ends the test.
 */
#ifndef CEM_TESTS_SUPPORT_H
#define CEM_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/error.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* `result` is 0; else the error's message is shown. */
#define assert_ok(result, err)                                                 \
	support_assert_ok((result), (err), __FILE__, __LINE__)
void support_assert_ok(int result, const struct error *err, const char *file,
		       int line);

/* `result` is -code, the error has this code, and `part` (NULL: anything) is
 * in its message. */
#define assert_error(result, err, code, part)                                  \
	support_assert_error((result), (err), (code), (part), __FILE__,        \
			     __LINE__)
void support_assert_error(int result, const struct error *err,
			  enum error_code code, const char *part,
			  const char *file, int line);

/* Names the row of a table that fails, as cmocka only knows the line. */
#define assert_row(condition, name)                                            \
	support_assert_row((condition), #condition, (name), __FILE__, __LINE__)
void support_assert_row(bool holds, const char *condition, const char *name,
			const char *file, int line);

/* A new directory; the caller removes it by temp_dir_remove(), which frees
 * the path as well. */
char *temp_dir_make(void);
void temp_dir_remove(char *path);

/* For cmocka's set-up and tear-down: *state is a temporary directory. */
int temp_dir_setup(void **state);
int temp_dir_teardown(void **state);

/* "DIRECTORY/NAME", to be freed. */
char *path_join(const char *directory, const char *name);

void write_file(const char *path, const char *text);

/* The whole file as text, to be freed. */
char *read_text(const char *path);

/* For cmocka's set-up and tear-down: standard error goes to a file for the
 * time of a test, and is not the journal. *state is the capture. */
struct stderr_capture {
	char *directory;
	char *path;
	int saved;
};
int stderr_capture_setup(void **state);
int stderr_capture_teardown(void **state);

/* A file without a name that something is printed to: never a terminal. */
struct output {
	FILE *file;
	char *text;
};
void output_open(struct output *o);
const char *output_read(struct output *o); /* o->text from then on */
void output_close(struct output *o);

/* A terminal. It takes some kilobytes before anybody reads. */
struct screen {
	FILE *file; /* that a program would write to */
	int shown;
	char text[8192];
};
void screen_open(struct screen *s, unsigned short columns);
/* Waits until `end` is there, some seconds at most: s->text so far. */
const char *screen_read(struct screen *s, const char *end);
void screen_close(struct screen *s);

/* How many entries a directory has, "." and ".." left out. */
size_t count_entries(const char *path);

#endif
