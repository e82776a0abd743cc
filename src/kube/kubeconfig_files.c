/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kubeconfig files in the order in which they count.
 */
#include <config.h>

#include "kube/kubeconfig_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#define CONTEXTS_MAX 10000

static int add_name(struct kubeconfig_files *files, const char *path,
		    struct error *err)
{
	char *longer = NULL;

	if (asprintf(&longer, "%s%s%s",
		     files->names == NULL ? "" : files->names,
		     files->names == NULL ? "" : ", ", path) < 0)
		return error_memory(err);
	free(files->names);
	files->names = longer;
	return 0;
}

static int add_file(struct kubeconfig_files *files, const char *path,
		    bool is_alone, struct error *err)
{
	CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(KUBECONFIG_MAX);
	CLEANUP(document_free) struct document document = { 0 };
	enum yaml_kind kind;
	int r = add_name(files, path, err);

	if (r == 0)
		r = file_read(path, &text, err);
	if (r == 0)
		r = document_parse(path, &text, &document, err);
	if (r < 0)
		return r;
	kind = yaml_kind(yaml_root(document.yaml));
	if (kind == YAML_NULL && !is_alone)
		return 0;
	if (kind != YAML_MAPPING)
		return error_set(err, ERROR_INVALID, "%s: is not a kubeconfig",
				 path);
	r = document_vector_append(&files->documents, document, err);
	if (r == 0)
		document = (struct document){ 0 };
	return r;
}

int kubeconfig_files_read(const struct string_vector *paths,
			  struct kubeconfig_files *ret_files, struct error *err)
{
	CLEANUP(kubeconfig_files_free) struct kubeconfig_files files = { 0 };
	int r = 0;

	if (paths->count > KUBECONFIG_FILES_MAX)
		return error_set(err, ERROR_TOO_LARGE,
				 "more than %d kubeconfig files",
				 KUBECONFIG_FILES_MAX);
	for (size_t i = 0; r == 0 && i < paths->count; i++)
		r = add_file(&files, paths->items[i], paths->count == 1, err);
	if (r < 0)
		return r;
	*ret_files = files;
	files = (struct kubeconfig_files){ 0 };
	return 0;
}

void kubeconfig_files_free(struct kubeconfig_files *files)
{
	for (size_t i = 0; i < files->documents.count; i++)
		document_free(&files->documents.items[i]);
	document_vector_clear(&files->documents);
	free(files->names);
	files->names = NULL;
}

void cleanup_kubeconfig_entry(struct kubeconfig_entry *entry)
{
	free(entry->name);
	entry->name = NULL;
}

/* In one file's list `section` the entry called entry->name: its mapping at
 * `key`. The first of a name counts, also within a file. `names`, if not
 * NULL, gets the names of all entries. */
static int find_in(const struct document *d, const char *section,
		   const char *key, struct string_vector *names,
		   struct kubeconfig_entry *entry, struct error *err)
{
	const struct yaml_node *list = yaml_lookup(yaml_root(d->yaml), section);
	const struct yaml_node *item;
	void *at = NULL;

	if (document_is_given(list) && yaml_kind(list) != YAML_SEQUENCE)
		return yaml_fail(d->yaml, list, err, "%s: expected a list",
				 section);
	while ((item = yaml_next_item(list, &at)) != NULL) {
		CLEANUP(cleanup_free) char *found = NULL;
		const struct yaml_node *value = yaml_lookup(item, key);
		bool has_value = document_is_given(value);
		int r;

		if (yaml_kind(item) != YAML_MAPPING ||
		    (has_value && yaml_kind(value) != YAML_MAPPING))
			return yaml_fail(d->yaml, item, err,
					 "%s: expected 'name' and '%s'",
					 section, key);
		r = document_text(d, item, "name", &found, err);
		if (r == 0 && found != NULL && names != NULL &&
		    names->count < CONTEXTS_MAX)
			r = string_vector_add(names, found, err);
		if (r < 0)
			return r;
		if (entry->node == NULL && found != NULL &&
		    strcmp(found, entry->name) == 0) {
			entry->node = has_value ? value : item;
			entry->document = d;
		}
	}
	return 0;
}

static int find(const struct kubeconfig_files *files, const char *section,
		const char *key, struct string_vector *names,
		struct kubeconfig_entry *entry, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < files->documents.count; i++)
		r = find_in(&files->documents.items[i], section, key, names,
			    entry, err);
	return r;
}

static int fail_context(const struct kubeconfig_files *files, const char *name,
			const struct string_vector *names, struct error *err)
{
	const char *nearest = text_nearest(
		name, (const char *const *)names->items, names->count);

	if (names->count == 0)
		return error_set(err, ERROR_INVALID, "%s: has no contexts",
				 files->names);
	if (nearest != NULL)
		return error_set(err, ERROR_INVALID,
				 "%s: has no context '%s'; did you mean '%s'?",
				 files->names, name, nearest);
	return error_set(err, ERROR_INVALID, "%s: has no context '%s'",
			 files->names, name);
}

/* NULL if no file has any. */
static int current_context(const struct kubeconfig_files *files,
			   char **ret_name, struct error *err)
{
	int r = 0;

	*ret_name = NULL;
	for (size_t i = 0;
	     r == 0 && *ret_name == NULL && i < files->documents.count; i++) {
		const struct document *d = &files->documents.items[i];

		r = document_text(d, yaml_root(d->yaml), "current-context",
				  ret_name, err);
	}
	return r;
}

int kubeconfig_find_context(const struct kubeconfig_files *files,
			    const char *wanted,
			    struct kubeconfig_entry *ret_context,
			    struct error *err)
{
	CLEANUP(string_vector_free) struct string_vector names = { 0 };
	CLEANUP(cleanup_kubeconfig_entry) struct kubeconfig_entry entry = { 0 };
	int r = 0;

	if (wanted == NULL || *wanted == '\0')
		r = current_context(files, &entry.name, err);
	else if ((entry.name = strdup(wanted)) == NULL)
		r = error_memory(err);
	if (r < 0)
		return r;
	if (entry.name == NULL)
		return error_set(err, ERROR_INVALID,
				 "%s: has no current-context: choose one by "
				 "--context",
				 files->names);
	r = find(files, "contexts", "context", &names, &entry, err);
	if (r < 0)
		return r;
	if (entry.node == NULL)
		return fail_context(files, entry.name, &names, err);
	*ret_context = entry;
	entry.name = NULL;
	return 0;
}

int kubeconfig_follow(const struct kubeconfig_files *files,
		      const struct kubeconfig_entry *context, const char *key,
		      const char *section, struct kubeconfig_entry *ret_entry,
		      struct error *err)
{
	CLEANUP(cleanup_kubeconfig_entry) struct kubeconfig_entry entry = { 0 };
	const struct document *d = context->document;
	int r = document_text(d, context->node, key, &entry.name, err);

	*ret_entry = (struct kubeconfig_entry){ 0 };
	if (r < 0 || entry.name == NULL)
		return r;
	r = find(files, section, key, NULL, &entry, err);
	if (r < 0)
		return r;
	if (entry.node == NULL)
		return yaml_fail(d->yaml, yaml_lookup(context->node, key), err,
				 "context '%s': there is no %s '%s'",
				 context->name, key, entry.name);
	*ret_entry = entry;
	entry.name = NULL;
	return 0;
}
