/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints what doc/metrics.md must describe: families with their types, the
 * reasons of failed probes and of failed verification, in the order in which
 * they are looked for, and the statuses. For metrics.py.
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
	for (int i = VERIFY_OK + 1; i < VERIFY_COUNT; i++)
		(void)printf("verify %s\n",
			     verify_reason_name((enum verify_reason)i));
	for (int i = 0; i < STATUS_COUNT; i++)
		(void)printf("status %s\n",
			     pair_status_name((enum pair_status)i));
	return fflush(stdout) == 0 ? 0 : 1;
}
