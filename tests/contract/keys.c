/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints the keys of the configuration file, which example.py and manual.py
 * look for where they are documented.
 */
#include <config.h>

#include <stdio.h>

#include "config/config_file.h"

int main(void)
{
	config_file_print_keys(stdout);
	return fflush(stdout) == 0 ? 0 : 1;
}
