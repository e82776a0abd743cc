# SPDX-License-Identifier: Apache-2.0
"""Every way to log in to a real API server, and to verify that it is it."""

import subprocess

import pytest
from support import gallery as at
from support.certs import Authority
from support.fakeapi import FakeApi
from support.kube import ADMIN, READABLE, READER
from support.kubeconfig import inline
from support.pods import pod, pod_list
from support.program import FAILED, OK
from support.requirements import require, require_root


@pytest.fixture(scope="module")
def namespace(kube, gallery):
    """With one pod; every credential that works finds it."""
    name = kube.create_namespace()
    # Others leave pods in the readable one as well.
    mine = {"test": "credentials"}
    kube.create_pods([pod("found", at.POOL[0], namespace=name, labels=mine),
                      pod("found", at.POOL[1], namespace=READABLE,
                          labels=mine)])
    return name


@pytest.fixture
def find(monitor, gallery, namespace):
    """Run the program and tell which pods it found."""
    def run(*args, ns=namespace, status=OK, **how):
        result = monitor.run("--namespaces", ns, "--domains", at.VALID,
                             "--labels", "test=credentials",
                             "--port", str(gallery.port), *args, **how)
        assert result.status == status, result
        return monitor.metrics().probed()
    return run


def token_file(kube, directory):
    path = directory / "token"
    path.write_text(ADMIN + "\n")       # editors end files so; clients cope
    return path


#: Form of the credential: (user, cluster) of a kubeconfig, as functions.
FORMS = {
    "token": lambda kube, tmp: ({"token": ADMIN}, {}),
    "tokenFile": lambda kube, tmp: (
        {"tokenFile": str(token_file(kube, tmp))}, {}),
    "tokenFile, relative": lambda kube, tmp: (
        {"tokenFile": token_file(kube, tmp).name}, {}),
    "certificate files": lambda kube, tmp: (
        {"client-certificate": str(kube.admin.cert),
         "client-key": str(kube.admin.key)}, {}),
    "certificate data": lambda kube, tmp: (
        {"client-certificate-data": inline(kube.admin.cert),
         "client-key-data": inline(kube.admin.key)}, {}),
    "certificate data, key file": lambda kube, tmp: (
        {"client-certificate-data": inline(kube.admin.cert),
         "client-key": str(kube.admin.key)}, {}),
    "authority data": lambda kube, tmp: (
        {"token": ADMIN},
        {"certificate-authority": "",
         "certificate-authority-data": inline(kube.ca.cert)}),
    "everything inline": lambda kube, tmp: (
        {"client-certificate-data": inline(kube.admin.cert),
         "client-key-data": inline(kube.admin.key)},
        {"certificate-authority": "",
         "certificate-authority-data": inline(kube.ca.cert)}),
}


@pytest.mark.parametrize("form", FORMS)
def test_credential_forms(find, kube, tmp_path, form):
    user, cluster = FORMS[form](kube, tmp_path)
    config = kube.kubeconfig(tmp_path / "config", user, cluster)
    assert find("--kubeconfig", config) == {"found"}


@pytest.mark.parametrize("form", FORMS)
def test_kubectl_takes_these_kubeconfigs_too(kube, tmp_path, form):
    """Holds the test's own kubeconfigs to what kubectl understands."""
    user, cluster = FORMS[form](kube, tmp_path)
    config = kube.kubeconfig(tmp_path / "config", user, cluster)
    subprocess.run([kube.binaries / "kubectl", "--kubeconfig", config, "get",
                    "pods"], check=True, capture_output=True,
                   env={"HOME": str(tmp_path)})


def test_kubeconfig_that_kubectl_wrote(find, kube, tmp_path):
    config = tmp_path / "config"

    def kubectl(*args):
        subprocess.run([kube.binaries / "kubectl", "--kubeconfig", config,
                        "config", *args], check=True, capture_output=True)

    kubectl("set-cluster", "c", "--server", kube.url, "--embed-certs",
            "--certificate-authority", kube.ca.cert)
    kubectl("set-credentials", "u", "--embed-certs", "--client-certificate",
            kube.admin.cert, "--client-key", kube.admin.key)
    kubectl("set-context", "x", "--cluster", "c", "--user", "u")
    kubectl("use-context", "x")
    assert find("--kubeconfig", config) == {"found"}


@pytest.mark.parametrize("form", ["PKCS#8", "of old"])
@pytest.mark.parametrize("is_inline", [False, True])
def test_encrypted_key(monitor, kube, tmp_path, form, is_inline):
    """It does not wait for a password; the line says which key and what to
    do."""
    key = tmp_path / "encrypted.key"
    how = ["ec", "-aes256"] if form == "of old" else ["pkey", "-aes256"]
    subprocess.run([require("openssl"), *how, "-in", kube.admin.key, "-out",
                    key, "-passout", "pass:s3cret"], check=True,
                   capture_output=True)
    user = {"client-certificate": str(kube.admin.cert)}
    user |= {"client-key-data": inline(key)} if is_inline else {
        "client-key": str(key)}
    config = kube.kubeconfig(tmp_path / "config", user)
    result = monitor.run("--kubeconfig", config, "--domains", "a.example.com")
    assert result.status == FAILED
    assert "is encrypted" in result.error
    assert ("client-key-data" if is_inline else str(key)) in result.error
    assert str(config) in result.error
    assert "openssl pkey" in result.error
    # Its advice works.
    plain = tmp_path / "plain.key"
    subprocess.run([require("openssl"), "pkey", "-in", key, "-out", plain,
                    "-passin", "pass:s3cret"], check=True,
                   capture_output=True)
    config = kube.kubeconfig(tmp_path / "config",
                             {"client-certificate": str(kube.admin.cert),
                              "client-key": str(plain)})
    result = monitor.run("--kubeconfig", config, "--domains", "a.example.com")
    assert result.status == OK, result


# Where the kubeconfig is found

def test_context_option(find, kube, tmp_path):
    config = kube.kubeconfig(tmp_path / "config", {"token": "wrong"},
                             more_contexts={"good": {"token": ADMIN}})
    assert find("--kubeconfig", config, "--context", "good") == {"found"}
    find("--kubeconfig", config, status=FAILED)


def test_kubeconfig_variable(find, kube, tmp_path):
    config = kube.kubeconfig(tmp_path / "config")
    assert find(env={"KUBECONFIG": str(config)}) == {"found"}


def test_option_goes_before_variable(find, kube, tmp_path):
    good = kube.kubeconfig(tmp_path / "good")
    bad = kube.kubeconfig(tmp_path / "bad", {"token": "wrong"})
    assert find("--kubeconfig", good,
                env={"KUBECONFIG": str(bad)}) == {"found"}


def test_kubeconfig_in_home(find, kube, tmp_path):
    home = tmp_path / "somebody"
    (home / ".kube").mkdir(parents=True)
    kube.kubeconfig(home / ".kube" / "config")
    assert find(env={"HOME": str(home)}) == {"found"}


def in_cluster(tmp_path, token, authority):
    """A wrapper that gives the program a pod's service account: a mount
    namespace where its fixed directory exists."""
    require_root()
    account = tmp_path / "account"
    account.mkdir()
    (account / "token").write_text(token)
    (account / "namespace").write_text("default")
    (account / "ca.crt").write_bytes(authority.read_bytes())
    script = ('run=$(readlink -f /var/run) && '
              'mount -t tmpfs tmpfs "$run" && '
              'mkdir -p "$run/secrets/kubernetes.io/serviceaccount" && '
              f'cp {account}/* "$run/secrets/kubernetes.io/serviceaccount" && '
              'exec "$@"')
    return ["unshare", "-m", "sh", "-c", script, "sh"]


def pod_environment(kube):
    return {"KUBERNETES_SERVICE_HOST": "127.0.0.1",
            "KUBERNETES_SERVICE_PORT": str(kube.port)}


def test_in_cluster_account(find, kube, tmp_path):
    wrapper = in_cluster(tmp_path, READER, kube.ca.cert)
    assert find(ns=READABLE, wrapper=wrapper,
                env=pod_environment(kube)) == {"found"}


def test_in_cluster_account_goes_before_home(find, kube, tmp_path):
    (tmp_path / ".kube").mkdir()
    kube.kubeconfig(tmp_path / ".kube" / "config", {"token": "wrong"})
    wrapper = in_cluster(tmp_path, READER, kube.ca.cert)
    assert find(ns=READABLE, wrapper=wrapper,
                env=pod_environment(kube)) == {"found"}


def test_in_cluster_account_on_ipv6(find, kube, tmp_path):
    """The variable then holds a bare address."""
    listed = pod_list([pod("six", at.POOL[0])], "PodList").encode()
    with FakeApi(kube.server, lambda request: (200, listed), "::1") as api:
        wrapper = in_cluster(tmp_path, READER, kube.ca.cert)
        assert find(wrapper=wrapper, env={
            "KUBERNETES_SERVICE_HOST": "::1",
            "KUBERNETES_SERVICE_PORT": str(api.port)}) == {"six"}
        request, = api.requests
        assert request.headers["Authorization"] == f"Bearer {READER}"


# Whether the server is the right one

@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """An authority that has nothing to do with the API server."""
    return Authority(tmp_path_factory.mktemp("stranger"), name="Stranger")


def test_no_verification_on_demand(find, kube, tmp_path):
    config = kube.kubeconfig(tmp_path / "config", cluster={
        "certificate-authority": "", "insecure-skip-tls-verify": True})
    assert find("--kubeconfig", config) == {"found"}


@pytest.mark.parametrize("name, status", [
    ("kubernetes.default.svc", OK), ("wrong.example", FAILED)])
def test_server_name_of_the_certificate(find, monitor, kube, tmp_path, name,
                                        status):
    config = kube.kubeconfig(tmp_path / "config",
                             cluster={"tls-server-name": name})
    found = find("--kubeconfig", config, status=status)
    assert found == ({"found"} if status == OK else set())
    if status == FAILED:
        assert monitor.metrics().words("discovery_failure_info",
                                       "reason") == ["tls"]


def system_store(directory, certificate):
    """A wrapper under which this certificate is in the system's store, as a
    bundle and as a directory with hashed names."""
    require_root()
    directory.mkdir()
    (directory / "ca-certificates.crt").write_bytes(certificate.read_bytes())
    (directory / "kube.pem").write_bytes(certificate.read_bytes())
    subprocess.run([require("openssl"), "rehash", directory], check=True,
                   capture_output=True)
    return ["unshare", "-m", "sh", "-c",
            f'mount --bind {directory} /etc/ssl/certs && exec "$@"', "sh"]


def test_without_an_authority_the_system_store_counts(find, kube, tmp_path):
    """As for kubectl; and it proves that the store of the next test works."""
    config = kube.kubeconfig(tmp_path / "config",
                             cluster={"certificate-authority": ""})
    wrapper = system_store(tmp_path / "store", kube.ca.cert)
    assert find("--kubeconfig", config, wrapper=wrapper) == {"found"}


def test_system_store_does_not_help_another_authority(find, monitor, kube,
                                                      stranger, tmp_path):
    """Else every public authority could play the API server."""
    config = kube.kubeconfig(
        tmp_path / "config",
        cluster={"certificate-authority": str(stranger.cert)})
    wrapper = system_store(tmp_path / "store", kube.ca.cert)
    assert not find("--kubeconfig", config, wrapper=wrapper, status=FAILED)
    assert monitor.metrics().words("discovery_failure_info",
                                   "reason") == ["tls"]
