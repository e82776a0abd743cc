/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints what doc/metrics.md must describe: families with their types, and
 * the reasons of failed probes. For metrics.py.
 */
#include <config.h>

#include <stdio.h>

#include "metrics/families.h"

int main(void)
{
	families_print(stdout);
	for (int i = REASON_NONE + 1; i < REASON_COUNT; i++)
		(void)printf("reason %s\n",
			     probe_reason_name((enum probe_reason)i));
	return fflush(stdout) == 0 ? 0 : 1;
}
