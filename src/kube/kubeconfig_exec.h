/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a kubeconfig says of a credential plugin (`exec` of a user).
 */
#ifndef CEM_KUBE_KUBECONFIG_EXEC_H
#define CEM_KUBE_KUBECONFIG_EXEC_H

#include "base/error.h"
#include "kube/access.h"
#include "kube/exec.h"
#include "kube/kubeconfig_files.h"

/* Reads the mapping `exec` of the user. `cluster` is where it logs in, and
 * `access` what was read of that: the plugin is told if it asks for it. */
int kubeconfig_read_exec(const struct kubeconfig_entry *user,
			 const struct kubeconfig_entry *cluster,
			 const struct kube_access *access,
			 struct kube_exec *ret_exec, struct error *err)
	__attribute__((warn_unused_result));

#endif
