/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that forgets: while a credential is about, what libcurl and GnuTLS
 * free is zeroed first.
 */
#ifndef CEM_KUBE_MEMORY_H
#define CEM_KUBE_MEMORY_H

#include "base/error.h"

/* libcurl's global state, with memory that forgets. Before a credential is
 * read (kube/access.h) or a client is opened (kube/client.h). */
int kube_memory_init(struct error *err) __attribute__((warn_unused_result));

/* Once access and client are gone: also wipes what they left on the stack. */
void kube_memory_release(void);

#endif
