# SPDX-License-Identifier: Apache-2.0
"""A large cluster: its list comes in pages and is read pod by pod, so that
memory is what is kept of them."""

import pytest
from support import gallery as at
from support.memory import Peak
from support.pods import pod
from support.ports import free_port
from support.program import OK, is_sanitized

#: To create ten thousand takes half a minute; it is for the memory, which says
#: nothing under sanitizers.
PODS, PODS_SANITIZED = 10000, 1500
MORE_BYTES = 8 << 20


@pytest.fixture(scope="module")
def count(program_path):
    return PODS_SANITIZED if is_sanitized(program_path) else PODS


@pytest.fixture(scope="module")
def crowded(kube, count):
    """A namespace with many pods; a few of them are labelled. Nobody listens
    on their addresses, which costs a probe next to nothing."""
    namespace = kube.create_namespace()
    kube.create_pods(
        pod(f"pod-{number:05}",
            f"127.90.{number // 250}.{number % 250 + 1}", namespace=namespace,
            labels={"app": "edge", "few": str(number < 10).lower()})
        for number in range(count))
    return namespace


@pytest.fixture
def measure(monitor, kube, crowded, tmp_path):
    """A function that probes the pods that a selector matches: (the metrics,
    the most memory that it took)."""
    config = kube.kubeconfig(tmp_path / "kubeconfig")
    port = str(free_port())

    def run(selector):
        peak = Peak(tmp_path / "peak")
        result = monitor.run(
            "--kubeconfig", config, "--namespaces", crowded, "--labels",
            selector, "--domains", at.VALID, "--port", port,
            wrapper=peak.wrapper)
        assert result.status == OK, result
        return monitor.metrics(), peak.bytes
    return run


@pytest.mark.slow
def test_memory_is_what_is_kept_of_a_pod(measure, kube, crowded, count):
    _, few = measure("few=true")
    with kube.counting_lists() as lists:
        metrics, many = measure("app=edge")
    assert lists["pods"] == count // 500
    assert metrics.value("matching_pods", ns=crowded) == count
    assert metrics.value("pairs", status="notfound") == count
    # The second time they are known from the state file.
    _, again = measure("app=edge")
    if count == PODS:
        assert many - few <= MORE_BYTES
        assert again - few <= MORE_BYTES
