/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two hash tables: chain digest to facts, and (facts, domain) to whether the
 * leaf names the domain.
 */
#include <config.h>

#include "probe/certificate_cache.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

/* A failed allocation inside uthash leaves the item out of the table. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define DIGEST_SIZE 32 /* SHA-256 */

struct chain_entry {
	uint8_t digest[DIGEST_SIZE];
	struct certificate *certificate;
	UT_hash_handle hh;
};

struct name_key {
	const struct certificate *certificate;
	const struct domain *domain;
};

struct name_entry {
	struct name_key key;
	bool names_domain;
	UT_hash_handle hh;
};

/* Lengths go in as well: where one certificate ends matters. */
static bool chain_digest(const struct chain *chain, uint8_t *digest)
{
	gnutls_hash_hd_t hash;
	bool ok = true;

	if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) < 0)
		return false;
	for (size_t i = 0; ok && i < chain->count; i++) {
		uint64_t size = chain->certificates[i].size;

		ok = gnutls_hash(hash, &size, sizeof(size)) >= 0 &&
		     gnutls_hash(hash, chain->certificates[i].bytes, size) >= 0;
	}
	gnutls_hash_deinit(hash, digest);
	return ok;
}

static int find_chain(struct certificate_cache *cache,
		      const struct chain *chain,
		      const struct certificate **ret_certificate,
		      struct error *err)
{
	struct chain_entry *entry = NULL;
	uint8_t digest[DIGEST_SIZE];
	int r;

	if (!chain_digest(chain, digest))
		return error_memory(err);
	HASH_FIND(hh, cache->chains, digest, sizeof(digest), entry);
	if (entry != NULL) {
		*ret_certificate = entry->certificate;
		return 0;
	}
	entry = calloc(1, sizeof(*entry));
	if (entry == NULL)
		return error_memory(err);
	memcpy(entry->digest, digest, sizeof(digest));
	r = certificate_read(chain->certificates[0].bytes,
			     chain->certificates[0].size, &entry->certificate,
			     err);
	if (r < 0) {
		free(entry);
		return r;
	}
	HASH_ADD(hh, cache->chains, digest, sizeof(entry->digest), entry);
	if (entry->hh.tbl == NULL) {
		certificate_free(entry->certificate);
		free(entry);
		return error_memory(err);
	}
	*ret_certificate = entry->certificate;
	return 0;
}

int certificate_cache_look_up(struct certificate_cache *cache,
			      const struct chain *chain,
			      const struct domain *domain,
			      struct certificate_verdict *ret_verdict,
			      struct error *err)
{
	struct certificate_verdict verdict = { 0 };
	struct name_entry *entry = NULL;
	struct name_key key;
	int r = find_chain(cache, chain, &verdict.certificate, err);

	if (r < 0)
		return r;
	memset(&key, 0, sizeof(key));
	key.certificate = verdict.certificate;
	key.domain = domain;
	HASH_FIND(hh, cache->names, &key, sizeof(key), entry);
	if (entry == NULL) {
		entry = calloc(1, sizeof(*entry));
		if (entry == NULL)
			return error_memory(err);
		entry->key = key;
		entry->names_domain =
			certificate_names(chain->certificates[0].bytes,
					  chain->certificates[0].size, domain);
		HASH_ADD(hh, cache->names, key, sizeof(entry->key), entry);
		if (entry->hh.tbl == NULL) {
			free(entry);
			return error_memory(err);
		}
	}
	verdict.names_domain = entry->names_domain;
	*ret_verdict = verdict;
	return 0;
}

size_t certificate_cache_count(const struct certificate_cache *cache)
{
	return HASH_COUNT(cache->chains);
}

void certificate_cache_release(struct certificate_cache *cache)
{
	struct chain_entry *chain;
	struct chain_entry *next_chain;
	struct name_entry *name;
	struct name_entry *next_name;

	HASH_ITER (hh, cache->names, name, next_name) {
		HASH_DEL(cache->names, name);
		free(name);
	}
	HASH_ITER (hh, cache->chains, chain, next_chain) {
		HASH_DEL(cache->chains, chain);
		certificate_free(chain->certificate);
		free(chain);
	}
}
