/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two steps. A depth-first search over whose name is whose issuer's, up to each
 * anchor, with GnuTLS's verdict on each path that it finds. If none is good,
 * nor refused for another reason than a signature, the signatures are followed
 * as far as they lead, to tell why.
 */
#include <config.h>

#include "probe/verify.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "probe/presented.h"

/* At least 112 bits: RSA with 2048 bits, no SHA-1, as browsers and OpenSSL's
 * level 2 have it. Dates are judged here, not there. */
#define VERIFY_FLAGS                                                           \
	(GNUTLS_VERIFY_DISABLE_TIME_CHECKS |                                   \
	 GNUTLS_VERIFY_DISABLE_CRL_CHECKS |                                    \
	 GNUTLS_VERIFY_DO_NOT_ALLOW_UNSORTED_CHAIN |                           \
	 GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_MEDIUM))

/* From the leaf on: indices of nodes. */
struct path {
	size_t nodes[VERIFY_PATH_MAX];
	size_t length;
};

/* How good an outcome is: the later the worse. */
enum rank {
	RANK_GOOD,
	RANK_OUT_OF_DATE, /* verified but for its dates */
	RANK_REFUSED,	  /* leads to an anchor, and does not verify */
	RANK_NOTHING,
};

struct search {
	/* The leaf first, then the longer valid the earlier. */
	struct presented nodes[CHAIN_MAX];
	size_t count;
	const struct trust_store *trust;
	int64_t now;
	size_t visits;
	size_t judged;
	size_t signatures;
	struct path path; /* where the search is */
	enum rank best;
	struct chain_facts facts; /* of the best */
};

static void release(struct search *search)
{
	for (size_t i = 0; i < search->count; i++)
		presented_release(&search->nodes[i]);
}

static void cleanup_list(gnutls_x509_trust_list_t *list)
{
	if (*list != NULL)
		gnutls_x509_trust_list_deinit(*list, 0);
}

/* --- What was presented --------------------------------------------------- */

static int by_end(const void *a, const void *b)
{
	const struct presented *x = a;
	const struct presented *y = b;

	if (x->not_after != y->not_after)
		return x->not_after > y->not_after ? -1 : 1;
	return x->place < y->place ? -1 : 1;
}

/* False if the leaf cannot be read. */
static bool read_nodes(struct search *search, const struct chain *chain)
{
	if (!presented_read(chain, 0, &search->nodes[0]))
		return false;
	search->count = 1;
	for (size_t i = 1; i < chain->count; i++)
		if (presented_read(chain, i, &search->nodes[search->count]))
			search->count++;
	qsort(&search->nodes[1], search->count - 1, sizeof(search->nodes[0]),
	      by_end);
	return true;
}

/* One that issued itself would lead nobody to an anchor. */
static void list_subjects(const struct search *search,
			  struct chain_subjects *subjects)
{
	subjects->count = 0;
	for (size_t i = 1; i < search->count; i++)
		for (int with_key = 0; with_key < 2; with_key++)
			if (!search->nodes[i].is_self_issued &&
			    presented_subject(&search->nodes[i], with_key != 0,
					      subjects->names[subjects->count]))
				subjects->count++;
}

/* --- Judging a path ------------------------------------------------------- */

/* A set of reasons, as bits. */
static unsigned int bit(enum verify_reason reason)
{
	return 1U << reason;
}

static enum verify_reason first_of(unsigned int reasons)
{
	for (enum verify_reason r = VERIFY_OK + 1; r < VERIFY_COUNT; r++)
		if ((reasons & bit(r)) != 0)
			return r;
	return VERIFY_OK;
}

/* RFC 5280, 4.2.1.3: a server's key signs the handshake, or the client encrypts
 * to it. GnuTLS asks that of sessions alone. */
static bool may_serve(gnutls_x509_crt_t leaf)
{
	unsigned int usage = 0;
	int r = gnutls_x509_crt_get_key_usage(leaf, &usage, NULL);

	return r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE ||
	       (r >= 0 && (usage & (GNUTLS_KEY_DIGITAL_SIGNATURE |
				    GNUTLS_KEY_KEY_ENCIPHERMENT |
				    GNUTLS_KEY_KEY_AGREEMENT)) != 0);
}

/* What GnuTLS says of the path under the search. It is shown that anchor alone:
 * of several with the name that it looks for it would take one by its own
 * lights. */
static unsigned int judge(const struct search *search, gnutls_x509_crt_t anchor)
{
	static char purpose[] = GNUTLS_KP_TLS_WWW_SERVER;
	gnutls_typed_vdata_st use = {
		.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)purpose,
	};
	gnutls_x509_crt_t crts[VERIFY_PATH_MAX];
	const struct path *path = &search->path;
	CLEANUP(cleanup_list) gnutls_x509_trust_list_t list = NULL;
	unsigned int status = 0;
	unsigned int reasons = 0;

	for (size_t i = 0; i < path->length; i++)
		crts[i] = search->nodes[path->nodes[i]].crt;
	if (search->nodes[0].is_costly ||
	    gnutls_x509_trust_list_init(&list, 1) < 0 ||
	    gnutls_x509_trust_list_add_cas(list, &anchor, 1, 0) != 1 ||
	    gnutls_x509_trust_list_verify_crt2(
		    list, crts, (unsigned int)path->length, &use, 1,
		    VERIFY_FLAGS, &status, NULL) < 0)
		return bit(VERIFY_OTHER);
	if ((status & GNUTLS_CERT_SIGNATURE_FAILURE) != 0)
		reasons |= bit(VERIFY_BAD_SIGNATURE);
	if ((status & GNUTLS_CERT_INSECURE_ALGORITHM) != 0)
		reasons |= bit(VERIFY_INSECURE_ALGORITHM);
	if ((status & GNUTLS_CERT_PURPOSE_MISMATCH) != 0 ||
	    !may_serve(search->nodes[0].crt))
		reasons |= bit(VERIFY_WRONG_PURPOSE);
	if (status != 0 && reasons == 0)
		reasons = bit(VERIFY_OTHER);
	return reasons;
}

/* What GnuTLS may not have come to, or was not asked. */
static unsigned int find_weaknesses(const struct search *search)
{
	const struct presented *leaf = &search->nodes[0];
	unsigned int reasons = 0;

	for (size_t i = 0; i < search->path.length; i++)
		if (presented_is_weak(&search->nodes[search->path.nodes[i]]))
			reasons |= bit(VERIFY_INSECURE_ALGORITHM);
	if (leaf->is_costly)
		reasons |= bit(VERIFY_OTHER);
	else if (!may_serve(leaf->crt) ||
		 gnutls_x509_crt_check_key_purpose(
			 leaf->crt, GNUTLS_KP_TLS_WWW_SERVER, 0) == 0)
		reasons |= bit(VERIFY_WRONG_PURPOSE);
	return reasons;
}

/* The path's dates, and those of the anchor that it leads to (NULL: none). */
static void add_dates(const struct search *search, gnutls_x509_crt_t anchor,
		      struct chain_facts *facts)
{
	time_t start;
	time_t end;

	facts->not_before = INT64_MIN;
	facts->not_after = INT64_MAX;
	for (size_t i = 0; i < search->path.length; i++) {
		const struct presented *node =
			&search->nodes[search->path.nodes[i]];

		if (node->not_before > facts->not_before)
			facts->not_before = node->not_before;
		if (node->not_after < facts->not_after)
			facts->not_after = node->not_after;
	}
	facts->presented_not_after = facts->not_after;
	if (anchor == NULL)
		return;
	start = gnutls_x509_crt_get_activation_time(anchor);
	end = gnutls_x509_crt_get_expiration_time(anchor);
	if (start != (time_t)-1 && start > facts->not_before)
		facts->not_before = start;
	if (end != (time_t)-1 && end < facts->not_after)
		facts->not_after = end;
}

/* Facts of the path under the search, but for the reason. */
static struct chain_facts facts_of(const struct search *search,
				   gnutls_x509_crt_t anchor)
{
	struct chain_facts facts = {
		.is_checked = search->trust != NULL,
		.anchor = anchor,
	};

	if (search->path.length > 1)
		facts.issuer = search->nodes[search->path.nodes[1]].place;
	add_dates(search, anchor, &facts);
	return facts;
}

/* The path leads to `anchor`, going by names. If a signature says otherwise,
 * that is another's name, and the path none. */
static void try_anchor(struct search *search, gnutls_x509_crt_t anchor)
{
	struct chain_facts facts = facts_of(search, anchor);
	unsigned int reasons = judge(search, anchor);
	enum rank rank = RANK_REFUSED;

	search->judged++;
	if ((reasons & bit(VERIFY_BAD_SIGNATURE)) != 0)
		return;
	if (reasons == 0)
		rank = search->now < facts.not_before ||
				       search->now > facts.not_after ?
			       RANK_OUT_OF_DATE :
			       RANK_GOOD;
	else
		facts.reason = first_of(reasons | find_weaknesses(search));
	if (rank < search->best) {
		search->best = rank;
		search->facts = facts;
	}
}

/* --- The search for a path ------------------------------------------------ */

static bool is_on_path(const struct path *path, size_t node)
{
	for (size_t i = 0; i < path->length; i++)
		if (path->nodes[i] == node)
			return true;
	return false;
}

/* Whether `issuer` is named as the issuer of `node`, and can come next. */
static bool may_follow(const struct search *search, size_t issuer, size_t node)
{
	return !is_on_path(&search->path, issuer) &&
	       gnutls_x509_crt_check_issuer(search->nodes[node].crt,
					    search->nodes[issuer].crt) != 0;
}

/* Whether a path may end with `anchor` behind `node`. A leaf may be an anchor
 * itself: its bytes tell, as gnutls_x509_crt_equals() would first make text of
 * both names, 16 ms for one of 64 KB, and that for each anchor. */
static bool may_end(const struct search *search, gnutls_x509_crt_t anchor,
		    size_t node)
{
	const struct presented *p = &search->nodes[node];
	const gnutls_datum_t der = {
		(unsigned char *)(uintptr_t)p->der,
		(unsigned int)p->size,
	};

	return gnutls_x509_crt_check_issuer(p->crt, anchor) != 0 ||
	       (node == 0 && gnutls_x509_crt_equals2(anchor, &der) != 0);
}

static bool is_over(const struct search *search)
{
	return search->best == RANK_GOOD || search->judged == VERIFY_PATHS_MAX;
}

/* Takes `node` onto the path, and all ways on from there. */
static void extend(struct search *search, size_t node)
{
	struct path *path = &search->path;

	if (search->visits == VERIFY_VISITS_MAX ||
	    path->length == VERIFY_PATH_MAX)
		return;
	search->visits++;
	path->nodes[path->length++] = node;
	for (size_t i = 0; i < search->trust->count && !is_over(search); i++)
		if (may_end(search, search->trust->anchors[i], node))
			try_anchor(search, search->trust->anchors[i]);
	for (size_t i = 1; i < search->count && !is_over(search); i++)
		if (may_follow(search, i, node))
			extend(search, i);
	path->length--;
}

/* --- Why there is none ---------------------------------------------------- */

/* The presented certificate that signed `node`, or without a store to verify
 * against one that has its issuer's name; 0 if there is none. Then
 * *ret_is_bad is whether somebody with that name did not sign it. */
static size_t find_signer(struct search *search, size_t node, bool *ret_is_bad)
{
	*ret_is_bad = false;
	for (size_t i = 1; i < search->count; i++) {
		if (!may_follow(search, i, node))
			continue;
		if (search->trust == NULL)
			return i;
		if (search->signatures++ == VERIFY_SIGNATURES_MAX)
			return 0;
		if (presented_is_signed_by(&search->nodes[node],
					   &search->nodes[i]))
			return i;
		*ret_is_bad = true;
	}
	/* A path to an anchor that had signed it would have been found. */
	for (size_t i = 0;
	     search->trust != NULL && i < search->trust->count && !*ret_is_bad;
	     i++)
		*ret_is_bad = may_end(search, search->trust->anchors[i], node);
	return 0;
}

/* Leaves in search->path what leads on from the leaf. Whether it ends at a
 * signature that is wrong. */
static bool follow_signatures(struct search *search)
{
	struct path *path = &search->path;
	bool is_bad = false;
	size_t next = 0;

	do {
		path->nodes[path->length++] = next;
		next = find_signer(search, next, &is_bad);
	} while (next > 0 && path->length < VERIFY_PATH_MAX);
	return is_bad;
}

/* No path leads to an anchor: what was presented, and what is wrong with it. */
static void explain(struct search *search)
{
	struct chain_facts *facts = &search->facts;
	const struct path *path = &search->path;
	bool is_bad = follow_signatures(search);
	const struct presented *last =
		&search->nodes[path->nodes[path->length - 1]];
	unsigned int reasons;

	*facts = facts_of(search, NULL);
	if (search->trust == NULL)
		return;
	reasons = find_weaknesses(search);
	if (search->nodes[0].is_self_issued) {
		reasons |= bit(VERIFY_SELF_SIGNED);
	} else if (last->is_self_issued) {
		reasons |= bit(VERIFY_UNKNOWN_ISSUER);
	} else if (is_bad) {
		reasons |= bit(VERIFY_BAD_SIGNATURE);
	} else if (presented_names_its_issuer(last)) {
		reasons |= bit(VERIFY_INCOMPLETE_CHAIN);
	} else {
		reasons |= bit(VERIFY_UNKNOWN_ISSUER);
		facts->lacks_issuer =
			presented_issuer(last, facts->missing_issuer);
	}
	facts->reason = first_of(reasons);
}

int verify_chain(const struct chain *chain, const struct trust_store *trust,
		 int64_t now, struct chain_facts *ret_facts,
		 struct chain_subjects *ret_subjects, struct error *err)
{
	CLEANUP(release)
	struct search search = {
		.trust = trust,
		.now = now,
		.best = RANK_NOTHING,
	};

	/* The leaf could be read before. */
	if (!read_nodes(&search, chain))
		return error_memory(err);
	if (trust != NULL)
		extend(&search, 0);
	if (search.best == RANK_NOTHING)
		explain(&search);
	list_subjects(&search, ret_subjects);
	*ret_facts = search.facts;
	return 0;
}
