# SPDX-License-Identifier: Apache-2.0
"""Hostile and broken servers: each gets its reason and no more than its time,
and all of them together cost the good ones nothing.

support/rogues.py has the table of what servers do wrong.
"""

import concurrent.futures
import hashlib
import math

import pytest
from support import gallery as at
from support import hostile, tlswire
from support.certs import DAY, now, pem_to_der
from support.memory import Peak
from support.nginx import Nginx
from support.pods import pod, pod_list
from support.program import OK
from support.rogues import ROGUES
from support.swarm import Swarm

#: For a server that is to end the matter itself, and for one that does not.
PATIENT_SECONDS, SHORT_SECONDS = 20, 0.5
#: How late a busy machine may be.
LATE_SECONDS = 3
MOST_CONNECTIONS = 3
#: All that may be said of a rogue.
SAYINGS = {(rogue.status, rogue.reason) for rogue in ROGUES.values()}
AT_A_TIME = 4


def rogue_swarm(gallery, net):
    """All rogues, each on its address: (the swarm, name -> address)."""
    addresses = {name: f"127.83.{net}.{number}"
                 for number, name in enumerate(ROGUES, 1)}
    return Swarm({addresses[name]: rogue.make(gallery)
                  for name, rogue in ROGUES.items()}), addresses


# --- One by one --------------------------------------------------------------

def timeout_of(rogue):
    return SHORT_SECONDS if rogue.uses_up_its_time else PATIENT_SECONDS


@pytest.fixture(scope="module")
def alone(module_monitor, gallery, tmp_path_factory):
    """A function that tells how a run went that had nothing but this rogue to
    probe: (result, metrics, connections). Some runs go on side by side."""
    monitor = module_monitor()
    swarm, addresses = rogue_swarm(gallery, 1)

    def run(name):
        directory = tmp_path_factory.mktemp("alone")
        pods = directory / "pods.json"
        pods.write_text(pod_list([pod("rogue", addresses[name])]))
        output = directory / "out.prom"
        result = monitor.program.run(
            "--pods-file", pods, "--domains", at.VALID, "--ca-file", "none",
            "--port", swarm.port, "--metrics", "full", "--output", output,
            "--timeout", f"{timeout_of(ROGUES[name]) * 1000:.0f}ms",
            env={"STATE_DIRECTORY": str(directory)})
        return result, output

    def tell(name):
        result, output = runs[name].result()
        monitor.output.write_bytes(output.read_bytes())
        return result, monitor.metrics(), swarm.connections[addresses[name]]

    with swarm:
        with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as workers:
            runs = {name: workers.submit(run, name) for name in ROGUES}
        yield tell


@pytest.mark.parametrize("name", ROGUES)
def test_reason_and_time(alone, name):
    rogue = ROGUES[name]
    result, metrics, connections = alone(name)
    assert result.status == OK
    assert (metrics.status(), metrics.reason()) == (rogue.status, rogue.reason)
    assert metrics.value("probe_success") == (rogue.reason is None)
    seconds = metrics.value("probe_duration_seconds")
    timeout = timeout_of(rogue)
    if rogue.uses_up_its_time:
        assert timeout - 0.01 <= seconds < timeout + LATE_SECONDS
    else:
        assert seconds < timeout / 2
    assert result.seconds < timeout + LATE_SECONDS
    assert connections <= MOST_CONNECTIONS
    assert (connections > 1) == rogue.is_asked_again


# --- Offers that are refused: one timeout for all of them --------------------

def delayed(seconds, data):
    """As long as nothing is said, one byte at a time says it late."""
    return hostile.drips(data, seconds / len(data))


#: The handshake: (behaviours in turn, connections)
LATE = {
    "full": ([delayed(2.5, tlswire.alert(tlswire.HANDSHAKE_FAILURE)),
              hostile.silent], 2),
    "certificate": ([delayed(1.3, tlswire.alert(tlswire.PROTOCOL_VERSION)),
                     delayed(1.3, tlswire.alert(tlswire.HANDSHAKE_FAILURE)),
                     hostile.silent], 3),
}


@pytest.mark.parametrize("handshake", LATE)
def test_all_offers_share_one_timeout(monitor, handshake):
    """Were the time to begin anew with each, it would be five seconds."""
    behaviours, connections = LATE[handshake]
    with hostile.Listener(hostile.in_turn(*behaviours)) as listener:
        metrics = monitor.measure(
            {"pod": listener.address}, [at.VALID], "--port",
            str(listener.port), "--handshake", handshake, "--timeout", "3s",
            "--metrics", "full")
    assert listener.connections == connections
    assert metrics.reason() == "handshake_alert"
    assert 2.99 <= metrics.value("probe_duration_seconds") < 4.5


@pytest.mark.parametrize("description", [tlswire.HANDSHAKE_FAILURE,
                                         tlswire.PROTOCOL_VERSION])
@pytest.mark.parametrize("handshake", ["full", "certificate"])
def test_server_that_refuses_all_offers(monitor, handshake, description):
    refuse = hostile.says(tlswire.alert(description))
    with hostile.Listener(refuse) as listener:
        metrics = monitor.measure({"pod": listener.address}, [at.VALID],
                                  "--port", str(listener.port),
                                  "--handshake", handshake)
    assert metrics.reason() == "handshake_alert"
    assert 1 < listener.connections <= MOST_CONNECTIONS


# --- All together, among good ones -------------------------------------------

POOL_TIMEOUT_SECONDS = 2
#: What all the work may take that is not waiting, sanitizers included.
WORK_SECONDS = 4
PEAK_BYTES = 40 << 20


@pytest.fixture(scope="module")
def good(tmp_path_factory, gallery):
    """An nginx on as many addresses as there are rogues, with five
    certificates: no answer can be taken for another's."""
    server = Nginx(tmp_path_factory.mktemp("good"))
    certificates = [
        gallery.authority.issue(f"good-{number}", domains=[at.VALID],
                                end=now() + (60 + number) * DAY)
        for number in range(5)]
    server.certificates = {f"127.88.0.{number}": certificates[number % 5]
                           for number in range(1, len(ROGUES) + 1)}
    for certificate in certificates:
        server.add([address for address, its in server.certificates.items()
                    if its is certificate], certificate)
    with server:
        yield server


def fingerprint(certificate):
    return hashlib.sha256(pem_to_der(certificate.cert.read_text())).hexdigest()


@pytest.fixture
def measure_pool(monitor, gallery, good):
    """A function that probes all of them in one run, in turn a rogue and a
    good one: (metrics, connections by the rogue's name)."""
    def measure(*args, **how):
        swarm, addresses = rogue_swarm(gallery, 2)
        pods = [each for name, address in zip(ROGUES, good.certificates)
                for each in (pod(name, addresses[name],
                                 ports={"tls": swarm.port}),
                             pod(address, address, ports={"tls": good.port}))]
        assert len(pods) >= 400
        with swarm:
            metrics = monitor.measure(
                pods, [at.VALID], "--port", "tls", "--metrics", "full",
                "--ca-file", gallery.root.cert, "--timeout",
                f"{POOL_TIMEOUT_SECONDS}s", *args, **how)
        return metrics, {name: swarm.connections[addresses[name]]
                         for name in ROGUES}
    return measure


@pytest.mark.parametrize("concurrency", [64, 16])
def test_pool(measure_pool, monitor, good, tmp_path, concurrency):
    peak = Peak(tmp_path / "peak")
    metrics, _ = measure_pool("--concurrency", str(concurrency),
                              wrapper=peak.wrapper)
    check_good_ones(metrics, good)
    said = {name: (metrics.status(pod=name), metrics.reason(pod=name))
            for name in ROGUES}
    assert not {name: said[name] for name, rogue in ROGUES.items()
                if said[name] != (rogue.status, rogue.reason)}
    check_time(metrics, concurrency)
    if not monitor.program.is_sanitized:
        assert peak.bytes < PEAK_BYTES


def test_pool_of_which_only_certificates_are_wanted(measure_pool, good):
    """Other offers, in another order: what is said of the rogues differs, but
    not that something is, nor how long it takes."""
    metrics, connections = measure_pool("--handshake", "certificate")
    check_good_ones(metrics, good)
    for name in ROGUES:
        assert (metrics.status(pod=name), metrics.reason(pod=name)) in SAYINGS
    assert max(connections.values()) <= MOST_CONNECTIONS
    check_all_have_ended(metrics)
    assert metrics.value("run_duration_seconds") \
        < POOL_TIMEOUT_SECONDS + WORK_SECONDS


def check_good_ones(metrics, good):
    for address, certificate in good.certificates.items():
        assert metrics.status(pod=address) == "valid"
        assert metrics.reason(pod=address) is None
        assert metrics.words("cert_fingerprint_info", "fingerprint_sha256",
                             pod=address) == [fingerprint(certificate)]
        assert metrics.value("cert_not_after_timestamp_seconds", pod=address) \
            == certificate.not_after.timestamp()
    seconds = sorted(metrics.value("probe_duration_seconds", pod=address)
                     for address in good.certificates)
    # None waited for a timeout of the others, on a busy machine either.
    assert seconds[len(seconds) // 2] < POOL_TIMEOUT_SECONDS / 2
    assert seconds[-1] < POOL_TIMEOUT_SECONDS


def check_time(metrics, concurrency):
    """The timeouts, divided by the concurrency: no more, and no less."""
    slow = sum(rogue.uses_up_its_time for rogue in ROGUES.values())
    waiting = math.ceil(slow / concurrency) * POOL_TIMEOUT_SECONDS
    seconds = metrics.value("run_duration_seconds")
    assert waiting - 0.01 <= seconds < waiting + WORK_SECONDS
    check_all_have_ended(metrics)


def check_all_have_ended(metrics):
    assert metrics.value("run_deadline_exceeded") == 0
    assert metrics.value("run_success") == 1
    for name in ROGUES:
        assert metrics.value("probe_duration_seconds", pod=name) \
            < POOL_TIMEOUT_SECONDS + LATE_SECONDS, name
