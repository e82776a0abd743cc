/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signalfd for the signals that end a run.
 */
#include <config.h>

#include "base/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

int interrupt_init(struct interrupt *interrupt, struct error *err)
{
	sigset_t signals;

	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGHUP);
	*interrupt = (struct interrupt){ .fd = -1 };
	if (sigprocmask(SIG_BLOCK, &signals, &interrupt->mask) == 0)
		interrupt->fd =
			signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	if (interrupt->fd < 0)
		return error_set(err, ERROR_SYSTEM, "signalfd: %s",
				 strerror(errno));
	return 0;
}

bool interrupt_seen(struct interrupt *interrupt)
{
	struct signalfd_siginfo info;

	if (interrupt->signal == 0 &&
	    read(interrupt->fd, &info, sizeof(info)) == sizeof(info))
		interrupt->signal = (int)info.ssi_signo;
	return interrupt->signal != 0;
}

void interrupt_release(struct interrupt *interrupt)
{
	if (interrupt->fd < 0)
		return;
	(void)close(interrupt->fd);
	interrupt->fd = -1;
	(void)sigprocmask(SIG_SETMASK, &interrupt->mask, NULL);
}
