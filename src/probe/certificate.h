/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates: from DER to the facts that are shown, and whether a leaf names
 * a domain.
 */
#ifndef CEM_PROBE_CERTIFICATE_H
#define CEM_PROBE_CERTIFICATE_H

#include <gnutls/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/config.h"
#include "config/domain.h"
#include "probe/chain.h"

#define CERTIFICATE_LABEL_MAX 256 /* bytes of a label's value */

/* What is known of a leaf. Immutable and shared by all pairs that show it. */
struct certificate {
	int64_t not_before; /* seconds since the epoch */
	int64_t not_after;
	char fingerprint[65];	      /* SHA-256 of the DER, lower-case hex */
	char *serial_number;	      /* lower-case hex, "-01" if negative */
	char *subject_cn;	      /* valid UTF-8, "" if it has none */
	char *issuer_cn;	      /* likewise */
	char key_algorithm[32];	      /* "rsa-2048", "ecdsa-p256", "ed25519" */
	char signature_algorithm[64]; /* as OpenSSL names it */
	enum key_type key_type;	      /* ANY for one of another type */
	bool must_staple;	      /* RFC 7633 */
	/* Using it would hold up the run: no handshake is to go on with it. */
	bool has_costly_key;
	bool is_readable; /* else nothing above but the fingerprint is set */
};

/* The facts of a leaf, to be freed by certificate_free(). One that GnuTLS
 * cannot read is no error: it has is_readable false. */
int certificate_read(const uint8_t *der, size_t size,
		     struct certificate **ret_certificate, struct error *err)
	__attribute__((warn_unused_result));
void certificate_free(struct certificate *certificate);

/* NULL if GnuTLS cannot read it, or not in reasonable time (or is out of
 * memory); to be freed with gnutls_x509_crt_deinit(). */
gnutls_x509_crt_t certificate_import(const uint8_t *der, size_t size);

/* Start and end, in seconds since the epoch, of a certificate and its DER.
 * False if they cannot be read. */
bool certificate_dates(gnutls_x509_crt_t crt, const uint8_t *der, size_t size,
		       int64_t *ret_not_before, int64_t *ret_not_after);

/* Whether a signature by the certificate's key would take long to verify, or
 * end the program: GnuTLS has no limit on RSA and DSA keys. Those of OpenSSL
 * and of FIPS 186 are applied. */
bool certificate_key_is_costly(gnutls_x509_crt_t crt);

/* Whether the leaf names the domain: a dNSName by RFC 6125 (a wildcard only in
 * the leftmost label, as GnuTLS has it), an iPAddress for an address. The
 * subject's CN names nothing, as in browsers. Costs an import of the
 * certificate. */
bool certificate_names(const uint8_t *der, size_t size,
		       const struct domain *domain);

#endif
