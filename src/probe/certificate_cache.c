/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash tables: (chain, store) to facts, (facts, domain) to whether the leaf
 * names the domain, (facts, response) to what that says.
 */
#include <config.h>

#include "probe/certificate_cache.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "probe/gnutls_cleanup.h"

/* A failed allocation inside uthash leaves the item out of the table. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define DIGEST_SIZE 32 /* SHA-256 */

/* Keys are compared byte by byte: what pads them is zeroed. */
struct chain_key {
	uint8_t digest[DIGEST_SIZE];
	const struct trust_store *trust;
};

struct chain_entry {
	struct chain_key key;
	struct certificate *certificate;
	struct chain_facts facts;
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

struct staple_key {
	uint8_t digest[DIGEST_SIZE];
	const struct chain_facts *facts;
};

struct staple_entry {
	struct staple_key key;
	struct ocsp_facts facts;
	UT_hash_handle hh;
};

struct subject_entry {
	uint8_t name[PRESENTED_NAME_SIZE];
	UT_hash_handle hh;
};

/* --- Chains --------------------------------------------------------------- */

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

/* What cannot be remembered only costs a better word. */
static void add_subjects(struct certificate_cache *cache,
			 const struct chain_subjects *subjects)
{
	for (size_t i = 0; i < subjects->count; i++) {
		struct subject_entry *entry = NULL;

		HASH_FIND(hh, cache->subjects, subjects->names[i],
			  sizeof(subjects->names[i]), entry);
		if (entry != NULL || HASH_COUNT(cache->subjects) ==
					     CERTIFICATE_CACHE_SUBJECTS_MAX)
			continue;
		entry = calloc(1, sizeof(*entry));
		if (entry == NULL)
			return;
		memcpy(entry->name, subjects->names[i], sizeof(entry->name));
		HASH_ADD(hh, cache->subjects, name, sizeof(entry->name), entry);
		if (entry->hh.tbl == NULL) {
			free(entry);
			return;
		}
	}
}

static int read_chain(struct certificate_cache *cache,
		      const struct chain *chain,
		      const struct trust_store *trust,
		      struct chain_entry *entry, struct error *err)
{
	struct chain_subjects subjects = { .count = 0 };
	int r = certificate_read(chain->certificates[0].bytes,
				 chain->certificates[0].size,
				 &entry->certificate, err);

	if (r < 0)
		return r;
	entry->facts = (struct chain_facts){
		.is_checked = trust != NULL,
		.reason = VERIFY_OTHER,
	};
	if (!entry->certificate->is_readable)
		return 0;
	r = verify_chain(chain, trust, wall_seconds(wall_now()), &entry->facts,
			 &subjects, err);
	add_subjects(cache, &subjects);
	return r;
}

static void free_chain(struct chain_entry *entry)
{
	certificate_free(entry->certificate);
	free(entry);
}

static int find_chain(struct certificate_cache *cache,
		      const struct chain *chain,
		      const struct trust_store *trust,
		      struct chain_entry **ret_entry, struct error *err)
{
	struct chain_entry *entry = NULL;
	struct chain_key key;
	int r;

	memset(&key, 0, sizeof(key));
	key.trust = trust;
	if (!chain_digest(chain, key.digest))
		return error_memory(err);
	HASH_FIND(hh, cache->chains, &key, sizeof(key), entry);
	if (entry != NULL) {
		*ret_entry = entry;
		return 0;
	}
	entry = calloc(1, sizeof(*entry));
	if (entry == NULL)
		return error_memory(err);
	entry->key = key;
	r = read_chain(cache, chain, trust, entry, err);
	if (r < 0) {
		free_chain(entry);
		return r;
	}
	HASH_ADD(hh, cache->chains, key, sizeof(entry->key), entry);
	if (entry->hh.tbl == NULL) {
		free_chain(entry);
		return error_memory(err);
	}
	*ret_entry = entry;
	return 0;
}

int certificate_cache_look_up(struct certificate_cache *cache,
			      const struct chain *chain,
			      const struct trust_store *trust,
			      const struct domain *domain,
			      struct certificate_verdict *ret_verdict,
			      struct error *err)
{
	struct chain_entry *found = NULL;
	struct name_entry *entry = NULL;
	struct name_key key;
	int r = find_chain(cache, chain, trust, &found, err);

	if (r < 0)
		return r;
	memset(&key, 0, sizeof(key));
	key.certificate = found->certificate;
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
	*ret_verdict = (struct certificate_verdict){
		.certificate = found->certificate,
		.chain = &found->facts,
		.names_domain = entry->names_domain,
	};
	return 0;
}

void certificate_cache_settle(struct certificate_cache *cache)
{
	struct chain_entry *chain;
	struct chain_entry *next;

	HASH_ITER (hh, cache->chains, chain, next) {
		struct subject_entry *found = NULL;

		if (chain->facts.reason != VERIFY_UNKNOWN_ISSUER ||
		    !chain->facts.lacks_issuer)
			continue;
		HASH_FIND(hh, cache->subjects, chain->facts.missing_issuer,
			  sizeof(chain->facts.missing_issuer), found);
		if (found != NULL)
			chain->facts.reason = VERIFY_INCOMPLETE_CHAIN;
	}
}

/* --- Stapled responses -----------------------------------------------------
 */

static struct ocsp_facts read_staple(const struct chain_facts *facts,
				     const gnutls_datum_t *presented,
				     size_t presented_count,
				     const gnutls_datum_t *staple)
{
	CLEANUP(cleanup_crt) gnutls_x509_crt_t leaf = NULL;
	CLEANUP(cleanup_crt) gnutls_x509_crt_t issuer = NULL;

	if (presented_count > 0)
		leaf = certificate_import(presented[0].data, presented[0].size);
	if (leaf == NULL)
		return (struct ocsp_facts){ .status = OCSP_INVALID };
	if (facts->issuer > 0 && facts->issuer < presented_count)
		issuer = certificate_import(presented[facts->issuer].data,
					    presented[facts->issuer].size);
	return ocsp_read(staple->data, staple->size, leaf,
			 facts->issuer > 0 ? issuer : facts->anchor);
}

int certificate_cache_look_up_staple(struct certificate_cache *cache,
				     const struct chain_facts *facts,
				     const gnutls_datum_t *presented,
				     size_t presented_count,
				     const gnutls_datum_t *staple,
				     const struct ocsp_facts **ret_staple,
				     struct error *err)
{
	struct staple_entry *entry = NULL;
	struct staple_key key;

	memset(&key, 0, sizeof(key));
	key.facts = facts;
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, staple->data, staple->size,
			     key.digest) < 0)
		return error_memory(err);
	HASH_FIND(hh, cache->staples, &key, sizeof(key), entry);
	if (entry == NULL) {
		entry = calloc(1, sizeof(*entry));
		if (entry == NULL)
			return error_memory(err);
		entry->key = key;
		entry->facts =
			read_staple(facts, presented, presented_count, staple);
		HASH_ADD(hh, cache->staples, key, sizeof(entry->key), entry);
		if (entry->hh.tbl == NULL) {
			free(entry);
			return error_memory(err);
		}
	}
	*ret_staple = &entry->facts;
	return 0;
}

/* --- All of it -------------------------------------------------------------
 */

size_t certificate_cache_count(const struct certificate_cache *cache)
{
	return HASH_COUNT(cache->chains);
}

/* Empties a table; what its items own is released before. */
#define FREE_ALL(type, table)                                                  \
	do {                                                                   \
		struct type *item_;                                            \
		struct type *next_;                                            \
                                                                               \
		HASH_ITER (hh, table, item_, next_) {                          \
			HASH_DEL(table, item_);                                \
			free(item_);                                           \
		}                                                              \
	} while (0)

void certificate_cache_release(struct certificate_cache *cache)
{
	struct chain_entry *chain;
	struct chain_entry *next;

	FREE_ALL(name_entry, cache->names);
	FREE_ALL(staple_entry, cache->staples);
	FREE_ALL(subject_entry, cache->subjects);
	HASH_ITER (hh, cache->chains, chain, next) {
		HASH_DEL(cache->chains, chain);
		free_chain(chain);
	}
}
