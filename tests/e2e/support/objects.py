# SPDX-License-Identifier: Apache-2.0
"""Objects of the Kubernetes API that say what is to be served where."""


def _object(version, kind, name, namespace, **more):
    metadata = {"name": name, "namespace": namespace,
                "labels": more.pop("labels", None),
                "annotations": more.pop("annotations", None)}
    return {"apiVersion": version, "kind": kind, **more,
            "metadata": {key: value for key, value in metadata.items()
                         if value}}


# --- Ingress -----------------------------------------------------------------

def ingress(namespace, name, tls=(), hosts=(), class_name=None,
            old_class=None):
    """tls has a list of names for each of its entries; hosts are of rules."""
    service = {"service": {"name": "shop", "port": {"number": 80}}}
    path = {"path": "/", "pathType": "Prefix", "backend": service}
    spec = {"tls": [{"hosts": names} for names in tls],
            "rules": [{"host": host, "http": {"paths": [path]}}
                      for host in hosts],
            "defaultBackend": service}
    if class_name:
        spec["ingressClassName"] = class_name
    return _object("networking.k8s.io/v1", "Ingress", name, namespace,
                   annotations=old_class and {
                       "kubernetes.io/ingress.class": old_class}, spec=spec)


def ingress_class(name, is_default=False):
    return _object("networking.k8s.io/v1", "IngressClass", name, None,
                   annotations=is_default and {
                       "ingressclass.kubernetes.io/is-default-class": "true"},
                   spec={"controller": "example.com/controller"})


# --- Gateway API -------------------------------------------------------------

_GATEWAY_API = "gateway.networking.k8s.io/v1"


def listener(name, hostname=None, protocol="HTTPS", mode="Terminate",
             port=443, routes_from=None):
    described = {"name": name, "protocol": protocol, "port": port}
    if hostname:
        described["hostname"] = hostname
    if protocol != "HTTP":
        described["tls"] = {"mode": mode}
        if mode == "Terminate":
            described["tls"]["certificateRefs"] = [{"name": "certificate"}]
    if routes_from:
        described["allowedRoutes"] = {"namespaces": {"from": routes_from}}
    return described


def gateway(namespace, name, *listeners):
    return _object(_GATEWAY_API, "Gateway", name, namespace, spec={
        "gatewayClassName": "any", "listeners": list(listeners)})


def route(namespace, name, hostnames, *parents, kind="HTTPRoute"):
    """A parent is a gateway's name, or what a parentRef holds."""
    references = [{"name": parent} if isinstance(parent, str) else parent
                  for parent in parents]
    return _object(_GATEWAY_API, kind, name, namespace, spec={
        "parentRefs": references, "hostnames": list(hostnames)})


# --- Traefik and cert-manager ------------------------------------------------

def ingress_route(namespace, name, *matches, tls=True, group="traefik.io"):
    spec = {"routes": [{"kind": "Rule", "match": match,
                        "services": [{"name": "shop", "port": 80}]}
                       for match in matches]}
    if tls is not False:
        spec["tls"] = {} if tls is True else tls
    return _object(f"{group}/v1alpha1", "IngressRoute", name, namespace,
                   spec=spec)


def certificate(namespace, name, domains, labels=None, not_before=None,
                not_after="2099-01-01T00:00:00Z"):
    """Issued if it has a beginning."""
    issued = {} if not_before is None else {
        "status": {"notBefore": not_before, "notAfter": not_after}}
    return _object("cert-manager.io/v1", "Certificate", name, namespace,
                   labels=labels, spec={
                       "secretName": name, "dnsNames": list(domains),
                       "issuerRef": {"name": "any"}}, **issued)


# --- Services ----------------------------------------------------------------

def endpoint(*addresses, pod=None, node="node-a", **conditions):
    """Conditions are ready, serving and terminating, as they are there."""
    described = {"addresses": list(addresses), "conditions": conditions,
                 "nodeName": node}
    if pod:
        described["targetRef"] = {"kind": "Pod", "name": pod}
    return described


def endpoint_slice(namespace, name, service, endpoints, ports,
                   family="IPv4"):
    """ports maps names to numbers; a Service's only port may have none."""
    for each in endpoints:
        if "targetRef" in each:
            each["targetRef"]["namespace"] = namespace
    return _object(
        "discovery.k8s.io/v1", "EndpointSlice", name, namespace,
        labels={"kubernetes.io/service-name": service}, addressType=family,
        endpoints=list(endpoints),
        ports=[{"name": key, "port": number, "protocol": "TCP"}
               for key, number in ports.items()])
