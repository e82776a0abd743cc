/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificate facts shared by all pairs that show the same chain: parsing
 * costs an eighth of a handshake, and ten thousand pairs usually show ten
 * chains. Found by a digest of the chain's bytes; whether a leaf names a
 * domain is remembered per chain and domain.
 *
 * Entries live as long as the cache. Their number is bounded by that of the
 * pairs, their size by CERTIFICATE_LABEL_MAX.
 */
#ifndef CEM_PROBE_CERTIFICATE_CACHE_H
#define CEM_PROBE_CERTIFICATE_CACHE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "config/domain.h"
#include "probe/certificate.h"

struct certificate_cache {
	struct chain_entry *chains; /* uthash */
	struct name_entry *names;   /* uthash */
};

/* What the cache says of a chain for a domain. */
struct certificate_verdict {
	const struct certificate *certificate; /* borrowed from the cache */
	bool names_domain;
};

/* `chain` must not be empty, and `domain` be the same pointer for the same
 * domain. O(bytes of the chain) when both are known. */
int certificate_cache_look_up(struct certificate_cache *cache,
			      const struct chain *chain,
			      const struct domain *domain,
			      struct certificate_verdict *ret_verdict,
			      struct error *err)
	__attribute__((warn_unused_result));

/* How many different chains there are. */
size_t certificate_cache_count(const struct certificate_cache *cache);

void certificate_cache_release(struct certificate_cache *cache);

#endif
