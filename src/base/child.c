/* SPDX-License-Identifier: Apache-2.0 */
/*
 * posix_spawn(3), which copies none of our memory, and poll(2) on what comes.
 */
#include <config.h>

#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

/* A child that never stops printing must not keep us from the deadline. */
#define READS_MAX 512 /* of 4096 bytes: more than any pipe holds */

enum {
	WAIT_END,
	WAIT_OUT,
	WAIT_ERR,
	WAIT_INTERRUPT,
	WAIT_COUNT
};

struct run {
	const struct child *child;
	struct child_result *result;
	pid_t pid;
	int end; /* pidfd: readable once the child has ended */
	int out;
	int err;
};

static int fail(const char *what, struct error *err)
{
	return error_set(err, ERROR_SYSTEM, "%s: %s", what, strerror(errno));
}

/* A pipe of which we keep a reading end that does not block. */
static int make_pipe(int *ret_ours, int *ret_theirs, struct error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail("pipe", err);
	*ret_ours = ends[0];
	*ret_theirs = ends[1];
	if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
		return fail("fcntl", err);
	return 0;
}

/* Its descriptors: nothing but the three that everybody has. */
static int add_actions(posix_spawn_file_actions_t *actions, int out, int err)
{
	int r = posix_spawn_file_actions_addopen(actions, STDIN_FILENO,
						 "/dev/null", O_RDONLY, 0);

	if (r == 0)
		r = posix_spawn_file_actions_adddup2(actions, out,
						     STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(actions, err,
						     STDERR_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(actions,
							     STDERR_FILENO + 1);
	return r;
}

/* No signal blocked or ignored, a session without a terminal. */
static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t all;
	sigset_t none;
	int r;

	(void)sigfillset(&all);
	(void)sigemptyset(&none);
	r = posix_spawnattr_setsigdefault(attributes, &all);
	if (r == 0)
		r = posix_spawnattr_setsigmask(attributes, &none);
	if (r == 0)
		r = posix_spawnattr_setflags(attributes,
					     POSIX_SPAWN_SETSIGDEF |
						     POSIX_SPAWN_SETSIGMASK |
						     POSIX_SPAWN_SETSID);
	return r;
}

/* Returns 0 or an errno. */
static int start(struct run *run, int out, int err)
{
	const struct child *child = run->child;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int r = posix_spawn_file_actions_init(&actions);

	if (r != 0)
		return r;
	r = posix_spawnattr_init(&attributes);
	if (r == 0) {
		r = add_actions(&actions, out, err);
		if (r == 0)
			r = set_attributes(&attributes);
		if (r == 0)
			r = posix_spawnp(&run->pid, child->program, &actions,
					 &attributes, child->arguments,
					 child->environment);
		(void)posix_spawnattr_destroy(&attributes);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	return r;
}

/* Reads what there is at the moment; closes what has ended. Past its limit
 * the output is an error; complaints are dropped, so that nobody waits for us.
 * Reading a pipe of one's own fails only for want of something to read. */
static int drain(int *fd, struct buffer *buffer, bool is_output,
		 struct error *err)
{
	char chunk[4096];
	ssize_t got = 1;
	int r = 0;

	for (int i = 0; i < READS_MAX && r == 0 && *fd >= 0; i++) {
		size_t room = buffer->max_bytes - buffer->size;

		got = read(*fd, chunk, sizeof(chunk));
		if (got <= 0)
			break;
		r = buffer_append(
			buffer, chunk,
			is_output || (size_t)got < room ? (size_t)got : room,
			err);
	}
	explicit_bzero(chunk, sizeof(chunk));
	if (got == 0) {
		(void)close(*fd);
		*fd = -1;
	}
	return r;
}

static int drain_both(struct run *run, struct error *err)
{
	int r = drain(&run->out, &run->result->out, true, err);

	if (r == -ERROR_TOO_LARGE)
		return error_set(err, ERROR_TOO_LARGE,
				 "prints more than %zu bytes",
				 run->result->out.max_bytes);
	if (r == 0)
		r = drain(&run->err, &run->result->err, false, err);
	return r;
}

static bool is_interrupted(const struct child *child)
{
	return child->interrupt != NULL && interrupt_seen(child->interrupt);
}

/* Milliseconds as poll(2) takes them. */
static int patience(const struct child *child)
{
	int64_t left = mono_until(child->deadline);

	return left < INT_MAX ? (int)left : INT_MAX;
}

/* Waits for its end. What others hold its pipes open for is not waited for. */
static int follow(struct run *run, struct error *err)
{
	const struct child *child = run->child;
	struct mono_time begin = mono_now();
	int r;

	for (;;) {
		struct pollfd fds[WAIT_COUNT] = {
			[WAIT_END] = { run->end, POLLIN, 0 },
			[WAIT_OUT] = { run->out, POLLIN, 0 },
			[WAIT_ERR] = { run->err, POLLIN, 0 },
			[WAIT_INTERRUPT] = { -1, POLLIN, 0 },
		};

		if (is_interrupted(child))
			return error_set(err, ERROR_INTERRUPTED, "interrupted");
		if (child->interrupt != NULL)
			fds[WAIT_INTERRUPT].fd = child->interrupt->fd;
		r = poll(fds, WAIT_COUNT, patience(child));
		if (r < 0 && errno != EINTR)
			return fail("poll", err);
		r = drain_both(run, err);
		if (r < 0 || fds[WAIT_END].revents != 0)
			return r;
		if (mono_until(child->deadline) == 0) {
			int64_t ms = mono_now().ms - begin.ms;

			return error_set(err, ERROR_TIMEOUT,
					 "is not done after %lld.%03lld s",
					 (long long)ms / 1000,
					 (long long)ms % 1000);
		}
	}
}

/* Ends the group, while the child, not yet waited for, keeps its number from
 * being another's. */
static void finish(struct run *run)
{
	(void)kill(-run->pid, SIGKILL);
	while (waitpid(run->pid, &run->result->status, 0) < 0 && errno == EINTR)
		;
}

int child_run(const struct child *child, struct child_result *result,
	      struct error *err)
{
	CLEANUP(cleanup_close) int out = -1;
	CLEANUP(cleanup_close) int complaints = -1;
	struct run run = { child, result, -1, -1, -1, -1 };
	int r = make_pipe(&run.out, &out, err);

	if (r == 0)
		r = make_pipe(&run.err, &complaints, err);
	if (r == 0) {
		result->err.max_bytes = CHILD_STDERR_MAX;
		result->start_error = start(&run, out, complaints);
	}
	if (r == 0 && result->start_error == 0) {
		/* Only the child's side is to hold them open. */
		cleanup_close(&out);
		cleanup_close(&complaints);
		out = complaints = -1;
		run.end = pidfd_open(run.pid, 0);
		r = run.end < 0 ? fail("pidfd_open", err) : follow(&run, err);
		finish(&run);
	}
	cleanup_close(&run.out);
	cleanup_close(&run.err);
	cleanup_close(&run.end);
	return r;
}

void child_result_free(struct child_result *result)
{
	buffer_free(&result->out);
	buffer_free(&result->err);
}
