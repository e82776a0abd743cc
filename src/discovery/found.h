/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lists say, before it is joined: pods and other endpoints, and names of
 * domains. It is what is remembered of a list, too, so that an earlier run's
 * can stand in for one that cannot be read.
 */
#ifndef CEM_DISCOVERY_FOUND_H
#define CEM_DISCOVERY_FOUND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/vector.h"

#define FOUND_PODS_MAX 200000  /* of one job: some 30 MB */
#define FOUND_NAMES_MAX 100000 /* of one job */
#define FOUND_TEXT_MAX 1024    /* bytes of a name; what is longer is none */
/* Of all texts of one job: more than so many pods and names usually have, and
 * less than they could. */
#define FOUND_BYTES_MAX ((size_t)24 * 1024 * 1024)

/* Words of `skipped_pods`; pod_skip_name() gives them. In the order in which
 * they are tried: a pod is skipped for the first that applies. */
enum pod_skip {
	POD_NOT_RUNNING,
	POD_TERMINATING,
	POD_NOT_READY,
	POD_NO_ADDRESS,
	POD_NO_SUCH_PORT,
};
#define POD_SKIP_COUNT (POD_NO_SUCH_PORT + 1)

const char *pod_skip_name(enum pod_skip skip);

/* The reason of that name; false if there is none. */
bool pod_skip_of_name(const char *name, enum pod_skip *ret_skip);

/* A pod, or another place where a certificate is served. One that is reached
 * at several addresses is there several times. */
struct pod_facts {
	char *ns;      /* "" outside Kubernetes; valid UTF-8 */
	char *name;    /* valid UTF-8 */
	char *gateway; /* "NS/NAME": it serves this Gateway alone; or NULL */
	bool is_skipped;
	enum pod_skip skip;	/* if is_skipped */
	struct address address; /* else; family 0: its name did not resolve */
	uint16_t port;		/* else */
	bool is_remembered;	/* from an earlier run; its address may be
				 * another's by now */
};
VECTOR_DEFINE(pod_facts_vector, struct pod_facts);

void pod_facts_free(struct pod_facts *facts);

/* A domain as an object names it: not checked yet. */
struct found_name {
	char *text;
	char *gateway;	    /* "NS/NAME": for this Gateway's pods; or NULL */
	int64_t not_before; /* of what cert-manager issued for it, in seconds
			     * since the epoch; 0 for none */
};
VECTOR_DEFINE(found_name_vector, struct found_name);

/* One list, or several after one another. Zeroed is empty. */
struct found {
	struct pod_facts_vector pods;
	struct found_name_vector names;
	size_t bytes; /* of the texts of both */
};

/* Takes the strings of `facts`, also on failure. ERROR_TOO_LARGE past
 * FOUND_PODS_MAX or FOUND_BYTES_MAX. */
int found_add_pod(struct found *found, struct pod_facts facts,
		  struct error *err) __attribute__((warn_unused_result));

/* Copies; `gateway` may be NULL. A text of more than FOUND_TEXT_MAX bytes is
 * left out: it names no domain. ERROR_TOO_LARGE past FOUND_NAMES_MAX or
 * FOUND_BYTES_MAX. */
int found_add_name(struct found *found, const char *text, const char *gateway,
		   int64_t not_before, struct error *err)
	__attribute__((warn_unused_result));

/* Forgets all but the first ones. */
void found_truncate(struct found *found, size_t pods, size_t names);

/* Whether there is room in `found` for all of `from`: else ERROR_TOO_LARGE. */
int found_check_room(const struct found *found, const struct found *from,
		     struct error *err) __attribute__((warn_unused_result));

/* Moves all of `from` behind what `found` has. What did not go is still in
 * `from` if it fails: ERROR_TOO_LARGE without room for all, then nothing has
 * changed. */
int found_append(struct found *found, struct found *from, struct error *err)
	__attribute__((warn_unused_result));

void found_free(struct found *found);

/* --- Earlier runs --------------------------------------------------------- */

/* What keeps lists from one run to the next: whoever runs the discovery
 * provides it. A key is a text that says all that a list depends on. */
struct list_memory {
	/* The list of this key if it is at most `max_age_ms` old, appended to
	 * `found`; *ret_listed_at is when it was read. 1 if there is one, 0 if
	 * not, or -ERROR_MEMORY. What is damaged is none. */
	int (*recall)(void *data, const char *key, int64_t max_age_ms,
		      struct found *found, struct wall_time *ret_listed_at,
		      struct error *err);
	/* Remembers `found`, the list as it was read at `listed_at`. Cannot
	 * fail as far as the discovery is concerned. */
	void (*keep)(void *data, const char *key, struct wall_time listed_at,
		     const struct found *found);
	void *data;
};

#endif
