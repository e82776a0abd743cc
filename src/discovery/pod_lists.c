/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which lists a job's selection means. Slices and servers outside Kubernetes
 * have files of their own.
 */
#include <config.h>

#include "discovery/pod_lists.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "discovery/outside.h"
#include "discovery/pods.h"
#include "discovery/pods_file.h"
#include "discovery/slices.h"

/* One list of pods. */
struct pod_list {
	struct api *api;
	const struct job_config *job;
	const char *ns;	  /* NULL: all */
	const char *node; /* "" for any */
	struct found *found;
};

static int on_pod(void *data, struct json_object *item, struct error *err)
{
	struct pod_list *list = data;

	return pod_read(item, list->job, list->found, err);
}

static size_t mark(void *data)
{
	struct pod_list *list = data;

	return list->found->pods.count;
}

static void rewind_to(void *data, size_t mark)
{
	struct pod_list *list = data;

	found_truncate(list->found, mark, 0);
}

static int read_pods(void *data, struct found *found, struct error *err)
{
	struct pod_list *list = data;
	CLEANUP(cleanup_free) char *node = NULL;
	const struct list_sink sink = { on_pod, mark, rewind_to, list };
	struct kube_list wanted = {
		.api = "/api/v1",
		.resource = "pods",
		.kind = "Pod",
		.ns = list->ns,
		.labels = list->job->labels,
	};
	int r;

	list->found = found;
	if (list->job->pods_file != NULL)
		return pods_file_read(list->job->pods_file,
				      list->api->interrupt, list->api->deadline,
				      &sink, err);
	r = api_find_node(list->api, list->job->node, &node, err);
	if (r < 0)
		return r;
	wanted.node = node;
	return api_list(list->api, &wanted, &sink, err);
}

/* All that the result of read_pods() depends on. */
static int make_key(struct lister *lister, const struct job_config *job,
		    const char *ns, char **ret_key, struct error *err)
{
	return lister_key(lister, ret_key, err,
			  "pods ns=%s labels=%s node=%s port=%s address=%d "
			  "families=%d unready=%d",
			  ns == NULL ? "*" : ns, job->labels, job->node,
			  job->port, (int)job->address, (int)job->families,
			  job->unready);
}

/* The pods of one namespace, or of all for NULL. */
static int list_namespace(struct lister *lister, struct job_discovery *job,
			  const char *ns, struct found *found,
			  struct string_vector *listed, struct error *err)
{
	CLEANUP(cleanup_free) char *what = NULL;
	CLEANUP(cleanup_free) char *key = NULL;
	struct pod_list list = { &lister->api, job->job, ns, NULL, NULL };
	struct list_part part = {
		.source = SOURCE_PODS,
		.ns = ns,
		.read = read_pods,
		.data = &list,
	};
	bool is_file = job->job->pods_file != NULL;
	bool is_known;
	int r = 0;

	if (asprintf(&what, "%s%s%s%s",
		     is_file ? "read the list of pods" : "list pods",
		     ns == NULL ? "" : " in namespace '", ns == NULL ? "" : ns,
		     ns == NULL ? "" : "'") < 0) {
		what = NULL;
		return error_memory(err);
	}
	/* A file is the selection itself: it is mended, not remembered. */
	if (!is_file)
		r = make_key(lister, job->job, ns, &key, err);
	if (r < 0)
		return r;
	part.what = what;
	part.key = key;
	r = lister_list(lister, job, &part, found, &is_known, err);
	if (r == 0 && is_known)
		r = string_vector_add(listed, ns == NULL ? "" : ns, err);
	return r;
}

int pod_lists_read(struct lister *lister, struct job_discovery *job,
		   struct found *found, struct string_vector *listed,
		   struct error *err)
{
	const struct string_vector *namespaces = &job->job->namespaces;
	int r = 0;

	if (job->job->endpoints.count > 0)
		return outside_read(lister, job, found, err);
	if (job->job->service_name != NULL)
		return slices_read(lister, job, found, listed, err);
	if (job->job->pods_file != NULL || job_config_all_namespaces(job->job))
		return list_namespace(lister, job, NULL, found, listed, err);
	for (size_t i = 0; r == 0 && i < namespaces->count; i++)
		r = list_namespace(lister, job, namespaces->items[i], found,
				   listed, err);
	return r;
}
