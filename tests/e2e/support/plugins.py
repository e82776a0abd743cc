# SPDX-License-Identifier: Apache-2.0
"""Credential plugins for kubeconfigs: small scripts that a test writes."""

import json
import shlex

V1 = "client.authentication.k8s.io/v1"
BETA = "client.authentication.k8s.io/v1beta1"


def credential(version=V1, **status):
    """An ExecCredential as a plugin prints it."""
    return json.dumps({"kind": "ExecCredential", "apiVersion": version,
                       "spec": {}, "status": status})


class Plugin:
    """A script beside its log: a line for each time that it was run. `says`
    is what it prints, `script` what it does besides, before that."""

    def __init__(self, directory, says="", script="", name="plugin"):
        self.path = directory / name
        self.log = directory / f"{name}.log"
        self.told = directory / f"{name}.info"
        said = directory / f"{name}.says"
        said.write_text(says)
        log, info, answer = (shlex.quote(str(path))
                             for path in (self.log, self.told, said))
        self.path.write_text(
            f'#!/bin/sh\necho "$@" >>{log}\n'
            f'printf %s "$KUBERNETES_EXEC_INFO" >{info}\n'
            f"{script}\ncat {answer}\n")
        self.path.chmod(0o755)

    @property
    def runs(self):
        """The arguments of each run."""
        return self.log.read_text().splitlines() if self.log.exists() else []

    @property
    def info(self):
        """What the last run was told."""
        return json.loads(self.told.read_text())

    def user(self, version=V1, **more):
        """What stands under `user` in a kubeconfig."""
        return {"exec": {"apiVersion": version, "command": str(self.path),
                         "interactiveMode": "Never", **more}}
