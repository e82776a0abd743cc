/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Priority strings of GnuTLS.
 */
#include <config.h>

#include "probe/offer.h"

#include <assert.h>
#include <stdio.h>

#define PRIORITY_MAX 1024 /* bytes */

/* One key share (X25519): the other would cost a fifth of the handshake, and a
 * server that wants it asks for it. */
#define GROUPS                                                                 \
	":-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1"          \
	":+GROUP-SECP521R1:+GROUP-X448:+GROUP-FFDHE2048"                       \
	":+GROUP-FFDHE3072:+GROUP-FFDHE4096"
#define NO_SHA1 ":-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1:-SIGN-DSA-SHA1"
#define OLD_CIPHERS ":+3DES-CBC:+ARCFOUR-128:+SHA1:+MD5"

static const char *const versions[] = {
	[OFFER_MODERN] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" GROUPS,
	[OFFER_TLS12] = "NORMAL:-VERS-ALL:+VERS-TLS1.2" GROUPS,
	[OFFER_TLS13] = "NORMAL:-VERS-ALL:+VERS-TLS1.3" GROUPS,
	[OFFER_OLD] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
		      ":+VERS-TLS1.1:+VERS-TLS1.0" GROUPS OLD_CIPHERS,
};
static_assert(sizeof(versions) / sizeof(versions[0]) == OFFER_COUNT,
	      "versions for each offer");

/* Without `RSA` among the key exchanges no RSA certificate can serve an offer
 * of ECDSA (in TLS 1.2 it would by encrypting to it). */
static const char *const keys[] = {
	[KEY_TYPE_ANY] = "",
	[KEY_TYPE_RSA] = ":-ECDHE-ECDSA:-SIGN-ALL"
			 ":+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-PSS-SHA256"
			 ":+SIGN-RSA-SHA256"
			 ":+SIGN-RSA-PSS-RSAE-SHA384:+SIGN-RSA-PSS-SHA384"
			 ":+SIGN-RSA-SHA384"
			 ":+SIGN-RSA-PSS-RSAE-SHA512:+SIGN-RSA-PSS-SHA512"
			 ":+SIGN-RSA-SHA512",
	[KEY_TYPE_ECDSA] = ":-RSA:-DHE-RSA:-ECDHE-RSA:-SIGN-ALL"
			   ":+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-ECDSA-SHA256"
			   ":+SIGN-ECDSA-SECP384R1-SHA384:+SIGN-ECDSA-SHA384"
			   ":+SIGN-ECDSA-SECP521R1-SHA512:+SIGN-ECDSA-SHA512",
};
static_assert(sizeof(keys) / sizeof(keys[0]) == KEY_TYPE_COUNT,
	      "signatures for each type of key");

/* Behind the former. */
static const char *const sha1_signatures[] = {
	[KEY_TYPE_ANY] = ":+SIGN-RSA-SHA1:+SIGN-ECDSA-SHA1:+SIGN-DSA-SHA1",
	[KEY_TYPE_RSA] = ":+SIGN-RSA-SHA1",
	[KEY_TYPE_ECDSA] = ":+SIGN-ECDSA-SHA1",
};
static_assert(sizeof(sha1_signatures) / sizeof(sha1_signatures[0]) ==
		      KEY_TYPE_COUNT,
	      "SHA-1 for each type of key");

int offer_set_init(struct offer_set *set, struct error *err)
{
	struct offer_set made = { 0 };

	for (int i = 0; i < OFFER_COUNT * KEY_TYPE_COUNT; i++) {
		int offer = i / KEY_TYPE_COUNT;
		int key = i % KEY_TYPE_COUNT;
		char text[PRIORITY_MAX];
		int r;

		(void)snprintf(text, sizeof(text), "%s%s%s", versions[offer],
			       keys[key],
			       offer == OFFER_OLD ? sha1_signatures[key] :
						    NO_SHA1);
		r = gnutls_priority_init(&made.priorities[offer][key], text,
					 NULL);
		if (r < 0) {
			made.priorities[offer][key] = NULL;
			offer_set_release(&made);
			return error_set(err, ERROR_SYSTEM, "GnuTLS: %s: %s",
					 text, gnutls_strerror(r));
		}
	}
	*set = made;
	return 0;
}

void offer_set_release(struct offer_set *set)
{
	for (int i = 0; i < OFFER_COUNT; i++)
		for (int j = 0; j < KEY_TYPE_COUNT; j++)
			if (set->priorities[i][j] != NULL)
				gnutls_priority_deinit(set->priorities[i][j]);
	*set = (struct offer_set){ 0 };
}

enum tls_offer offer_first(enum handshake_mode mode)
{
	return mode == HANDSHAKE_CERTIFICATE ? OFFER_TLS12 : OFFER_MODERN;
}

bool offer_next(enum tls_offer offer, enum tls_offer *ret_next)
{
	switch (offer) {
	case OFFER_TLS12:
		*ret_next = OFFER_TLS13;
		return true;
	case OFFER_MODERN:
	case OFFER_TLS13:
		*ret_next = OFFER_OLD;
		return true;
	case OFFER_OLD:
		return false;
	}
	return false;
}
