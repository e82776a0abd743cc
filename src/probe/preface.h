/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said on a connection before TLS: a PROXY header, then the dialogue
 * that leads to TLS. Non-blocking: its owner waits for what preface_step()
 * asks for, and calls again.
 */
#ifndef CEM_PROBE_PREFACE_H
#define CEM_PROBE_PREFACE_H

#include "base/error.h"
#include "config/config.h"

struct preface; /* opaque: jobs that need none do not pay for it */

enum preface_want {
	PREFACE_DONE, /* the server waits for the ClientHello */
	PREFACE_READ,
	PREFACE_WRITE,
	PREFACE_FAILED, /* preface_detail() says why */
};

/* *ret_preface is NULL if the job says nothing before TLS. */
int preface_new(const struct job_config *job, struct preface **ret_preface,
		struct error *err) __attribute__((warn_unused_result));
void preface_free(struct preface *preface);

/* Goes on as far as possible without waiting. */
enum preface_want preface_step(struct preface *preface, int fd);

/* One line of valid UTF-8: what the server said instead, or the system. */
const char *preface_detail(const struct preface *preface);

#endif
