/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libcurl is told about TLS: whom to trust, the certificate to log in
 * with; and what it tells of the server's.
 */
#ifndef CEM_KUBE_TLS_H
#define CEM_KUBE_TLS_H

#include <curl/curl.h>

#include "base/error.h"
#include "kube/access.h"

/* What a kubeconfig holds inline, as memory files: libcurl wants paths. */
struct kube_tls_files {
	int ca; /* -1: none, as for the others */
	int certificate;
	int key;
};

#define KUBE_TLS_FILES_NONE ((struct kube_tls_files){ -1, -1, -1 })

/* Sets up TLS with the server, and with the proxy if that is an https:// one,
 * which is verified against the same authority, as kubectl does, and gets no
 * certificate. `files` must stay open as long as `curl` is used.
 *
 * ERROR_INVALID or ERROR_SYSTEM: a file cannot be read or is not what it
 * should be. An encrypted key is refused: nobody is there to open it. */
int kube_tls_set(CURL *curl, const struct kube_access *access,
		 struct kube_tls_files *files, struct error *err)
	__attribute__((warn_unused_result));

/* Closes; none afterwards. */
void kube_tls_files_close(struct kube_tls_files *files);

/* The dates of the certificate that the server has shown in the last
 * transfer, whether it was accepted or not; false if it has shown none, as on
 * a connection that was reused. */
bool kube_tls_server_dates(CURL *curl, struct kube_dates *ret_dates);

#endif
