# SPDX-License-Identifier: Apache-2.0
"""What a probe says of servers that fail, each in its own way."""

import threading

import pytest
from support import gallery as at
from support import hostile, tlswire
from support.haproxy import HAProxy
from support.hostile import FullBacklog, Listener, says
from support.openssl import SServer
from support.pods import named_port
from support.ports import free_port
from support.program import FAILED
from support.requirements import require, require_root

_GARBAGE = bytes(range(128, 256)) * 8

#: Name of the pod: (behaviour, reason)
BEHAVIOURS = {
    "silent": (hostile.silent, "handshake_timeout"),
    "silent-later": (hostile.silent_after_server_hello, "handshake_timeout"),
    "trickle": (hostile.trickle, "handshake_timeout"),
    "close": (hostile.close_at_once, "handshake_closed"),
    "close-hello": (hostile.close_after_hello, "handshake_closed"),
    "close-later": (hostile.close_after_server_hello, "handshake_closed"),
    "reset": (hostile.reset_after_hello, "handshake_closed"),
    "http": (says(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"),
             "not_tls"),
    "ssh": (says(b"SSH-2.0-OpenSSH_9.2\r\n", after_hello=False), "not_tls"),
    "smtp": (says(b"220 mail.example.com ESMTP\r\n", after_hello=False),
             "not_tls"),
    "garbage": (says(_GARBAGE), "not_tls"),
    "alert": (says(tlswire.alert(tlswire.HANDSHAKE_FAILURE)),
              "handshake_alert"),
    "alert-version": (says(tlswire.alert(tlswire.PROTOCOL_VERSION)),
                      "handshake_alert"),
    "alert-name": (says(tlswire.alert(tlswire.UNRECOGNIZED_NAME)),
                   "name_rejected"),
    "odd-cipher": (says(tlswire.server_hello(cipher=0xFEFE)),
                   "handshake_error"),
    "no-cert": (says(tlswire.server_hello() + tlswire.certificate_message()
                     + tlswire.server_hello_done()), "no_certificate"),
    "bad-cert": (says(tlswire.server_hello()
                      + tlswire.certificate_message(_GARBAGE)
                      + tlswire.server_hello_done()), "bad_certificate"),
    "endless": (hostile.endless, None),     # any reason, but an end
}

#: The closed list, less what only later versions can find.
REASONS = {"resolve_failed", "connect_refused", "connect_timeout",
           "connect_unreachable", "connect_error", "not_tls",
           "handshake_timeout", "handshake_alert", "handshake_closed",
           "handshake_error", "client_certificate_required", "name_rejected",
           "no_certificate", "bad_certificate", "name_mismatch", "deadline"}


@pytest.fixture(scope="module")
def trouble(module_monitor, gallery):
    """One run over all failing servers and a good one."""
    monitor = module_monitor()
    listeners = {name: Listener(behave)
                 for name, (behave, _) in BEHAVIOURS.items()}
    for listener in listeners.values():
        listener.__enter__()
    try:
        with FullBacklog() as full:
            pods = [named_port(name, listener.port)
                    for name, listener in listeners.items()]
            pods += [named_port("dropped", full.port),
                     named_port("refused", free_port()),
                     named_port("good", gallery.port, at.MAIN)]
            return monitor.measure(pods, [at.VALID], "--port", "tls",
                                   "--timeout", "3s")
    finally:
        for listener in listeners.values():
            listener.__exit__()


@pytest.mark.parametrize("name", [*BEHAVIOURS, "dropped", "refused"])
def test_failure_has_its_reason(trouble, name):
    expected = {"dropped": "connect_timeout", "refused": "connect_refused",
                **{key: reason for key, (_, reason) in BEHAVIOURS.items()}}
    assert trouble.status(pod=name) == "notfound"
    assert trouble.value("probe_success", pod=name) == 0
    if expected[name]:
        assert trouble.reason(pod=name) == expected[name]
    assert trouble.reason(pod=name) in REASONS


@pytest.mark.parametrize("name", [*BEHAVIOURS, "dropped", "refused"])
def test_no_date_is_made_up(trouble, name):
    families = {sample.name for sample in trouble.samples
                if sample.labels.get("pod") == name}
    allowed = {"certificate", "probe_success", "probe_failure_info",
               "tls_open_connection_errors_total",
               "tls_close_connection_errors_total"}
    if name == "bad-cert":
        # What it presented has a fingerprint, whatever it is.
        families -= {"cert_fingerprint_info", "cert_verified",
                     "cert_verify_failure_info"}
    assert families == allowed


def test_failures_do_not_touch_the_good_one(trouble):
    assert trouble.status(pod="good") == "valid"
    assert trouble.value("run_success") == 1


@pytest.mark.parametrize("version", ["ssl-max-ver TLSv1.2",
                                     "ssl-min-ver TLSv1.3"])
def test_server_that_requires_a_client_certificate(monitor, gallery, tmp_path,
                                                   version):
    """The certificate counts even though the handshake then fails."""
    certificate = gallery.certificates[at.VALID]
    proxy = HAProxy(tmp_path / "haproxy")
    port = proxy.add(certificate, "verify required ca-file "
                                  f"{gallery.root.cert} {version}")
    with proxy:
        metrics = monitor.measure({"pod": "127.0.0.1"},
                                  [at.VALID, at.UNKNOWN], "--port", str(port))
    check_client_certificate_required(metrics, certificate)
    # Both reasons apply here, and one is shown: the status depends on it.
    assert metrics.status(domain=at.UNKNOWN) == "notfound"
    assert metrics.value("probe_success", domain=at.UNKNOWN) == 0


def check_client_certificate_required(metrics, certificate):
    good = {"domain": at.VALID}
    assert metrics.status(**good) == "valid"
    assert metrics.value("probe_success", **good) == 0
    assert metrics.reason(**good) == "client_certificate_required"
    assert metrics.value("cert_not_after_timestamp_seconds",
                         **good) == certificate.not_after.timestamp()


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_openssl_that_requires_a_client_certificate(monitor, gallery, tmp_path,
                                                    version):
    certificate = gallery.certificates[at.VALID]
    with SServer(certificate, tmp_path / "log", version, "-Verify", "1",
                 "-verify_return_error") as server:
        metrics = monitor.measure({"pod": "127.0.0.1"}, [at.VALID], "--port",
                                  str(server.port))
    check_client_certificate_required(metrics, certificate)


def test_no_route(monitor):
    """In a network namespace where there is nothing but loopback."""
    require_root()
    require("ip")
    metrics = monitor.measure(
        {"four": "192.0.2.1", "six": "2001:db8::1"}, [at.VALID],
        wrapper=["unshare", "-n", "sh", "-c", 'ip link set lo up; exec "$@"',
                 "sh"])
    for name in ("four", "six"):
        assert metrics.reason(pod=name) == "connect_unreachable"
        assert metrics.status(pod=name) == "notfound"


TEN = [f"tenant{number}.example.com" for number in range(10)]


@pytest.mark.slow
def test_dead_endpoint_costs_one_timeout(monitor):
    with FullBacklog() as dead:
        result = monitor.probe({"dead": dead.address}, TEN, "--port",
                               str(dead.port), "--timeout", "4s")
    metrics = monitor.metrics()
    assert len(metrics.select("probe_failure_info",
                              reason="connect_timeout")) == len(TEN)
    assert result.seconds < 2.5 * 4


def test_refusing_endpoint_is_asked_once_for_all_domains(monitor):
    metrics = monitor.measure({"gone": "127.0.0.1"}, TEN,
                              "--port", str(free_port()))
    assert len(metrics.select("probe_failure_info",
                              reason="connect_refused")) == len(TEN)


class Crowd:
    """A behaviour that knows how many are inside."""

    def __init__(self):
        self.lock = threading.Lock()
        self.inside = self.most = self.seen = 0
        self.pause = threading.Event()

    def __call__(self, connection):
        with self.lock:
            self.seen += 1
            self.inside += 1
            self.most = max(self.most, self.inside)
        # Long enough for others to come in, were they let.
        self.pause.wait(0.3)
        with self.lock:
            self.inside -= 1


def test_no_pod_is_hammered(monitor):
    """At most four connections at a time, however many domains."""
    crowd = Crowd()
    with Listener(crowd) as listener:
        monitor.probe({"pod": listener.address}, TEN, "--port",
                      str(listener.port))
    assert crowd.seen >= len(TEN)
    assert 1 < crowd.most <= 4


def test_concurrency_limits_all_pods_together(monitor):
    crowd = Crowd()
    port = free_port()
    listeners = [Listener(crowd, f"127.83.0.{last}", port)
                 for last in range(1, 11)]
    for listener in listeners:
        listener.__enter__()
    try:
        monitor.probe({f"pod{number}": listener.address for number, listener
                       in enumerate(listeners)}, [at.VALID],
                      "--port", str(port), "--concurrency", "3")
    finally:
        for listener in listeners:
            listener.__exit__()
    assert crowd.seen >= len(listeners)
    assert crowd.most == 3


@pytest.mark.parametrize("concurrency", [1, 64])
def test_run_ends_by_its_deadline(monitor, concurrency):
    """Whether a pair was under way or not yet begun: it was not reached."""
    port = free_port()
    with Listener(hostile.silent, "127.83.1.1", port), \
            Listener(hostile.silent, "127.83.1.2", port):
        result = monitor.probe(
            {"a": "127.83.1.1", "b": "127.83.1.2"}, [at.VALID, at.EXPIRED],
            "--port", str(port), "--timeout", "60s", "--deadline", "2s",
            "--concurrency", str(concurrency), timeout=50)
    assert result.status == FAILED
    assert "deadline" in result.error
    metrics = monitor.metrics()
    for name in ("a", "b"):
        for domain in (at.VALID, at.EXPIRED):
            pair = {"pod": name, "domain": domain}
            assert metrics.status(**pair) is None
            assert metrics.reason(**pair) == "deadline"
            assert metrics.value("probe_success", **pair) == 0
    assert metrics.value("pairs", status="none") == 4
    assert metrics.value("run_deadline_exceeded") == 1
    assert metrics.value("run_success") == 0
    assert not metrics.select("last_success_timestamp_seconds")


def test_what_was_reached_before_the_deadline_counts(monitor, gallery):
    with Listener(hostile.silent) as listener:
        result = monitor.probe(
            [named_port("good", gallery.port, at.MAIN),
             named_port("silent", listener.port)], [at.VALID],
            "--port", "tls", "--timeout", "60s", "--deadline", "3s")
    assert result.status == FAILED
    metrics = monitor.metrics()
    assert metrics.status(pod="good") == "valid"
    assert metrics.reason(pod="silent") == "deadline"
    assert metrics.value("pairs", status="valid") == 1
    assert metrics.value("pairs", status="none") == 1


def test_endless_message_is_not_waited_for(monitor):
    """A Certificate message of 16 MB is given up before its end."""
    with Listener(hostile.endless) as listener:
        result = monitor.probe({"pod": listener.address}, TEN[:1], "--port",
                               str(listener.port), "--timeout", "30s")
    assert result.seconds < 30
    assert monitor.metrics().reason(pod="pod") != "handshake_timeout"
