/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variables in values of the configuration file.
 */
#ifndef CEM_CONFIG_EXPAND_H
#define CEM_CONFIG_EXPAND_H

#include "base/buffer.h"
#include "base/error.h"

/* Appends `text` to `out`, each ${NAME} in it replaced by what the environment
 * has under that name, and each "$${" by "${". ERROR_INVALID if it has none, or
 * if there is no end to a name. */
int expand_variables(const char *text, struct buffer *out, struct error *err)
	__attribute__((warn_unused_result));

#endif
