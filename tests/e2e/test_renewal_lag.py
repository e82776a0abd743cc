# SPDX-License-Identifier: Apache-2.0
"""What is seen only across the pods of a pool: who missed the renewal."""

import pytest
from support.certs import DAY, now
from support.nginx import Nginx

DOMAIN, OTHER = "shop.example.com", "blog.example.com"

#: Kind of certificate: (address, begins in days, ends in days, its names)
KINDS = {
    "renewed": ("127.84.0.1", -1, 89, [DOMAIN]),
    "stale": ("127.84.0.2", -80, 10, [DOMAIN]),
    "staler": ("127.84.0.3", -85, 5, [DOMAIN]),
    "expired": ("127.84.0.4", -100, -10, [DOMAIN]),
    "future": ("127.84.0.5", 1, 91, [DOMAIN]),
    "default": ("127.84.0.6", 0, 365, ["traefik.default"]),
    "other": ("127.84.0.7", -10, 80, [DOMAIN, OTHER]),
}


@pytest.fixture(scope="module")
def pool(tmp_path_factory, gallery):
    server = Nginx(tmp_path_factory.mktemp("pool"))
    server.begins = {}
    for kind, (address, begin, end, names) in KINDS.items():
        certificate = gallery.authority.issue(
            f"pool-{kind}", domains=names, begin=now() + begin * DAY,
            end=now() + end * DAY)
        server.begins[kind] = certificate.not_before.timestamp()
        server.add([address], certificate)
    with server:
        yield server


def measure(monitor, pool, kinds, domains=(DOMAIN,)):
    pods = {f"pod-{number}": KINDS[kind][0]
            for number, kind in enumerate(kinds)}
    return monitor.measure(pods, domains, "--port", str(pool.port))


def test_two_renewed_one_did_not(monitor, pool):
    """The incident: everything is valid, and yet one pod is wrong."""
    metrics = measure(monitor, pool, ["renewed", "stale", "renewed"])
    lag = pool.begins["renewed"] - pool.begins["stale"]
    assert metrics.value("cert_renewal_lag_seconds", pod="pod-1") == lag
    assert metrics.value("cert_renewal_lag_seconds", pod="pod-0") == 0
    assert metrics.value("cert_renewal_lag_seconds", pod="pod-2") == 0
    assert metrics.value("distinct_certs", domain=DOMAIN) == 2
    assert metrics.value("pairs", status="valid") == 3


@pytest.mark.parametrize("kinds, newest, lagging, without, distinct", [
    (["renewed", "renewed"], "renewed", [], [], 1),
    (["stale"], "stale", [], [], 1),
    (["renewed", "stale", "staler"], "renewed", [1, 2], [], 3),
    # An expired one names the domain, so it counts.
    (["renewed", "expired"], "renewed", [1], [], 2),
    # The self-made default is newer than all, and speaks of no domain.
    (["renewed", "stale", "default"], "renewed", [1], [2], 2),
    # What is not valid yet is nobody's measure, though another certificate.
    (["renewed", "future"], "renewed", [], [1], 2),
    (["default"], None, [], [0], None),
], ids=lambda value: "+".join(value) if isinstance(value, list) and value
    and isinstance(value[0], str) else "")
def test_lag_and_distinct(monitor, pool, kinds, newest, lagging, without,
                          distinct):
    metrics = measure(monitor, pool, kinds)
    for number, kind in enumerate(kinds):
        found = metrics.select("cert_renewal_lag_seconds",
                               pod=f"pod-{number}")
        if number in without:
            assert not found
        else:
            lag = pool.begins[newest] - pool.begins[kind]
            assert [sample.value for sample in found] == [lag]
            assert (lag > 0) == (number in lagging)
    counted = metrics.select("distinct_certs", domain=DOMAIN)
    # A pool in which nobody names the domain may say 0 or nothing.
    assert [sample.value for sample in counted] in (
        [[distinct]] if distinct else [[], [0]])


def test_pools_are_per_domain(monitor, pool):
    metrics = measure(monitor, pool, ["renewed", "other"], (DOMAIN, OTHER))
    assert metrics.value("cert_renewal_lag_seconds", pod="pod-1",
                         domain=DOMAIN) > 0
    assert metrics.value("cert_renewal_lag_seconds", pod="pod-1",
                         domain=OTHER) == 0
    assert metrics.value("distinct_certs", domain=DOMAIN) == 2
    assert metrics.value("distinct_certs", domain=OTHER) == 1
    for sample in metrics.select("distinct_certs"):
        assert sample.labels.keys() == {"job_name", "ns", "domain", "port"}
