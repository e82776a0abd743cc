/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists as discovery finds them, and a state file that remembers them.
 */
#ifndef CEM_TESTS_LISTS_H
#define CEM_TESTS_LISTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "discovery/found.h"
#include "state/state.h"

#define NOW_MS INT64_C(1800000000000)
#define HOUR_MS INT64_C(3600000)

/* `address` NULL: its name did not resolve. */
void list_add_pod(struct found *found, const char *ns, const char *name,
		  const char *gateway, const char *address, uint16_t port);
void list_add_skipped(struct found *found, const char *ns, const char *name,
		      enum pod_skip skip);
void list_add_name(struct found *found, const char *text, const char *gateway,
		   int64_t not_before);

/* Some of everything that an item can be. */
void list_fill(struct found *found);

/* `count` pods, each with a name and an address of its own. */
void list_add_many(struct found *found, size_t count);

void assert_same_lists(const struct found *found, const struct found *expected);

/* No complaint is expected. */
struct state *open_good_state(const char *path);

/* Likewise, and writes. */
struct state *open_new_state(const char *path);

void commit_and_close(struct state *state);

void keep_list(struct state *state, const char *key, int64_t listed_at_ms,
	       const struct found *found);

/* Whether there is one, at most an hour old; then it is in `found`. */
bool recall_list(struct state *state, const char *key, struct found *found);

/* As recall_list(), for those who need no more than that. */
bool has_list(struct state *state, const char *key);

/* --- Files that no run wrote ---------------------------------------------- */

/* Lines; the lists are "a", "b" and "c". */
#define HEADER "{\"version\":1,\"written_at\":1}\n"
#define LIST_A "{\"list\":\"a\",\"listed_at\":1800000000000,\"items\":2}\n"
#define LIST_B "{\"list\":\"b\",\"listed_at\":1800000000000,\"items\":1}\n"
#define LIST_C "{\"list\":\"c\",\"listed_at\":1800000000000,\"items\":2}\n"
#define POD_1                                                                  \
	"{\"pod\":\"p1\",\"ns\":\"e\",\"address\":\"10.0.0.1\","               \
	"\"port\":443}\n"
#define POD_2 "{\"pod\":\"p2\",\"ns\":\"e\",\"skip\":\"not_ready\"}\n"
#define NAME_1 "{\"name\":\"x.example\",\"gateway\":\"e/g\",\"not_before\":7}\n"
#define SUCCESS "{\"last_success\":1700000000000}\n"
#define END(lines) "{\"end\":true,\"lines\":" #lines "}\n"
#define ENDPOINT_1                                                             \
	"{\"endpoint\":\"p1\",\"ns\":\"e\",\"job\":\"j\",\"port\":\"443\","    \
	"\"family\":\"\"}\n"
#define PAIR_1                                                                 \
	"{\"domain\":\"x.example\",\"key\":\"rsa\",\"status\":\"expired\","    \
	"\"open_errors\":3,\"left_out\":2}\n"
#define RUNS "{\"runs\":5,\"failures\":1}\n"
#define WHOLE                                                                  \
	HEADER LIST_A POD_1 POD_2 LIST_B NAME_1 ENDPOINT_1 PAIR_1 RUNS SUCCESS \
		END(10)

void write_bytes(const char *path, const char *bytes, size_t size);

/* With or without a complaint. */
struct state *open_any_state(const char *path);

/* The number of items of a list, 0 if there is none. */
size_t count_items(struct state *state, const char *key);

/* Whatever it says, lists "a" and "b" of WHOLE are whole or not there, and
 * what is there can be written again. */
void assert_usable(const char *path);

#endif
