# SPDX-License-Identifier: Apache-2.0
"""The real API server in trouble: what passes by is not noticed, what stays is
named, and either way the run ends and writes its file."""

import json
import signal
import threading
import urllib.request

import pytest
from support import gallery as at
from support.faultproxy import (FaultProxy, always, answers, changes, cuts,
                                delays, does, drips, floods, hangs_up, never,
                                on_later_pages, passes, resets,
                                stalls)
from support.kube import ADMIN, ApiServer, Etcd
from support.pods import pod
from support.processes import PATIENCE_SECONDS
from support.program import FAILED, OK

OLD = "# HELP old x\n# TYPE old gauge\nold 1\n"

#: With two pods to a page, three pages.
NAMES = ["a", "b", "c", "d", "e"]
PAGE = 2

EXPIRED = answers(410, "Expired", "The provided continue parameter is too old")
TOO_MANY = {"reason": "TooManyRequests", "message": "please slow down"}


def populate(server):
    namespace = server.create_namespace()
    server.create_pods([pod(name, address, namespace=namespace)
                        for name, address in zip(NAMES, at.POOL)])
    return namespace


@pytest.fixture(scope="module")
def namespace(kube):
    return populate(kube)


@pytest.fixture(scope="module")
def mortal(tmp_path_factory):
    """An API server that nobody else needs, its etcd, and a namespace."""
    directory = tmp_path_factory.mktemp("mortal")
    with Etcd(directory / "etcd") as etcd, \
            ApiServer(directory / "apiserver", etcd) as server:
        yield server, etcd, populate(server)


@pytest.fixture
def arguments(gallery, monitor, tmp_path):
    def make(proxy, server, namespace):
        monitor.output.write_text(OLD)
        config = server.kubeconfig(tmp_path / "config",
                                   cluster={"server": proxy.url})
        return ("--kubeconfig", config, "--namespaces", namespace, "--domains",
                at.VALID, "--port", str(gallery.port))
    return make


@pytest.fixture
def ask(monitor, arguments, kube, namespace):
    """Run it through a proxy that follows this script."""
    def run(script, *args, refuse=0):
        with FaultProxy(kube, script, page_items=PAGE, refuse=refuse) as proxy:
            result = monitor.run(*arguments(proxy, kube, namespace), *args)
        return result, proxy
    return run


def check_good(monitor, result, server, namespace):
    """As if nothing had happened."""
    assert result.status == OK, result
    assert not result.stderr
    metrics = monitor.metrics()
    assert not metrics.select("old")
    assert metrics.probed() == server.pod_names("-n", namespace) == set(NAMES)
    assert metrics.value("pairs", status="valid") == len(NAMES)
    assert metrics.value("matching_pods", ns=namespace) == len(NAMES)
    assert metrics.value("discovery_success") == 1
    assert not metrics.select("discovery_failure_info")
    assert metrics.value("run_success") == 1


def check_failed(monitor, result, reason):
    """All of the file, and in it what failed; returns the line about it."""
    assert result.status == FAILED, result
    metrics = monitor.metrics()
    assert not metrics.select("old"), "the old file was left in place"
    assert metrics.value("discovery_success") == 0
    assert metrics.value("discovery_failure_info", reason=reason) == 1
    assert len(metrics.select("discovery_failure_info")) == 1
    assert not metrics.select("matching_pods"), "looks like a smaller pool"
    assert not metrics.probed(), "looks like a smaller pool"
    assert metrics.value("run_success") == 0
    return result.error


# --- What passes by ----------------------------------------------------------

#: The script, and how many requests it comes to.
PASSING = {
    "nothing": ([], 3),
    "too many requests": ([answers(429, **TOO_MANY,
                                   headers={"Retry-After": "1"})], 4),
    "too many, without a time": ([answers(429, **TOO_MANY)], 4),
    "etcd is gone for a moment": ([passes, answers(500, "InternalError"),
                                   answers(500, "InternalError")], 5),
    "no backend": ([passes, passes, answers(503, body=b"<html>")], 4),
    "timeout": ([answers(504, "Timeout")], 4),
    "hangs up": ([hangs_up, hangs_up, hangs_up], 6),
    "reset": ([passes, resets()], 4),
    "reset in a page": ([passes, resets(300)], 4),
    "truncated": ([passes, cuts(300), passes, cuts(300)], 5),
    "truncated at the last byte": ([cuts(-1)], 4),
    "truncated, length unknown": ([cuts(700, says_length=False)], 4),
    "slow": ([passes, drips(0), delays(1)], 3),
    "expired": ([passes, EXPIRED], 5),
    "expired on the last page": ([passes, passes, EXPIRED], 6),
    "expired thrice, and in trouble": (
        [passes, EXPIRED, resets(300), passes, EXPIRED, passes, passes,
         answers(503), EXPIRED], 12),
}


@pytest.mark.parametrize("name", PASSING)
def test_trouble_that_passes(monitor, ask, kube, namespace, name):
    script, requests = PASSING[name]
    result, proxy = ask(script)
    check_good(monitor, result, kube, namespace)
    assert len(proxy.requests) == requests


def test_connections_that_break_in_the_handshake(monitor, ask, kube,
                                                 namespace):
    """A load balancer that has no server left accepts, and closes."""
    result, proxy = ask([], refuse=2)
    check_good(monitor, result, kube, namespace)
    assert proxy.connections == 3


def test_retries_are_told_on_demand(monitor, ask):
    """Of a run that fails no less, and the token is in none of it."""
    body = f"Bearer {ADMIN} is busy".encode()
    result, _ = ask([always(answers(503, body=body))], "--log-level", "debug")
    assert result.status == FAILED
    assert [f"{number} of 3" in line for number, line in enumerate(
        [line for line in result.stderr.splitlines()
         if "trying again in" in line], 1)] == [True] * 3
    assert ADMIN not in result.stderr


def test_wait_is_what_the_server_asks_for(monitor, ask, kube, namespace):
    result, _ = ask([answers(429, headers={"Retry-After": "3"})])
    check_good(monitor, result, kube, namespace)
    assert 3 <= result.seconds < 10


# --- What stays --------------------------------------------------------------

#: The script, the reason, words of the message, how many requests.
STAYING = {
    "unauthorized": ([always(answers(401, "Unauthorized"))],
                     "unauthorized", "the server's own words", 1),
    "unauthorized on a later page": (
        [always(on_later_pages(answers(401, "Unauthorized")))],
        "unauthorized", "the server's own words", 2),
    "forbidden": ([always(answers(403, "Forbidden"))],
                  "forbidden", "the server's own words", 1),
    "not found": ([always(answers(404, "NotFound"))],
                  "invalid", "the server's own words", 1),
    "expired before it began": ([always(EXPIRED)], "server_error",
                                "continue parameter is too old", 1),
    "expires for ever": ([always(on_later_pages(EXPIRED))], "server_error",
                         "the list expired 4 times: The provided continue", 8),
    "too many requests": (
        [always(answers(429, **TOO_MANY, headers={"Retry-After": "0"}))],
        "server_error", "tried 4 times: please slow down", 4),
    "too many for an hour": (
        [always(answers(429, **TOO_MANY, headers={"Retry-After": "3600"}))],
        "server_error", "asks to wait for 3600 s, and the deadline", 1),
    "too many until a date": (
        [always(answers(429, **TOO_MANY, headers={
            "Retry-After": "Wed, 01 Jan 2098 00:00:00 GMT"}))],
        "server_error", "the deadline comes first: please slow down", 1),
    "internal error": ([always(answers(500, "InternalError"))],
                       "server_error", "tried 4 times: the server's own", 4),
    "an error without end": ([always(floods(b" " * 65536, code=500))],
                             "server_error", "HTTP status 500", 4),
    "timeout": ([always(answers(504, "Timeout"))], "timeout",
                "tried 4 times: the server's own words", 4),
    "hangs up": ([always(hangs_up)], "unreachable", "tried 4 times", 4),
    "reset": ([passes, always(resets(300))], "unreachable", "tried 4 times", 5),
    "truncated": ([passes, always(cuts(300))], "unreachable",
                  "tried 4 times", 5),
    "truncated, length unknown": (
        [passes, always(cuts(300, says_length=False))], "invalid",
        "tried 4 times: the answer", 5),
    "an item without end": (
        [passes, always(floods(b"[0]," * 16384, b'{"kind":"PodList","items":[{'
                               b'"a":['))],
        "too_large", "item 1 ", 2),
    "items without end": (
        [always(floods(b'{"metadata":{"namespace":"x","name":"y"}},' * 1000,
                       b'{"kind":"PodList","items":['))],
        "too_large", "more than 200000", 1),
    "garbage": ([passes, always(changes(lambda body: body[::-1]))], "invalid",
                "the answer", 2),
    "no list": ([always(changes(lambda body: body.replace(b"Pod", b"Pot")))],
                "invalid", "PotList", 1),
}


@pytest.mark.parametrize("name", STAYING)
def test_trouble_that_stays(monitor, ask, name):
    script, reason, words, requests = STAYING[name]
    result, proxy = ask(script)
    assert words in check_failed(monitor, result, reason)
    assert len(proxy.requests) == requests
    # Three waits at most, of five seconds at the longest.
    assert result.seconds < 15


def test_list_that_breaks_leaves_the_others(monitor, arguments, kube,
                                            namespace):
    """The server is there: what breaks may be that one answer."""
    with FaultProxy(kube, [always(cuts(20))], only="/default/") as proxy:
        result = monitor.run(*arguments(proxy, kube, f"default,{namespace}"))
    assert result.status == FAILED, result
    metrics = monitor.metrics()
    assert metrics.value("discovery_failure_info", ns="default",
                         reason="unreachable") == 1
    assert len(metrics.select("discovery_failure_info")) == 1
    assert metrics.probed() == set(NAMES)


def test_throttled_lists_leave_time_for_the_others(monitor, arguments, kube,
                                                   namespace):
    """Each would take four seconds for its retries, all of them minutes."""
    throttled = [f"throttled-{number}" for number in range(40)]
    namespaces = ",".join([*throttled, namespace])
    with FaultProxy(kube, [always(answers(429, **TOO_MANY))],
                    only="/throttled-") as proxy:
        result = monitor.run(*arguments(proxy, kube, namespaces))
    assert result.status == FAILED, result
    metrics = monitor.metrics()
    for ns in throttled:
        assert metrics.value("discovery_failure_info", ns=ns,
                             reason="server_error") == 1
    assert metrics.probed() == set(NAMES)
    assert 40 < len(proxy.requests) < 60


@pytest.mark.parametrize("fault, words", [
    (drips(1), "does not answer in full within"),
    (never, "does not answer within"),
    (delays(20), "does not answer within"),
    (stalls(), "does not answer in full within"),
    (stalls(503), "does not answer in full within"),
])
def test_slow_beyond_the_timeout(monitor, ask, fault, words):
    """Its time is used up: it is not asked again."""
    config = monitor.write("config.yaml", "kubernetes: {timeout: 2s}\n")
    result, proxy = ask([passes, always(fault)], "--config", config)
    assert f"{words} 2.000 s" in check_failed(monitor, result, "timeout")
    assert len(proxy.requests) == 2
    assert result.seconds < 8


def test_waits_end_by_the_deadline(monitor, ask):
    """Two seconds for the list, and waits that come to more."""
    result, proxy = ask([always(answers(503, headers={"Retry-After": "1"}))],
                        "--deadline", "4s")
    check_failed(monitor, result, "server_error")
    assert 1 < len(proxy.requests) < 4
    assert result.seconds < 4


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_the_wait(monitor, program, arguments, kube, namespace,
                              number):
    script = [always(answers(429, headers={"Retry-After": "20"}))]
    with FaultProxy(kube, script) as proxy:
        process = program.start("--output", monitor.output, "--log-level",
                                "debug", *arguments(proxy, kube, namespace))
        # Not earlier: that would be another wait.
        assert any(b"trying again in" in line for line in process.stderr)
        process.send_signal(number)
        result = program.finish(process, timeout=10)
    assert result.status == FAILED
    assert "signal" in result.stderr
    assert len(proxy.requests) == 1
    assert monitor.output.read_text() == OLD, "nothing is known yet"


# --- A server that dies ------------------------------------------------------

def compact(etcd):
    """Makes etcd forget all but the present, as it does every five minutes."""
    def post(path, body):
        request = urllib.request.Request(f"{etcd.url}/v3/kv/{path}",
                                         body.encode())
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
    revision = post("range", '{"key":"AA=="}')["header"]["revision"]
    post("compaction", f'{{"revision":"{revision}","physical":true}}')


def test_api_that_is_killed_and_stays_dead(monitor, arguments, mortal):
    """Once it is back, nothing is left of it."""
    server, _, namespace = mortal
    with FaultProxy(server, [passes, does(server.crash)],
                    page_items=PAGE) as proxy:
        try:
            result = monitor.run(*arguments(proxy, server, namespace))
        finally:
            server.start()
        # libcurl itself asks again where a connection that was kept is dead.
        assert len(proxy.requests) >= 5
        said = check_failed(monitor, result, "unreachable")
        assert "tried 4 times" in said and "broke" in said
        result = monitor.run(*arguments(proxy, server, namespace))
    check_good(monitor, result, server, namespace)


@pytest.mark.parametrize("forgets", [False, True])
def test_api_that_is_killed_and_restarted(monitor, program, arguments, mortal,
                                          forgets):
    """In the middle of a list, which then goes on where it was; or, where what
    it was made of is no more to be had, begins anew."""
    server, etcd, namespace = mortal
    asked, back = threading.Event(), threading.Event()

    def wait():
        asked.set()
        back.wait(PATIENCE_SECONDS)
    config = monitor.write("config.yaml", "kubernetes: {timeout: 60s}\n"
                                          "deadline: 120s\n")
    with FaultProxy(server, [passes, does(wait, hangs_up)],
                    page_items=PAGE) as proxy:
        process = program.start("--output", monitor.output, "--config", config,
                                *arguments(proxy, server, namespace))
        assert asked.wait(PATIENCE_SECONDS)
        if forgets:
            # The list has to be of an older version than the present.
            server.ask("PATCH", f"/api/v1/namespaces/{namespace}/pods/a",
                       {"metadata": {"labels": {"touched": "yes"}}},
                       kind="application/merge-patch+json")
        server.crash()
        if forgets:
            compact(etcd)
        server.start()
        back.set()
        result = program.finish(process)
    check_good(monitor, result, server, namespace)
    assert proxy.statuses == ([200, 410, 200, 200, 200] if forgets
                              else [200, 200, 200])
