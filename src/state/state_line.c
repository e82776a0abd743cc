/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines to read, by json-c, one at a time.
 */
#include <config.h>

#include "state/state_line.h"

#include <string.h>

#include "base/cleanup.h"

#define DEPTH_MAX 16 /* ours have 1; a later version may nest */
#define PORT_MAX 65535
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
	    !get_number(object, "not_before", -STATE_SECONDS_MAX,
			STATE_SECONDS_MAX, &line->name.not_before))
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

/* 0 where there is no such member. */
static bool get_counter(struct json_object *object, const char *key,
			uint64_t *ret_counter)
{
	int64_t number = 0;

	if (has_member(object, key) &&
	    !get_number(object, key, 0, (int64_t)HISTORY_COUNT_MAX, &number))
		return false;
	*ret_counter = (uint64_t)number;
	return true;
}

static const char *read_runs(struct json_object *object,
			     struct state_line *line)
{
	if (!get_counter(object, "runs", &line->counted.runs))
		return "runs";
	if (!get_counter(object, "failures", &line->counted.failures))
		return "failures";
	return NULL;
}

static const char *read_endpoint(struct json_object *object,
				 struct state_line *line)
{
	struct endpoint_labels *labels = &line->endpoint;
	const struct {
		const char *key;
		const char **text;
	} members[] = {
		{ "endpoint", &labels->pod },  { "ns", &labels->ns },
		{ "job", &labels->job_name },  { "port", &labels->port },
		{ "family", &labels->family },
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (!get_text(object, members[i].key, STATE_NAME_MAX,
			      members[i].text))
			return members[i].key;
	return NULL;
}

static bool key_type_of_name(const char *name, enum key_type *ret_type)
{
	for (enum key_type t = KEY_TYPE_ANY; t < KEY_TYPE_COUNT; t++) {
		if (strcmp(key_type_name(t), name) == 0) {
			*ret_type = t;
			return true;
		}
	}
	return false;
}

static bool get_outcome(struct json_object *object,
			struct pair_outcome *ret_outcome,
			const char **ret_misfit)
{
	const char *text;

	*ret_outcome = (struct pair_outcome){ .status = STATUS_VALID };
	*ret_misfit = "status";
	if (has_member(object, "status") &&
	    (!get_text(object, "status", STATE_NAME_MAX, &text) ||
	     !pair_status_of_name(text, &ret_outcome->status)))
		return false;
	*ret_misfit = "reason";
	if (has_member(object, "reason") &&
	    (!get_text(object, "reason", STATE_NAME_MAX, &text) ||
	     !probe_reason_of_name(text, &ret_outcome->reason)))
		return false;
	*ret_misfit = "verify";
	return !has_member(object, "verify") ||
	       (get_text(object, "verify", STATE_NAME_MAX, &text) &&
		verify_reason_of_name(text, &ret_outcome->verify));
}

static const char *read_pair(struct json_object *object,
			     struct state_line *line)
{
	struct pair_history *history = &line->pair.history;
	const char *misfit;
	const char *text;
	int64_t left_out = 0;

	*history = (struct pair_history){ 0 };
	line->pair.type = KEY_TYPE_ANY;
	if (!get_text(object, "domain", STATE_NAME_MAX, &line->pair.domain))
		return "domain";
	if (has_member(object, "key") &&
	    (!get_text(object, "key", STATE_NAME_MAX, &text) ||
	     !key_type_of_name(text, &line->pair.type)))
		return "key";
	if (!get_outcome(object, &history->outcome, &misfit))
		return misfit;
	if (!get_counter(object, "open_errors", &history->open_errors))
		return "open_errors";
	if (!get_counter(object, "close_errors", &history->close_errors))
		return "close_errors";
	if (has_member(object, "left_out") &&
	    !get_number(object, "left_out", 0, HISTORY_LEFT_OUT_MAX, &left_out))
		return "left_out";
	history->left_out = (int32_t)left_out;
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
	{ "runs", STATE_LINE_RUNS, read_runs },
	{ "endpoint", STATE_LINE_ENDPOINT, read_endpoint },
	{ "domain", STATE_LINE_PAIR, read_pair },
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
