/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each allocation of ours fails in turn. A test that uses it is linked with the
 * options of $(WITH_FAILING_ALLOCATIONS). What libraries allocate for
 * themselves does not fail.
 */
#ifndef CEM_TESTS_TORTURE_H
#define CEM_TESTS_TORTURE_H

#include "base/error.h"

/* Runs `attempt` with its first, second, ... allocation failing, until it
 * gets through. It returns 0 or a negative code, and releases what it made. */
void torture(int (*attempt)(void *data, struct error *err), void *data);

/* Called, if it is set, with what is about to be freed. */
extern void (*torture_on_free)(void *pointer);

#endif
