/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sorting and counting what the lists of a job gave.
 */
#include <config.h>

#include "discovery/pod_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static void facts_free(struct pod_facts *facts)
{
	free(facts->ns);
	free(facts->name);
	*facts = (struct pod_facts){ 0 };
}

int pod_list_add(void *data, struct json_object *item, struct error *err)
{
	struct pod_list *list = data;
	struct pod_facts facts = { 0 };
	int r;

	if (list->facts.count == POD_LIST_MAX)
		return error_set(err, ERROR_TOO_LARGE, "more than %d pods",
				 POD_LIST_MAX);
	r = pod_read(item, list->job, &facts, err);
	if (r == 0)
		r = pod_facts_vector_append(&list->facts, facts, err);
	if (r < 0)
		facts_free(&facts);
	return r;
}

void pod_list_truncate(struct pod_list *list, size_t count)
{
	while (list->facts.count > count)
		facts_free(&list->facts.items[--list->facts.count]);
}

void pod_list_free(struct pod_list *list)
{
	pod_list_truncate(list, 0);
	pod_facts_vector_clear(&list->facts);
	string_vector_free(&list->listed);
}

/* By namespace and name; of two of a name first the one that can be probed. */
static int compare_facts(const void *one, const void *other)
{
	const struct pod_facts *a = one;
	const struct pod_facts *b = other;
	int order = strcmp(a->ns, b->ns);

	if (order == 0)
		order = strcmp(a->name, b->name);
	if (order == 0)
		order = a->is_skipped - b->is_skipped;
	return order;
}

static bool is_same_pod(const struct pod_facts *a, const struct pod_facts *b)
{
	return strcmp(a->ns, b->ns) == 0 && strcmp(a->name, b->name) == 0;
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

/* Counts one pod and, if it is to be probed, moves it. In sorted order. */
static int take_pod(struct pod_facts *facts, struct job_discovery *job,
		    struct error *err)
{
	struct namespace_count_vector *v = &job->namespaces;
	struct pod pod = { facts->ns, facts->name, facts->address,
			   facts->port };
	struct namespace_count *count;
	int r = 0;

	if (v->count == 0 || strcmp(v->items[v->count - 1].ns, facts->ns) != 0)
		r = add_count(v, facts->ns, err);
	if (r < 0)
		return r;
	count = &v->items[v->count - 1];
	count->matching++;
	if (facts->is_skipped) {
		count->skipped[facts->skip]++;
		return 0;
	}
	r = pod_vector_append(&job->pods, pod, err);
	if (r == 0)
		facts->ns = facts->name = NULL;
	return r;
}

/* The namespaces that were listed and had no pod. */
static int add_empty(const struct pod_list *list, struct job_discovery *job,
		     struct error *err)
{
	struct namespace_count_vector *v = &job->namespaces;
	size_t found = v->count;
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->listed.count; i++) {
		const char *ns = list->listed.items[i];
		const struct namespace_count key = {
			.ns = list->listed.items[i],
		};

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

int pod_list_finish(struct pod_list *list, struct job_discovery *job,
		    struct error *err)
{
	struct pod_facts *items = list->facts.items;
	size_t count = list->facts.count;
	int r = 0;

	if (count > 1)
		qsort(items, count, sizeof(items[0]), compare_facts);
	/* From the end, so that the one to compare with has not moved yet. */
	for (size_t i = count; i-- > 1;)
		if (is_same_pod(&items[i], &items[i - 1]))
			facts_free(&items[i]);
	for (size_t i = 0; r == 0 && i < count; i++)
		if (items[i].name != NULL)
			r = take_pod(&items[i], job, err);
	return r == 0 ? add_empty(list, job, err) : r;
}
