/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run, from the command line to the exit status.
 */
#ifndef CEM_MONITOR_H
#define CEM_MONITOR_H

#include "config/options.h"

/* The contract of the exit status (design.md, "Command line"). */
enum exit_status {
	EXIT_RAN = 0,	  /* ran and wrote; bad certificates are data */
	EXIT_FAILED = 1,  /* something the operator must fix */
	EXIT_USAGE = 2,	  /* command line or configuration */
	EXIT_CHECK = 3,	  /* --check found something */
	EXIT_LOCKED = 75, /* another run holds the lock; EX_TEMPFAIL */
};

/* Runs, lists targets or checks the configuration, as the options say, and
 * logs what goes wrong. */
enum exit_status monitor_run(const struct options *options);

#endif
