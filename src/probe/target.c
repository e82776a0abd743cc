/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pods times domains.
 */
#include <config.h>

#include "probe/target.h"

#include <assert.h>
#include <stdlib.h>

static_assert(DISCOVERY_SCOPED_MAX >= TARGET_PAIRS_MAX,
	      "what discovery leaves out is too much");

static size_t count_key_types(const struct job_config *job)
{
	size_t types = 0;

	for (enum key_type t = KEY_TYPE_ANY; t < KEY_TYPE_COUNT; t++)
		if (job_config_has_key_type(job, t))
			types++;
	return types;
}

/* How many of the job's domains the pod is probed for, and which. */
static size_t count_domains(const struct job_discovery *job,
			    const struct pod *pod)
{
	return pod->scope == NULL ? job->domains.count : pod->scope->count;
}

/* Discovery gave up on listing its domains. */
static bool is_too_much(const struct pod *pod)
{
	return pod->scope != NULL && pod->scope->domains == NULL &&
	       pod->scope->count > 0;
}

static const struct domain *domain_at(const struct job_discovery *job,
				      const struct pod *pod, size_t index)
{
	if (pod->scope != NULL)
		index = pod->scope->domains[index];
	return &job->domains.items[index];
}

static void count(const struct discovery *discovery, size_t *ret_endpoints,
		  size_t *ret_pairs)
{
	size_t endpoints = 0;
	size_t pairs = 0;
	bool has_too_much = false;

	/* Cannot overflow: discovery and configuration have their limits. */
	for (size_t i = 0; i < discovery->count; i++) {
		const struct job_discovery *job = &discovery->jobs[i];
		size_t key_types = count_key_types(job->job);

		endpoints += job->pods.count;
		for (size_t j = 0; j < job->pods.count; j++) {
			const struct pod *pod = &job->pods.items[j];

			pairs += count_domains(job, pod) * key_types;
			has_too_much |= is_too_much(pod);
		}
	}
	/* Of one pod under several Gateways' names only one counts. */
	if (has_too_much && pairs <= TARGET_PAIRS_MAX)
		pairs = TARGET_PAIRS_MAX + 1;
	*ret_endpoints = endpoints;
	*ret_pairs = pairs;
}

static void add_pairs(const struct endpoint *endpoint,
		      const struct domain *domain, struct target_set *set)
{
	for (enum key_type t = KEY_TYPE_ANY; t < KEY_TYPE_COUNT; t++)
		if (job_config_has_key_type(endpoint->job, t))
			set->pairs[set->pair_count++] = (struct pair){
				.endpoint = endpoint,
				.domain = domain,
				.key_type = t,
			};
}

static void fill(const struct job_discovery *job, struct target_set *set)
{
	for (size_t i = 0; i < job->pods.count; i++) {
		const struct pod *pod = &job->pods.items[i];
		struct endpoint *endpoint =
			&set->endpoints[set->endpoint_count++];

		*endpoint = (struct endpoint){
			.job = job->job,
			.pod = pod,
			.first_pair = set->pair_count,
		};
		for (size_t j = 0; j < count_domains(job, pod); j++)
			add_pairs(endpoint, domain_at(job, pod, j), set);
		endpoint->pair_count = set->pair_count - endpoint->first_pair;
	}
}

const char *endpoint_family(const struct endpoint *endpoint)
{
	if (endpoint->job->families != FAMILIES_ALL)
		return "";
	return endpoint->pod->address.family == AF_INET6 ? "ipv6" : "ipv4";
}

int target_set_build(const struct discovery *discovery,
		     struct target_set *ret_set, struct error *err)
{
	struct target_set set = { 0 };
	size_t endpoints;
	size_t pairs;

	count(discovery, &endpoints, &pairs);
	if (pairs > TARGET_PAIRS_MAX)
		return error_set(err, ERROR_TOO_LARGE,
				 "%zu pairs of pod and domain are more than "
				 "%d: narrow --labels, or run on each node "
				 "with --node",
				 pairs, TARGET_PAIRS_MAX);
	set.endpoints = calloc(endpoints + 1, sizeof(*set.endpoints));
	set.pairs = calloc(pairs + 1, sizeof(*set.pairs));
	if (set.endpoints == NULL || set.pairs == NULL) {
		target_set_free(&set);
		return error_memory(err);
	}
	for (size_t i = 0; i < discovery->count; i++)
		fill(&discovery->jobs[i], &set);
	*ret_set = set;
	return 0;
}

void target_set_free(struct target_set *set)
{
	free(set->endpoints);
	free(set->pairs);
	*set = (struct target_set){ 0 };
}
