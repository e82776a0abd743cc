/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics/exposition: escapes, headers, values, errors, no locale.
 */
#include <config.h>

#include "metrics/exposition.h"

#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

#define P "certificate_expiry_monitor_"

/* Writes to a file in the test's directory. */
struct fixture {
	char *directory;
	char *path;
	struct exposition x;
};

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	f->directory = temp_dir_make();
	f->path = path_join(f->directory, "out");
	exposition_init(&f->x,
			open(f->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	assert_true(f->x.fd >= 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	(void)close(f->x.fd);
	free(f->path);
	temp_dir_remove(f->directory);
	test_free(f);
	return 0;
}

static void assert_written(struct fixture *f, const char *expected)
{
	struct error err = { 0 };
	char *text;

	assert_ok(exposition_finish(&f->x, &err), &err);
	text = read_text(f->path);
	assert_string_equal(text, expected);
	free(text);
}

static void test_families(void **state)
{
	struct fixture *f = *state;
	const struct label labels[] = { { "a", "1" }, { "b", "" } };

	exposition_family(&f->x, "first", "gauge", "The first");
	exposition_sample(&f->x, NULL, 0, 1);
	exposition_sample(&f->x, labels, 2, -7);
	exposition_family(&f->x, "empty", "gauge", "Never seen");
	exposition_family(&f->x, "last", "counter", "The last");
	exposition_sample(&f->x, labels, 1, 0);
	assert_written(f, "# HELP " P "first The first\n"
			  "# TYPE " P "first gauge\n" P "first 1\n" P
			  "first{a=\"1\",b=\"\"} -7\n"
			  "# HELP " P "last The last\n"
			  "# TYPE " P "last counter\n" P "last{a=\"1\"} 0\n");
	assert_int_equal(f->x.samples, 3);
}

static void test_labels_left_out(void **state)
{
	struct fixture *f = *state;
	const struct label labels[] = { { NULL, "x" },
					{ "b", "2" },
					{ NULL, NULL },
					{ "d", "4" },
					{ NULL, NULL } };

	exposition_family(&f->x, "f", "gauge", "F");
	exposition_sample(&f->x, labels, 5, 1);
	exposition_sample(&f->x, labels, 1, 1);
	assert_written(f, "# HELP " P "f F\n# TYPE " P "f gauge\n" P
			  "f{b=\"2\",d=\"4\"} 1\n" P "f 1\n");
}

static void test_escapes(void **state)
{
	static const struct {
		const char *value, *written;
	} rows[] = {
		{ "plain", "plain" },
		{ "\"", "\\\"" },
		{ "\\", "\\\\" },
		{ "\n", "\\n" },
		{ "\\n", "\\\\n" },
		{ "a\"b\\c\nd", "a\\\"b\\\\c\\nd" },
		{ "\t\r{},=\x01", "\t\r{},=\x01" },
		{ "caf\xc3\xa9", "caf\xc3\xa9" },
		{ "\\\\\"\"", "\\\\\\\\\\\"\\\"" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fixture *f = *state;
		const struct label label = { "l", rows[i].value };
		char expected[256];

		(void)snprintf(expected, sizeof(expected),
			       "# HELP " P "f F\n# TYPE " P "f gauge\n" P
			       "f{l=\"%s\"} 1\n",
			       rows[i].written);
		assert_int_equal(ftruncate(f->x.fd, 0), 0);
		assert_int_equal(lseek(f->x.fd, 0, SEEK_SET), 0);
		exposition_init(&f->x, f->x.fd);
		exposition_family(&f->x, "f", "gauge", "F");
		exposition_sample(&f->x, &label, 1, 1);
		assert_written(f, expected);
	}
}

static void write_values(struct exposition *x)
{
	static const int64_t thousandths[] = {
		0, 1, 999, 1000, -1, -1000, 1700000000123, INT64_MIN, INT64_MAX
	};
	static const int64_t millionths[] = { 0,	1,	   999999,
					      1000000,	60000001,  -1,
					      -1000000, INT64_MIN, INT64_MAX };

	exposition_family(x, "v", "gauge", "V");
	for (size_t i = 0; i < COUNT_OF(thousandths); i++)
		exposition_sample_milli(x, NULL, 0, thousandths[i]);
	for (size_t i = 0; i < COUNT_OF(millionths); i++)
		exposition_sample_micro(x, NULL, 0, millionths[i]);
	exposition_sample(x, NULL, 0, INT64_MIN);
	exposition_sample(x, NULL, 0, INT64_MAX);
}

#define VALUES                                                                 \
	"# HELP " P "v V\n# TYPE " P "v gauge\n" P "v 0.000\n" P "v 0.001\n" P \
	"v 0.999\n" P "v 1.000\n" P "v -0.001\n" P "v -1.000\n" P              \
	"v 1700000000.123\n" P "v -9223372036854775.808\n" P                   \
	"v 9223372036854775.807\n" P "v 0.000000\n" P "v 0.000001\n" P         \
	"v 0.999999\n" P "v 1.000000\n" P "v 60.000001\n" P "v -0.000001\n" P  \
	"v -1.000000\n" P "v -9223372036854.775808\n" P                        \
	"v 9223372036854.775807\n" P "v -9223372036854775808\n" P              \
	"v 9223372036854775807\n"

static void test_values(void **state)
{
	struct fixture *f = *state;

	write_values(&f->x);
	assert_written(f, VALUES);
}

/* Makes a locale with a decimal comma, and grouping, and switches to it. */
static bool switch_locale(const char *directory)
{
	char *path = path_join(directory, "test_DE");
	char command[] = "localedef";
	char *arguments[] = { command,
			      (char[]){ "-i" },
			      (char[]){ "de_DE" },
			      (char[]){ "-f" },
			      (char[]){ "UTF-8" },
			      path,
			      NULL };
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		(void)dup2(null, STDOUT_FILENO);
		(void)dup2(null, STDERR_FILENO);
		(void)execvp(command, arguments);
		_exit(127);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	free(path);
	assert_int_equal(setenv("LOCPATH", directory, 1), 0);
	return setlocale(LC_ALL, "test_DE") != NULL;
}

static void test_no_locale(void **state)
{
	struct fixture *f = *state;
	char number[16];

	if (!switch_locale(f->directory)) {
		print_message("no localedef, no locale to test with\n");
		skip();
	}
	(void)snprintf(number, sizeof(number), "%.1f", 1.5);
	assert_string_equal(number, "1,5");
	write_values(&f->x);
	assert_written(f, VALUES);
	(void)setlocale(LC_ALL, "C");
}

/* Many times the buffer, in pieces that do not fit it. */
static void test_large(void **state)
{
	struct fixture *f = *state;
	char value[1001];
	const struct label label = { "l", value };
	struct error err = { 0 };
	char *text;
	char *at;

	memset(value, 'v', 1000);
	value[1000] = '\0';
	exposition_family(&f->x, "f", "gauge", "F");
	for (int i = 0; i < 1000; i++)
		exposition_sample(&f->x, &label, 1, i);
	assert_ok(exposition_finish(&f->x, &err), &err);
	text = read_text(f->path);
	at = strchr(strchr(text, '\n') + 1, '\n') + 1;
	for (int i = 0; i < 1000; i++) {
		char *end = strchr(at, '\n');
		char expected[1100];

		(void)snprintf(expected, sizeof(expected), P "f{l=\"%s\"} %d",
			       value, i);
		assert_non_null(end);
		*end = '\0';
		assert_string_equal(at, expected);
		at = end + 1;
	}
	assert_string_equal(at, "");
	free(text);
}

static void test_count(void **state)
{
	struct exposition x;
	const struct label label = { "l", "v" };
	struct error err = { 0 };

	(void)state;
	exposition_init(&x, EXPOSITION_COUNT);
	exposition_family(&x, "f", "gauge", "F");
	for (int i = 0; i < 100000; i++)
		exposition_sample(&x, &label, 1, 1);
	exposition_sample_milli(&x, NULL, 0, 1);
	exposition_sample_micro(&x, NULL, 0, 1);
	assert_ok(exposition_finish(&x, &err), &err);
	assert_int_equal(x.samples, 100002);
}

static void test_write_error(void **state)
{
	struct exposition x;
	const struct label label = { "l", "v" };
	struct error err = { 0 };
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_true(full >= 0);
	exposition_init(&x, full);
	exposition_family(&x, "f", "gauge", "F");
	for (int i = 0; i < 10000; i++)
		exposition_sample(&x, &label, 1, 1);
	assert_error(exposition_finish(&x, &err), &err, ERROR_SYSTEM,
		     "No space left");
	(void)close(full);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_families),  TEST(test_labels_left_out),
		TEST(test_escapes),   TEST(test_values),
		TEST(test_no_locale), TEST(test_large),
		TEST(test_count),     TEST(test_write_error),
	};

	return cmocka_run_group_tests_name("exposition", tests, NULL, NULL);
}
