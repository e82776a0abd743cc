/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl's options of TLS. GnuTLS, behind it, takes files only.
 */
#include <config.h>

#include "kube/tls.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/x509.h"
#include "kube/curl_set.h"

#define FD_PATH_MAX 32

/* A memory file with these bytes, and its name as a path. */
static int make_file(const struct buffer *bytes, int *ret_fd,
		     char path[FD_PATH_MAX], struct error *err)
{
	*ret_fd = memfd_create("credential", MFD_CLOEXEC);
	if (*ret_fd < 0)
		return error_set(err, ERROR_SYSTEM, "memfd_create: %s",
				 strerror(errno));
	(void)snprintf(path, FD_PATH_MAX, "/proc/self/fd/%d", *ret_fd);
	return file_write(*ret_fd, bytes->data, bytes->size, err);
}

/* The path of a file of the access, whether it was given so or inline. libcurl
 * would only tell that some file cannot be read; this says which and why. */
static int path_of(const struct kube_access *kube, const struct kube_file *file,
		   int *ret_fd, char path[FD_PATH_MAX], const char **ret_path,
		   struct error *err)
{
	if (file->path == NULL) {
		*ret_path = path;
		return make_file(&file->bytes, ret_fd, path, err);
	}
	*ret_path = file->path;
	if (access(file->path, R_OK) < 0)
		return error_set(err, ERROR_INVALID, "%s: %s: %s", kube->source,
				 file->path, strerror(errno));
	return 0;
}

/* GnuTLS takes a file without a certificate for no authority at all, and would
 * then speak of an unknown issuer. */
static int check_ca(const struct kube_access *access, struct error *err)
{
	CLEANUP(buffer_free) struct buffer file = BUFFER_INIT(KUBE_PEM_MAX);
	const struct buffer *pem = &access->ca.bytes;
	const char *path = access->ca.path;
	int r = 0;

	if (path != NULL) {
		r = file_read(path, &file, err);
		pem = &file;
	}
	if (r == 0 && strstr(pem->data, "CERTIFICATE-----") == NULL)
		r = error_set(err, ERROR_INVALID, "%s has no PEM certificate",
			      path == NULL ? "certificate-authority-data" :
					     path);
	if (r < 0)
		return error_prefix(err, "%s", access->source);
	return 0;
}

/* Whether the private key in PEM text is encrypted: PKCS#8, or the older form
 * of OpenSSL (RFC 1421). */
static bool is_encrypted(const struct buffer *pem)
{
	return pem->size > 0 &&
	       (strstr(pem->data, "BEGIN ENCRYPTED PRIVATE KEY") != NULL ||
		strstr(pem->data, "Proc-Type: 4,ENCRYPTED") != NULL);
}

/* libcurl would only say that the key cannot be read. */
static int check_key(const struct kube_access *access, struct error *err)
{
	CLEANUP(buffer_free) struct buffer file = BUFFER_INIT(KUBE_PEM_MAX);
	const char *path = access->client_key.path;
	bool is_bad;

	if (path != NULL && file_read(path, &file, err) < 0)
		return error_prefix(err, "%s", access->source);
	is_bad = is_encrypted(path != NULL ? &file : &access->client_key.bytes);
	if (!is_bad)
		return 0;
	if (path == NULL)
		return error_set(err, ERROR_INVALID,
				 "%s: the client-key-data is encrypted, and "
				 "nobody is there to give its password: put a "
				 "key there that is not (openssl pkey)",
				 access->source);
	return error_set(err, ERROR_INVALID,
			 "%s: the client key %s is encrypted, and nobody is "
			 "there to give its password: make one that is not "
			 "(openssl pkey -in %s -out NEW) and name that",
			 access->source, path, path);
}

/* Whom to trust. Without a CA of its own the server is verified against the
 * system's, which libcurl knows. */
static int set_ca(CURL *curl, const struct kube_access *access,
		  struct kube_tls_files *files, struct error *err)
{
	char fd_path[FD_PATH_MAX];
	const char *path;
	int r;

	if (access->insecure_skip_tls_verify) {
		SET(curl, CURLOPT_SSL_VERIFYPEER, 0L);
		SET(curl, CURLOPT_SSL_VERIFYHOST, 0L);
		SET(curl, CURLOPT_PROXY_SSL_VERIFYPEER, 0L);
		SET(curl, CURLOPT_PROXY_SSL_VERIFYHOST, 0L);
	}
	if (!kube_file_is_set(&access->ca))
		return 0;
	/* The system's directory would stand beside the CA file, and any
	 * public CA could vouch for the API server. */
	SET(curl, CURLOPT_CAPATH, NULL);
	SET(curl, CURLOPT_PROXY_CAPATH, NULL);
	r = check_ca(access, err);
	if (r == 0)
		r = path_of(access, &access->ca, &files->ca, fd_path, &path,
			    err);
	if (r < 0)
		return r;
	SET(curl, CURLOPT_CAINFO, path);
	SET(curl, CURLOPT_PROXY_CAINFO, path);
	return 0;
}

int kube_tls_set(CURL *curl, const struct kube_access *access,
		 struct kube_tls_files *files, struct error *err)
{
	char fd_path[FD_PATH_MAX];
	const char *path;
	int r;

	SET(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(curl, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(curl, CURLOPT_CERTINFO, 1L);
	r = set_ca(curl, access, files, err);
	if (r < 0 || !kube_file_is_set(&access->client_certificate))
		return r;
	r = path_of(access, &access->client_certificate, &files->certificate,
		    fd_path, &path, err);
	if (r < 0)
		return r;
	SET(curl, CURLOPT_SSLCERT, path);
	r = path_of(access, &access->client_key, &files->key, fd_path, &path,
		    err);
	if (r == 0)
		r = check_key(access, err);
	if (r < 0)
		return r;
	SET(curl, CURLOPT_SSLKEY, path);
	return 0;
}

void kube_tls_files_close(struct kube_tls_files *files)
{
	cleanup_close(&files->ca);
	cleanup_close(&files->certificate);
	cleanup_close(&files->key);
	*files = KUBE_TLS_FILES_NONE;
}

bool kube_tls_server_dates(CURL *curl, struct kube_dates *ret_dates)
{
	static const char key[] = "Cert:";
	struct curl_certinfo *chain = NULL;
	struct kube_dates dates = { .is_known = true };
	struct error unread = { 0 };

	if (curl_easy_getinfo(curl, CURLINFO_CERTINFO, &chain) != CURLE_OK ||
	    chain == NULL || chain->num_of_certs == 0)
		return false;
	for (const struct curl_slist *line = chain->certinfo[0]; line != NULL;
	     line = line->next) {
		const char *pem = line->data + strlen(key);

		if (strncmp(line->data, key, strlen(key)) != 0)
			continue;
		if (x509_dates(pem, strlen(pem), &dates.not_before,
			       &dates.not_after, &unread) < 0)
			return false;
		*ret_dates = dates;
		return true;
	}
	return false;
}
