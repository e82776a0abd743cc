/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How bad a pair is for the person who looks: what colours the table, orders
 * it, and answers --check.
 */
#ifndef CEM_REPORT_VERDICT_H
#define CEM_REPORT_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "config/config.h"
#include "metrics/families.h"

enum verdict {
	VERDICT_GOOD,
	VERDICT_UNKNOWN,  /* in no status */
	VERDICT_WARNING,  /* below --warn, or the probe failed though the
			   * certificate is good */
	VERDICT_CRITICAL, /* below --crit, or not valid */
};

enum verdict verdict_of(const struct config *config, const struct pair *pair,
			struct wall_time now);

/* Whether --check is to complain: a pair that is expired, not yet valid or
 * not found, or within --crit of its expiry, or no pair at all. */
bool verdict_check_fails(const struct run_facts *facts);

/* Why the probe failed, or else why the chain does not verify, unless the
 * status says so; "" if nothing is wrong. */
const char *verdict_reason(const struct probe_result *result);

#endif
