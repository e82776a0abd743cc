/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The syntax of Kubernetes label selectors, so that a typing error is found
 * before anything is asked. What a selector means, and the finer rules of
 * keys and values, only the API decides.
 */
#ifndef CEM_CONFIG_SELECTOR_H
#define CEM_CONFIG_SELECTOR_H

#include "base/error.h"

/* Fails with ERROR_INVALID, naming the place, if `text` is not a comma-
 * separated list of `key`, `!key`, `key=value`, `key==value`, `key!=value`,
 * `key in (a,b)`, `key notin (a,b)`, `key>1`, `key<1`. Empty is everything.
 * (API reference: kubernetes.io, "Labels and Selectors".) */
int selector_check(const char *text, struct error *err)
	__attribute__((warn_unused_result));

#endif
