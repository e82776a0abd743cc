/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CA, what it certified, and who would like to be taken for it; for tests of
 * OCSP. GnuTLS's clock stands still.
 *
 *	cmocka_run_group_tests_name("name", tests, pki_setup, pki_teardown);
 */
#ifndef CEM_TESTS_PKI_H
#define CEM_TESTS_PKI_H

#include "certs.h"

#define PKI_NOW (TEST_CERT_NOT_BEFORE + (time_t)30 * 86400)

enum pki {
	NOBODY,
	CA,
	CA_OF_SAME_NAME,
	OTHER_CA,
	LEAF,	    /* of CA, as are those that follow */
	OTHER_LEAF, /* another serial number */
	OLD_LEAF,   /* over, and signed by way of SHA-1 */
	RESPONDER,  /* certified for OCSP */
	FOR_OCSP_EIGHT_TIMES,
	FOR_OCSP_NINE_TIMES,
	WITHOUT_PURPOSE,
	FOR_SERVERS,
	FOR_ANYTHING,
	EXPIRED,
	EARLY,
	COSTLY_RSA, /* its public key, of which nobody has the other half */
	COSTLY_DSA,
	OF_SAME_NAME, /* of CA_OF_SAME_NAME */
	OF_OTHER_CA,
	COSTLY_CA, /* of the same name as well */
	PKI_COUNT
};

/* Nobody is all zeros. */
extern struct test_cert pki[PKI_COUNT];

int pki_setup(void **state);
int pki_teardown(void **state);

#endif
