/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A YAML or JSON document that holds secrets, and what can be looked up in
 * it as client-go does: what is there but empty is not there. Errors begin
 * with the document's name and the line.
 */
#ifndef CEM_KUBE_DOCUMENT_H
#define CEM_KUBE_DOCUMENT_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/yaml.h"

struct document {
	char *path; /* or another name */
	struct yaml *yaml;
};

/* Parses `text`, which it takes. */
int document_parse(const char *path, struct buffer *text,
		   struct document *ret_document, struct error *err)
	__attribute__((warn_unused_result));

/* Wipes and frees; zeroed afterwards. */
void document_free(struct document *document);

/* Whether the value is there and not null. */
bool document_is_given(const struct yaml_node *node);

/* The text at `key`, a new string; NULL if it is not there or empty. */
int document_text(const struct document *d, const struct yaml_node *mapping,
		  const char *key, char **ret_text, struct error *err)
	__attribute__((warn_unused_result));

/* Appends the text at `key`; only *ret_secret has it afterwards. */
int document_secret(const struct document *d, const struct yaml_node *mapping,
		    const char *key, struct buffer *ret_secret,
		    struct error *err) __attribute__((warn_unused_result));

/* The path at `key` as a new string, seen from the document's directory;
 * NULL if there is none. */
int document_path(const struct document *d, const struct yaml_node *mapping,
		  const char *key, char **ret_path, struct error *err)
	__attribute__((warn_unused_result));

/* `path`, which it takes, seen from the document's directory; a new string,
 * NULL if memory ran out. */
char *document_resolve(const struct document *d, char *path);

#endif
