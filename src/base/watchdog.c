/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timer_create(2) and a handler that only calls what signal-safety(7) allows.
 */
#include <config.h>

#include "base/watchdog.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

/* The handler's; nobody else writes it while the timer runs, but for `doing`.
 */
static struct {
	bool is_running;
	timer_t tick;
	timer_t kill;
	struct mono_time end;
	int exit_status;
	int signal_s; /* for how long a signal has been waiting */
	int late_s;   /* for how long the end has come */
	volatile sig_atomic_t ignores_signals;
	const char *prefix;
	const char *volatile doing;
} watchdog;

/* A pipe that nobody reads must not hold up the end of the process. */
static void say(const char *text)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (poll(&p, 1, 0) > 0 && write(STDERR_FILENO, text, strlen(text)) < 0)
		return;
}

static void end_process(const char *why)
{
	say(watchdog.prefix);
	say(why);
	if (watchdog.doing != NULL) {
		say(" while ");
		say(watchdog.doing);
	}
	say("; it is ended\n");
	_exit(watchdog.exit_status);
}

static bool is_signal_waiting(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 &&
	       (sigismember(&pending, SIGTERM) == 1 ||
		sigismember(&pending, SIGINT) == 1 ||
		sigismember(&pending, SIGHUP) == 1);
}

static void on_tick(int signal)
{
	int saved_errno = errno;

	(void)signal;
	watchdog.signal_s = is_signal_waiting() && !watchdog.ignores_signals ?
				    watchdog.signal_s + 1 :
				    0;
	if (watchdog.signal_s > WATCHDOG_SIGNAL_S)
		end_process("the run does not heed a termination signal");
	if (mono_until(watchdog.end) == 0 &&
	    ++watchdog.late_s > WATCHDOG_LATE_S)
		end_process("the run hangs past its deadline");
	errno = saved_errno;
}

static int start_timer(int signal, const struct itimerspec *when,
		       timer_t *ret_timer)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = signal,
	};

	if (timer_create(CLOCK_MONOTONIC, &event, ret_timer) < 0)
		return -1;
	if (timer_settime(*ret_timer, 0, when, NULL) == 0)
		return 0;
	(void)timer_delete(*ret_timer);
	return -1;
}

static int start(void)
{
	const int64_t kill_ms = mono_until(watchdog.end) + WATCHDOG_KILL_MS;
	const struct itimerspec each_second = {
		.it_interval.tv_sec = 1,
		.it_value.tv_sec = 1,
	};
	const struct itimerspec late = {
		.it_value.tv_sec = kill_ms / 1000,
		.it_value.tv_nsec = kill_ms % 1000 * 1000000,
	};
	struct sigaction action = {
		.sa_handler = on_tick,
		.sa_flags = SA_RESTART,
	};
	sigset_t ours;

	(void)sigemptyset(&action.sa_mask);
	(void)sigemptyset(&ours);
	(void)sigaddset(&ours, SIGALRM);
	/* Whoever started us may have blocked the signal. */
	if (sigaction(SIGALRM, &action, NULL) < 0 ||
	    sigprocmask(SIG_UNBLOCK, &ours, NULL) < 0 ||
	    start_timer(SIGALRM, &each_second, &watchdog.tick) < 0)
		return -1;
	if (start_timer(SIGKILL, &late, &watchdog.kill) == 0)
		return 0;
	(void)timer_delete(watchdog.tick);
	return -1;
}

int watchdog_start(struct mono_time end, int exit_status, struct error *err)
{
	watchdog.end = end;
	watchdog.exit_status = exit_status;
	watchdog.signal_s = 0;
	watchdog.late_s = 0;
	watchdog.ignores_signals = 0;
	watchdog.doing = NULL;
	watchdog.prefix = log_error_prefix();
	watchdog.is_running = start() == 0;
	if (!watchdog.is_running)
		return error_set(err, ERROR_SYSTEM,
				 "no watchdog can be started: %s",
				 strerror(errno));
	return 0;
}

void watchdog_say(const char *doing)
{
	watchdog.doing = doing;
}

void watchdog_ignore_signals(void)
{
	watchdog.ignores_signals = 1;
}

void watchdog_stop(void)
{
	if (!watchdog.is_running)
		return;
	(void)timer_delete(watchdog.tick);
	(void)timer_delete(watchdog.kill);
	watchdog.is_running = false;
}
