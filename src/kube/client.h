/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET requests to one API server over one connection that is kept.
 *
 * The server is verified against its own CA and no other; no proxy is used but
 * that of the access, and redirects are not followed. kube_client_close()
 * leaves nothing of the credential in memory; the access is the caller's to
 * wipe.
 */
#ifndef CEM_KUBE_CLIENT_H
#define CEM_KUBE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "kube/access.h"

struct kube_client;

/* Takes the body of a good answer as it arrives. A negative return, with
 * `err` set, ends the request. */
typedef int (*kube_body_function)(void *data, const char *bytes, size_t size,
				  struct error *err);

/* What became of the last request, for whoever may try it again. */
struct kube_answer {
	long status;	/* HTTP; 0: no whole answer came */
	bool is_broken; /* no connection, or it broke before the end */
	/* Of a request that failed, how far it came: others may go well. */
	bool is_connected;	/* past the TLS handshake */
	bool has_begun;		/* to be answered */
	int64_t retry_after_ms; /* what the server asks for, 0: nothing */
};

/* Sets a client up, after kube_memory_init(); connects to nothing yet.
 * `access` and `interrupt` (NULL: none) must outlive it. Its credential, if it
 * can be had again, is replaced there once the server no longer takes it. */
int kube_client_open(struct kube_access *access, struct interrupt *interrupt,
		     struct kube_client **ret_client, struct error *err)
	__attribute__((warn_unused_result));

/* GETs `path`, which begins with '/' and is percent-encoded, in at most
 * `timeout_ms`. If the server does not take the credential (401), that is got
 * anew and the request made once more, within the same time.
 *
 * Errors: ERROR_UNREACHABLE, ERROR_TIMEOUT, ERROR_TLS, ERROR_INTERRUPTED
 * (about the transfer); ERROR_UNAUTHORIZED, ERROR_FORBIDDEN, ERROR_NOT_FOUND,
 * ERROR_INVALID, ERROR_SERVER (what the server says, in its own words); those
 * of on_body().
 * The message names the server where it matters, never the credential. */
int kube_client_get(struct kube_client *client, const char *path,
		    int64_t timeout_ms, kube_body_function on_body, void *data,
		    struct error *err) __attribute__((warn_unused_result));

/* Of the last kube_client_get(). */
const struct kube_answer *kube_client_answer(const struct kube_client *client);

/* The one that it was opened with. */
struct interrupt *kube_client_interrupt(const struct kube_client *client);

/* The dates of the server's own certificate; unknown if it has not shown one.
 * Known as well if it was refused. */
void kube_client_server_dates(const struct kube_client *client,
			      struct kube_dates *ret_dates);

/* NULL is fine. */
void kube_client_close(struct kube_client *client);
void cleanup_kube_client(struct kube_client **client);

/* The version of libcurl at run time, "7.88.1". */
const char *kube_client_library_version(void);

#endif
