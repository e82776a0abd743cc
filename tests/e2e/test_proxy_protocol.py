# SPDX-License-Identifier: Apache-2.0
"""The PROXY header that listeners behind a TCP load balancer demand."""

import pytest
from support import gallery as at
from support import hostile
from support.dialogues import GO_AHEAD, answers
from support.haproxy import HAProxy
from support.hostile import Listener, hears
from support.mail import Dovecot, Postfix
from support.nginx import Nginx

GOOD = ("valid", 1, None)
#: Versions, and the header of a connection that is the proxy's own: no
#: addresses in it.
HEADERS = {"v1": b"PROXY UNKNOWN\r\n",
           "v2": b"\r\n\r\n\0\r\nQUIT\n" + b"\x20\x00\x00\x00"}


@pytest.fixture(scope="module")
def certificate(gallery):
    return gallery.certificates[at.VALID]


@pytest.fixture(scope="module")
def nginx(tmp_path_factory, certificate):
    server = Nginx(tmp_path_factory.mktemp("proxy-nginx"))
    server.add(["127.0.0.1"], certificate, listen="proxy_protocol")
    with server:
        yield server


@pytest.fixture(scope="module")
def postfix(certificate):
    server = Postfix()
    server.behind_proxy = server.add(
        certificate, "smtpd_upstream_proxy_protocol=haproxy",
        "smtpd_upstream_proxy_timeout=1s")
    server.port = server.add(certificate)
    with server:
        yield server


@pytest.fixture(scope="module")
def dovecot(certificate):
    with Dovecot(certificate) as server:
        yield server


@pytest.fixture(scope="module")
def haproxy(tmp_path_factory, certificate):
    server = HAProxy(tmp_path_factory.mktemp("haproxy"))
    server.port = server.add(certificate, "accept-proxy")
    server.plain = server.add(certificate, "")
    with server:
        yield server


@pytest.fixture(scope="module")
def haproxy_before_postfix(tmp_path_factory, postfix):
    server = HAProxy(tmp_path_factory.mktemp("haproxy-smtp"))
    server.port = server.forward(postfix.port, "accept-proxy")
    with server:
        yield server


#: server: (fixture, its port, options). Postfix 3.7 does not know the UNKNOWN
#: of version 1.
SERVERS = {
    "nginx": ("nginx", "port", ()),
    "haproxy": ("haproxy", "port", ()),
    "haproxy before postfix": ("haproxy_before_postfix", "port",
                               ("--starttls", "smtp")),
    "postfix": ("postfix", "behind_proxy", ("--starttls", "smtp")),
    "dovecot": ("dovecot", "behind_proxy", ("--starttls", "imap")),
}


@pytest.fixture
def verdict(monitor, request):
    """Probe one of SERVERS."""
    def verdict(server, *args):
        fixture, attribute, options = SERVERS[server]
        port = getattr(request.getfixturevalue(fixture), attribute)
        return monitor.measure({"pod": "127.0.0.1"}, [at.VALID], "--port",
                               str(port), *options, *args).verdict(pod="pod")
    return verdict


@pytest.mark.parametrize("server, version", [
    (server, version) for server in SERVERS for version in HEADERS
    if (server, version) != ("postfix", "v1")])
def test_server_that_demands_a_header(verdict, server, version):
    assert verdict(server, "--proxy-protocol", version) == GOOD


@pytest.mark.parametrize("server, reason", {
    "nginx": "handshake_closed", "haproxy": "handshake_closed",
    "postfix": "starttls_failed"}.items())
def test_server_that_is_not_given_one(verdict, server, reason):
    assert verdict(server, "--timeout", "10s") == ("notfound", 0, reason)


@pytest.mark.parametrize("version", HEADERS)
def test_nginx_that_does_not_expect_one(monitor, gallery, version):
    """It takes the header for HTTP without TLS."""
    metrics = monitor.measure({"pod": at.MAIN}, [at.VALID], "--port",
                              str(gallery.port), "--proxy-protocol", version)
    assert metrics.verdict(pod="pod") == ("notfound", 0, "not_tls")


@pytest.mark.parametrize("version", HEADERS)
def test_haproxy_that_does_not_expect_one(monitor, haproxy, version):
    metrics = monitor.measure({"pod": "127.0.0.1"}, [at.VALID], "--port",
                              str(haproxy.plain), "--proxy-protocol", version)
    assert metrics.verdict(pod="pod") == ("notfound", 0, "handshake_closed")


@pytest.mark.parametrize("version", HEADERS)
def test_header_and_then_tls(monitor, version):
    header = HEADERS[version]
    hello = b"\x16\x03"
    with Listener(hears(len(header + hello))) as listener:
        monitor.probe({"pod": listener.address}, [at.VALID], "--port",
                      str(listener.port), "--proxy-protocol", version)
        assert listener.wait_for_received()[0] == header + hello


@pytest.mark.parametrize("version", HEADERS)
def test_header_comes_before_starttls(monitor, certificate, version):
    """Nothing is said to who has not sent it."""
    header = HEADERS[version]
    dialogue = answers("smtp", GO_AHEAD["smtp"],
                       hostile.tells_how_it_ends(certificate))
    with Listener(hears(len(header), dialogue)) as listener:
        metrics = monitor.measure(
            {"pod": listener.address}, [at.VALID], "--port",
            str(listener.port), "--proxy-protocol", version,
            "--starttls", "smtp")
        assert metrics.verdict(pod="pod") == GOOD
        assert listener.wait_for_received()[0] == header


@pytest.mark.parametrize("version", HEADERS)
def test_every_connection_begins_with_it(monitor, version):
    """Also one that tries again, with old versions of TLS."""
    header = HEADERS[version]
    rejects = hostile.says(hostile.tlswire.alert(
        hostile.tlswire.PROTOCOL_VERSION))
    with Listener(hears(len(header), rejects)) as listener:
        monitor.probe({"pod": listener.address}, [at.VALID], "--port",
                      str(listener.port), "--proxy-protocol", version)
        assert listener.connections >= 2
        assert set(listener.wait_for_received(listener.connections)) == {
            header}
