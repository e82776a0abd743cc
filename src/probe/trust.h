/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CA store: the trust anchors that chains are verified against.
 */
#ifndef CEM_PROBE_TRUST_H
#define CEM_PROBE_TRUST_H

#include <gnutls/x509.h>
#include <stddef.h>

#include "base/error.h"

/* Zeroed is empty. */
struct trust_store {
	gnutls_x509_crt_t *anchors; /* memory of GnuTLS */
	unsigned int count;
};

/* Loads the certificates in the PEM file at `path`. Any of them is an anchor,
 * an intermediate as well. Fails as pem_read_certificates() does. */
int trust_store_load(struct trust_store *store, const char *path,
		     struct error *err) __attribute__((warn_unused_result));

/* Loads what GnuTLS takes for the system's store (Debian:
 * /etc/ssl/certs/ca-certificates.crt). One that is missing or empty is no
 * failure: `count` is 0 then. Takes some 12 ms. */
int trust_store_load_system(struct trust_store *store, struct error *err)
	__attribute__((warn_unused_result));

void trust_store_release(struct trust_store *store);

#endif
