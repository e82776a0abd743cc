# SPDX-License-Identifier: Apache-2.0
"""How far a handshake goes, and what is offered at which attempt."""

import contextlib

import pytest
from support import gallery as at
from support import hostile, tlswire
from support.gnutls import GnutlsServ
from support.haproxy import HAProxy
from support.openssl import SServer, facts
from support.pods import named_port
from support.relay import Relay
from support.tlswire import TLS10, TLS11, TLS12, TLS13

MODES = ["full", "certificate"]
OLD_VERSIONS = {TLS10, TLS11}
DATES = {"cert_not_before_timestamp_seconds": "not_before",
         "cert_not_after_timestamp_seconds": "not_after"}

_NO_CLIENT = "--disable-client-cert"
#: By the versions that they speak: options of each kind of server.
S_SERVER = {"both": [], "1.2": ["-tls1_2"], "1.3": ["-tls1_3"]}
HAPROXY = {"both": "", "1.2": "ssl-max-ver TLSv1.2",
           "1.3": "ssl-min-ver TLSv1.3"}
GNUTLS = {"both": "NORMAL", "1.2": "NORMAL:-VERS-ALL:+VERS-TLS1.2",
          "1.3": "NORMAL:-VERS-ALL:+VERS-TLS1.3"}
SERVERS = [f"{kind} {versions}"
           for kind in ("nginx", "openssl", "gnutls", "haproxy")
           for versions in ("both", "1.2", "1.3")]


@pytest.fixture(scope="module")
def servers(gallery, tmp_path_factory):
    """Name -> (address, port) of a server of each kind."""
    directory = tmp_path_factory.mktemp("modes")
    certificate = gallery.certificates[at.VALID]
    proxy = HAProxy(directory / "haproxy")
    found = {"nginx both": (at.MAIN, gallery.port),
             "nginx 1.2": (at.TLS12, gallery.port),
             "nginx 1.3": (at.TLS13, gallery.port)}
    with contextlib.ExitStack() as stack:
        for versions, options in S_SERVER.items():
            server = stack.enter_context(SServer(
                certificate, directory / f"openssl {versions}", *options))
            found[f"openssl {versions}"] = "127.0.0.1", server.port
        for versions, priority in GNUTLS.items():
            server = stack.enter_context(GnutlsServ(
                certificate, directory / f"gnutls {versions}", _NO_CLIENT,
                priority=priority))
            found[f"gnutls {versions}"] = "127.0.0.1", server.port
        for versions, options in HAPROXY.items():
            found[f"haproxy {versions}"] = "127.0.0.1", proxy.add(
                certificate, options)
        stack.enter_context(proxy)
        yield found


@pytest.fixture(scope="module", params=MODES)
def world(request, module_monitor, servers):
    """One run over all servers, in each mode."""
    pods = [named_port(name, port, address)
            for name, (address, port) in servers.items()]
    metrics = module_monitor().measure(
        pods, [at.VALID], "--port", "tls", "--handshake", request.param,
        "--metrics", "full")
    metrics.mode = request.param
    return metrics


@pytest.mark.parametrize("name", SERVERS)
def test_certificate_is_reported(world, servers, name):
    seen = facts(*servers[name], at.VALID)
    assert world.status(pod=name) == "valid"
    assert world.value("probe_success", pod=name) == 1
    assert world.reason(pod=name) is None
    assert world.words("cert_fingerprint_info", "fingerprint_sha256",
                       pod=name) == [seen.fingerprint]
    for family, fact in DATES.items():
        assert world.value(family, pod=name) == getattr(seen, fact)


@pytest.mark.parametrize("name", SERVERS)
def test_staples_are_only_spoken_of_where_they_can_be_seen(world, name):
    asked = world.mode == "full"
    assert bool(world.select("ocsp_response_info", pod=name)) == asked
    assert not world.select("ocsp_next_update_timestamp_seconds", pod=name)


# What is on the wire

@pytest.fixture
def tap(monitor, servers):
    """Probe one of the servers through a wiretap; what was said there."""
    def tap(name, *args, domains=(at.VALID,)):
        with Relay(*servers[name]) as relay:
            metrics = monitor.measure({"pod": relay.address}, domains,
                                      "--port", str(relay.port), *args)
            for talk in relay.talks:
                talk.types = talk.record_types()
        assert metrics.status(pod="pod", domain=at.VALID) == "valid"
        return relay.talks
    return tap


def is_modern(hello):
    return not (OLD_VERSIONS & set(hello.versions())
                or tlswire.SHA1_SIGNATURES & set(hello.signature_algorithms()))


@pytest.mark.parametrize("name", SERVERS)
def test_full_mode_offers_both_versions_and_completes(tap, name):
    talk, = tap(name)
    assert set(talk.hello.versions()) == {TLS12, TLS13}
    assert is_modern(talk.hello)
    # Finished is a handshake record in TLS 1.2, and in 1.3 looks like data.
    assert (talk.types.count(tlswire.HANDSHAKE) == 3
            or talk.types.count(tlswire.APPLICATION_DATA) == 2)


@pytest.mark.parametrize("name", [name for name in SERVERS
                                  if not name.endswith("1.3")])
def test_certificate_mode_hangs_up_at_the_certificate(tap, name):
    """TLS 1.2 alone is offered, and nothing follows the ClientHello."""
    talk, = tap(name, "--handshake", "certificate")
    assert talk.hello.versions() == (TLS12,)
    assert is_modern(talk.hello)
    assert set(talk.types[1:]) <= {tlswire.ALERT}


@pytest.mark.parametrize("name", [name for name in SERVERS
                                  if name.endswith("1.3")])
def test_certificate_mode_offers_tls13_where_it_must(tap, name):
    first, second = tap(name, "--handshake", "certificate")
    assert first.hello.versions() == (TLS12,)
    assert TLS13 in second.hello.versions()
    assert is_modern(first.hello)
    # gnutls-serv has no word for it but handshake_failure, after which all
    # that is left is offered at once.
    assert is_modern(second.hello) or name.startswith("gnutls")
    assert tlswire.HANDSHAKE not in second.types[1:]


FIVE = [at.VALID, at.SOON, at.SHORT, at.EXPIRED, at.NOT_YET]


def test_what_an_endpoint_needs_is_remembered(tap):
    first, *others = tap("nginx 1.3", "--handshake", "certificate",
                         "--concurrency", "1", domains=FIVE)
    assert first.hello.versions() == (TLS12,)
    assert len(others) == len(FIVE)
    for talk in others:
        assert TLS13 in talk.hello.versions()


def test_only_connections_under_way_do_not_know_it_yet(tap):
    """There are four of them at the most."""
    talks = tap("nginx 1.3", "--handshake", "certificate", domains=FIVE)
    offers = [talk.hello.versions() for talk in talks]
    assert 1 <= offers.count((TLS12,)) <= 4
    assert offers.count((TLS12,)) + len(FIVE) == len(talks)
    assert TLS13 in offers[-1]


def test_the_first_offer_stays_where_it_works(tap):
    talks = tap("nginx both", "--handshake", "certificate", domains=FIVE)
    assert [talk.hello.versions() for talk in talks] == (
        [(TLS12,)] * len(FIVE))


# Second attempts

class Refuser:
    """A behaviour that refuses each ClientHello, and notes it."""

    def __init__(self, answer):
        self.answer = answer
        self.hellos = []

    def __call__(self, connection):
        self.hellos.append(tlswire.client_hello(
            tlswire.read_record(connection)))
        if self.answer:
            connection.sendall(self.answer)
            hostile.silent(connection)


@pytest.fixture
def refuse(monitor):
    """Probe a server that refuses; what it was offered, and the reason."""
    def refuse(answer, *args):
        refuser = Refuser(answer)
        with hostile.Listener(refuser) as listener:
            metrics = monitor.measure({"pod": listener.address}, [at.VALID],
                                      "--port", str(listener.port), *args)
        assert metrics.status(pod="pod") == "notfound"
        return refuser.hellos, metrics.reason(pod="pod")
    return refuse


@pytest.mark.parametrize("description", [tlswire.HANDSHAKE_FAILURE,
                                         tlswire.PROTOCOL_VERSION])
def test_what_is_old_is_offered_after_an_alert(refuse, description):
    (first, second), reason = refuse(tlswire.alert(description))
    assert is_modern(first)
    assert set(first.versions()) == {TLS12, TLS13}
    assert OLD_VERSIONS & set(second.versions()) or (
        second.version in OLD_VERSIONS)
    assert {0x0201, 0x0203} <= set(second.signature_algorithms())
    assert reason == "handshake_alert"


@pytest.mark.parametrize("mode", MODES)
def test_who_hangs_up_without_an_alert_is_not_asked_again(refuse, mode):
    (hello,), reason = refuse(b"", "--handshake", mode)
    assert is_modern(hello)
    assert reason == "handshake_closed"


def test_tls13_is_offered_to_who_says_that_it_is_the_version(refuse):
    hellos, _ = refuse(tlswire.alert(tlswire.PROTOCOL_VERSION),
                       "--handshake", "certificate")
    assert [hello.versions() for hello in hellos[:2]] == [(TLS12,), (TLS13,)]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("description, reason", [
    (tlswire.UNRECOGNIZED_NAME, "name_rejected"),
    (tlswire.INTERNAL_ERROR, "handshake_alert"),
    (tlswire.ACCESS_DENIED, "handshake_alert")])
def test_alerts_that_are_not_about_the_offer(refuse, description, reason,
                                             mode):
    """Another one would be refused just so."""
    (hello,), said = refuse(tlswire.alert(description), "--handshake", mode)
    assert is_modern(hello)
    assert said == reason


@pytest.mark.parametrize("mode", MODES)
def test_an_alert_each_time_comes_to_an_end(refuse, mode):
    hellos, reason = refuse(tlswire.alert(tlswire.PROTOCOL_VERSION),
                            "--handshake", mode)
    assert 2 <= len(hellos) <= 3
    assert is_modern(hellos[0])
    assert not is_modern(hellos[-1])
    assert reason == "handshake_alert"


@pytest.mark.parametrize("address, domain, status, reason", [
    (at.MAIN, at.HUGE, "valid", None),
    (at.MAIN, at.EXPIRED, "expired", None),
    (at.MAIN, at.UNKNOWN, "notfound", "name_mismatch"),
    (at.TLS11, at.VALID, "valid", None),
    (at.ASKS_12, at.VALID, "valid", None),
    (at.ASKS_13, at.VALID, "valid", None),
    (at.REJECTS, at.UNKNOWN, "notfound", "name_rejected")])
def test_certificate_mode_decides_as_full_mode_does(monitor, gallery, address,
                                                    domain, status, reason):
    metrics = monitor.measure({"pod": address}, [domain], "--port",
                              str(gallery.port), "--handshake", "certificate")
    assert metrics.status(pod="pod") == status
    assert metrics.reason(pod="pod") == reason
