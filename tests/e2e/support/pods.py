# SPDX-License-Identifier: Apache-2.0
"""Pods as the Kubernetes API describes them."""

import json


def pod(name, address=None, *, namespace="default", labels=None, ports=None,
        phase="Running", ready=True, addresses=None, host_address=None,
        node="node-a", host_network=False, deleting=False):
    """A pod object. ports maps a name to its number, or to (number,
    hostPort); addresses is for more than one, the first the primary one."""
    addresses = addresses or ([address] if address else [])
    status = {"phase": phase,
              "conditions": [{"type": "Ready",
                              "status": "True" if ready else "False"}]}
    if addresses:
        status["podIP"] = addresses[0]
        status["podIPs"] = [{"ip": each} for each in addresses]
    if host_address:
        status["hostIP"] = host_address
        status["hostIPs"] = [{"ip": host_address}]
    metadata = {"name": name, "namespace": namespace, "labels": labels or {}}
    if deleting:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": metadata,
        "spec": {"nodeName": node, "hostNetwork": host_network,
                 "terminationGracePeriodSeconds": 0,
                 "containers": [{"name": "proxy", "image": "proxy",
                                 "ports": [_port(key, value) for key, value
                                           in (ports or {}).items()]}]},
        "status": status}


def named_port(name, port, address="127.0.0.1"):
    """A pod whose port `tls` is this one: pods of one run may then differ."""
    return pod(name, address, ports={"tls": port})


def _port(name, value):
    number, host = value if isinstance(value, tuple) else (value, None)
    described = {"name": name, "containerPort": number, "protocol": "TCP"}
    if host:
        described["hostPort"] = host
    return described


def pod_list(pods, kind="List"):
    """As `kubectl get pods -o json` prints it, or (PodList) the API."""
    return json.dumps({"apiVersion": "v1", "kind": kind,
                       "metadata": {"resourceVersion": "1"},
                       "items": list(pods)})
