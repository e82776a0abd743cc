/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helpers of the unit tests.
 */
#include <config.h>

#include "support.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

void support_assert_ok(int result, const struct error *err, const char *file,
		       int line)
{
	if (result == 0)
		return;
	print_error("returned %d: %s\n", result, err->message);
	_fail(file, line);
}

void support_assert_error(int result, const struct error *err,
			  enum error_code code, const char *part,
			  const char *file, int line)
{
	if (result == -(int)code && err->code == code &&
	    (part == NULL || strstr(err->message, part) != NULL))
		return;
	print_error("returned %d, code %d, message '%s'; expected code %d "
		    "and '%s'\n",
		    result, (int)err->code, err->message, (int)code,
		    part == NULL ? "" : part);
	_fail(file, line);
}

void support_assert_row(bool holds, const char *condition, const char *name,
			const char *file, int line)
{
	if (holds)
		return;
	print_error("row '%s': not %s\n", name, condition);
	_fail(file, line);
}

char *temp_dir_make(void)
{
	const char *parent = getenv("TMPDIR");
	char *path =
		path_join(parent == NULL ? "/tmp" : parent, "cem-test-XXXXXX");

	assert_non_null(mkdtemp(path));
	return path;
}

static int remove_entry(const char *path, const struct stat *st, int type,
			struct FTW *place)
{
	(void)st;
	(void)type;
	(void)place;
	return remove(path);
}

void temp_dir_remove(char *path)
{
	(void)nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	free(path);
}

int temp_dir_setup(void **state)
{
	*state = temp_dir_make();
	return 0;
}

int temp_dir_teardown(void **state)
{
	temp_dir_remove(*state);
	return 0;
}

char *path_join(const char *directory, const char *name)
{
	char *path;

	assert_true(asprintf(&path, "%s/%s", directory, name) > 0);
	return path;
}

void write_file(const char *path, const char *text)
{
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

char *read_text(const char *path)
{
	FILE *in = fopen(path, "re");
	char *text = NULL;
	size_t capacity = 0;

	assert_non_null(in);
	if (getdelim(&text, &capacity, '\0', in) < 0) {
		free(text);
		text = strdup("");
	}
	assert_non_null(text);
	assert_int_equal(fclose(in), 0);
	return text;
}

int stderr_capture_setup(void **state)
{
	struct stderr_capture *c = test_calloc(1, sizeof(*c));
	int fd;

	c->directory = temp_dir_make();
	c->path = path_join(c->directory, "stderr");
	c->saved = dup(STDERR_FILENO);
	fd = open(c->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	(void)close(fd);
	assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
	*state = c;
	return 0;
}

int stderr_capture_teardown(void **state)
{
	struct stderr_capture *c = *state;

	assert_int_equal(dup2(c->saved, STDERR_FILENO), STDERR_FILENO);
	(void)close(c->saved);
	free(c->path);
	temp_dir_remove(c->directory);
	test_free(c);
	return 0;
}

void output_open(struct output *o)
{
	o->text = NULL;
	o->file = tmpfile();
	assert_non_null(o->file);
}

const char *output_read(struct output *o)
{
	size_t capacity = 0;

	rewind(o->file);
	if (getdelim(&o->text, &capacity, '\0', o->file) < 0)
		o->text[0] = '\0';
	return o->text;
}

void output_close(struct output *o)
{
	free(o->text);
	(void)fclose(o->file);
}

void screen_open(struct screen *s, unsigned short columns)
{
	const struct winsize size = { .ws_row = 24, .ws_col = columns };
	struct termios modes;

	*s = (struct screen){
		.shown = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC),
	};
	assert_true(s->shown >= 0);
	assert_int_equal(grantpt(s->shown), 0);
	assert_int_equal(unlockpt(s->shown), 0);
	s->file = fopen(ptsname(s->shown), "r+e");
	assert_non_null(s->file);
	assert_int_equal(ioctl(fileno(s->file), TIOCSWINSZ, &size), 0);
	/* Newlines stay what they are. */
	assert_int_equal(tcgetattr(fileno(s->file), &modes), 0);
	modes.c_oflag &= ~(tcflag_t)OPOST;
	assert_int_equal(tcsetattr(fileno(s->file), TCSANOW, &modes), 0);
}

const char *screen_read(struct screen *s, const char *end)
{
	size_t used = strlen(s->text);

	/* It hands on what it has, when it has it. */
	while (strstr(s->text, end) == NULL) {
		struct pollfd shown = { .fd = s->shown, .events = POLLIN };
		ssize_t got;

		assert_int_equal(poll(&shown, 1, 10000), 1);
		got = read(s->shown, s->text + used,
			   sizeof(s->text) - 1 - used);
		assert_true(got > 0);
		used += (size_t)got;
		s->text[used] = '\0';
	}
	return s->text;
}

void screen_close(struct screen *s)
{
	(void)fclose(s->file);
	(void)close(s->shown);
}

size_t count_entries(const char *path)
{
	DIR *directory = opendir(path);
	size_t count = 0;

	assert_non_null(directory);
	while (readdir(directory) != NULL)
		count++;
	(void)closedir(directory);
	return count - 2;
}
