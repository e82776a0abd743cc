/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files in PEM form that the operator names: certificates and keys. All of
 * these fail with ERROR_USAGE, naming the file, if it cannot be read or does
 * not hold what it should.
 */
#ifndef CEM_PROBE_PEM_H
#define CEM_PROBE_PEM_H

#include <gnutls/x509.h>

#include "base/error.h"

#define PEM_FILE_MAX_BYTES (4 * 1024 * 1024)

/* Reads all certificates, at least one, in the order of the file. To be freed
 * with pem_free_certificates(). */
int pem_read_certificates(const char *path, gnutls_x509_crt_t **ret_crts,
			  unsigned int *ret_count, struct error *err)
	__attribute__((warn_unused_result));

/* Both `crts` may be NULL and `count` 0. */
void pem_free_certificates(gnutls_x509_crt_t *crts, unsigned int count);

/* Reads the first private key. To be freed with gnutls_x509_privkey_deinit().
 * The file's bytes are wiped. */
int pem_read_key(const char *path, gnutls_x509_privkey_t *ret_key,
		 struct error *err) __attribute__((warn_unused_result));

#endif
