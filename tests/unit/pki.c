/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small public-key infrastructure by GnuTLS.
 */
#include <config.h>

#include "pki.h"

#include "support.h"

struct test_cert pki[PKI_COUNT];

#define OF_CA .issuer = &pki[CA]
#define FOR_OCSP .cn = "responder", .purposes = { GNUTLS_KP_OCSP_SIGNING }
#define SERIAL(bytes)                                                          \
	.serial = (const uint8_t *)(bytes), .serial_size = sizeof(bytes) - 1
/* One signature by it takes GnuTLS seconds. */
#define RSA_32768 .rsa_modulus_size = 4096, .rsa_exponent_size = 4096
#define DSA_16384 .dsa_p_size = 2048, .dsa_q_size = 2048

static const struct test_cert_spec specs[PKI_COUNT] = {
	[CA] = { .cn = "ca", .is_ca = true },
	[CA_OF_SAME_NAME] = { .cn = "ca", .is_ca = true },
	[OTHER_CA] = { .cn = "other", .is_ca = true },
	[LEAF] = { .cn = "leaf", OF_CA, SERIAL("\x12\x34") },
	[OTHER_LEAF] = { .cn = "leaf", OF_CA, SERIAL("\x12\x35") },
	[OLD_LEAF] = { .cn = "leaf",
		       .digest = GNUTLS_DIG_SHA1,
		       .not_after = PKI_NOW - 1,
		       OF_CA },
	[RESPONDER] = { FOR_OCSP, OF_CA },
	[FOR_OCSP_EIGHT_TIMES] = { FOR_OCSP, OF_CA, .purpose_repeats = 7 },
	[FOR_OCSP_NINE_TIMES] = { FOR_OCSP, OF_CA, .purpose_repeats = 8 },
	[WITHOUT_PURPOSE] = { .cn = "responder", OF_CA },
	[FOR_SERVERS] = { .cn = "responder",
			  .purposes = { GNUTLS_KP_TLS_WWW_SERVER },
			  OF_CA },
	[FOR_ANYTHING] = { .cn = "responder",
			   .purposes = { GNUTLS_KP_ANY },
			   OF_CA },
	[EXPIRED] = { FOR_OCSP, OF_CA, .not_after = PKI_NOW - 1 },
	[EARLY] = { FOR_OCSP, OF_CA, .not_before = PKI_NOW + 1 },
	[COSTLY_RSA] = { FOR_OCSP, OF_CA, RSA_32768 },
	[COSTLY_DSA] = { FOR_OCSP, OF_CA, DSA_16384 },
	[OF_SAME_NAME] = { FOR_OCSP, .issuer = &pki[CA_OF_SAME_NAME] },
	[OF_OTHER_CA] = { FOR_OCSP, .issuer = &pki[OTHER_CA] },
	[COSTLY_CA] = { .cn = "ca", .is_ca = true, RSA_32768 },
};

static time_t stand_still(time_t *t)
{
	if (t != NULL)
		*t = PKI_NOW;
	return PKI_NOW;
}

int pki_setup(void **state)
{
	(void)state;
	gnutls_global_set_time_function(stand_still);
	for (size_t i = NOBODY + 1; i < PKI_COUNT; i++)
		pki[i] = test_cert_make(&specs[i]);
	return 0;
}

int pki_teardown(void **state)
{
	(void)state;
	for (size_t i = NOBODY + 1; i < PKI_COUNT; i++)
		test_cert_free(&pki[i]);
	return 0;
}
