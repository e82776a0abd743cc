/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics/textfile: the file replaced, the limit, failures.
 */
#include <config.h>

#include "metrics/textfile.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"
#include "world.h"

struct fixture {
	char *directory;
	char *path;
	struct world w;
	struct certificate c;
};

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));
	struct job_config *job;

	f->directory = temp_dir_make();
	f->path = path_join(f->directory, "a.prom");
	f->c = world_certificate('a', -1, 89);
	world_init(&f->w);
	job = world_add_job(&f->w, "edge");
	world_add_domain(job, "a.example");
	world_add_pod(&f->w, job, "ns", "p1");
	world_build(&f->w);
	world_show(&f->w, 0, &f->c);
	world_finish(&f->w);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	world_free(&f->w);
	free(f->path);
	temp_dir_remove(f->directory);
	test_free(f);
	return 0;
}

static void test_replaces(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	bool is_limited = true;
	struct stat st;
	char *text;

	write_file(f->path, "old\n");
	assert_ok(textfile_write(f->path, &f->w.facts, METRICS_STANDARD,
				 &is_limited, &err),
		  &err);
	assert_false(is_limited);
	text = read_text(f->path);
	assert_null(strstr(text, "old\n"));
	assert_non_null(
		strstr(text, "certificate_expiry_monitor_certificate{"));
	assert_non_null(strstr(text, "series_limited 0\n"));
	free(text);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0644);
	assert_int_equal(count_entries(f->directory), 1);
}

static void test_limit_switches_to_the_summary(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	bool is_limited = false;
	char *text;

	f->w.config.max_series = 3;
	assert_ok(textfile_write(f->path, &f->w.facts, METRICS_STANDARD,
				 &is_limited, &err),
		  &err);
	assert_true(is_limited);
	text = read_text(f->path);
	assert_non_null(strstr(text, "domain_pairs{"));
	assert_null(strstr(text, "monitor_certificate{"));
	assert_non_null(strstr(text, "series_limited 1\n"));
	free(text);

	/* Asked for, it is no limitation. */
	assert_ok(textfile_write(f->path, &f->w.facts, METRICS_SUMMARY,
				 &is_limited, &err),
		  &err);
	assert_false(is_limited);
	f->w.config.max_series = 0;
	assert_ok(textfile_write(f->path, &f->w.facts, METRICS_STANDARD, NULL,
				 &err),
		  &err);
}

static void test_standard_output(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	int saved = dup(STDOUT_FILENO);
	int fd = open(f->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	char *text;
	int r;

	(void)fflush(stdout);
	assert_int_equal(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
	r = textfile_write("-", &f->w.facts, METRICS_STANDARD, NULL, &err);
	(void)dup2(saved, STDOUT_FILENO);
	(void)close(saved);
	(void)close(fd);
	assert_ok(r, &err);
	text = read_text(f->path);
	assert_non_null(strstr(text, "run_success 1\n"));
	free(text);
}

static void test_failures(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	char *missing = path_join(f->directory, "missing/a.prom");
	int saved = dup(STDOUT_FILENO);
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	int r;

	assert_error(textfile_write(missing, &f->w.facts, METRICS_STANDARD,
				    NULL, &err),
		     &err, ERROR_SYSTEM, "missing/a.prom");
	assert_error(textfile_check(missing, &err), &err, ERROR_SYSTEM,
		     "missing/a.prom");
	assert_error(textfile_check(f->directory, &err), &err, ERROR_INVALID,
		     "is a directory");
	(void)fflush(stdout);
	assert_int_equal(dup2(full, STDOUT_FILENO), STDOUT_FILENO);
	r = textfile_write("-", &f->w.facts, METRICS_STANDARD, NULL, &err);
	(void)dup2(saved, STDOUT_FILENO);
	(void)close(saved);
	(void)close(full);
	assert_error(r, &err, ERROR_SYSTEM, "standard output: No space left");
	free(missing);
}

static void test_check_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	char *text;

	assert_ok(textfile_check(f->path, &err), &err);
	assert_int_equal(count_entries(f->directory), 0);
	write_file(f->path, "old\n");
	assert_ok(textfile_check(f->path, &err), &err);
	text = read_text(f->path);
	assert_string_equal(text, "old\n");
	free(text);
	assert_int_equal(count_entries(f->directory), 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_replaces),
		TEST(test_limit_switches_to_the_summary),
		TEST(test_standard_output),
		TEST(test_failures),
		TEST(test_check_changes_nothing),
	};

	return cmocka_run_group_tests_name("textfile", tests, NULL, NULL);
}
