/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trust anchors, from files that the operator names or from the system.
 */
#include <config.h>

#include "probe/trust.h"

#include <gnutls/gnutls.h>

#include "base/cleanup.h"
#include "probe/pem.h"

int trust_store_load(struct trust_store *store, const char *path,
		     struct error *err)
{
	return pem_read_certificates(path, &store->anchors, &store->count, err);
}

static int error_gnutls(struct error *err, int r)
{
	return error_set(err, ERROR_SYSTEM, "GnuTLS: %s", gnutls_strerror(r));
}

/* Appends what `list` holds, as copies. */
static int copy_all(gnutls_x509_trust_list_t list, struct trust_store *store)
{
	gnutls_x509_trust_list_iter_t iter = NULL;
	gnutls_x509_crt_t anchor;
	int r;

	while ((r = gnutls_x509_trust_list_iter_get_ca(list, &iter, &anchor)) >=
	       0) {
		gnutls_x509_crt_t *moved = gnutls_realloc(
			store->anchors, (store->count + 1) * sizeof(*moved));

		if (moved == NULL) {
			gnutls_x509_crt_deinit(anchor);
			gnutls_x509_trust_list_iter_deinit(iter);
			return GNUTLS_E_MEMORY_ERROR;
		}
		store->anchors = moved;
		store->anchors[store->count++] = anchor;
	}
	return r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE ? 0 : r;
}

int trust_store_load_system(struct trust_store *store, struct error *err)
{
	CLEANUP(trust_store_release) struct trust_store made = { 0 };
	gnutls_x509_trust_list_t list;
	int r = gnutls_x509_trust_list_init(&list, 0);

	if (r < 0)
		return error_gnutls(err, r);
	if (gnutls_x509_trust_list_add_system_trust(list, 0, 0) >= 0)
		r = copy_all(list, &made);
	gnutls_x509_trust_list_deinit(list, 1);
	if (r < 0)
		return error_gnutls(err, r);
	*store = made;
	made = (struct trust_store){ 0 };
	return 0;
}

void trust_store_release(struct trust_store *store)
{
	pem_free_certificates(store->anchors, store->count);
	*store = (struct trust_store){ 0 };
}
