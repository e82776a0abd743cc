/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small services of GnuTLS for the stages that do not probe.
 */
#include <config.h>

#include "base/x509.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/wipe.h"

#define COMMON_NAME_MAX 256 /* bytes; ub-common-name is 64 characters */
#define NEVER 253402300799  /* 9999-12-31T23:59:59Z (RFC 5280, 4.1.2.5) */

int x509_init(struct error *err)
{
	int r = gnutls_global_init();

	if (r < 0)
		return error_set(err, ERROR_SYSTEM, "GnuTLS: %s",
				 gnutls_strerror(r));
	return 0;
}

void x509_release(void)
{
	gnutls_global_deinit();
}

const char *x509_library_version(void)
{
	return gnutls_check_version(NULL);
}

void x509_wipe_freed(bool is_wiped)
{
	/* GnuTLS calls these pointers itself. gnutls_free is a macro, too. */
	*(&gnutls_realloc) = is_wiped ? wipe_realloc : realloc;
	*(&gnutls_free) = is_wiped ? wipe_free : free;
}

int x509_to_ascii(const char *name, char **ret_name, struct error *err)
{
	gnutls_datum_t mapped = { NULL, 0 };
	int r = gnutls_idna_map(name, (unsigned int)strlen(name), &mapped, 0);

	if (r == GNUTLS_E_MEMORY_ERROR)
		return error_memory(err);
	if (r < 0)
		return error_set(err, ERROR_INVALID,
				 "'%s' is not a domain name", name);
	*ret_name = strndup((const char *)mapped.data, mapped.size);
	gnutls_free(mapped.data);
	if (*ret_name == NULL)
		return error_memory(err);
	/* ASCII passes through the map as it is. */
	for (char *c = *ret_name; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return 0;
}

int x509_base64_decode(const char *text, struct buffer *ret_bytes,
		       struct error *err)
{
	gnutls_datum_t in = {
		(unsigned char *)(uintptr_t)text,
		(unsigned int)strlen(text),
	};
	gnutls_datum_t out = { NULL, 0 };
	int r;

	if (gnutls_base64_decode2(&in, &out) < 0)
		return error_set(err, ERROR_INVALID, "is not base64");
	r = buffer_append(ret_bytes, out.data, out.size, err);
	explicit_bzero(out.data, out.size);
	gnutls_free(out.data);
	return r;
}

int x509_base64_encode(const void *bytes, size_t size, struct buffer *ret_text,
		       struct error *err)
{
	gnutls_datum_t in = {
		(unsigned char *)(uintptr_t)bytes,
		(unsigned int)size,
	};
	gnutls_datum_t out = { NULL, 0 };
	int r;

	if (gnutls_base64_encode2(&in, &out) < 0)
		return error_memory(err);
	r = buffer_append(ret_text, out.data, out.size, err);
	explicit_bzero(out.data, out.size);
	gnutls_free(out.data);
	return r;
}

static void cleanup_certificate(gnutls_x509_crt_t *certificate)
{
	if (*certificate != NULL)
		gnutls_x509_crt_deinit(*certificate);
}

/* The first certificate in PEM text. */
static int import(const char *pem, size_t size, gnutls_x509_crt_t *certificate,
		  struct error *err)
{
	gnutls_datum_t in = {
		(unsigned char *)(uintptr_t)pem,
		(unsigned int)size,
	};

	if (gnutls_x509_crt_init(certificate) < 0)
		return error_memory(err);
	if (gnutls_x509_crt_import(*certificate, &in, GNUTLS_X509_FMT_PEM) < 0)
		return error_set(err, ERROR_INVALID,
				 "is not a PEM certificate");
	return 0;
}

int x509_common_name(const char *pem, size_t size, char **ret_name,
		     struct error *err)
{
	CLEANUP(cleanup_certificate) gnutls_x509_crt_t certificate = NULL;
	char name[COMMON_NAME_MAX];
	size_t name_size = sizeof(name);
	int r = import(pem, size, &certificate, err);

	if (r < 0)
		return r;
	if (gnutls_x509_crt_get_dn_by_oid(certificate,
					  GNUTLS_OID_X520_COMMON_NAME, 0, 0,
					  name, &name_size) < 0)
		return error_set(err, ERROR_INVALID,
				 "has no common name in its subject");
	*ret_name = text_clean(name, name_size, sizeof(name));
	if (*ret_name == NULL)
		return error_memory(err);
	return 0;
}

int x509_dates(const char *pem, size_t size, int64_t *ret_not_before,
	       int64_t *ret_not_after, struct error *err)
{
	CLEANUP(cleanup_certificate) gnutls_x509_crt_t certificate = NULL;
	time_t not_before;
	time_t not_after;
	int r = import(pem, size, &certificate, err);

	if (r < 0)
		return r;
	not_before = gnutls_x509_crt_get_activation_time(certificate);
	not_after = gnutls_x509_crt_get_expiration_time(certificate);
	if (not_before == (time_t)-1 || not_after == (time_t)-1)
		return error_set(err, ERROR_INVALID,
				 "has dates that cannot be read");
	if (not_after == GNUTLS_X509_NO_WELL_DEFINED_EXPIRATION)
		not_after = NEVER;
	*ret_not_before = not_before;
	*ret_not_after = not_after;
	return 0;
}

void x509_verify_words(unsigned int status, char words[X509_WORDS_MAX])
{
	static const char verdict[] = "The certificate is NOT trusted. ";
	gnutls_datum_t text = { NULL, 0 };
	const char *why = "the certificate is not trusted";
	size_t length;

	if (gnutls_certificate_verification_status_print(
		    status, GNUTLS_CRT_X509, &text, 0) == 0) {
		why = (const char *)text.data;
		if (strncmp(why, verdict, strlen(verdict)) == 0 &&
		    why[strlen(verdict)] != '\0')
			why += strlen(verdict);
	}
	(void)snprintf(words, X509_WORDS_MAX, "%s", why);
	gnutls_free(text.data);
	/* Sentences; a message is the part of one. */
	length = strlen(words);
	while (length > 0 && strchr(". ", words[length - 1]) != NULL)
		words[--length] = '\0';
	if (words[0] >= 'A' && words[0] <= 'Z')
		words[0] = (char)(words[0] - 'A' + 'a');
}
