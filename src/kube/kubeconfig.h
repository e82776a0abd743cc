/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kubeconfig files (kubernetes.io, "kubeconfig (v1)"), read as kubectl reads
 * them: unknown keys are ignored, inline data wins over a path, paths are
 * relative to the file, a tokenFile that can be read wins over the token.
 */
#ifndef CEM_KUBE_KUBECONFIG_H
#define CEM_KUBE_KUBECONFIG_H

#include "base/error.h"
#include "kube/access.h"

#define KUBECONFIG_MAX ((size_t)4 * 1024 * 1024) /* bytes, of the file */

/* The access that `context` (NULL or "": the current one) of the file gives.
 * ERROR_INVALID has file and line in front. */
int kubeconfig_read(const char *path, const char *context,
		    struct kube_access *ret_access, struct error *err)
	__attribute__((warn_unused_result));

#endif
