/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a failed request means, as a code and in words: libcurl's errors, HTTP
 * status codes and the API's Status objects (Kubernetes API conventions,
 * "Response Status Kind").
 */
#ifndef CEM_KUBE_FAILURE_H
#define CEM_KUBE_FAILURE_H

#include <curl/curl.h>

#include "base/buffer.h"
#include "base/error.h"
#include "kube/access.h"

#define KUBE_STATUS_MAX ((size_t)64 * 1024) /* bytes, of a Status object */

/* A transfer on `curl` that failed with `code`; `words` is its error buffer.
 * Returns a negative code. */
int kube_failure_of_transfer(CURL *curl, CURLcode code, const char *words,
			     int64_t timeout_ms,
			     const struct kube_access *access,
			     struct error *err);

/* An answer with another HTTP status than 200 and this body, which may be
 * cut. Returns a negative code. */
int kube_failure_of_answer(long status, const struct buffer *body,
			   const struct kube_access *access, struct error *err);

/* An answer that is not JSON by its Content-Type. Returns -ERROR_INVALID. */
int kube_failure_of_type(const char *content_type,
			 const struct kube_access *access, struct error *err);

#endif
