/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates: from the body of a Certificate message to DER, from DER to
 * the facts that are shown, and whether a leaf names a domain.
 */
#ifndef CEM_PROBE_CERTIFICATE_H
#define CEM_PROBE_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/domain.h"

#define CHAIN_MAX 32 /* certificates that are looked at; more are left out */
#define CERTIFICATE_LABEL_MAX 256 /* bytes of a label's value */

/* A chain as it was presented, leaf first: DER, borrowed. */
struct chain {
	struct {
		const uint8_t *bytes;
		size_t size;
	} certificates[CHAIN_MAX];
	size_t count;
};

enum chain_format {
	CHAIN_TLS12, /* RFC 5246, 7.4.2, and before */
	CHAIN_TLS13, /* RFC 8446, 4.4.2 */
};

/* Finds the certificates in the body of a Certificate message. An empty list
 * is a chain of none. False if the message is malformed. */
bool chain_parse(const uint8_t *body, size_t size, enum chain_format format,
		 struct chain *ret_chain);

/* What is known of a leaf. Immutable and shared by all pairs that show it. */
struct certificate {
	int64_t not_before; /* seconds since the epoch */
	int64_t not_after;
	char fingerprint[65];	      /* SHA-256 of the DER, lower-case hex */
	char *serial_number;	      /* lower-case hex, at least one byte */
	char *subject_cn;	      /* valid UTF-8, "" if it has none */
	char *issuer_cn;	      /* likewise */
	char key_algorithm[32];	      /* "rsa-2048", "ecdsa-p256", "ed25519" */
	char signature_algorithm[64]; /* as OpenSSL names it */
	bool is_readable; /* else nothing above but the fingerprint is set */
};

/* The facts of a leaf, to be freed by certificate_free(). One that GnuTLS
 * cannot read is no error: it has is_readable false. */
int certificate_read(const uint8_t *der, size_t size,
		     struct certificate **ret_certificate, struct error *err)
	__attribute__((warn_unused_result));
void certificate_free(struct certificate *certificate);

/* Whether the leaf names the domain: a dNSName by RFC 6125 (the wildcard only
 * as a whole leftmost label), an iPAddress for an address. The subject's CN
 * names nothing, as in browsers. Costs an import of the certificate. */
bool certificate_names(const uint8_t *der, size_t size,
		       const struct domain *domain);

#endif
