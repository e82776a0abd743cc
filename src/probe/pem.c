/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PEM by GnuTLS.
 */
#include <config.h>

#include "probe/pem.h"

#include <gnutls/gnutls.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "probe/gnutls_cleanup.h"

static int read_pem(const char *path, struct buffer *pem,
		    gnutls_datum_t *ret_datum, struct error *err)
{
	int r = file_read(path, pem, err);

	if (r < 0) {
		if (err->code != ERROR_MEMORY)
			err->code = ERROR_USAGE;
		return -(int)err->code;
	}
	*ret_datum = (gnutls_datum_t){ (unsigned char *)pem->data,
				       (unsigned int)pem->size };
	return 0;
}

int pem_read_certificates(const char *path, gnutls_x509_crt_t **ret_crts,
			  unsigned int *ret_count, struct error *err)
{
	CLEANUP(buffer_free)
	struct buffer pem = BUFFER_INIT(PEM_FILE_MAX_BYTES);
	gnutls_x509_crt_t *crts = NULL;
	gnutls_datum_t datum;
	unsigned int count = 0;
	int r = read_pem(path, &pem, &datum, err);

	if (r < 0)
		return r;
	r = gnutls_x509_crt_list_import2(&crts, &count, &datum,
					 GNUTLS_X509_FMT_PEM, 0);
	if (r == GNUTLS_E_NO_CERTIFICATE_FOUND)
		return error_set(err, ERROR_USAGE,
				 "%s: holds no certificate in PEM form", path);
	if (r < 0)
		return error_set(err, ERROR_USAGE,
				 "%s: holds a certificate that cannot be "
				 "read (%s)",
				 path, gnutls_strerror(r));
	*ret_crts = crts;
	*ret_count = count;
	return 0;
}

void pem_free_certificates(gnutls_x509_crt_t *crts, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		gnutls_x509_crt_deinit(crts[i]);
	gnutls_free(crts);
}

int pem_read_key(const char *path, gnutls_x509_privkey_t *ret_key,
		 struct error *err)
{
	CLEANUP(buffer_free)
	struct buffer pem = BUFFER_INIT(PEM_FILE_MAX_BYTES);
	CLEANUP(cleanup_private_key) gnutls_x509_privkey_t key = NULL;
	gnutls_datum_t datum;
	int r = read_pem(path, &pem, &datum, err);

	if (r < 0)
		return r;
	if (gnutls_x509_privkey_init(&key) < 0)
		return error_memory(err);
	r = gnutls_x509_privkey_import2(key, &datum, GNUTLS_X509_FMT_PEM, NULL,
					0);
	if (r == GNUTLS_E_DECRYPTION_FAILED)
		return error_set(err, ERROR_USAGE,
				 "%s: the key is encrypted; nobody is there to "
				 "give its password",
				 path);
	if (r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		return error_set(err, ERROR_USAGE,
				 "%s: holds no private key in PEM form", path);
	if (r < 0)
		return error_set(err, ERROR_USAGE,
				 "%s: holds a private key that cannot be "
				 "read (%s)",
				 path, gnutls_strerror(r));
	*ret_key = TAKE(key);
	return 0;
}
