/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line of the state file: a JSON object whose first member says what kind
 * of line it is. Between a line and a struct, in both directions; which line
 * follows which is not known here.
 *
 * Another kind of line: a name here, a row in the table of state_line.c with a
 * function that reads it, a function in state_line_print.c. Earlier programs
 * skip it.
 */
#ifndef CEM_STATE_STATE_LINE_H
#define CEM_STATE_STATE_LINE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "discovery/found.h"
#include "state/history.h"

#define STATE_VERSION 1
#define STATE_LINE_MAX ((size_t)64 * 1024) /* bytes, without the newline */

/* Bytes of what is in a line. A list that has more is not remembered. */
#define STATE_KEY_MAX 8192 /* of a list's key; escaped it fits a line */
#define STATE_NAME_MAX 253
#define STATE_GATEWAY_MAX (2 * STATE_NAME_MAX + 1)

/* The end of the year 9999: a later time is damage. */
#define STATE_TIME_MAX_MS INT64_C(253402300799999)
#define STATE_SECONDS_MAX (STATE_TIME_MAX_MS / 1000)

/* What is counted over all runs that wrote a state. */
struct run_record {
	uint64_t runs;
	uint64_t failures;	       /* of them */
	struct wall_time last_success; /* when it began; {0}: never */
};

enum state_line_kind {
	STATE_LINE_HEADER,
	STATE_LINE_LIST, /* the head of a list; its items follow */
	STATE_LINE_POD,	 /* an item */
	STATE_LINE_NAME, /* likewise */
	STATE_LINE_LAST_SUCCESS,
	STATE_LINE_RUNS,
	STATE_LINE_ENDPOINT, /* its pairs follow */
	STATE_LINE_PAIR,
	STATE_LINE_END,
	STATE_LINE_OTHER, /* a later version's: skip it */
};

struct state_line {
	enum state_line_kind kind;
	/* The first member that is missing or has no such value as it must
	 * have: what follows is not set then. NULL: all is good. */
	const char *misfit;
	/* Texts live as long as the line. */
	union {
		struct {
			int64_t version;
		} header;
		struct {
			const char *key;
			struct wall_time listed_at;
			size_t items;
		} list;
		struct {
			const char *ns;
			const char *name;
			const char *gateway; /* or NULL */
			bool is_skipped;
			enum pod_skip skip;
			struct address address;
			uint16_t port;
		} pod;
		struct {
			const char *text;
			const char *gateway; /* or NULL */
			int64_t not_before;
		} name;
		struct wall_time last_success; /* {0}: never */
		struct {
			uint64_t runs;
			uint64_t failures;
		} counted;
		struct endpoint_labels endpoint;
		struct {
			const char *domain;
			enum key_type type;
			struct pair_history history;
		} pair;
		uint64_t end; /* lines before this one */
	};
	struct json_object *object; /* what the texts live in */
};

/* For state_line_parse(), any number of times; for the caller to free by
 * json_tokener_free(). NULL for want of memory. */
struct json_tokener *state_line_tokener(struct error *err);

/* Reads a line of `size` bytes. ERROR_INVALID if it is no JSON object with a
 * member; what it says of itself may still be a misfit. */
int state_line_parse(struct json_tokener *tokener, const char *text,
		     size_t size, struct state_line *ret_line,
		     struct error *err) __attribute__((warn_unused_result));

void state_line_release(struct state_line *line);

/* Whether it can be read again from its line. */
bool state_line_time_fits(struct wall_time at);
bool state_line_pod_fits(const struct pod_facts *pod);
bool state_line_name_fits(const struct found_name *name);
bool state_line_key_fits(const char *key);
bool state_line_endpoint_fits(const struct endpoint_labels *labels);

/* Append a line, with its newline. They fail for want of memory only. */
int state_line_print_header(struct buffer *out, struct wall_time written_at,
			    struct error *err)
	__attribute__((warn_unused_result));
int state_line_print_list(struct buffer *out, const char *key,
			  struct wall_time listed_at, size_t items,
			  struct error *err)
	__attribute__((warn_unused_result));
int state_line_print_pod(struct buffer *out, const struct pod_facts *pod,
			 struct error *err) __attribute__((warn_unused_result));
int state_line_print_name(struct buffer *out, const struct found_name *name,
			  struct error *err)
	__attribute__((warn_unused_result));
int state_line_print_last_success(struct buffer *out, struct wall_time at,
				  struct error *err)
	__attribute__((warn_unused_result));
int state_line_print_runs(struct buffer *out, const struct run_record *record,
			  struct error *err)
	__attribute__((warn_unused_result));
int state_line_print_endpoint(struct buffer *out,
			      const struct endpoint_labels *labels,
			      struct error *err)
	__attribute__((warn_unused_result));
/* What is as in a pair that is not remembered is left out. */
int state_line_print_pair(struct buffer *out, const char *domain,
			  enum key_type type,
			  const struct pair_history *history, struct error *err)
	__attribute__((warn_unused_result));
int state_line_print_end(struct buffer *out, uint64_t lines, struct error *err)
	__attribute__((warn_unused_result));

#endif
