/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Look-ups in base/yaml's trees.
 */
#include <config.h>

#include "kube/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/wipe.h"

int document_parse(const char *path, struct buffer *text,
		   struct document *ret_document, struct error *err)
{
	struct document d = { .path = strdup(path) };
	int r;

	if (d.path == NULL)
		return error_memory(err);
	r = yaml_parse(path, text, &d.yaml, err);
	if (r < 0) {
		document_free(&d);
		return r;
	}
	*ret_document = d;
	return 0;
}

void document_free(struct document *document)
{
	yaml_free(document->yaml);
	free(document->path);
	*document = (struct document){ 0 };
}

bool document_is_given(const struct yaml_node *node)
{
	return yaml_kind(node) != YAML_NULL;
}

int document_text(const struct document *d, const struct yaml_node *mapping,
		  const char *key, char **ret_text, struct error *err)
{
	const struct yaml_node *node = yaml_lookup(mapping, key);
	CLEANUP(cleanup_free) char *text = NULL;
	int r;

	*ret_text = NULL;
	if (!document_is_given(node))
		return 0;
	r = yaml_string(d->yaml, node, key, &text, err);
	if (r == 0 && *text != '\0')
		*ret_text = TAKE(text);
	return r;
}

int document_secret(const struct document *d, const struct yaml_node *mapping,
		    const char *key, struct buffer *ret_secret,
		    struct error *err)
{
	const struct yaml_node *node = yaml_lookup(mapping, key);
	char *text = NULL;
	int r;

	if (!document_is_given(node))
		return 0;
	r = yaml_string(d->yaml, node, key, &text, err);
	if (r < 0)
		return r;
	r = buffer_append(ret_secret, text, strlen(text), err);
	wipe_free(text);
	yaml_wipe(node);
	if (r < 0)
		return error_prefix(err, "%s: %s", d->path, key);
	return 0;
}

char *document_resolve(const struct document *d, char *path)
{
	const char *slash = strrchr(d->path, '/');
	char *joined = NULL;

	if (*path == '/' || slash == NULL)
		return path;
	if (asprintf(&joined, "%.*s/%s", (int)(slash - d->path), d->path,
		     path) < 0)
		joined = NULL;
	free(path);
	return joined;
}

int document_path(const struct document *d, const struct yaml_node *mapping,
		  const char *key, char **ret_path, struct error *err)
{
	char *path = NULL;
	int r = document_text(d, mapping, key, &path, err);

	*ret_path = NULL;
	if (r < 0 || path == NULL)
		return r;
	*ret_path = document_resolve(d, path);
	return *ret_path == NULL ? error_memory(err) : 0;
}
