/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thresholds, --check.
 */
#include <config.h>

#include "report/verdict.h"

#include "probe/certificate.h"

/* Whether less is left than the threshold's time, or than its share of the
 * lifetime where that is less. */
static bool is_below(const struct threshold *threshold,
		     const struct certificate *c, int64_t now)
{
	int64_t share =
		(c->not_after - c->not_before) / 100 * threshold->percent;
	int64_t limit = share < threshold->seconds ? share : threshold->seconds;

	return c->not_after - now < limit;
}

static bool is_unverified(const struct probe_result *result)
{
	return probe_result_is_checked(result) && result->verify != VERIFY_OK;
}

enum verdict verdict_of(const struct config *config, const struct pair *pair,
			struct wall_time now)
{
	const struct probe_result *result = &pair->result;

	switch (result->status) {
	case STATUS_NONE:
		return VERDICT_UNKNOWN;
	case STATUS_EXPIRED:
	case STATUS_NOT_YET_VALID:
	case STATUS_NOT_FOUND:
		return VERDICT_CRITICAL;
	case STATUS_VALID:
		break;
	}
	if (is_below(&config->crit, result->certificate, wall_seconds(now)))
		return VERDICT_CRITICAL;
	if (!result->success || is_unverified(result) ||
	    is_below(&config->warn, result->certificate, wall_seconds(now)))
		return VERDICT_WARNING;
	return VERDICT_GOOD;
}

bool verdict_check_fails(const struct run_facts *facts)
{
	const struct target_set *targets = facts->targets;

	for (size_t i = 0; i < targets->pair_count; i++)
		if (verdict_of(facts->config, &targets->pairs[i],
			       facts->settled_at) == VERDICT_CRITICAL)
			return true;
	return targets->pair_count == 0;
}

const char *verdict_reason(const struct probe_result *result)
{
	if (result->reason == REASON_NONE && result->status == STATUS_VALID &&
	    probe_result_is_checked(result))
		return verify_reason_name(result->verify);
	return probe_reason_name(result->reason);
}
