/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run says in the log of its stages; few lines, whatever happened.
 */
#ifndef CEM_MONITOR_LOG_H
#define CEM_MONITOR_LOG_H

#include "discovery/discovery.h"

/* What failed of a job's lists, and that there is nothing to probe. */
void log_discovery(const struct job_discovery *job);

#endif
