/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON (RFC 8259) written straight into a buffer that is wiped: json-c would
 * leave copies behind.
 */
#ifndef CEM_KUBE_JSON_TEXT_H
#define CEM_KUBE_JSON_TEXT_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/yaml.h"

#define JSON_TEXT_DEPTH_MAX 32

/* Appends text as it is. */
int json_text_add(struct buffer *json, const char *text, struct error *err)
	__attribute__((warn_unused_result));

/* Appends a string with its quotes; `text` is UTF-8. */
int json_text_string(struct buffer *json, const char *text, struct error *err)
	__attribute__((warn_unused_result));

/* Appends a comma, `key` and the string. */
int json_text_member(struct buffer *json, const char *key, const char *text,
		     struct error *err) __attribute__((warn_unused_result));

/* Appends a value of a YAML document; its scalars by YAML 1.2's JSON schema.
 * ERROR_INVALID for one that is nested too deeply. */
int json_text_yaml(struct buffer *json, const struct yaml *yaml,
		   const struct yaml_node *node, struct error *err)
	__attribute__((warn_unused_result));

#endif
