# SPDX-License-Identifier: Apache-2.0
"""The edge of a cluster: pods of Traefik, each with a certificate of its own,
behind a load balancer that knows nothing of TLS."""

import contextlib
from dataclasses import dataclass

from .certs import Authority
from .haproxy import HAProxy
from .kube import ApiServer, Etcd
from .openssl import presented
from .pods import pod
from .ports import free_port
from .processes import eventually
from .traefik import Traefik

DOMAIN = "shop.example.com"
NAMESPACE = "edge"
LABEL = {"app.kubernetes.io/name": "traefik"}
PORT_NAME = "websecure"
#: The address of the load balancer.
BALANCER = "127.91.0.1"


@dataclass(frozen=True)
class Place:
    """Where a pod is, or will be."""
    name: str
    node: str
    address: str

    def describe(self, port):
        """The object in the API."""
        return pod(self.name, self.address, namespace=NAMESPACE, labels=LABEL,
                   node=self.node, ports={PORT_NAME: port})


class Edge(contextlib.ExitStack):
    """places are those of all pods that are ever there: the load balancer
    knows their addresses, as it would know the nodes'."""

    def __init__(self, directory, places):
        super().__init__()
        directory.mkdir(parents=True)
        self._directory = directory
        self.port = free_port()
        self.authority = Authority(directory / "authority", name="Example CA")
        self.traefiks = {
            place: Traefik(directory / place.name, place.address, self.port)
            for place in places}
        self._haproxy = HAProxy(directory / "haproxy")
        self.balancer = self._haproxy.balance(BALANCER, {
            place.name: (place.address, self.port) for place in places})
        self.kube = None

    def __enter__(self):
        super().__enter__()
        try:
            etcd = self.enter_context(Etcd(self._directory / "etcd"))
            self.kube = self.enter_context(
                ApiServer(self._directory / "apiserver", etcd))
            self.kube.create_namespace(NAMESPACE)
        except BaseException:
            self.close()
            raise
        return self

    def certificate(self, name, begin, end, like=None):
        """For the domain. Like another: its later, or former, self."""
        same = {"key": like} if like else {}
        return self.authority.issue(name, domains=[DOMAIN], begin=begin,
                                    end=end, **same)

    def start(self, place, certificate):
        """The proxy, and then the pod: ready is who answers."""
        traefik = self.enter_context(self.traefiks[place])
        traefik.serve(certificate, DOMAIN)
        self.kube.create(place.describe(self.port))

    def renew(self, place, certificate):
        self.traefiks[place].serve(certificate, DOMAIN)

    def forget(self, place):
        """The pod, in the API; its process goes on."""
        self.kube.delete(place.describe(self.port))

    def stop(self, place):
        self.traefiks[place].__exit__()

    def open(self):
        """Open the load balancer, for pods that are there."""
        self.enter_context(self._haproxy)
        eventually(lambda: presented(BALANCER, self.balancer, DOMAIN),
                   "a connection through the load balancer")
