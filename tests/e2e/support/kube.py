# SPDX-License-Identifier: Apache-2.0
"""A real kube-apiserver with etcd on loopback, and how tests speak to it."""

import collections
import contextlib
import http.client
import json
import ssl
import subprocess
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from .certs import Authority
from .kubeconfig import kubeconfig
from .ports import free_port, is_listening
from .processes import Server, eventually
from .requirements import built, require

#: Users by what they may do. The tokens stand in the API server's token file.
#: Long, so that finding one in memory is no accident.
ADMIN = "admin-token-Hq7Vd0mZ4sXkUe2cRbYw9LtJ6nPaGf31"
NOBODY, READER = "nobody-token-5iBxT8rKqWz", "reader-token-oM3uD7yEhNv"
#: The only namespace where the reader may list pods.
READABLE = "readable"
#: The node that has a kubelet's credential.
NODE = "node-a.example.internal"

#: How the program's User-Agent begins.
OURS = "certificate-expiry-monitor/"

_AUDIT_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  verbs: [list]
  resources:
  - {group: "", resources: [pods]}
  - {group: discovery.k8s.io}
  - {group: networking.k8s.io}
  - {group: gateway.networking.k8s.io}
  - {group: cert-manager.io}
  - {group: traefik.io}
  - {group: traefik.containo.us}
- level: None
"""


def binaries():
    """The directory with kube-apiserver and kubectl, built the first time."""
    return built("kube-apiserver/build.sh")


def path_of(described):
    """Where the API has the objects of this one's kind and namespace."""
    version, metadata = described["apiVersion"], described["metadata"]
    # Good for all kinds that are here.
    kind = described["kind"].lower()
    plural = kind + ("es" if kind.endswith("s") else "s")
    base = f"/apis/{version}" if "/" in version else f"/api/{version}"
    if "namespace" in metadata:
        base += f"/namespaces/{metadata['namespace']}"
    return f"{base}/{plural}"


class Etcd(Server):
    def __init__(self, directory):
        directory.mkdir()
        self.url = f"http://127.0.0.1:{free_port()}"
        peers = f"http://127.0.0.1:{free_port()}"
        super().__init__(
            [require("etcd"), "--name=test", f"--data-dir={directory}/data",
             f"--listen-client-urls={self.url}",
             f"--advertise-client-urls={self.url}",
             f"--listen-peer-urls={peers}",
             f"--initial-advertise-peer-urls={peers}",
             f"--initial-cluster=test={peers}", "--logger=zap",
             "--log-level=error"], directory / "etcd.log")

    def __enter__(self):
        super().__enter__()
        self.wait_until(self._healthy, "etcd")
        return self

    def _healthy(self):
        try:
            with urllib.request.urlopen(f"{self.url}/health") as answer:
                return json.load(answer)["health"] == "true"
        except OSError:
            return False


class ApiServer(Server):
    """The server, its certificates and users, and a client for tests."""

    def __init__(self, directory, etcd):
        directory.mkdir()
        self.directory = directory
        self.binaries = binaries()
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.ca = Authority(directory / "ca", name="Kubernetes CA")
        self.server = self.ca.issue(
            "apiserver", domains=["kubernetes.default.svc", "localhost"],
            addresses=["127.0.0.1", "::1"])
        self.admin = self.ca.issue("admin", cn="admin-by-certificate",
                                   organization="system:masters", client=True)
        self.node = self.ca.issue("node", cn=f"system:node:{NODE}",
                                  organization="system:nodes", client=True)
        self.audit_log = directory / "audit.log"
        self._thread = threading.local()
        self._namespaces = 0
        super().__init__(self._arguments(etcd), directory / "apiserver.log")

    def _arguments(self, etcd):
        tokens = self.directory / "tokens.csv"
        tokens.write_text(f'{ADMIN},admin,1,"system:masters"\n'
                          f"{NOBODY},nobody,2\n{READER},reader,3\n")
        policy = self.directory / "audit-policy.yaml"
        policy.write_text(_AUDIT_POLICY)
        # Signs service account tokens.
        accounts = self.ca.issue("service-accounts", key="rsa-2048")
        return [
            self.binaries / "kube-apiserver", f"--etcd-servers={etcd.url}",
            "--bind-address=127.0.0.1", f"--secure-port={self.port}",
            f"--tls-cert-file={self.server.cert}",
            f"--tls-private-key-file={self.server.key}",
            f"--client-ca-file={self.ca.cert}",
            f"--token-auth-file={tokens}",
            f"--service-account-key-file={accounts.key}",
            f"--service-account-signing-key-file={accounts.key}",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--authorization-mode=Node,RBAC",
            "--disable-admission-plugins=ServiceAccount",
            f"--audit-policy-file={policy}",
            f"--audit-log-path={self.audit_log}"]

    def __enter__(self):
        self.start()
        self.create_namespace(READABLE)
        self._grant_reader()
        return self

    def start(self):
        """For the first time, or again after crash()."""
        super().__enter__()
        self.wait_until(lambda: is_listening(self.port), "the API server")
        self.wait_until(lambda: self.request("GET", "/readyz")[0] == 200
                        and self.request("GET", "/api/v1/namespaces/default")
                        [0] == 200, "a ready API server")

    def crash(self):
        """Without a farewell, and connections break."""
        self.process.kill()
        self.process.wait()
        self._thread = threading.local()

    # Requests

    def request(self, method, path, body=None, token=ADMIN,
                kind="application/json", agent="tests"):
        """(status, answer), over one connection for each thread."""
        arguments = (method, path, body and json.dumps(body),
                     {"Authorization": f"Bearer {token}",
                      "Content-Type": kind, "User-Agent": agent})
        try:
            return self._exchange(*arguments)
        except (http.client.HTTPException, OSError):
            # The server closes a connection that was idle for long, which is
            # seen in the next request.
            if self._disconnect() == 1:
                raise
            return self._exchange(*arguments)

    def _exchange(self, *arguments):
        if getattr(self._thread, "connection", None) is None:
            context = ssl.create_default_context(cafile=self.ca.cert)
            self._thread.connection = http.client.HTTPSConnection(
                "127.0.0.1", self.port, context=context, timeout=60)
            self._thread.exchanges = 0
        self._thread.exchanges += 1
        self._thread.connection.request(*arguments)
        answer = self._thread.connection.getresponse()
        data = answer.read()
        if answer.headers.get_content_type() == "application/json":
            data = json.loads(data)
        return answer.status, data

    def _disconnect(self):
        """How many requests were made over the connection that ends here."""
        self._thread.connection.close()
        self._thread.connection = None
        return self._thread.exchanges

    def ask(self, *args, **kwargs):
        status, answer = self.request(*args, **kwargs)
        assert 200 <= status < 300, f"{args}: {status} {answer}"
        return answer

    def kubectl(self, *args, token=ADMIN):
        """What kubectl prints: the oracle for lists."""
        return subprocess.run(
            [self.binaries / "kubectl", f"--server={self.url}",
             f"--certificate-authority={self.ca.cert}", f"--token={token}",
             *args], check=True, capture_output=True, text=True,
            env={"HOME": str(self.directory)}).stdout

    def pod_names(self, *args):
        return set(self.kubectl("get", "pods", "-o", "name", *args)
                   .replace("pod/", "").split())

    # Objects

    def create_namespace(self, name=None):
        """A namespace that no other test uses."""
        if name is None:
            self._namespaces += 1
            name = f"test-{self._namespaces}"
        self.ask("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        return name

    def create_pods(self, pods, threads=8):
        """Create pods and set their status, as a kubelet would."""
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(self.create_pod, pods))

    def create_pod(self, pod):
        wanted = dict(pod["metadata"])
        deleting = wanted.pop("deletionTimestamp", None)
        if deleting:
            # What is being deleted stays while somebody holds on to it.
            wanted["finalizers"] = ["example.com/keep"]
        path = f"/api/v1/namespaces/{wanted['namespace']}/pods"
        self.ask("POST", path, {**pod, "metadata": wanted})
        path += f"/{wanted['name']}"
        self.ask("PATCH", f"{path}/status", {"status": pod["status"]},
                 kind="application/merge-patch+json")
        if deleting:
            self.ask("DELETE", path)

    def create(self, *objects):
        """Objects as a manifest holds them, with their status if they have
        one: no controller is here to write it."""
        for each in objects:
            path = path_of(each)
            self.ask("POST", path, each)
            if "status" in each:
                self.ask("PATCH", f"{path}/{each['metadata']['name']}/status",
                         {"status": each["status"]},
                         kind="application/merge-patch+json")

    def delete(self, *objects):
        for each in objects:
            self.ask("DELETE", f"{path_of(each)}/{each['metadata']['name']}")

    def _grant_reader(self):
        rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]
        base = (f"/apis/rbac.authorization.k8s.io/v1/namespaces/{READABLE}")
        self.ask("POST", f"{base}/roles",
                 {"metadata": {"name": "pods"}, "rules": rules})
        self.ask("POST", f"{base}/rolebindings",
                 {"metadata": {"name": "pods"},
                  "roleRef": {"apiGroup": "rbac.authorization.k8s.io",
                              "kind": "Role", "name": "pods"},
                  "subjects": [{"apiGroup": "rbac.authorization.k8s.io",
                                "kind": "User", "name": "reader"}]})
        path = f"/api/v1/namespaces/{READABLE}/pods"
        # The authorizer learns of the binding a moment later.
        eventually(lambda: self.request("GET", path, token=READER)[0] == 200,
                   "the reader's rights")

    # For the program under test

    def kubeconfig(self, path, user=None, cluster=None, **more):
        """A kubeconfig for this server; an administrator's token if no user
        is given. What cluster holds goes before, "" takes a key away."""
        about = {"server": self.url,
                 "certificate-authority": str(self.ca.cert), **(cluster or {})}
        about = {key: value for key, value in about.items() if value != ""}
        return kubeconfig(path, about.pop("server"),
                          {"token": ADMIN} if user is None else user, about,
                          **more)

    def audited(self, agent=OURS, since=0, plural="pods"):
        """Lists of pods, or of others, that clients of this name asked for,
        oldest first."""
        with open(self.audit_log, encoding="utf-8") as lines:
            lines.seek(since)
            events = [json.loads(line) for line in lines]
        return [event for event in events
                if event.get("userAgent", "").startswith(agent)
                and plural in ("", event["objectRef"]["resource"])]

    @contextlib.contextmanager
    def counting_lists(self):
        """A counter that holds, when the context has ended, how often the
        program listed what."""
        counted = collections.Counter()
        before = self.audit_log.stat().st_size
        yield counted
        # A request is noted when it has been answered, and in turn.
        self.request("GET", "/api/v1/pods?limit=1", agent="the-end")
        eventually(lambda: self.audited("the-end", before),
                   "the end in the audit log")
        counted.update(event["objectRef"]["resource"] for event
                       in self.audited(since=before, plural=""))
