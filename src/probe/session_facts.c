/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GnuTLS's names, made IANA's.
 */
#include <config.h>

#include "probe/session_facts.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* IANA's registries of groups and signature schemes use lower case and '_'
 * where GnuTLS has capitals and '-'. */
static void copy_lower(char word[SESSION_WORD_MAX], const char *name)
{
	(void)snprintf(word, SESSION_WORD_MAX, "%s", name == NULL ? "" : name);
	for (char *c = word; *c != '\0'; c++)
		*c = *c == '-' ? '_' : (char)tolower((unsigned char)*c);
}

static void copy(char word[SESSION_WORD_MAX], const char *name)
{
	(void)snprintf(word, SESSION_WORD_MAX, "%s", name == NULL ? "" : name);
}

/* IANA's name of a signature scheme (RFC 8446, 4.2.3), where it is another one
 * than GnuTLS's. In TLS 1.2 those of ECDSA say nothing of the curve. */
static const char *signature_name(gnutls_sign_algorithm_t signature)
{
	static const struct {
		gnutls_sign_algorithm_t signature;
		const char *name;
	} names[] = {
		{ GNUTLS_SIGN_RSA_SHA1, "rsa_pkcs1_sha1" },
		{ GNUTLS_SIGN_RSA_SHA256, "rsa_pkcs1_sha256" },
		{ GNUTLS_SIGN_RSA_SHA384, "rsa_pkcs1_sha384" },
		{ GNUTLS_SIGN_RSA_SHA512, "rsa_pkcs1_sha512" },
		{ GNUTLS_SIGN_RSA_PSS_SHA256, "rsa_pss_pss_sha256" },
		{ GNUTLS_SIGN_RSA_PSS_SHA384, "rsa_pss_pss_sha384" },
		{ GNUTLS_SIGN_RSA_PSS_SHA512, "rsa_pss_pss_sha512" },
		{ GNUTLS_SIGN_ECDSA_SHA256, "ecdsa_secp256r1_sha256" },
		{ GNUTLS_SIGN_ECDSA_SHA384, "ecdsa_secp384r1_sha384" },
		{ GNUTLS_SIGN_ECDSA_SHA512, "ecdsa_secp521r1_sha512" },
		{ GNUTLS_SIGN_EDDSA_ED25519, "ed25519" },
		{ GNUTLS_SIGN_EDDSA_ED448, "ed448" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].signature == signature)
			return names[i].name;
	return gnutls_sign_get_name(signature);
}

static void describe(gnutls_session_t session, struct session_facts *facts)
{
	int signature = gnutls_sign_algorithm_get(session);

	copy(facts->version,
	     gnutls_protocol_get_name(gnutls_protocol_get_version(session)));
	copy(facts->cipher, gnutls_ciphersuite_get(session));
	copy_lower(facts->group,
		   gnutls_group_get_name(gnutls_group_get(session)));
	if (signature != GNUTLS_SIGN_UNKNOWN)
		copy_lower(facts->signature,
			   signature_name((gnutls_sign_algorithm_t)signature));
}

const struct session_facts *session_facts_get(struct session_facts_set *set,
					      gnutls_session_t session)
{
	struct session_facts facts = { .next = NULL };
	struct session_facts *found;

	describe(session, &facts);
	for (found = set->first; found != NULL; found = found->next)
		if (strcmp(found->version, facts.version) == 0 &&
		    strcmp(found->cipher, facts.cipher) == 0 &&
		    strcmp(found->group, facts.group) == 0 &&
		    strcmp(found->signature, facts.signature) == 0)
			return found;
	if (set->count == SESSION_FACTS_MAX)
		return NULL;
	found = malloc(sizeof(*found));
	if (found == NULL)
		return NULL;
	*found = facts;
	found->next = set->first;
	set->first = found;
	set->count++;
	return found;
}

void session_facts_set_release(struct session_facts_set *set)
{
	while (set->first != NULL) {
		struct session_facts *next = set->first->next;

		free(set->first);
		set->first = next;
	}
	set->count = 0;
}
