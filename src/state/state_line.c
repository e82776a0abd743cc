/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines by json-c, one at a time.
 */
#include <config.h>

#include "state/state_line.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define DEPTH_MAX 16 /* ours have 1; a later version may nest */
#define PORT_MAX 65535
#define SECONDS_MAX (STATE_TIME_MAX_MS / 1000)
#define COUNT_MAX INT64_C(1000000000)

static void cleanup_object(struct json_object **object)
{
	(void)json_object_put(*object);
}

/* --- Reading -------------------------------------------------------------- */

static bool has_member(struct json_object *object, const char *key)
{
	return json_object_object_get_ex(object, key, NULL);
}

static bool get_text(struct json_object *object, const char *key,
		     size_t max_bytes, const char **ret_text)
{
	struct json_object *value;
	const char *text;
	size_t length;

	if (!json_object_object_get_ex(object, key, &value) ||
	    json_object_get_type(value) != json_type_string)
		return false;
	text = json_object_get_string(value);
	length = (size_t)json_object_get_string_len(value);
	/* A NUL in it would be its end. */
	if (length > max_bytes || strlen(text) != length)
		return false;
	*ret_text = text;
	return true;
}

/* NULL where there is no such member. */
static bool get_gateway(struct json_object *object, const char **ret_text)
{
	*ret_text = NULL;
	return !has_member(object, "gateway") ||
	       get_text(object, "gateway", STATE_GATEWAY_MAX, ret_text);
}

static bool get_number(struct json_object *object, const char *key,
		       int64_t minimum, int64_t maximum, int64_t *ret_number)
{
	struct json_object *value;
	int64_t number;

	if (!json_object_object_get_ex(object, key, &value) ||
	    json_object_get_type(value) != json_type_int)
		return false;
	/* What does not fit into 64 bits is at the end of them. */
	number = json_object_get_int64(value);
	if (number < minimum || number > maximum)
		return false;
	*ret_number = number;
	return true;
}

static bool get_time(struct json_object *object, const char *key,
		     struct wall_time *ret_time)
{
	return get_number(object, key, 0, STATE_TIME_MAX_MS, &ret_time->ms);
}

/* Each reader returns the member that does not fit, or NULL. */

static const char *read_header(struct json_object *object,
			       struct state_line *line)
{
	if (!get_number(object, "version", 1, COUNT_MAX, &line->header.version))
		return "version";
	return NULL;
}

static const char *read_list(struct json_object *object,
			     struct state_line *line)
{
	int64_t items = 0;

	if (!get_text(object, "list", STATE_KEY_MAX, &line->list.key))
		return "list";
	if (!get_time(object, "listed_at", &line->list.listed_at))
		return "listed_at";
	if (!get_number(object, "items", 0, COUNT_MAX, &items))
		return "items";
	line->list.items = (size_t)items;
	return NULL;
}

static const char *read_pod(struct json_object *object, struct state_line *line)
{
	const char *text;
	int64_t port = 0;

	if (!get_text(object, "pod", STATE_NAME_MAX, &line->pod.name))
		return "pod";
	if (!get_text(object, "ns", STATE_NAME_MAX, &line->pod.ns))
		return "ns";
	if (!get_gateway(object, &line->pod.gateway))
		return "gateway";
	line->pod.is_skipped = has_member(object, "skip");
	if (line->pod.is_skipped) {
		if (!get_text(object, "skip", STATE_NAME_MAX, &text) ||
		    !pod_skip_of_name(text, &line->pod.skip))
			return "skip";
		return NULL;
	}
	if (!get_number(object, "port", 1, PORT_MAX, &port))
		return "port";
	line->pod.port = (uint16_t)port;
	if (has_member(object, "address") &&
	    (!get_text(object, "address", ADDRESS_TEXT_MAX, &text) ||
	     !address_parse(text, &line->pod.address)))
		return "address";
	return NULL;
}

static const char *read_name(struct json_object *object,
			     struct state_line *line)
{
	if (!get_text(object, "name", FOUND_TEXT_MAX, &line->name.text))
		return "name";
	if (!get_gateway(object, &line->name.gateway))
		return "gateway";
	if (has_member(object, "not_before") &&
	    !get_number(object, "not_before", -SECONDS_MAX, SECONDS_MAX,
			&line->name.not_before))
		return "not_before";
	return NULL;
}

static const char *read_last_success(struct json_object *object,
				     struct state_line *line)
{
	if (!get_time(object, "last_success", &line->last_success))
		return "last_success";
	return NULL;
}

static const char *read_end(struct json_object *object, struct state_line *line)
{
	int64_t lines = 0;

	if (!get_number(object, "lines", 0, COUNT_MAX, &lines))
		return "lines";
	line->end = (uint64_t)lines;
	return NULL;
}

static const struct {
	const char *member; /* the first of the line */
	enum state_line_kind kind;
	const char *(*read)(struct json_object *object,
			    struct state_line *line);
} kinds[] = {
	{ "version", STATE_LINE_HEADER, read_header },
	{ "list", STATE_LINE_LIST, read_list },
	{ "pod", STATE_LINE_POD, read_pod },
	{ "name", STATE_LINE_NAME, read_name },
	{ "last_success", STATE_LINE_LAST_SUCCESS, read_last_success },
	{ "end", STATE_LINE_END, read_end },
};

struct json_tokener *state_line_tokener(struct error *err)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);

	if (tokener == NULL) {
		error_memory(err);
		return NULL;
	}
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT |
						JSON_TOKENER_VALIDATE_UTF8);
	return tokener;
}

static int parse_object(struct json_tokener *tokener, const char *text,
			size_t size, struct json_object **ret_object,
			struct error *err)
{
	CLEANUP(cleanup_object) struct json_object *object = NULL;
	enum json_tokener_error problem;
	size_t used;

	json_tokener_reset(tokener);
	object = json_tokener_parse_ex(tokener, text, (int)size);
	problem = json_tokener_get_error(tokener);
	used = json_tokener_get_parse_end(tokener);
	/* It stops short of what it was given only if it could not allocate. */
	if (problem == json_tokener_continue && used < size &&
	    memchr(text, '\0', size) == NULL)
		return error_memory(err);
	if (problem != json_tokener_success || used != size ||
	    json_object_get_type(object) != json_type_object ||
	    json_object_object_length(object) == 0)
		return error_set(err, ERROR_INVALID, "is not a JSON object");
	*ret_object = TAKE(object);
	return 0;
}

int state_line_parse(struct json_tokener *tokener, const char *text,
		     size_t size, struct state_line *ret_line,
		     struct error *err)
{
	struct state_line line = { .kind = STATE_LINE_OTHER };
	struct json_object_iterator first;
	const char *member;
	int r = parse_object(tokener, text, size, &line.object, err);

	if (r < 0)
		return r;
	first = json_object_iter_begin(line.object);
	member = json_object_iter_peek_name(&first);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(member, kinds[i].member) != 0)
			continue;
		line.kind = kinds[i].kind;
		line.misfit = kinds[i].read(line.object, &line);
	}
	*ret_line = line;
	return 0;
}

void state_line_release(struct state_line *line)
{
	(void)json_object_put(line->object);
	*line = (struct state_line){ .kind = STATE_LINE_OTHER };
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
	       name->not_before >= -SECONDS_MAX &&
	       name->not_before <= SECONDS_MAX;
}

bool state_line_time_fits(struct wall_time at)
{
	return at.ms >= 0 && at.ms <= STATE_TIME_MAX_MS;
}

bool state_line_key_fits(const char *key)
{
	return text_fits(key, STATE_KEY_MAX);
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

int state_line_print_end(struct buffer *out, uint64_t lines, struct error *err)
{
	CLEANUP(cleanup_object)
	struct json_object *object = json_object_new_object();
	bool ok = object != NULL &&
		  add(object, "end", json_object_new_boolean(1)) &&
		  add_number(object, "lines", (int64_t)lines);

	return print(out, object, ok, err);
}
