/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Termination as an event: SIGTERM, SIGINT and SIGHUP are blocked and read
 * from a signalfd(2), so that every stage can end what it does and the run
 * still writes what it knows.
 */
#ifndef CEM_BASE_INTERRUPT_H
#define CEM_BASE_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>

#include "base/error.h"

struct interrupt {
	int fd;	       /* readable once a signal has come; for an event loop */
	int signal;    /* the one that came, 0 for none */
	sigset_t mask; /* of the process, before */
};

/* Blocks the signals for the process. */
int interrupt_init(struct interrupt *interrupt, struct error *err)
	__attribute__((warn_unused_result));

/* Whether a signal has come. Does not block. */
bool interrupt_seen(struct interrupt *interrupt);

/* Signals act as before again; what has come stays in `signal`. Nothing for
 * one that is released already. */
void interrupt_release(struct interrupt *interrupt);

#endif
