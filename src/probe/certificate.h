/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates: from DER to the facts that are shown, and whether a leaf names
 * a domain.
 */
#ifndef CEM_PROBE_CERTIFICATE_H
#define CEM_PROBE_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/domain.h"
#include "probe/chain.h"

#define CERTIFICATE_LABEL_MAX 256 /* bytes of a label's value */

/* What is known of a leaf. Immutable and shared by all pairs that show it. */
struct certificate {
	int64_t not_before; /* seconds since the epoch */
	int64_t not_after;
	char fingerprint[65];	      /* SHA-256 of the DER, lower-case hex */
	char *serial_number;	      /* lower-case hex */
	char *subject_cn;	      /* valid UTF-8, "" if it has none */
	char *issuer_cn;	      /* likewise */
	char key_algorithm[32];	      /* "rsa-2048", "ecdsa-p256", "ed25519" */
	char signature_algorithm[64]; /* as OpenSSL names it */
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

/* Whether the leaf names the domain: a dNSName by RFC 6125 (a wildcard only in
 * the leftmost label, as GnuTLS has it), an iPAddress for an address. The
 * subject's CN names nothing, as in browsers. Costs an import of the
 * certificate. */
bool certificate_names(const uint8_t *der, size_t size,
		       const struct domain *domain);

#endif
