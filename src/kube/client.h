/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET requests to one API server over one connection that is kept.
 *
 * The server is verified against its own CA and no other, proxies and
 * redirects are not followed. kube_client_close() leaves nothing of the
 * credential in memory; the access is the caller's to wipe.
 */
#ifndef CEM_KUBE_CLIENT_H
#define CEM_KUBE_CLIENT_H

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

/* Sets a client up, after kube_memory_init(); connects to nothing yet.
 * `access` and `interrupt` (NULL: none) must outlive it. */
int kube_client_open(const struct kube_access *access,
		     struct interrupt *interrupt,
		     struct kube_client **ret_client, struct error *err)
	__attribute__((warn_unused_result));

/* GETs `path`, which begins with '/' and is percent-encoded, in at most
 * `timeout_ms`.
 *
 * Errors: ERROR_UNREACHABLE, ERROR_TIMEOUT, ERROR_TLS, ERROR_INTERRUPTED
 * (about the transfer); ERROR_UNAUTHORIZED, ERROR_FORBIDDEN, ERROR_INVALID,
 * ERROR_SERVER (what the server says, in its own words); those of on_body().
 * The message names the server where it matters, never the credential. */
int kube_client_get(struct kube_client *client, const char *path,
		    int64_t timeout_ms, kube_body_function on_body, void *data,
		    struct error *err) __attribute__((warn_unused_result));

/* NULL is fine. */
void kube_client_close(struct kube_client *client);
void cleanup_kube_client(struct kube_client **client);

/* The version of libcurl at run time, "7.88.1". */
const char *kube_client_library_version(void);

#endif
