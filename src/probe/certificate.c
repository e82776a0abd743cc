/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X.509 by GnuTLS.
 */
#include <config.h>

#include "probe/certificate.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509-ext.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "probe/der.h"
#include "probe/gnutls_cleanup.h"

#define SERIAL_MAX 1024 /* bytes; RFC 5280 allows 20 */
/* OpenSSL's own limits (crypto/rsa: OPENSSL_RSA_MAX_MODULUS_BITS,
 * OPENSSL_RSA_MAX_PUBEXP_BITS). GnuTLS has none: one signature by a key of
 * 200,000 bits takes it minutes in one call. */
#define RSA_BITS_MAX 16384
#define RSA_EXPONENT_MAX 8 /* bytes */
/* FIPS 186-1's smallest, FIPS 186-4's largest; GnuTLS takes seconds over 32,768
 * bits, and GMP ends the program (SIGFPE) where p is 0. */
#define DSA_BITS_MIN 512
#define DSA_BITS_MAX 3072
#define DSA_ORDER_MAX 32 /* bytes */
#define SHA256_SIZE 32

gnutls_x509_crt_t certificate_import(const uint8_t *der, size_t size)
{
	CLEANUP(cleanup_crt) gnutls_x509_crt_t crt = NULL;
	gnutls_datum_t datum = {
		(unsigned char *)(uintptr_t)der,
		(unsigned int)size,
	};

	if (der_is_costly(der, size) || gnutls_x509_crt_init(&crt) < 0 ||
	    gnutls_x509_crt_import(crt, &datum, GNUTLS_X509_FMT_DER) < 0)
		return NULL;
	return TAKE(crt);
}

static void cleanup_certificate(struct certificate **certificate)
{
	certificate_free(*certificate);
}

static void to_hex(const uint8_t *bytes, size_t size, char *hex)
{
	for (size_t i = 0; i < size; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
}

/* The value of a hexadecimal digit, -1 if it is none. */
static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* In place: RFC 4514's escapes, in which GnuTLS gives names ("\\," and
 * "\\2c"), back to what they stand for. Returns the new length. */
static size_t unescape(char *name, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < size; i++) {
		if (name[i] == '\\' && i + 2 < size &&
		    hex_value(name[i + 1]) >= 0 &&
		    hex_value(name[i + 2]) >= 0) {
			name[used++] = (char)(hex_value(name[i + 1]) << 4 |
					      hex_value(name[i + 2]));
			i += 2;
		} else {
			if (name[i] == '\\' && i + 1 < size)
				i++;
			name[used++] = name[i];
		}
	}
	return used;
}

typedef int get_dn_function(gnutls_x509_crt_t crt, const char *oid,
			    unsigned int index, unsigned int raw, void *value,
			    size_t *size);

/* The DN's first common name as `get` gives it, NULL without one. False if
 * memory ran out. Asks for the size first: names may be long. */
static bool get_common_name(gnutls_x509_crt_t crt, get_dn_function *get,
			    unsigned int raw, char **ret_name, size_t *ret_size)
{
	CLEANUP(cleanup_free) char *name = NULL;
	size_t size = 0;

	*ret_name = NULL;
	if (get(crt, GNUTLS_OID_X520_COMMON_NAME, 0, raw, NULL, &size) !=
	    GNUTLS_E_SHORT_MEMORY_BUFFER)
		return true;
	/* One more: GnuTLS is not sure whether it counts the NUL. */
	name = calloc(1, size + 1);
	if (name == NULL)
		return false;
	if (get(crt, GNUTLS_OID_X520_COMMON_NAME, 0, raw, name, &size) < 0)
		return true;
	*ret_size = size;
	*ret_name = TAKE(name);
	return true;
}

/* The DN's first common name; "" without one, NULL without memory. */
static char *common_name(gnutls_x509_crt_t crt, get_dn_function *get)
{
	CLEANUP(cleanup_free) char *name = NULL;
	CLEANUP(cleanup_free) char *raw = NULL;
	struct der value;
	size_t size = 0;

	if (!get_common_name(crt, get, 0, &name, &size))
		return NULL;
	if (name == NULL)
		return strdup("");
	if (name[0] != '#')
		return text_clean(name, unescape(name, size),
				  CERTIFICATE_LABEL_MAX);
	/* Hexadecimal, of what GnuTLS takes for no text: an empty string, or
	 * one with a NUL. Its bytes will do. */
	if (!get_common_name(crt, get, 1, &raw, &size))
		return NULL;
	value = (struct der){ (const uint8_t *)raw, size };
	if (raw == NULL || !der_enter(&value, 0))
		return strdup("");
	return text_clean((const char *)value.at, value.left,
			  CERTIFICATE_LABEL_MAX);
}

/* The other sign of a big-endian number in two's complement, in place. */
static void negate(uint8_t *bytes, size_t size)
{
	unsigned int carry = 1;

	while (size-- > 0) {
		carry += (uint8_t)~bytes[size];
		bytes[size] = (uint8_t)carry;
		carry >>= 8;
	}
}

/* As OpenSSL shows it: a negative one with its sign. */
static char *serial_number(gnutls_x509_crt_t crt)
{
	uint8_t serial[SERIAL_MAX];
	uint8_t *first = serial;
	size_t size = sizeof(serial);
	char hex[1 + CERTIFICATE_LABEL_MAX + 1] = "";
	bool is_negative;

	if (gnutls_x509_crt_get_serial(crt, serial, &size) < 0 || size == 0)
		return strdup("");
	is_negative = serial[0] >= 0x80;
	if (is_negative)
		negate(serial, size);
	/* DER's leading zero only says that the number is positive. */
	if (size > 1 && *first == 0) {
		first++;
		size--;
	}
	if (size > CERTIFICATE_LABEL_MAX / 2)
		size = CERTIFICATE_LABEL_MAX / 2;
	hex[0] = '-';
	to_hex(first, size, hex + 1);
	return is_negative ? strndup(hex, CERTIFICATE_LABEL_MAX) :
			     strdup(hex + 1);
}

/* "p256" for GnuTLS's "SECP256R1"; other curves by their lower-case name. */
static void curve_name(gnutls_ecc_curve_t curve, char *name, size_t size)
{
	static const struct {
		gnutls_ecc_curve_t curve;
		char name[8];
	} nist[] = {
		{ GNUTLS_ECC_CURVE_SECP192R1, "p192" },
		{ GNUTLS_ECC_CURVE_SECP224R1, "p224" },
		{ GNUTLS_ECC_CURVE_SECP256R1, "p256" },
		{ GNUTLS_ECC_CURVE_SECP384R1, "p384" },
		{ GNUTLS_ECC_CURVE_SECP521R1, "p521" },
	};
	const char *other = gnutls_ecc_curve_get_name(curve);

	for (size_t i = 0; i < sizeof(nist) / sizeof(nist[0]); i++) {
		if (nist[i].curve == curve) {
			(void)snprintf(name, size, "%s", nist[i].name);
			return;
		}
	}
	(void)snprintf(name, size, "%s", other == NULL ? "unknown" : other);
	for (char *c = name; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
}

static void key_algorithm(gnutls_x509_crt_t crt, char *name, size_t size)
{
	gnutls_ecc_curve_t curve;
	unsigned int bits = 0;
	char curve_text[24];
	int algorithm = gnutls_x509_crt_get_pk_algorithm(crt, &bits);
	const char *other;

	switch (algorithm) {
	case GNUTLS_PK_RSA:
		(void)snprintf(name, size, "rsa-%u", bits);
		return;
	case GNUTLS_PK_RSA_PSS:
		(void)snprintf(name, size, "rsa-pss-%u", bits);
		return;
	case GNUTLS_PK_DSA:
		(void)snprintf(name, size, "dsa-%u", bits);
		return;
	case GNUTLS_PK_ECDSA:
		if (gnutls_x509_crt_get_pk_ecc_raw(crt, &curve, NULL, NULL) < 0)
			(void)snprintf(name, size, "ecdsa-unknown");
		else {
			curve_name(curve, curve_text, sizeof(curve_text));
			(void)snprintf(name, size, "ecdsa-%s", curve_text);
		}
		return;
	case GNUTLS_PK_EDDSA_ED25519:
		(void)snprintf(name, size, "ed25519");
		return;
	case GNUTLS_PK_EDDSA_ED448:
		(void)snprintf(name, size, "ed448");
		return;
	default:
		other = algorithm < 0 ?
				NULL :
				gnutls_pk_get_name(
					(gnutls_pk_algorithm_t)algorithm);
		(void)snprintf(name, size, "%s",
			       other == NULL ? "unknown" : other);
	}
}

/* OpenSSL's long names of signature algorithms (its objects.txt), by OID;
 * the OID itself for any other. */
static void signature_algorithm(gnutls_x509_crt_t crt, char *name, size_t size)
{
	static const struct {
		const char *oid;
		const char *name;
	} names[] = {
		{ "1.2.840.113549.1.1.2", "md2WithRSAEncryption" },
		{ "1.2.840.113549.1.1.4", "md5WithRSAEncryption" },
		{ "1.2.840.113549.1.1.5", "sha1WithRSAEncryption" },
		{ "1.2.840.113549.1.1.10", "rsassaPss" },
		{ "1.2.840.113549.1.1.11", "sha256WithRSAEncryption" },
		{ "1.2.840.113549.1.1.12", "sha384WithRSAEncryption" },
		{ "1.2.840.113549.1.1.13", "sha512WithRSAEncryption" },
		{ "1.2.840.113549.1.1.14", "sha224WithRSAEncryption" },
		{ "1.2.840.10040.4.3", "dsaWithSHA1" },
		{ "2.16.840.1.101.3.4.3.1", "dsa_with_SHA224" },
		{ "2.16.840.1.101.3.4.3.2", "dsa_with_SHA256" },
		{ "1.2.840.10045.4.1", "ecdsa-with-SHA1" },
		{ "1.2.840.10045.4.3.1", "ecdsa-with-SHA224" },
		{ "1.2.840.10045.4.3.2", "ecdsa-with-SHA256" },
		{ "1.2.840.10045.4.3.3", "ecdsa-with-SHA384" },
		{ "1.2.840.10045.4.3.4", "ecdsa-with-SHA512" },
		{ "1.3.101.112", "ED25519" },
		{ "1.3.101.113", "ED448" },
	};
	char oid[64];
	size_t oid_size = sizeof(oid);

	if (gnutls_x509_crt_get_signature_oid(crt, oid, &oid_size) < 0) {
		(void)snprintf(name, size, "unknown");
		return;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i].oid, oid) == 0) {
			(void)snprintf(name, size, "%s", names[i].name);
			return;
		}
	}
	(void)snprintf(name, size, "%s", oid);
}

static bool rsa_is_costly(gnutls_x509_crt_t crt, unsigned int bits)
{
	CLEANUP(cleanup_datum) gnutls_datum_t modulus = { NULL, 0 };
	CLEANUP(cleanup_datum) gnutls_datum_t exponent = { NULL, 0 };

	/* The exponent may have a leading zero. */
	return bits > RSA_BITS_MAX ||
	       gnutls_x509_crt_get_pk_rsa_raw(crt, &modulus, &exponent) < 0 ||
	       exponent.size > RSA_EXPONENT_MAX + 1;
}

static bool dsa_is_costly(gnutls_x509_crt_t crt, unsigned int bits)
{
	CLEANUP(cleanup_datum) gnutls_datum_t p = { NULL, 0 };
	CLEANUP(cleanup_datum) gnutls_datum_t q = { NULL, 0 };
	CLEANUP(cleanup_datum) gnutls_datum_t g = { NULL, 0 };
	CLEANUP(cleanup_datum) gnutls_datum_t y = { NULL, 0 };

	return bits < DSA_BITS_MIN || bits > DSA_BITS_MAX ||
	       gnutls_x509_crt_get_pk_dsa_raw(crt, &p, &q, &g, &y) < 0 ||
	       q.size > DSA_ORDER_MAX + 1 || g.size > p.size + 1 ||
	       y.size > p.size + 1;
}

bool certificate_key_is_costly(gnutls_x509_crt_t crt)
{
	unsigned int bits = 0;

	switch (gnutls_x509_crt_get_pk_algorithm(crt, &bits)) {
	case GNUTLS_PK_RSA:
	case GNUTLS_PK_RSA_PSS:
		return rsa_is_costly(crt, bits);
	case GNUTLS_PK_DSA:
		return dsa_is_costly(crt, bits);
	default:
		return false;
	}
}

static void cleanup_features(gnutls_x509_tlsfeatures_t *features)
{
	if (*features != NULL)
		gnutls_x509_tlsfeatures_deinit(*features);
}

/* RFC 7633: the extension names status_request, whose number is 5. */
static bool must_staple(gnutls_x509_crt_t crt)
{
	CLEANUP(cleanup_features) gnutls_x509_tlsfeatures_t features = NULL;
	unsigned int feature;

	if (gnutls_x509_tlsfeatures_init(&features) < 0 ||
	    gnutls_x509_crt_get_tlsfeatures(crt, features, 0, NULL) < 0)
		return false;
	for (unsigned int i = 0;
	     gnutls_x509_tlsfeatures_get(features, i, &feature) >= 0; i++)
		if (feature == 5)
			return true;
	return false;
}

static enum key_type key_type(gnutls_x509_crt_t crt)
{
	switch (gnutls_x509_crt_get_pk_algorithm(crt, NULL)) {
	case GNUTLS_PK_RSA:
	case GNUTLS_PK_RSA_PSS:
		return KEY_TYPE_RSA;
	case GNUTLS_PK_ECDSA:
		return KEY_TYPE_ECDSA;
	default:
		return KEY_TYPE_ANY;
	}
}

bool certificate_dates(gnutls_x509_crt_t crt, const uint8_t *der, size_t size,
		       int64_t *ret_not_before, int64_t *ret_not_after)
{
	time_t not_before;
	time_t not_after;

	if (der_validity(der, size, ret_not_before, ret_not_after))
		return true;
	/* It reads more forms of a time, but none before 1970. */
	not_before = gnutls_x509_crt_get_activation_time(crt);
	not_after = gnutls_x509_crt_get_expiration_time(crt);
	if (not_before == (time_t)-1 || not_after == (time_t)-1)
		return false;
	*ret_not_before = not_before;
	*ret_not_after = not_after;
	return true;
}

/* Everything but dates and fingerprint. False if memory ran out. */
static bool read_facts(gnutls_x509_crt_t crt, struct certificate *c)
{
	c->serial_number = serial_number(crt);
	c->subject_cn = common_name(crt, gnutls_x509_crt_get_dn_by_oid);
	c->issuer_cn = common_name(crt, gnutls_x509_crt_get_issuer_dn_by_oid);
	key_algorithm(crt, c->key_algorithm, sizeof(c->key_algorithm));
	signature_algorithm(crt, c->signature_algorithm,
			    sizeof(c->signature_algorithm));
	c->key_type = key_type(crt);
	c->must_staple = must_staple(crt);
	c->has_costly_key = certificate_key_is_costly(crt);
	c->is_readable = true;
	return c->serial_number != NULL && c->subject_cn != NULL &&
	       c->issuer_cn != NULL;
}

int certificate_read(const uint8_t *der, size_t size,
		     struct certificate **ret_certificate, struct error *err)
{
	CLEANUP(cleanup_crt)
	gnutls_x509_crt_t crt = certificate_import(der, size);
	CLEANUP(cleanup_certificate)
	struct certificate *c = calloc(1, sizeof(*c));
	uint8_t digest[SHA256_SIZE];

	if (c == NULL ||
	    gnutls_hash_fast(GNUTLS_DIG_SHA256, der, size, digest) < 0)
		return error_memory(err);
	to_hex(digest, sizeof(digest), c->fingerprint);
	if (crt != NULL &&
	    certificate_dates(crt, der, size, &c->not_before, &c->not_after) &&
	    !read_facts(crt, c))
		return error_memory(err);
	*ret_certificate = TAKE(c);
	return 0;
}

void certificate_free(struct certificate *c)
{
	if (c == NULL)
		return;
	free(c->serial_number);
	free(c->subject_cn);
	free(c->issuer_cn);
	free(c);
}

/* Whether there is a dNSName. Without one GnuTLS would look at the CN. It has
 * decoded the names before: to have it do so again would double what a long
 * list costs. */
static bool has_dns_name(gnutls_x509_crt_t crt)
{
	CLEANUP(cleanup_datum) gnutls_datum_t extension = { NULL, 0 };
	struct der_element name;
	struct der names;

	if (gnutls_x509_crt_get_extension_by_oid2(crt, GNUTLS_X509EXT_OID_SAN,
						  0, &extension, NULL) < 0)
		return false;
	names = (struct der){ extension.data, extension.size };
	if (!der_enter(&names, 0))
		return false;
	while (der_next(&names, &name))
		if (name.tag == DER_DNS_NAME)
			return true;
	return false;
}

bool certificate_names(const uint8_t *der, size_t size,
		       const struct domain *domain)
{
	CLEANUP(cleanup_crt)
	gnutls_x509_crt_t crt = certificate_import(der, size);
	struct address address;

	if (crt == NULL)
		return false;
	if (domain->is_address)
		return address_parse(domain->probe_name, &address) &&
		       gnutls_x509_crt_check_ip(
			       crt, address.bytes,
			       address.family == AF_INET ? 4 : 16, 0) != 0;
	return has_dns_name(crt) &&
	       gnutls_x509_crt_check_hostname2(
		       crt, domain->probe_name,
		       GNUTLS_VERIFY_DO_NOT_ALLOW_IP_MATCHES) != 0;
}
