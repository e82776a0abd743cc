/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cast, and its order of appearance.
 */
#include <config.h>

#include "cast.h"

#include <string.h>

#include "probe/certificate.h"
#include "support.h"

#define SERVERS "1.3.6.1.5.5.7.3.1"
#define CLIENTS "1.3.6.1.5.5.7.3.2"
#define ANYTHING "2.5.29.37.0"

#define IDS .has_key_ids = true
#define TILL(day) .not_after = CAST_DAY(day)
#define RSA(size) .key = GNUTLS_PK_RSA, .bits = (size)
#define PSS .key = GNUTLS_PK_RSA_PSS, .bits = 2048
#define ED25519 .key = GNUTLS_PK_EDDSA_ED25519, .bits = 256
#define SHA1 .digest = GNUTLS_DIG_SHA1
#define SHA512 .digest = GNUTLS_DIG_SHA512
#define USE(purpose) .purposes = { purpose }
#define OCSP .ocsp_url = "http://ocsp.example/"
#define AIA OCSP, .issuer_url = "http://ca.example/issuer"
#define CRITICAL                                                               \
	{                                                                      \
		"1.2.3.4", { (unsigned char[]){ 5, 0 }, 2 }, true              \
	}

#define CA(name) .cn = (name), .is_ca = true
#define ROOT CA("Root"), IDS
#define INTER CA("Intermediate"), IDS, TILL(200)
#define LEAF .cn = "leaf", .dns = { "www.a.example" }, IDS, TILL(300)
#define PLAIN_LEAF .cn = "leaf", .dns = { "www.a.example" }, TILL(300)

/* Issuers before what they issue. */
static const struct role {
	const char *name;
	const char *issuer;   /* NULL: itself */
	const char *same_key; /* NULL: a key of its own */
	struct test_cert_spec spec;
} roles[] = {
	{ "root", NULL, NULL, { ROOT, TILL(1000) } },
	{ "root_old", NULL, "root", { ROOT, TILL(50) } },
	{ "root_young",
	  NULL,
	  "root",
	  { ROOT, .not_before = CAST_DAY(20), TILL(1000) } },
	{ "root_sha1", NULL, "root", { ROOT, TILL(1000), SHA1 } },
	{ "root_twin", NULL, NULL, { ROOT, TILL(1000) } },

	{ "inter", "root", NULL, { INTER } },
	{ "inter_old", "root", "inter", { CA("Intermediate"), IDS, TILL(50) } },
	{ "inter_new",
	  "root",
	  "inter",
	  { CA("Intermediate"), IDS, TILL(250) } },
	{ "inter_sha1", "root", "inter", { INTER, SHA1 } },
	{ "inter_client", "root", "inter", { INTER, USE(CLIENTS) } },
	{ "inter_no_ca",
	  "root",
	  "inter",
	  { .cn = "Intermediate", IDS, TILL(200) } },
	{ "inter_last", "root", "inter", { INTER, .has_path_length = true } },
	{ "inter_within",
	  "root",
	  "inter",
	  { INTER, .permitted_name = "a.example" } },
	{ "inter_without",
	  "root",
	  "inter",
	  { INTER, .excluded_name = "a.example" } },
	{ "inter_aia", "root", "inter", { INTER, AIA } },
	{ "inter_bad", "root", "inter", { INTER } },
	{ "inter_broken", "root", "inter", { INTER } },

	{ "leaf", "inter", NULL, { LEAF } },
	{ "leaf_server", "inter", NULL, { LEAF, USE(SERVERS) } },
	{ "leaf_client", "inter", NULL, { LEAF, USE(CLIENTS) } },
	{ "leaf_any", "inter", NULL, { LEAF, USE(ANYTHING) } },
	{ "leaf_aia", "inter", NULL, { LEAF, AIA } },
	{ "leaf_ocsp", "inter", NULL, { LEAF, OCSP } },
	{ "leaf_sha1", "inter", NULL, { LEAF, SHA1 } },
	{ "leaf_1024", "inter", NULL, { LEAF, RSA(1024) } },
	{ "leaf_weak", "inter", NULL, { LEAF, RSA(1024), USE(CLIENTS) } },
	{ "leaf_critical", "inter", NULL, { LEAF, .extension = CRITICAL } },
	{ "leaf_alien", "inter", NULL, { LEAF } },
	{ "leaf_bad", "inter", NULL, { LEAF } },
	{ "leaf_of_root", "root", NULL, { LEAF } },
	{ "leaf_of_leaf", "leaf", NULL, { LEAF } },

	{ "sub", "inter", NULL, { CA("Sub"), IDS, TILL(600) } },
	{ "leaf_of_sub", "sub", NULL, { LEAF } },
	{ "leaf_of_sub_1024", "sub", NULL, { LEAF, RSA(1024) } },
	{ "small", "root", NULL, { CA("Small"), IDS, TILL(200), RSA(1024) } },
	{ "leaf_of_small", "small", NULL, { LEAF } },

	/* Who else vouches for Root. */
	{ "other", NULL, NULL, { CA("Other"), IDS, TILL(900) } },
	{ "cross", "other", "root", { ROOT, TILL(150) } },
	{ "cross_old", "other", "root", { ROOT, TILL(50) } },

	/* Who vouches for nobody else. */
	{ "self", NULL, NULL, { PLAIN_LEAF } },
	{ "self_server", NULL, NULL, { LEAF, USE(SERVERS) } },
	{ "self_as_root", NULL, NULL, { .cn = "Root", TILL(300) } },
	{ "self_as_plain", NULL, NULL, { .cn = "Plain Root", TILL(300) } },

	/* Without key ids. */
	{ "plain_root", NULL, NULL, { CA("Plain Root"), TILL(1000) } },
	{ "plain_twin", NULL, NULL, { CA("Plain Root"), TILL(1000) } },
	{ "plain_cross",
	  "other",
	  "plain_root",
	  { CA("Plain Root"), TILL(900) } },
	{ "plain_inter", "plain_root", NULL, { CA("Plain"), TILL(200) } },
	{ "plain_leaf", "plain_inter", NULL, { PLAIN_LEAF } },

	/* In a ring. */
	{ "ring_a", NULL, NULL, { CA("A"), TILL(200) } },
	{ "ring_b", "ring_a", NULL, { CA("B"), TILL(200) } },
	{ "ring_a_by_b", "ring_b", "ring_a", { CA("A"), TILL(200) } },
	{ "ring_leaf", "ring_a_by_b", NULL, { PLAIN_LEAF } },

	/* In another: A and B once each way. */
	{ "coil_a", "root", NULL, { CA("A"), TILL(200) } },
	{ "coil_b", "coil_a", NULL, { CA("B"), TILL(200) } },
	{ "coil_a2", "coil_b", NULL, { CA("A"), TILL(200) } },
	{ "coil_leaf", "coil_a2", NULL, { PLAIN_LEAF } },

	/* Other keys. */
	{ "pss_root", NULL, NULL, { CA("PSS Root"), PSS, TILL(1000) } },
	{ "pss_inter", "pss_root", NULL, { CA("PSS"), PSS, TILL(200) } },
	{ "pss_leaf", "pss_inter", NULL, { PLAIN_LEAF } },
	{ "ed_root",
	  NULL,
	  NULL,
	  { CA("Ed Root"), ED25519, SHA512, TILL(1000) } },
	{ "ed_leaf", "ed_root", NULL, { PLAIN_LEAF, SHA512 } },
	{ "rsa_root", NULL, NULL, { CA("RSA Root"), RSA(2048), TILL(1000) } },
	{ "rsa_inter", "rsa_root", NULL, { CA("RSA"), RSA(2048), TILL(200) } },
	{ "rsa_inter_md5",
	  "rsa_root",
	  "rsa_inter",
	  { CA("RSA"), RSA(2048), SHA1, TILL(200) } },
	{ "rsa_leaf", "rsa_inter", NULL, { PLAIN_LEAF } },
	{ "rsa_leaf_md5", "rsa_inter", NULL, { PLAIN_LEAF, SHA1 } },
	{ "rsa_leaf_md5_bad", "rsa_inter", NULL, { PLAIN_LEAF, SHA1 } },
};

static struct test_cert cast[COUNT_OF(roles)];

/* `name` of `size` characters. */
static struct test_cert *find(const char *name, size_t size)
{
	for (size_t i = 0; i < COUNT_OF(roles); i++)
		if (strlen(roles[i].name) == size &&
		    strncmp(roles[i].name, name, size) == 0)
			return &cast[i];
	print_error("nobody is called '%s'\n", name);
	fail();
	return NULL;
}

static struct test_cert *find_by(const char *name)
{
	return name == NULL ? NULL : find(name, strlen(name));
}

const struct test_cert *cast_find(const char *name)
{
	return find_by(name);
}

int cast_setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(roles); i++) {
		struct test_cert_spec spec = roles[i].spec;

		spec.issuer = cast_find(roles[i].issuer);
		spec.same_key = cast_find(roles[i].same_key);
		cast[i] = test_cert_make(&spec);
	}
	test_cert_tamper(find_by("leaf_bad"));
	test_cert_tamper(find_by("inter_bad"));
	/* ecdsa-with-SHA256, 1.2.840.10045.4.3.2; there is no .9 */
	for (int i = 0; i < 2; i++)
		test_cert_patch(find_by("leaf_alien"), "\xce\x3d\x04\x03\x02",
				"\xce\x3d\x04\x03\x09", 5);
	find_by("inter_broken")->der.data[1] ^= 1;
	test_cert_sign_md5(find_by("rsa_inter_md5"), cast_find("rsa_root"));
	test_cert_sign_md5(find_by("rsa_leaf_md5"), cast_find("rsa_inter"));
	test_cert_sign_md5(find_by("rsa_leaf_md5_bad"), cast_find("rsa_inter"));
	test_cert_tamper(find_by("rsa_leaf_md5_bad"));
	return 0;
}

int cast_teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(roles); i++)
		test_cert_free(&cast[i]);
	return 0;
}

/* The next of `names`; NULL at the end. */
static const struct test_cert *next(const char **names)
{
	size_t size;

	*names += strspn(*names, " ");
	size = strcspn(*names, " ");
	*names += size;
	return size == 0 ? NULL : find(*names - size, size);
}

struct chain cast_chain(const char *names)
{
	struct chain chain = { .count = 0 };
	const struct test_cert *cert;

	while ((cert = next(&names)) != NULL) {
		assert_true(chain.count < CHAIN_MAX);
		chain.certificates[chain.count].bytes = cert->der.data;
		chain.certificates[chain.count].size = cert->der.size;
		chain.count++;
	}
	return chain;
}

struct trust_store cast_store(const char *names)
{
	struct trust_store store = { 0 };
	const struct test_cert *cert;

	while ((cert = next(&names)) != NULL) {
		store.anchors = gnutls_realloc(
			store.anchors,
			(store.count + 1) * sizeof(store.anchors[0]));
		assert_non_null(store.anchors);
		store.anchors[store.count] =
			certificate_import(cert->der.data, cert->der.size);
		assert_non_null(store.anchors[store.count]);
		store.count++;
	}
	return store;
}
