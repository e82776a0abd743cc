/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line. Parsed in two steps, as the file comes in between:
 *
 *	options_parse()   what is to be done, and which file is to be read
 *	config_file_load()
 *	options_apply()   options over the file's values
 */
#ifndef CEM_CONFIG_OPTIONS_H
#define CEM_CONFIG_OPTIONS_H

#include <stddef.h>
#include <stdio.h>

#include "base/error.h"
#include "base/vector.h"
#include "config/config.h"

enum options_action {
	ACTION_RUN,
	ACTION_LIST_TARGETS,
	ACTION_CHECK_CONFIG,
	ACTION_HELP,
	ACTION_VERSION,
};

/* One option as it stood on the command line. */
struct option_use {
	size_t row;	   /* in the table of options */
	const char *value; /* borrowed from argv; NULL if it takes none */
};
VECTOR_DEFINE(option_use_vector, struct option_use);

struct options {
	enum options_action action;
	const char *config_path; /* NULL: the default place; borrowed */
	struct option_use_vector uses;
};

/* Fails with ERROR_USAGE and names the option. `argv` must outlive
 * `ret_options`. */
int options_parse(int argc, char **argv, struct options *ret_options,
		  struct error *err) __attribute__((warn_unused_result));
void options_free(struct options *options);

/* Puts the options over `config`. An option of the first group replaces its
 * jobs. Fails with ERROR_USAGE and names the option. */
int options_apply(const struct options *options, struct config *config,
		  struct error *err) __attribute__((warn_unused_result));

/* The text of --help and --version. */
void options_print_help(FILE *out);

#endif
