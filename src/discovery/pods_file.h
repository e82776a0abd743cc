/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of pods from a file or standard input instead of the API.
 */
#ifndef CEM_DISCOVERY_PODS_FILE_H
#define CEM_DISCOVERY_PODS_FILE_H

#include "base/clock.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "kube/list.h"

/* Hands the pods of the file at `path`, or of standard input for "-", to
 * `sink`. The file is read in pieces, never whole. Waits for what a pipe
 * brings until `deadline` (ERROR_TIMEOUT) or a termination signal
 * (ERROR_INTERRUPTED). */
int pods_file_read(const char *path, struct interrupt *interrupt,
		   struct mono_time deadline, const struct list_sink *sink,
		   struct error *err) __attribute__((warn_unused_result));

#endif
