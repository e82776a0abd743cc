/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the stages outside probe/ need of GnuTLS: host names in their ASCII
 * form, base64, names and dates in certificate files, and versions.
 */
#ifndef CEM_BASE_X509_H
#define CEM_BASE_X509_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

/* GnuTLS's global state, at the start of the program. */
int x509_init(struct error *err) __attribute__((warn_unused_result));
void x509_release(void);

/* The version of the GnuTLS library at run time, "3.7.9". */
const char *x509_library_version(void);

/* From here on GnuTLS zeroes what it frees, or again does not: some of its
 * copies of a private key in PEM would stay in the heap. Not free of cost,
 * hence only where such a key is about. */
void x509_wipe_freed(bool is_wiped);

/* `name` as A-labels in lower case (IDNA2008, RFC 5891), a new string for the
 * caller to free. Fails with ERROR_INVALID. */
int x509_to_ascii(const char *name, char **ret_name, struct error *err)
	__attribute__((warn_unused_result));

/* Decodes base64 (RFC 4648) and appends the bytes. */
int x509_base64_decode(const char *text, struct buffer *ret_bytes,
		       struct error *err) __attribute__((warn_unused_result));

/* Appends the bytes' base64, on one line. */
int x509_base64_encode(const void *bytes, size_t size, struct buffer *ret_text,
		       struct error *err) __attribute__((warn_unused_result));

/* The common name of the first certificate in PEM text, as it is in the
 * certificate; a new string. ERROR_INVALID if there is none. */
int x509_common_name(const char *pem, size_t size, char **ret_name,
		     struct error *err) __attribute__((warn_unused_result));

/* The validity of the first certificate in PEM text, in seconds since the
 * epoch. ERROR_INVALID if there is none. */
int x509_dates(const char *pem, size_t size, int64_t *ret_not_before,
	       int64_t *ret_not_after, struct error *err)
	__attribute__((warn_unused_result));

#define X509_WORDS_MAX 256 /* bytes, with the NUL */

/* What a verification status (gnutls_certificate_status_t) says against a
 * certificate: "the certificate issuer is unknown". */
void x509_verify_words(unsigned int status, char words[X509_WORDS_MAX]);

#endif
