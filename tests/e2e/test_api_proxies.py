# SPDX-License-Identifier: Apache-2.0
"""`proxy-url`: real proxies on the way to a real API server."""

import subprocess

import pytest
from support import gallery as at
from support.certs import Authority
from support.fakeapi import FakeApi
from support.kube import ADMIN
from support.pods import pod, pod_list
from support.ports import free_port
from support.program import FAILED, OK
from support.proxies import Dante, TlsFront, Tinyproxy

#: Known to the SOCKS proxy alone.
NAME = "api.behind-the-proxy.example"


@pytest.fixture(scope="module")
def namespace(kube, gallery):
    name = kube.create_namespace()
    kube.create_pods([pod("found", at.POOL[0], namespace=name)])
    return name


@pytest.fixture
def find(monitor, gallery, namespace):
    def run(config, status=OK, **how):
        result = monitor.run("--kubeconfig", config, "--namespaces", namespace,
                             "--domains", at.VALID, "--port",
                             str(gallery.port), **how)
        assert result.status == status, result
        return monitor.metrics().probed() if status == OK else result.error
    return run


@pytest.fixture
def tinyproxy(tmp_path):
    with Tinyproxy(tmp_path) as proxy:
        yield proxy


@pytest.fixture
def dante(tmp_path):
    with Dante(tmp_path, NAME) as proxy:
        yield proxy


def reasons(monitor):
    return monitor.metrics().words("discovery_failure_info", "reason")


def through(kube, tmp_path, url, user=None, **cluster):
    return kube.kubeconfig(tmp_path / "config", user,
                           {"proxy-url": url, **cluster})


@pytest.mark.parametrize("slash", ["", "/"])
def test_http_proxy(find, kube, tmp_path, tinyproxy, slash):
    config = through(kube, tmp_path,
                     f"http://127.0.0.1:{tinyproxy.port}{slash}")
    # What the environment says of proxies does not count.
    assert find(config, env={"NO_PROXY": "*", "no_proxy": "127.0.0.1"}) == \
        {"found"}
    assert tinyproxy.connects() == 1


def test_http_proxy_with_a_client_certificate(find, kube, tmp_path, tinyproxy):
    config = through(kube, tmp_path, f"http://127.0.0.1:{tinyproxy.port}",
                     {"client-certificate": str(kube.admin.cert),
                      "client-key": str(kube.admin.key)},
                     **{"tls-server-name": "kubernetes.default.svc"})
    assert find(config) == {"found"}
    assert tinyproxy.connects() == 1


def test_http_proxy_that_asks_for_a_password(find, monitor, kube, tmp_path):
    with Tinyproxy(tmp_path, "joe s3cret-w0rd") as proxy:
        at_proxy = f"127.0.0.1:{proxy.port}"
        config = through(kube, tmp_path, f"http://joe:s3cret%2Dw0rd@{at_proxy}")
        assert find(config) == {"found"}
        config = through(kube, tmp_path, f"http://joe:wrong-w0rd@{at_proxy}")
        said = find(config, status=FAILED)
        assert "CONNECT tunnel failed, response 40" in said
        assert f"(through the proxy http://{at_proxy})" in said
        assert "wrong-w0rd" not in said
        assert reasons(monitor) == ["unreachable"]


def test_socks_proxy_looks_the_name_up(find, kube, tmp_path, dante):
    config = through(kube, tmp_path, f"socks5://127.0.0.1:{dante.port}",
                     server=f"https://{NAME}:{kube.port}",
                     **{"tls-server-name": "kubernetes.default.svc"})
    assert find(config) == {"found"}
    assert dante.connects() > 0


def test_kubectl_goes_through_the_socks_proxy_too(kube, tmp_path, dante):
    """The oracle of who looks the name up."""
    config = through(kube, tmp_path, f"socks5://127.0.0.1:{dante.port}",
                     server=f"https://{NAME}:{kube.port}",
                     **{"tls-server-name": "kubernetes.default.svc"})
    subprocess.run([kube.binaries / "kubectl", "--kubeconfig", config, "get",
                    "pods"], check=True, capture_output=True,
                   env={"HOME": str(tmp_path)})


def kubectl(kube, tmp_path, config):
    return subprocess.run(
        [kube.binaries / "kubectl", "--kubeconfig", config, "get", "pods"],
        check=False, capture_output=True,
        env={"HOME": str(tmp_path)}).returncode == 0


@pytest.mark.parametrize("trusted", [True, False])
def test_https_proxy(find, monitor, kube, tmp_path, tinyproxy, trusted):
    """Verified by the cluster's own authority, as kubectl does."""
    ca = kube.ca if trusted else Authority(tmp_path / "ca", name="Stranger")
    certificate = ca.issue(f"proxy-{trusted}", addresses=["127.0.0.1"])
    with TlsFront(certificate, tinyproxy.port) as front:
        config = through(kube, tmp_path, f"https://127.0.0.1:{front.port}",
                         {"client-certificate": str(kube.admin.cert),
                          "client-key": str(kube.admin.key)})
        if trusted:
            assert find(config) == {"found"}
            assert front.heard.startswith(b"CONNECT 127.0.0.1:")
        else:
            assert "(through the proxy" in find(config, status=FAILED)
            assert reasons(monitor) == ["tls"]
            assert not front.heard
        assert kubectl(kube, tmp_path, config) == trusted


def test_proxy_does_not_see_the_token(find, kube, tmp_path, tinyproxy):
    certificate = kube.ca.issue("watching-proxy", addresses=["127.0.0.1"])
    with TlsFront(certificate, tinyproxy.port) as front:
        config = through(kube, tmp_path, f"https://127.0.0.1:{front.port}")
        assert find(config) == {"found"}
        assert front.heard.startswith(b"CONNECT ")
        assert b"Authorization" not in front.heard
        assert ADMIN.encode() not in front.heard


def test_nobody_is_at_the_proxy(find, monitor, kube, tmp_path):
    url = f"http://127.0.0.1:{free_port()}"
    said = find(through(kube, tmp_path, url), status=FAILED)
    assert f"(through the proxy {url})" in said
    assert "Connection refused" in said
    assert reasons(monitor) == ["unreachable"]


def test_server_is_verified_behind_a_proxy(find, monitor, kube, tmp_path,
                                           tinyproxy):
    stranger = Authority(tmp_path / "stranger", name="Stranger")
    config = through(kube, tmp_path, f"http://127.0.0.1:{tinyproxy.port}",
                     **{"certificate-authority": str(stranger.cert)})
    find(config, status=FAILED)
    assert reasons(monitor) == ["tls"]
    assert tinyproxy.connects() == 1


# User name and password: what a real server no longer takes, a proxy in front
# of it may

def test_user_name_and_password(find, kube, tmp_path):
    page = pod_list([pod("found", at.POOL[0])], "PodList").encode()
    with FakeApi(kube.server, lambda request: (200, page)) as api:
        config = kube.kubeconfig(
            tmp_path / "config", {"username": "joe", "password": "pass:w\u00f6rd"},
            {"server": api.url})
        assert find(config) == {"found"}
        request, = api.requests
        # printf 'joe:pass:wörd' | base64
        assert request.headers["Authorization"] == \
            "Basic am9lOnBhc3M6d8O2cmQ="
        # kubectl sends the same.
        subprocess.run([kube.binaries / "kubectl", "--kubeconfig", config,
                        "get", "--raw", "/api/v1/pods"], check=True,
                       capture_output=True, env={"HOME": str(tmp_path)})
        assert api.requests[-1].headers["Authorization"] == \
            request.headers["Authorization"]


def test_password_that_is_refused_is_not_shown(find, monitor, kube, tmp_path):
    def answer(request):
        sent = request.headers["Authorization"]
        return 401, (f'{{"kind":"Status","message":"no to {sent}"}}').encode()

    with FakeApi(kube.server, answer) as api:
        config = kube.kubeconfig(
            tmp_path / "config",
            {"username": "joe", "password": "s3cret-w0rd"},
            {"server": api.url})
        said = find(config, status=FAILED)
        assert "no to Basic ****" in said
        assert len(api.requests) == 1
        assert reasons(monitor) == ["unauthorized"]
