/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which failed requests are worth another try, and after how long: what the
 * server asks for (Retry-After, RFC 9110, section 10.2.3), else exponential
 * back-off. Jitter keeps nodes that failed together from coming back together.
 *
 *	for (int tries = 1;; tries++) {
 *		r = kube_client_get(...);
 *		if (r == 0)
 *			return 0;
 *		r = retry_plan(kube_client_answer(client), tries, ...);
 *		if (r == 0)
 *			r = retry_pause(interrupt, wait_ms, err);
 *		if (r < 0)
 *			return r;
 *	}
 */
#ifndef CEM_KUBE_RETRY_H
#define CEM_KUBE_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "kube/client.h"

#define RETRY_MAX 3 /* tries after the first */
/* The waits are 0.25, 0.75 and 2.25 s, each from half to one and a half. */
#define RETRY_BACK_OFF_MS 250
#define RETRY_BACK_OFF_FACTOR 3

/* Whether the same request may fare better in a moment: the connection broke,
 * or the server says of itself that it cannot answer now (408, 429, 5xx). A
 * request that used up its timeout is not, nor one that was refused. */
bool retry_is_worth_it(const struct kube_answer *answer);

/* How long to wait after `tries` (1 to RETRY_MAX) that failed: never less than
 * the server asks for. `random` is any number. */
int64_t retry_wait_ms(const struct kube_answer *answer, int tries,
		      uint32_t random);

/* Waits. ERROR_INTERRUPTED, at once, for a termination signal; `interrupt`
 * may be NULL. */
int retry_pause(struct interrupt *interrupt, int64_t wait_ms, struct error *err)
	__attribute__((warn_unused_result));

/* After the try number `tries` failed with `err`, and with so much time left:
 * 0 if there is to be another after *ret_wait_ms. Else the error stays, with
 * how often it was tried in front, and that the server asks for more time than
 * there is. */
int retry_plan(const struct kube_answer *answer, int tries, int64_t left_ms,
	       int64_t *ret_wait_ms, struct error *err)
	__attribute__((warn_unused_result));

#endif
