# SPDX-License-Identifier: Apache-2.0
"""Pools of every kind, and how many of their pods make one alert."""

from model.alerts import CRITICAL, WARNING, of_pod, of_pool
from model.layouts import KNOWS_LAGGING
from model.world import (DAY, HOUR, MINUTE, Answer, Certificate, World,
                         default_certificate, failing)

from .common import FINE, NEW, SETTLED, SHORT_STEP, STEP, ending_in, times

REFUSED = failing("connect_refused")


def how_many(bad, good, named):
    """Of a pool without a certificate: pods by name, or the pool."""
    world = World(f"{bad}-bad-{good}-good", 1)
    pool = world.pool()
    pool.some(good, FINE, prefix="good")
    pods = pool.some(bad, REFUSED, prefix="bad")
    alerts = [of_pod("CertificateNotFound", pod) for pod in pods] \
        if named else [of_pool("CertificateNotFound", pool)]
    for time in times(15 * MINUTE + SETTLED, world.end, STEP):
        world.expect(time, *alerts)
    return world


def more_and_more():
    """What fires stays what it is, while more pods get bad, and fewer."""
    world = World("more-and-more", 6)
    pool = world.pool()
    pool.some(4, FINE, prefix="good")
    pods = pool.some(6, FINE, prefix="bad")
    for number, pod in enumerate(pods):
        since, until = (10 + 20 * number) * MINUTE, (160 + 20 * number) * MINUTE
        pod.at(since, REFUSED).at(until, FINE)
    named = [of_pod("CertificateNotFound", pod) for pod in pods]
    whole = of_pool("CertificateNotFound", pool)
    world.expect(25 * MINUTE + SETTLED, named[0])
    world.expect(65 * MINUTE + SETTLED - STEP, *named[:3])
    # Four and more: they wait for the one that is about all.
    world.expect(85 * MINUTE + SETTLED, whole)
    for time in times(85 * MINUTE + SETTLED, 250 * MINUTE):
        world.expect(time, whole)
    world.silent(260 * MINUTE + SETTLED, world.end)
    return world


def flapping():
    """One of four comes and goes: the alert for them all stays."""
    world = World("flapping", 4)
    world.concerns = "CertificateNotFound"
    pool = world.pool()
    pool.some(4, FINE, prefix="good")
    pods = pool.some(4, REFUSED, prefix="bad")
    for time in range(40 * MINUTE, 200 * MINUTE, 12 * MINUTE):
        pods[3].during(time, time + 6 * MINUTE, FINE)
    for time in times(15 * MINUTE + SETTLED, world.end, SHORT_STEP):
        world.expect(time, of_pool("CertificateNotFound", pool))
    return world


def two_of_two_near_end():
    """By the summary nothing is known of single pods."""
    world = World("all-of-two", 1)
    pool = world.pool()
    pool.some(2, ending_in(3 * DAY))
    for time in times(15 * MINUTE + SETTLED, world.end):
        world.expect(time, *(of_pool("CertificateExpiresSoon", pool, severity)
                             for severity in (WARNING, CRITICAL)))
    return world


def one_near_end_of_each():
    """Each pod renews for itself: one of three did not. It began so late that
    no other lags."""
    world = World("acme-one-stopped", 3)
    pool = world.pool()
    pool.pod("web-0", Certificate("a", -40 * DAY, 50 * DAY))
    pool.pod("web-1", Certificate("b", -10 * DAY, 80 * DAY))
    bad = pool.pod("web-2", Certificate("c", -75 * DAY, 15 * DAY))
    for time in times(15 * MINUTE + SETTLED, world.end):
        world.expect(time,
                     of_pod("CertificateRenewalLag", bad,
                            names_pod=KNOWS_LAGGING),
                     of_pod("CertificateExpiresSoon", bad, WARNING,
                            names_pod=KNOWS_LAGGING))
    return world


def each_its_own():
    """Healthy: weeks lie between them, all certificates differ."""
    world = World("acme-healthy", 4)
    pool = world.pool()
    for number, age in enumerate((1, 13, 27, 44, 59)):
        pool.pod(f"web-{number}",
                 Certificate(f"own-{number}", -age * DAY, (90 - age) * DAY))
    world.silent(*times(0, world.end))
    return world


def self_made():
    """A default certificate is newer than all, and none of the pool's: its pod
    has none, and the others do not lag behind it."""
    world = World("self-made", 4)
    pool = world.pool()
    pool.some(3, ending_in(22 * DAY))
    bad = pool.pod("web-3", default_certificate(0))
    for time in times(15 * MINUTE + SETTLED, world.end):
        world.expect(time, of_pod("CertificateNotFound", bad))
    return world


def future_and_old():
    """What has not begun is nobody's measure."""
    world = World("future-and-old", 2)
    pool = world.pool()
    pool.some(2, ending_in(22 * DAY))
    future = pool.pod("web-2", Certificate("future", 10 * HOUR, 90 * DAY))
    for time in times(5 * MINUTE + SETTLED, world.end):
        world.expect(time, of_pod("CertificateNotYetValid", future))
    return world


def keys():
    """RSA and ECDSA are pools of their own."""
    world = World("keys", 3)
    rsa, ecdsa = world.pool(key="rsa"), world.pool(key="ecdsa")
    rsa.some(3, ending_in(23 * DAY))
    ecdsa.some(2, NEW)
    bad = ecdsa.pod("web-2", ending_in(-HOUR))
    for time in times(15 * MINUTE + SETTLED, 2 * HOUR - STEP):
        world.expect(time, of_pod("CertificateExpired", bad),
                     of_pod("CertificateExpiresSoon", bad, WARNING),
                     of_pod("CertificateExpiresSoon", bad, CRITICAL),
                     of_pod("CertificateRenewalLag", bad))
    return world


def key_missing_on_one():
    world = World("key-type-missing", 3)
    rsa = world.pool(key="rsa")
    rsa.some(2, FINE)
    bad = rsa.pod("web-2", failing("key_type_missing"))
    world.pool(key="ecdsa").some(3, FINE)
    for time in times(15 * MINUTE + SETTLED, world.end):
        world.expect(time, of_pod("CertificateProbeFailing", bad))
    return world


def families():
    """One address of a pod is refused. It is a pair of its own."""
    world = World("families", 2)
    pool = world.pool()
    for number in range(3):
        pool.pod(f"web-{number}", FINE, f"node-{number}", "ipv4")
    for number in range(2):
        pool.pod(f"web-{number}", FINE, f"node-{number}", "ipv6")
    bad = pool.pod("web-2", failing("connect_refused"), "node-2", "ipv6")
    for time in times(15 * MINUTE + SETTLED, world.end):
        world.expect(time, of_pod("CertificateNotFound", bad))
    return world


def two_jobs():
    """Both name the same pairs: each says what it sees."""
    world = World("two-jobs", 2)
    first, second = world.pool(), world.pool(job="again")
    for pool in (first, second):
        pool.some(2, FINE)
    bad = [pool.pod("web-2", failing("handshake_alert"))
           for pool in (first, second)]
    for time in times(15 * MINUTE + SETTLED, world.end):
        world.expect(time, *(of_pod("CertificateNotFound", pod)
                             for pod in bad))
    return world


def two_domains():
    """One name is missing on a pod, the other is there."""
    world = World("two-domains", 2)
    shop, blog = world.pool(), world.pool("*.example.org")
    shop.some(3, FINE)
    blog.some(2, FINE)
    bad = blog.pod("web-2", failing("name_rejected"))
    for time in times(15 * MINUTE + SETTLED, world.end):
        world.expect(time, of_pod("CertificateNotFound", bad))
    return world


def outside():
    """Servers outside Kubernetes have no namespace."""
    world = World("outside", 2)
    pool = world.pool(ns="", job="front")
    for number in (1, 2):
        pool.pod(f"192.0.2.{number}", FINE, "node-0")
    bad = pool.pod("192.0.2.3", failing("connect_timeout"), "node-0")
    for time in times(15 * MINUTE + SETTLED, world.end):
        world.expect(time, of_pod("CertificateNotFound", bad))
    return world


def two_ports():
    """Of the same servers outside Kubernetes, in one job."""
    world = World("two-ports", 1)
    pools = [world.pool(ns="", job="front", port=port)
             for port in ("443", "8443")]
    for pool in pools:
        pool.pod("192.0.2.1", FINE, "node-0")
    pools[0].pod("192.0.2.2", FINE, "node-0")
    bad = pools[1].pod("192.0.2.2", failing("connect_refused"), "node-0")
    for time in times(15 * MINUTE + SETTLED, world.end):
        world.expect(time, of_pod("CertificateNotFound", bad))
    return world


def many_flaws():
    """Everything at once, on pods of one pool."""
    world = World("many-flaws", 2)
    pool = world.pool()
    pool.some(4, FINE)
    bad = {
        "CertificateNotFound": failing("no_certificate"),
        "CertificateProbeFailing": Answer(FINE, "handshake_timeout"),
        "CertificateNotVerified": Answer(FINE, verify="unknown_issuer"),
    }
    alerts = [of_pod(name, pool.pod(f"bad-{number}", answer))
              for number, (name, answer) in enumerate(bad.items())]
    for time in times(15 * MINUTE + SETTLED, world.end):
        world.expect(time, *alerts)
    return world


def worlds():
    for world in (
            how_many(1, 5, True), how_many(3, 1, True), how_many(3, 0, False),
            how_many(2, 0, False), how_many(4, 4, False),
            more_and_more(), two_of_two_near_end(), one_near_end_of_each(),
            each_its_own(), self_made(), future_and_old(), keys(),
            key_missing_on_one(), families(), two_jobs(), two_domains(),
            outside(), two_ports(), many_flaws()):
        yield STEP, world
    yield SHORT_STEP, flapping()
