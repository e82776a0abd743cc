/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last resort: ends the process where nothing else does, because a library
 * or a system call does not return: past the run's deadline, or when a
 * termination signal that base/interrupt.h blocked is not taken. What not even
 * a signal wakes, as a file system that is gone, is killed by the kernel a
 * little later, without a word. Whatever was to be replaced stays as it was; a
 * temporary file that is left is removed by the next run.
 *
 * One for the process, as its signal handler knows it: SIGALRM is its own, and
 * comes once a second. System calls go on after it where they can; others
 * return EINTR, which this program expects anyway.
 */
#ifndef CEM_BASE_WATCHDOG_H
#define CEM_BASE_WATCHDOG_H

#include "base/clock.h"
#include "base/error.h"

/* How long a termination signal may wait for whoever takes it. */
#define WATCHDOG_SIGNAL_S 3

/* For a run that was stopped itself, and has its deadline behind it when it
 * goes on: time to notice. */
#define WATCHDOG_LATE_S 2

/* How much later than `end` the kernel kills. */
#define WATCHDOG_KILL_MS 5000

/* From here on the process ends with `exit_status` once `end` has come, with a
 * line on standard error that says so, and what it was doing. */
int watchdog_start(struct mono_time end, int exit_status, struct error *err)
	__attribute__((warn_unused_result));

/* What the run is doing, for that line: a literal, as "listing pods". */
void watchdog_say(const char *doing);

/* From here on nobody takes signals, and what is done must be done to its end:
 * only that is watched. */
void watchdog_ignore_signals(void);

/* Nothing if it was not started. */
void watchdog_stop(void);

#endif
