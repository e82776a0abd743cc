/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines to write, and whether they could be read again.
 */
#include <config.h>

#include "state/state_line.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

static void cleanup_object(struct json_object **object)
{
	(void)json_object_put(*object);
}

/* --- Whether it can be read again ----------------------------------------- */

static bool text_fits(const char *text, size_t max_bytes)
{
	return strlen(text) <= max_bytes && text_is_utf8(text);
}

static bool gateway_fits(const char *gateway)
{
	return gateway == NULL || text_fits(gateway, STATE_GATEWAY_MAX);
}

bool state_line_pod_fits(const struct pod_facts *pod)
{
	return text_fits(pod->name, STATE_NAME_MAX) &&
	       text_fits(pod->ns, STATE_NAME_MAX) &&
	       gateway_fits(pod->gateway) && (pod->is_skipped || pod->port > 0);
}

bool state_line_name_fits(const struct found_name *name)
{
	return text_fits(name->text, FOUND_TEXT_MAX) &&
	       gateway_fits(name->gateway) &&
	       name->not_before >= -STATE_SECONDS_MAX &&
	       name->not_before <= STATE_SECONDS_MAX;
}

bool state_line_time_fits(struct wall_time at)
{
	return at.ms >= 0 && at.ms <= STATE_TIME_MAX_MS;
}

bool state_line_key_fits(const char *key)
{
	return text_fits(key, STATE_KEY_MAX);
}

bool state_line_endpoint_fits(const struct endpoint_labels *labels)
{
	return text_fits(labels->pod, STATE_NAME_MAX) &&
	       text_fits(labels->ns, STATE_NAME_MAX) &&
	       text_fits(labels->job_name, STATE_NAME_MAX) &&
	       text_fits(labels->port, STATE_NAME_MAX);
}

/* --- Printing ------------------------------------------------------------- */

/* Takes `value`, which may be NULL for want of memory. */
static bool add(struct json_object *object, const char *key,
		struct json_object *value)
{
	if (value != NULL && json_object_object_add(object, key, value) == 0)
		return true;
	(void)json_object_put(value);
	return false;
}

static bool add_text(struct json_object *object, const char *key,
		     const char *text)
{
	return text == NULL || add(object, key, json_object_new_string(text));
}

static bool add_number(struct json_object *object, const char *key,
		       int64_t number)
{
	return add(object, key, json_object_new_int64(number));
}

/* Appends the object, unless something of it is missing. */
static int print(struct buffer *out, struct json_object *object, bool is_whole,
		 struct error *err)
{
	const char *text = NULL;
	size_t size = 0;
	int r;

	if (is_whole)
		text = json_object_to_json_string_length(
			object,
			JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE,
			&size);
	if (text == NULL)
		return error_memory(err);
	r = buffer_append(out, text, size, err);
	return r < 0 ? r : buffer_append(out, "\n", 1, err);
}

int state_line_print_header(struct buffer *out, struct wall_time written_at,
			    struct error *err)
{
	CLEANUP(cleanup_object)
	struct json_object *object = json_object_new_object();
	bool ok = object != NULL &&
		  add_number(object, "version", STATE_VERSION) &&
		  add_text(object, "program", PACKAGE_STRING) &&
		  add_number(object, "written_at", written_at.ms);

	return print(out, object, ok, err);
}

int state_line_print_list(struct buffer *out, const char *key,
			  struct wall_time listed_at, size_t items,
			  struct error *err)
{
	CLEANUP(cleanup_object)
	struct json_object *object = json_object_new_object();
	bool ok = object != NULL && add_text(object, "list", key) &&
		  add_number(object, "listed_at", listed_at.ms) &&
		  add_number(object, "items", (int64_t)items);

	return print(out, object, ok, err);
}

int state_line_print_pod(struct buffer *out, const struct pod_facts *pod,
			 struct error *err)
{
	CLEANUP(cleanup_object)
	struct json_object *object = json_object_new_object();
	char address[ADDRESS_TEXT_MAX];
	bool ok = object != NULL && add_text(object, "pod", pod->name) &&
		  add_text(object, "ns", pod->ns) &&
		  add_text(object, "gateway", pod->gateway);

	if (pod->is_skipped) {
		ok = ok && add_text(object, "skip", pod_skip_name(pod->skip));
		return print(out, object, ok, err);
	}
	if (pod->address.family != 0) {
		address_format(&pod->address, address);
		ok = ok && add_text(object, "address", address);
	}
	ok = ok && add_number(object, "port", pod->port);
	return print(out, object, ok, err);
}

int state_line_print_name(struct buffer *out, const struct found_name *name,
			  struct error *err)
{
	CLEANUP(cleanup_object)
	struct json_object *object = json_object_new_object();
	bool ok = object != NULL && add_text(object, "name", name->text) &&
		  add_text(object, "gateway", name->gateway) &&
		  (name->not_before == 0 ||
		   add_number(object, "not_before", name->not_before));

	return print(out, object, ok, err);
}

int state_line_print_last_success(struct buffer *out, struct wall_time at,
				  struct error *err)
{
	CLEANUP(cleanup_object)
	struct json_object *object = json_object_new_object();
	bool ok = object != NULL && add_number(object, "last_success", at.ms);

	return print(out, object, ok, err);
}

int state_line_print_runs(struct buffer *out, const struct run_record *record,
			  struct error *err)
{
	CLEANUP(cleanup_object)
	struct json_object *object = json_object_new_object();
	bool ok = object != NULL &&
		  add_number(object, "runs", (int64_t)record->runs) &&
		  add_number(object, "failures", (int64_t)record->failures);

	return print(out, object, ok, err);
}

int state_line_print_endpoint(struct buffer *out,
			      const struct endpoint_labels *labels,
			      struct error *err)
{
	CLEANUP(cleanup_object)
	struct json_object *object = json_object_new_object();
	bool ok = object != NULL && add_text(object, "endpoint", labels->pod) &&
		  add_text(object, "ns", labels->ns) &&
		  add_text(object, "job", labels->job_name) &&
		  add_text(object, "port", labels->port) &&
		  add_text(object, "family", labels->family);

	return print(out, object, ok, err);
}

static bool add_outcome(struct json_object *object,
			const struct pair_outcome *outcome)
{
	return (outcome->status == STATUS_VALID ||
		add_text(object, "status",
			 pair_status_name(outcome->status))) &&
	       (outcome->reason == REASON_NONE ||
		add_text(object, "reason",
			 probe_reason_name(outcome->reason))) &&
	       (outcome->verify == VERIFY_OK ||
		add_text(object, "verify",
			 verify_reason_name(outcome->verify)));
}

static bool add_counter(struct json_object *object, const char *key,
			uint64_t counter)
{
	return counter == 0 || add_number(object, key, (int64_t)counter);
}

int state_line_print_pair(struct buffer *out, const char *domain,
			  enum key_type type,
			  const struct pair_history *history, struct error *err)
{
	CLEANUP(cleanup_object)
	struct json_object *object = json_object_new_object();
	bool ok = object != NULL && add_text(object, "domain", domain) &&
		  (type == KEY_TYPE_ANY ||
		   add_text(object, "key", key_type_name(type))) &&
		  add_outcome(object, &history->outcome) &&
		  add_counter(object, "open_errors", history->open_errors) &&
		  add_counter(object, "close_errors", history->close_errors) &&
		  add_counter(object, "left_out", (uint64_t)history->left_out);

	return print(out, object, ok, err);
}

int state_line_print_end(struct buffer *out, uint64_t lines, struct error *err)
{
	CLEANUP(cleanup_object)
	struct json_object *object = json_object_new_object();
	bool ok = object != NULL &&
		  add(object, "end", json_object_new_boolean(1)) &&
		  add_number(object, "lines", (int64_t)lines);

	return print(out, object, ok, err);
}
