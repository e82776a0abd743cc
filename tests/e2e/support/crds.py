# SPDX-License-Identifier: Apache-2.0
"""Kinds that are not built in, as their projects release them."""

import functools

from .processes import eventually
from .requirements import built

GATEWAY_API = ("gateways.gateway.networking.k8s.io",
               "httproutes.gateway.networking.k8s.io",
               "grpcroutes.gateway.networking.k8s.io")
CERT_MANAGER = ("certificates.cert-manager.io",)
TRAEFIK = ("ingressroutes.traefik.io",)
#: The group that Traefik had before its third major version.
OLD_TRAEFIK = ("ingressroutes.traefik.containo.us",)
PROMETHEUS_OPERATOR = ("podmonitors.monitoring.coreos.com",
                       "prometheusrules.monitoring.coreos.com",
                       "servicemonitors.monitoring.coreos.com")


@functools.cache
def directory():
    """Where the definitions lie, fetched the first time."""
    return built("kube-apiserver/crds.sh")


def install(kube, *names):
    """Install these kinds, where they are not, and wait until the API server
    serves them."""
    for name in names:
        kind, _, group = name.partition(".")
        # Too large for what a plain apply would write into it.
        kube.kubectl("apply", "--server-side", "-f",
                     str(directory() / f"{group}_{kind}.yaml"))
    kube.kubectl("wait", "--for=condition=Established", "--timeout=60s",
                 "crd", *names)
    for name in names:
        kube.kubectl("get", name, "-A")


def remove(kube, *names):
    """And all objects of these kinds, before it returns."""
    kube.kubectl("delete", "--ignore-not-found", "crd", *names)
    for name in names:
        group = name.partition(".")[2]
        eventually(lambda path=f"/apis/{group}": kube.request("GET", path)[0]
                   == 404, f"the end of {name}")
