/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cast of certificates that issue each other, by name, for tests of what
 * chains lead to. A helper that fails ends the test.
 */
#ifndef CEM_TESTS_CAST_H
#define CEM_TESTS_CAST_H

#include "certs.h"
#include "probe/chain.h"
#include "probe/trust.h"

/* They start on day 0, unless cast.c says otherwise, and end on the day that it
 * says. */
#define CAST_DAY(day) (TEST_CERT_NOT_BEFORE + (time_t)(day)*86400)

/* For cmocka: of a group. */
int cast_setup(void **state);
int cast_teardown(void **state);

/* NULL if `name` is NULL. */
const struct test_cert *cast_find(const char *name);

/* What `names`, with a space in between, present. Borrowed from the cast. */
struct chain cast_chain(const char *names);

/* The anchors `names`, in order; released by trust_store_release(). */
struct trust_store cast_store(const char *names);

#endif
