/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run says in the log of its stages; few lines, whatever happened.
 */
#ifndef CEM_MONITOR_LOG_H
#define CEM_MONITOR_LOG_H

#include "discovery/discovery.h"

#define JOB_WORDS_MAX 288 /* bytes; a job's name has 253 */

/* What a line about a job begins with: "job 'edge': "; nothing for the only
 * job, that of the options. Returns `words`. */
const char *job_words(const struct job_config *job, char words[JOB_WORDS_MAX]);

/* What failed of a job's lists, and that there is nothing to probe. */
void log_discovery(const struct job_discovery *job);

#endif
