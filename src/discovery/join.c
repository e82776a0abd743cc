/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sorting, counting and joining what the lists of a job gave.
 */
#include <config.h>

#include "discovery/join.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

/* --- Domains -------------------------------------------------------------- */

static int by_name(const void *one, const void *other)
{
	const struct domain *a = one;
	const struct domain *b = other;

	return strcmp(a->name, b->name);
}

/* Adds the domain that `text` names; nothing if it names none: a list is not
 * worth less for an Ingress of every host. */
static int add_domain(struct domain_vector *v, const char *text,
		      struct error *err)
{
	struct error reason = { 0 };

	if (domain_vector_add(v, text, &reason) < 0 &&
	    reason.code == ERROR_MEMORY)
		return error_memory(err);
	return 0;
}

static int add_all_domains(struct job_discovery *job, const struct found *found,
			   struct error *err)
{
	const struct domain_vector *configured = &job->job->domains;
	int r = 0;

	for (size_t i = 0; r == 0 && i < configured->count; i++)
		r = add_domain(&job->domains, configured->items[i].name, err);
	for (size_t i = 0; r == 0 && i < found->names.count; i++)
		r = add_domain(&job->domains, found->names.items[i].text, err);
	if (r < 0)
		return r;
	domain_vector_normalise(&job->domains);
	domain_vector_filter(&job->domains, &job->job->ignored);
	return 0;
}

/* The place of the domain that `text` names among the job's; as many as there
 * are if it is not there. */
static int find_place(const struct job_discovery *job, const char *text,
		      size_t *ret_place, struct error *err)
{
	CLEANUP(domain_vector_free) struct domain_vector one = { 0 };
	const struct domain *found = NULL;
	int r = add_domain(&one, text, err);

	if (r < 0)
		return r;
	if (one.count > 0 && job->domains.count > 0)
		found = bsearch(&one.items[0], job->domains.items,
				job->domains.count, sizeof(one.items[0]),
				by_name);
	*ret_place = found == NULL ? job->domains.count :
				     (size_t)(found - job->domains.items);
	return 0;
}

/* A name of `found` with the place of its domain. */
struct placed_name {
	const struct found_name *name;
	size_t place;
};

/* --- Gateways ------------------------------------------------------------- */

static int by_gateway(const void *one, const void *other)
{
	const struct domain_scope *a = one;
	const struct domain_scope *b = other;

	return strcmp(a->gateway, b->gateway);
}

static struct domain_scope *find_scope(const struct job_discovery *job,
				       const char *gateway)
{
	const struct domain_scope key = { .gateway =
						  (char *)(uintptr_t)gateway };

	if (gateway == NULL || job->scopes.count == 0)
		return NULL;
	return bsearch(&key, job->scopes.items, job->scopes.count, sizeof(key),
		       by_gateway);
}

static int add_scope(struct job_discovery *job, const char *gateway,
		     struct error *err)
{
	struct domain_scope scope = { 0 };
	int r;

	if (gateway == NULL)
		return 0;
	scope.gateway = strdup(gateway);
	if (scope.gateway == NULL)
		return error_memory(err);
	r = domain_scope_vector_append(&job->scopes, scope, err);
	if (r < 0)
		free(scope.gateway);
	return r;
}

/* One scope for each Gateway that a pod to be probed is of. */
static int add_scopes(struct job_discovery *job, const struct found *found,
		      struct error *err)
{
	struct domain_scope_vector *v = &job->scopes;
	size_t kept = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < found->pods.count; i++)
		if (!found->pods.items[i].is_skipped)
			r = add_scope(job, found->pods.items[i].gateway, err);
	if (r < 0)
		return r;
	if (v->count > 1)
		qsort(v->items, v->count, sizeof(v->items[0]), by_gateway);
	for (size_t i = 0; i < v->count; i++) {
		if (kept > 0 &&
		    by_gateway(&v->items[i], &v->items[kept - 1]) == 0)
			free(v->items[i].gateway);
		else
			v->items[kept++] = v->items[i];
	}
	v->count = kept;
	return 0;
}

/* Those that are no Gateway's first; then by Gateway and place. */
static int by_gateway_and_place(const void *one, const void *other)
{
	const struct placed_name *a = one;
	const struct placed_name *b = other;
	const char *gateway_a = a->name->gateway;
	const char *gateway_b = b->name->gateway;
	int order = (gateway_a != NULL) - (gateway_b != NULL);

	if (order == 0 && gateway_a != NULL)
		order = strcmp(gateway_a, gateway_b);
	return order != 0 ? order : COMPARE(a->place, b->place);
}

/* The domains that are no Gateway's but everybody's: those configured, and
 * names of other sources. */
struct common {
	bool *is_common; /* by place */
	size_t *places;	 /* ascending */
	size_t count;
};

static void common_free(struct common *common)
{
	free(common->is_common);
	free(common->places);
}

/* How many domains `scope` has: O(those of its own). */
static size_t count_scope(const struct placed_name *own, size_t own_count,
			  const struct common *common)
{
	size_t count = common->count;

	for (size_t o = 0; o < own_count; o++)
		if ((o == 0 || own[o].place != own[o - 1].place) &&
		    !common->is_common[own[o].place])
			count++;
	return count;
}

/* Fills `scope` with its own domains, ascending, and with those that are
 * everybody's. O(their number). */
static int fill_scope(struct domain_scope *scope, const struct placed_name *own,
		      size_t own_count, const struct common *common,
		      struct error *err)
{
	size_t count = 0;
	size_t o = 0;
	size_t c = 0;

	scope->domains = calloc(scope->count + 1, sizeof(*scope->domains));
	if (scope->domains == NULL)
		return error_memory(err);
	while (o < own_count || c < common->count) {
		size_t place =
			c == common->count ||
					(o < own_count &&
					 own[o].place < common->places[c]) ?
				own[o].place :
				common->places[c];

		scope->domains[count++] = place;
		while (o < own_count && own[o].place == place)
			o++;
		while (c < common->count && common->places[c] == place)
			c++;
	}
	assert(count == scope->count);
	return 0;
}

static int find_common(const struct job_discovery *job,
		       const struct placed_name *names, size_t name_count,
		       struct common *common, struct error *err)
{
	const struct domain_vector *configured = &job->job->domains;
	bool *is_common = calloc(job->domains.count + 1, sizeof(*is_common));
	int r = 0;

	common->is_common = is_common;
	common->places = calloc(job->domains.count + 1, sizeof(size_t));
	if (is_common == NULL || common->places == NULL)
		return error_memory(err);
	for (size_t i = 0; i < name_count; i++)
		if (names[i].name->gateway == NULL)
			is_common[names[i].place] = true;
	for (size_t i = 0; r == 0 && i < configured->count; i++) {
		size_t place;

		r = find_place(job, configured->items[i].name, &place, err);
		if (r == 0)
			is_common[place] = true;
	}
	for (size_t i = 0; i < job->domains.count; i++)
		if (is_common[i])
			common->places[common->count++] = i;
	return r;
}

/* Which domains are whose. Sorts `names`. */
static int divide(struct job_discovery *job, struct placed_name *names,
		  size_t name_count, struct error *err)
{
	CLEANUP(common_free) struct common common = { 0 };
	size_t scoped = 0;
	size_t begin = 0;
	int r = find_common(job, names, name_count, &common, err);

	if (name_count > 1)
		qsort(names, name_count, sizeof(names[0]),
		      by_gateway_and_place);
	while (begin < name_count && names[begin].name->gateway == NULL)
		begin++;
	for (size_t i = 0; r == 0 && i < job->scopes.count; i++) {
		struct domain_scope *scope = &job->scopes.items[i];
		size_t end;

		while (begin < name_count &&
		       strcmp(names[begin].name->gateway, scope->gateway) < 0)
			begin++;
		end = begin;
		/* What names no domain of the job comes last. */
		while (end < name_count &&
		       names[end].place < job->domains.count &&
		       strcmp(names[end].name->gateway, scope->gateway) == 0)
			end++;
		scope->count = count_scope(&names[begin], end - begin, &common);
		scoped += scope->count;
		if (scoped <= DISCOVERY_SCOPED_MAX)
			r = fill_scope(scope, &names[begin], end - begin,
				       &common, err);
		begin = end;
	}
	return r;
}

/* What cert-manager issued last for each domain. */
static int expect(struct job_discovery *job, const struct placed_name *names,
		  size_t name_count, struct error *err)
{
	job->expected_not_before =
		calloc(job->domains.count + 1, sizeof(int64_t));
	if (job->expected_not_before == NULL)
		return error_memory(err);
	for (size_t i = 0; i < name_count; i++) {
		int64_t *expected = &job->expected_not_before[names[i].place];

		if (names[i].name->not_before > *expected)
			*expected = names[i].name->not_before;
	}
	return 0;
}

int join_domains(struct job_discovery *job, const struct found *found,
		 struct error *err)
{
	size_t count = found->names.count;
	CLEANUP(cleanup_free)
	struct placed_name *names = calloc(count + 1, sizeof(*names));
	int r;

	if (names == NULL)
		return error_memory(err);
	r = add_all_domains(job, found, err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		names[i].name = &found->names.items[i];
		r = find_place(job, names[i].name->text, &names[i].place, err);
	}
	/* Elsewhere the label has no meaning: all pods serve all domains. */
	if (r == 0 && job->sources[SOURCE_GATEWAYS].is_used) {
		r = add_scopes(job, found, err);
		if (r == 0)
			r = divide(job, names, count, err);
	}
	if (r == 0 && job->sources[SOURCE_CERTIFICATES].is_used)
		r = expect(job, names, count, err);
	return r;
}

/* --- Pods ----------------------------------------------------------------- */

static_assert(AF_INET < AF_INET6, "IPv4 is sorted before IPv6");

/* By namespace and name; of a pod first what was listed now, and of that first
 * where it can be probed, by family and port. The rest is for a stable order:
 * the reason to skip it that is tried first, and any address. */
static int compare_facts(const void *one, const void *other)
{
	const struct pod_facts *a = one;
	const struct pod_facts *b = other;
	int order = strcmp(a->ns, b->ns);

	if (order == 0)
		order = strcmp(a->name, b->name);
	if (order == 0)
		order = COMPARE(a->is_remembered, b->is_remembered);
	if (order == 0)
		order = COMPARE(a->is_skipped, b->is_skipped);
	if (order == 0 && a->is_skipped)
		return COMPARE(a->skip, b->skip);
	if (order == 0)
		order = COMPARE(a->address.family, b->address.family);
	if (order == 0)
		order = COMPARE(a->port, b->port);
	if (order == 0)
		order = memcmp(a->address.bytes, b->address.bytes,
			       sizeof(a->address.bytes));
	return order;
}

static bool is_same_pod(const struct pod_facts *a, const struct pod_facts *b)
{
	return strcmp(a->ns, b->ns) == 0 && strcmp(a->name, b->name) == 0;
}

/* Whether `b`, which comes behind `a`, would be a second series of the same
 * labels, or a pod both skipped and probed, or both listed now and remembered.
 * The label of a pod's port is the job's, whatever number is behind it; outside
 * Kubernetes it is the number. */
static bool is_duplicate(const struct job_config *job,
			 const struct pod_facts *a, const struct pod_facts *b)
{
	if (!is_same_pod(a, b))
		return false;
	if (b->is_skipped || a->is_remembered != b->is_remembered)
		return true;
	if (job->endpoints.count > 0)
		return a->port == b->port;
	return job->families == FAMILIES_PRIMARY ||
	       a->address.family == b->address.family;
}

static int compare_counts(const void *one, const void *other)
{
	const struct namespace_count *a = one;
	const struct namespace_count *b = other;

	return strcmp(a->ns, b->ns);
}

static int add_count(struct namespace_count_vector *v, const char *ns,
		     struct error *err)
{
	struct namespace_count count = { .ns = strdup(ns) };
	int r;

	if (count.ns == NULL)
		return error_memory(err);
	r = namespace_count_vector_append(v, count, err);
	if (r < 0)
		free(count.ns);
	return r;
}

/* Counts a pod. In sorted order. */
static int count_pod(const struct pod_facts *facts, struct job_discovery *job,
		     struct error *err)
{
	struct namespace_count_vector *v = &job->namespaces;
	struct namespace_count *count;
	int r = 0;

	if (v->count == 0 || strcmp(v->items[v->count - 1].ns, facts->ns) != 0)
		r = add_count(v, facts->ns, err);
	if (r < 0)
		return r;
	count = &v->items[v->count - 1];
	count->matching++;
	if (facts->is_skipped)
		count->skipped[facts->skip]++;
	return 0;
}

/* The port as configured: outside Kubernetes each server has its own. */
static const char *find_port_label(const struct job_config *job, uint16_t port)
{
	for (size_t i = 0; i < job->endpoints.count; i++)
		if (job->endpoints.items[i].port_number == port)
			return job->endpoints.items[i].port;
	return job->port;
}

/* Moves a pod that is to be probed. */
static int take_pod(struct pod_facts *facts, struct job_discovery *job,
		    struct error *err)
{
	const struct pod pod = {
		.ns = facts->ns,
		.name = facts->name,
		.port_label = find_port_label(job->job, facts->port),
		.address = facts->address,
		.port = facts->port,
		.is_remembered = facts->is_remembered,
		.scope = find_scope(job, facts->gateway),
	};
	int r = pod_vector_append(&job->pods, pod, err);

	if (r == 0)
		facts->ns = facts->name = NULL;
	return r;
}

/* The namespaces that were listed and had no pod. */
static int add_empty(const struct string_vector *listed,
		     struct job_discovery *job, struct error *err)
{
	struct namespace_count_vector *v = &job->namespaces;
	size_t found = v->count;
	int r = 0;

	for (size_t i = 0; r == 0 && i < listed->count; i++) {
		const char *ns = listed->items[i];
		const struct namespace_count key = { .ns = listed->items[i] };

		/* "" is no namespace, but has a count if there are none. */
		if (*ns == '\0' && v->count > 0)
			continue;
		if (found == 0 || bsearch(&key, v->items, found, sizeof(key),
					  compare_counts) == NULL)
			r = add_count(v, ns, err);
	}
	if (v->count > 1)
		qsort(v->items, v->count, sizeof(v->items[0]), compare_counts);
	return r;
}

int join_pods(struct job_discovery *job, struct found *found,
	      const struct string_vector *listed, struct error *err)
{
	struct pod_facts *items = found->pods.items;
	size_t count = found->pods.count;
	bool is_counted = job->job->endpoints.count == 0;
	size_t kept = 0;
	int r = 0;

	if (count > 1)
		qsort(items, count, sizeof(items[0]), compare_facts);
	for (size_t i = 0; i < count; i++) {
		if (kept > 0 &&
		    is_duplicate(job->job, &items[kept - 1], &items[i])) {
			pod_facts_free(&items[i]);
		} else {
			struct pod_facts next = items[i];

			items[i] = (struct pod_facts){ 0 };
			items[kept++] = next;
		}
	}
	found->pods.count = kept;
	/* What is taken cannot be compared any more: first the counts. */
	for (size_t i = 0; r == 0 && is_counted && i < kept; i++)
		if (i == 0 || !is_same_pod(&items[i - 1], &items[i]))
			r = count_pod(&items[i], job, err);
	for (size_t i = 0; r == 0 && i < kept; i++)
		if (!items[i].is_skipped)
			r = take_pod(&items[i], job, err);
	return r == 0 && is_counted ? add_empty(listed, job, err) : r;
}
