/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration file: YAML to struct config. Errors name file, line and
 * key; an unknown key names the nearest known one.
 */
#ifndef CEM_CONFIG_CONFIG_FILE_H
#define CEM_CONFIG_CONFIG_FILE_H

#include <stdio.h>

#include "base/error.h"
#include "config/config.h"

#define CONFIG_FILE_MAX_BYTES (4 * 1024 * 1024)

/* Puts the file's values over `config`, which holds the defaults. `${NAME}`
 * in a text is the environment's value, `$${` a literal `${`. Fails with
 * ERROR_USAGE. */
int config_file_load(const char *path, struct config *config, struct error *err)
	__attribute__((warn_unused_result));

/* Every key, one a line, in the order of the tables: "jobs.endpoints.port" is a
 * key of what "jobs.endpoints" lists. For what documents them. */
void config_file_print_keys(FILE *out);

#endif
