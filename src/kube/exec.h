/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credential plugins (client.authentication.k8s.io; kubernetes.io, "client-go
 * credential plugins"): a program of the user's that prints a credential.
 * Reading what a kubeconfig says of one is kube/kubeconfig_exec.h's.
 */
#ifndef CEM_KUBE_EXEC_H
#define CEM_KUBE_EXEC_H

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/vector.h"

#define KUBE_EXEC_OUTPUT_MAX ((size_t)1024 * 1024) /* bytes */

struct kube_exec {
	char *api_version;
	char *command; /* a path if there is a slash in it, else $PATH */
	struct string_vector arguments; /* behind the command */
	/* "NAME=VALUE", each name once; over our own environment. With
	 * KUBERNETES_EXEC_INFO. */
	struct string_vector environment;
	char *install_hint; /* NULL: none */
};

/* A token, a certificate with its key, or both; what is missing is empty. */
struct kube_exec_credential {
	struct buffer token;
	struct buffer certificate; /* PEM */
	struct buffer key;	   /* PEM */
};

/* Runs the plugin. It has nothing to read and no terminal, and is killed with
 * all that it started at the deadline or if a signal comes.
 *
 * ERROR_INVALID: it cannot be started, or its output is no credential;
 * ERROR_UNAUTHORIZED: it failed, and the message quotes what it said, or what
 * it gave is over already; ERROR_TIMEOUT, ERROR_INTERRUPTED,
 * ERROR_TOO_LARGE. The message never holds its output. */
int kube_exec_run(const struct kube_exec *exec, struct mono_time deadline,
		  struct interrupt *interrupt,
		  struct kube_exec_credential *ret_credential,
		  struct error *err) __attribute__((warn_unused_result));

/* Wipe and free; zeroed afterwards. */
void kube_exec_free(struct kube_exec *exec);
void kube_exec_credential_free(struct kube_exec_credential *credential);

#endif
