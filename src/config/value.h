/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single values as texts: numbers, durations, choices. What a text cannot be is
 * ERROR_INVALID, with a message that quotes it.
 */
#ifndef CEM_CONFIG_VALUE_H
#define CEM_CONFIG_VALUE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define VALUE_TIMEOUT_MAX_MS (INT64_C(3600) * 1000) /* of one connection */

/* The index of `text` among the `count` names; ERROR_INVALID lists them,
 * and names the nearest. */
int value_set_choice(const char *text, const char *const *names, size_t count,
		     int *ret_choice, struct error *err);

/* Replaces the string *member by a copy of `text`. */
int value_set_string(char **member, const char *text, struct error *err)
	__attribute__((warn_unused_result));

/* Likewise for an enum whose first value is "none of them": its name is "",
 * and messages leave it out. */
int value_set_optional_choice(const char *text, const char *const *names,
			      size_t count, int *ret_choice, struct error *err);

/* A duration of 1 ms to `max_ms`, in milliseconds. */
int value_set_duration(int64_t *member, const char *text, int64_t max_ms,
		       struct error *err);

/* A whole number in [minimum, maximum]. */
int value_set_number(unsigned long long minimum, unsigned long long maximum,
		     const char *text, unsigned long long *ret_number,
		     struct error *err);

#endif
