/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The access to one Kubernetes API server as plain data, and where it is
 * found. It holds secrets: kube_access_free() wipes them.
 */
#ifndef CEM_KUBE_ACCESS_H
#define CEM_KUBE_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "kube/exec.h"
#include "kube/proxy.h"

#define KUBE_PEM_MAX ((size_t)1024 * 1024) /* bytes, of one file or value */
#define KUBE_TOKEN_MAX ((size_t)64 * 1024) /* bytes */

/* Something that a kubeconfig names by its path or holds itself. Zeroed is
 * neither. */
struct kube_file {
	char *path;
	struct buffer bytes; /* PEM */
};

struct kube_access {
	char *source;  /* where it comes from, for messages */
	char *context; /* of the kubeconfig, NULL: there is none */
	char *server;  /* URL without user, query, fragment or final slash */
	char *tls_server_name; /* NULL: the server's name is the URL's host */
	bool insecure_skip_tls_verify;
	struct kube_proxy proxy; /* none, whatever the environment says */
	struct kube_file ca;	 /* neither: the system's store */
	struct kube_file client_certificate;
	struct kube_file client_key;
	struct buffer token; /* text, empty for none */
	char *token_path;    /* the file it was read from, NULL: none */
	struct buffer basic; /* base64 of "USER:PASSWORD", empty for none */
	/* What gives the credential, if there is none besides. */
	struct kube_exec *exec;
};

/* When a certificate is good. */
struct kube_dates {
	bool is_known;
	int64_t not_before; /* seconds since the epoch */
	int64_t not_after;
};

/* Finds the access in the usual places: the file `kubeconfig` if it is not
 * NULL; else the files of $KUBECONFIG that are there; else the service account
 * of the pod that this runs in; else ~/.kube/config. `context` picks one of a
 * kubeconfig's contexts, NULL or "" its current one; with a context the
 * service account, which has none, is passed over.
 *
 * ERROR_INVALID says what is malformed and where, or where one could be. */
int kube_access_find(const char *kubeconfig, const char *context,
		     struct kube_access *ret_access, struct error *err)
	__attribute__((warn_unused_result));

/* Runs the credential plugin, if the access needs one: before
 * kube_access_node() or a client is opened. Nothing else has to be done then.
 * Errors are those of kube_exec_run(). */
int kube_access_login(struct kube_access *access, struct mono_time deadline,
		      struct interrupt *interrupt, struct error *err)
	__attribute__((warn_unused_result));

/* After the server did not take the credential: gets it anew, from the plugin
 * or from a token file whose content is another one by now. *ret_is_new says
 * whether there is anything to try again with. */
int kube_access_renew(struct kube_access *access, struct mono_time deadline,
		      struct interrupt *interrupt, bool *ret_is_new,
		      struct error *err) __attribute__((warn_unused_result));

/* The access of a pod: `token` and `ca.crt` in `directory`, the server at
 * `host` (a name, or an address of either family) and `port`. */
int kube_access_in_cluster(const char *directory, const char *host,
			   const char *port, struct kube_access *ret_access,
			   struct error *err)
	__attribute__((warn_unused_result));

/* The name of the node whose credential this is (common name
 * "system:node:NAME" in the client certificate; "Using Node Authorization" in
 * the Kubernetes documentation), NULL if it is none's. The caller frees. */
int kube_access_node(const struct kube_access *access, char **ret_node,
		     struct error *err) __attribute__((warn_unused_result));

/* The validity of the certificate with which it logs in; unknown if that is
 * not how it does. */
int kube_access_client_dates(const struct kube_access *access,
			     struct kube_dates *ret_dates, struct error *err)
	__attribute__((warn_unused_result));

/* Whether a credential would be sent to the server. */
bool kube_access_has_credential(const struct kube_access *access);

/* Reads a bearer token: the file's text without white space around it. */
int kube_access_read_token(const char *path, struct buffer *ret_token,
			   struct error *err)
	__attribute__((warn_unused_result));

/* Whether the text can stand in an HTTP header (RFC 6750, b68token, and
 * leniently anything printable without spaces). */
bool kube_access_is_token(const struct buffer *token);

bool kube_file_is_set(const struct kube_file *file);

/* Blanks what a server may have put of the token, or of user name and
 * password as they are sent, into a message: the first characters tell, as
 * messages are cut. */
void kube_access_hide_token(const struct kube_access *access,
			    struct error *err);

/* Wipes and frees; zeroed afterwards. */
void kube_access_free(struct kube_access *access);

#endif
