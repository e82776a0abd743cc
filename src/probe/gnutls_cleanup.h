/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For CLEANUP(): what GnuTLS hands out. NULL is none.
 */
#ifndef CEM_PROBE_GNUTLS_CLEANUP_H
#define CEM_PROBE_GNUTLS_CLEANUP_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "base/cleanup.h"

static inline void cleanup_crt(gnutls_x509_crt_t *crt)
{
	if (*crt != NULL)
		gnutls_x509_crt_deinit(*crt);
}

static inline void cleanup_datum(gnutls_datum_t *datum)
{
	gnutls_free(datum->data);
}

static inline void cleanup_private_key(gnutls_x509_privkey_t *key)
{
	if (*key != NULL)
		gnutls_x509_privkey_deinit(*key);
}

static inline void cleanup_public_key(gnutls_pubkey_t *key)
{
	if (*key != NULL)
		gnutls_pubkey_deinit(*key);
}

#endif
