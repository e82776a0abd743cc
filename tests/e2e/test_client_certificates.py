# SPDX-License-Identifier: Apache-2.0
"""Servers that want to know who asks, with and without an answer to that."""

import contextlib

import pytest
from support import gallery as at
from support import jobs
from support.certs import Authority
from support.gnutls import GnutlsServ
from support.haproxy import HAProxy
from support.openssl import SServer, client, openssl
from support.pods import named_port
from support.program import OK, USAGE

S_SERVER = {"1.2": "-tls1_2", "1.3": "-tls1_3"}
HAPROXY = {"1.2": "ssl-max-ver TLSv1.2", "1.3": "ssl-min-ver TLSv1.3"}
GNUTLS = {"1.2": "NORMAL:-VERS-ALL:+VERS-TLS1.2",
          "1.3": "NORMAL:-VERS-ALL:+VERS-TLS1.3"}
SERVERS = [f"{kind} {version}" for kind in ("openssl", "gnutls", "haproxy")
           for version in S_SERVER]
OLD = "# HELP old x\n# TYPE old gauge\nold 1\n"


class Clients:
    """Who may come in: the root is what servers know, and the certificate is
    of an authority below it, so that it takes a chain to be believed."""

    def __init__(self, directory):
        self.root = Authority(directory / "root", "Clients")
        below = Authority(directory / "below", "Clients below",
                          issuer=self.root)
        self.good = below.issue("monitor", cn="monitor", client=True)
        self.rsa = below.issue("monitor-rsa", cn="monitor", client=True,
                               key="rsa-2048")
        self.other = below.issue("other", cn="other", client=True)


@pytest.fixture(scope="module")
def clients(tmp_path_factory):
    return Clients(tmp_path_factory.mktemp("clients"))


@pytest.fixture(scope="module")
def servers(gallery, clients, tmp_path_factory):
    """Name -> port of a server that lets only the clients in."""
    directory = tmp_path_factory.mktemp("demanding")
    certificate = gallery.certificates[at.VALID]
    root = clients.root.cert
    proxy = HAProxy(directory / "haproxy")
    ports = {}
    with contextlib.ExitStack() as stack:
        for version, option in S_SERVER.items():
            ports[f"openssl {version}"] = stack.enter_context(SServer(
                certificate, directory / f"openssl {version}", option,
                "-Verify", "3", "-verify_return_error", "-CAfile",
                root)).port
        for version, priority in GNUTLS.items():
            ports[f"gnutls {version}"] = stack.enter_context(GnutlsServ(
                certificate, directory / f"gnutls {version}",
                "--require-client-cert", "--verify-client-cert",
                "--x509cafile", root, priority=priority)).port
        for version, options in HAPROXY.items():
            ports[f"haproxy {version}"] = proxy.add(
                certificate, f"verify required ca-file {root} {options}")
        stack.enter_context(proxy)
        yield ports


@pytest.fixture(scope="module")
def world(module_monitor, gallery, clients, servers):
    """One run of several jobs over all of them."""
    monitor = module_monitor()
    common = {"domains": [at.VALID], "port": "tls",
              "ca_file": gallery.root.cert}
    result = jobs.run(
        monitor, gallery,
        [named_port(name, port) for name, port in servers.items()],
        {"nobody": common,
         "monitor": {**common, "client_certificate": clients.good.chain,
                     "client_key": clients.good.key},
         "rsa": {**common, "client_certificate": clients.rsa.chain,
                 "client_key": clients.rsa.key},
         "hasty": {**common, "handshake": "certificate"}},
        "--log-level", "debug")
    assert result.status == OK, result
    metrics = monitor.metrics()
    metrics.text = monitor.output.read_text()
    metrics.said = result.stdout + result.stderr
    return metrics


@pytest.mark.parametrize("name", SERVERS)
def test_servers_turn_openssl_away_without_a_certificate(servers, clients,
                                                         name):
    """And let it in with one: the servers are what they are to be."""
    port = servers[name]
    assert "alert" in client("127.0.0.1", port, at.VALID, "-ign_eof")
    assert "alert" not in client(
        "127.0.0.1", port, at.VALID, "-cert", clients.good.chain,
        "-cert_chain", clients.good.chain, "-key", clients.good.key)


@pytest.mark.parametrize("name", SERVERS)
def test_certificate_counts_though_the_handshake_fails(world, gallery, name):
    pair = {"job_name": "nobody", "pod": name}
    assert world.status(**pair) == "valid"
    assert world.value("probe_success", **pair) == 0
    assert world.reason(**pair) == "client_certificate_required"
    assert world.value("cert_verified", **pair) == 1
    assert world.value(
        "cert_not_after_timestamp_seconds",
        **pair) == gallery.certificates[at.VALID].not_after.timestamp()


@pytest.mark.parametrize("job", ["monitor", "rsa"])
@pytest.mark.parametrize("name", SERVERS)
def test_handshake_completes_with_a_certificate(world, name, job):
    pair = {"job_name": job, "pod": name}
    assert world.status(**pair) == "valid"
    assert world.value("probe_success", **pair) == 1
    assert world.reason(**pair) is None


@pytest.mark.parametrize("name", SERVERS)
def test_who_hangs_up_at_the_certificate_needs_none(world, name):
    pair = {"job_name": "hasty", "pod": name}
    assert world.status(**pair) == "valid"
    assert world.value("probe_success", **pair) == 1


def secret_lines(key):
    return [line for line in key.read_text().splitlines() if "-" not in line]


def test_no_key_is_ever_shown(world, clients):
    for key in (clients.good.key, clients.rsa.key):
        for line in secret_lines(key):
            assert line not in world.said
            assert line not in world.text


def test_stranger_is_still_told_the_dates(monitor, gallery, servers, tmp_path):
    """A certificate that the servers do not know."""
    stranger = Authority(tmp_path / "strangers", "Strangers").issue(
        "stranger", client=True)
    result = jobs.run(
        monitor, gallery,
        [named_port(name, port) for name, port in servers.items()],
        {"edge": {"domains": [at.VALID], "port": "tls",
                  "client_certificate": stranger.chain,
                  "client_key": stranger.key}})
    assert result.status == OK, result
    metrics = monitor.metrics()
    for name in SERVERS:
        assert metrics.status(pod=name) == "valid"
        assert metrics.value("probe_success", pod=name) == 0
        assert metrics.reason(pod=name) in ("client_certificate_required",
                                            "handshake_alert")


# What cannot be used

def _key_of_another(clients, directory):
    return clients.good.chain, clients.other.key, "key"


def _key_of_another_kind(clients, directory):
    return clients.good.chain, clients.rsa.key, "key"


def _no_certificate(clients, directory):
    return directory / "missing.crt", clients.good.key, "certificate"


def _no_key(clients, directory):
    return clients.good.chain, directory / "missing.key", "key"


def _encrypted_key(clients, directory):
    path = directory / "encrypted.key"
    openssl("pkey", "-in", clients.good.key, "-aes256", "-passout",
            "pass:opensesame", "-out", path)
    return clients.good.chain, path, "key"


def _encrypted_the_old_way(clients, directory):
    path = directory / "old.key"
    openssl("ec", "-in", clients.good.key, "-aes256", "-passout",
            "pass:opensesame", "-out", path)
    return clients.good.chain, path, "key"


def _certificate_for_a_key(clients, directory):
    return clients.good.chain, clients.good.chain, "key"


def _key_for_a_certificate(clients, directory):
    return clients.good.key, clients.good.key, "certificate"


def _empty_key(clients, directory):
    path = directory / "empty.key"
    path.write_text("")
    return clients.good.chain, path, "key"


def _directory(clients, directory):
    return directory, clients.good.key, "certificate"


@pytest.fixture
def refused(monitor, gallery, clients, tmp_path):
    """Run it on a job; the only line that it said, over an old file."""
    def refused(**job):
        monitor.output.write_text(OLD)
        result = jobs.run(monitor, gallery, [named_port("pod", 1)], {
            "edge": {"domains": [at.VALID], "port": "tls", **job}})
        assert result.status == USAGE, result
        assert monitor.output.read_text() == OLD
        for line in secret_lines(clients.good.key):
            assert line not in result.stdout + result.stderr
        return result.error
    return refused


@pytest.mark.parametrize("make", [
    _key_of_another, _key_of_another_kind, _no_certificate, _no_key,
    _encrypted_key, _encrypted_the_old_way, _certificate_for_a_key,
    _key_for_a_certificate, _empty_key, _directory])
def test_files_that_cannot_be_used(refused, clients, tmp_path, make):
    certificate, key, culprit = make(clients, tmp_path)
    said = refused(client_certificate=certificate, client_key=key)
    assert str({"key": key, "certificate": certificate}[culprit]) in said
    if "encrypted" in make.__name__:
        assert "encrypted" in said or "password" in said


@pytest.mark.parametrize("missing", ["client_certificate", "client_key"])
def test_one_without_the_other(refused, clients, missing):
    job = {"client_certificate": clients.good.chain,
           "client_key": clients.good.key}
    del job[missing]
    assert missing in refused(**job)
