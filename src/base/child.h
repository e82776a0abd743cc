/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another program, run to its end: what it prints, within limits, and how it
 * ended. It has a session and process group of its own, nothing to read and
 * no terminal; whatever it has started in that group ends with it.
 */
#ifndef CEM_BASE_CHILD_H
#define CEM_BASE_CHILD_H

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/interrupt.h"

#define CHILD_STDERR_MAX ((size_t)64 * 1024) /* bytes; the rest is dropped */

struct child {
	const char *program; /* a path if there is a slash in it, else $PATH */
	char *const *arguments; /* argv, with the name first */
	char *const *environment;
	struct mono_time deadline;
	struct interrupt *interrupt; /* NULL: none */
};

/* Zeroed but for the limit of `out`; child_result_free() wipes. */
struct child_result {
	int start_error; /* errno of what could not be started, else 0 */
	int status;	 /* of waitpid(2), if it was */
	struct buffer out;
	struct buffer err;
};

/* Runs it. 0 if it ended by itself, or could not be started: that is in the
 * result. Otherwise it was killed, with ERROR_TIMEOUT at the deadline,
 * ERROR_INTERRUPTED by a signal, ERROR_TOO_LARGE for more than `out` takes;
 * the message is to be seen behind the program's name. The caller frees the
 * result in any case. */
int child_run(const struct child *child, struct child_result *result,
	      struct error *err) __attribute__((warn_unused_result));

void child_result_free(struct child_result *result);

#endif
