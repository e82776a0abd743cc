/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several kubeconfig files as one (kubernetes.io, "Merging kubeconfig
 * files"): the first file to set the current context, or to have a context,
 * cluster or user of a name, wins; nothing within those is merged. Whatever
 * is found knows its file, which relative paths are relative to.
 */
#ifndef CEM_KUBE_KUBECONFIG_FILES_H
#define CEM_KUBE_KUBECONFIG_FILES_H

#include "base/error.h"
#include "base/vector.h"
#include "kube/document.h"

#define KUBECONFIG_MAX ((size_t)4 * 1024 * 1024) /* bytes, of one file */
#define KUBECONFIG_FILES_MAX 64

VECTOR_DEFINE(document_vector, struct document);

struct kubeconfig_files {
	char *names; /* of all of them, for messages */
	struct document_vector documents;
};

/* A named context, cluster or user. Lives as long as the files, but for its
 * name, which the caller frees. */
struct kubeconfig_entry {
	char *name;
	const struct document *document;
	const struct yaml_node *node; /* its mapping; NULL: there is none */
};

/* Reads all of the files. An empty one among others says nothing. */
int kubeconfig_files_read(const struct string_vector *paths,
			  struct kubeconfig_files *ret_files, struct error *err)
	__attribute__((warn_unused_result));

/* Wipes and frees. */
void kubeconfig_files_free(struct kubeconfig_files *files);

/* The context `wanted`, or the current one if that is NULL or "". */
int kubeconfig_find_context(const struct kubeconfig_files *files,
			    const char *wanted,
			    struct kubeconfig_entry *ret_context,
			    struct error *err)
	__attribute__((warn_unused_result));

/* What the context's `key` ("cluster", "user") names, in the list `section`.
 * Without a node if it names nothing. */
int kubeconfig_follow(const struct kubeconfig_files *files,
		      const struct kubeconfig_entry *context, const char *key,
		      const char *section, struct kubeconfig_entry *ret_entry,
		      struct error *err) __attribute__((warn_unused_result));

void cleanup_kubeconfig_entry(struct kubeconfig_entry *entry);

#endif
