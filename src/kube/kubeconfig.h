/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kubeconfig files (kubernetes.io, "kubeconfig (v1)"), read as kubectl reads
 * them: unknown keys are ignored, inline data wins over a path, paths are
 * relative to the file, a tokenFile that can be read wins over the token. A
 * token, user name or client certificate goes before a credential plugin.
 */
#ifndef CEM_KUBE_KUBECONFIG_H
#define CEM_KUBE_KUBECONFIG_H

#include "base/error.h"
#include "base/vector.h"
#include "kube/access.h"

/* The access that `context` (NULL or "": the current one) of the files gives,
 * merged as kube/kubeconfig_files.h says. ERROR_INVALID has file and line in
 * front. */
int kubeconfig_read(const struct string_vector *paths, const char *context,
		    struct kube_access *ret_access, struct error *err)
	__attribute__((warn_unused_result));

#endif
