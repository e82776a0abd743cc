# SPDX-License-Identifier: Apache-2.0
"""Pods that come and go, in pools that are otherwise fine."""

from model.alerts import CRITICAL, WARNING, of_job, of_pod, of_pool
from model.layouts import IN_STANDARD, KNOWS_LAGGING
from model.world import (AWAY, DAY, HOUR, MINUTE, Certificate, Skipped, World,
                         default_certificate, failing)

from .common import FINE, NEW, SETTLED, SHORT_STEP, STEP, ending_in, times


def roll_out():
    """New names; those that start show their default certificate for a while
    before they are ready."""
    world = World("roll-out", 2)
    pool = world.pool()
    for number, pod in enumerate(pool.some(4, FINE)):
        start = (40 + 6 * number) * MINUTE
        pod.at(start + 6 * MINUTE, Skipped("terminating"))
        pod.at(start + 8 * MINUTE, AWAY)
        new = pool.pod(f"new-{number}", Skipped("not_ready"), since=start)
        new.at(start + 2 * MINUTE, default_certificate(start))
        new.at(start + 6 * MINUTE, FINE)
    world.silent(*times(0, world.end, STEP))
    return world


def roll_out_with_renewal():
    """The old pods' certificate is nearly over, the new ones' is new."""
    world = World("roll-out-with-renewal", 2)
    pool = world.pool()
    for number, pod in enumerate(pool.some(4, ending_in(23 * DAY))):
        start = (40 + 2 * number) * MINUTE
        pod.at(start + 4 * MINUTE, AWAY)
        pool.pod(f"new-{number}",
                 Certificate("fresh", 35 * MINUTE, 90 * DAY), since=start)
    world.silent(*times(0, world.end, STEP))
    return world


def vanishes():
    """While it is bad: nothing is left behind."""
    world = World("vanishes", 2)
    pool = world.pool()
    pool.some(2, NEW)
    bad = pool.pod("web-2", ending_in(-HOUR))
    alerts = [of_pod("CertificateExpired", bad),
              of_pod("CertificateExpiresSoon", bad, WARNING),
              of_pod("CertificateExpiresSoon", bad, CRITICAL),
              of_pod("CertificateRenewalLag", bad)]
    bad.at(90 * MINUTE, AWAY)
    world.expect(60 * MINUTE, *alerts)
    world.expect(90 * MINUTE - STEP, *alerts)
    # Promptly: sooner than a scrape that fails is given up.
    world.silent(98 * MINUTE)
    world.silent(*times(90 * MINUTE + SETTLED, world.end))
    return world


def last_one_vanishes():
    """Of its node: the series of the whole node's pods go."""
    world = World("last-one-vanishes", 3)
    bad = world.pool().pod("web-0", failing("connect_refused"))
    world.pool("blog.example.com").some(3, FINE)
    bad.at(90 * MINUTE, AWAY)
    world.expect(60 * MINUTE, of_pod("CertificateNotFound", bad))
    world.silent(*times(90 * MINUTE + SETTLED, world.end))
    return world


def replaced():
    """The pod that missed the renewal, by one that has it."""
    world = World("replaced", 3)
    pool = world.pool()
    pool.some(2, NEW)
    bad = pool.pod("web-2", ending_in(22 * DAY))
    alert = of_pod("CertificateRenewalLag", bad, names_pod=KNOWS_LAGGING)
    world.expect(60 * MINUTE, alert)
    bad.at(90 * MINUTE, AWAY)
    pool.pod("web-3", Skipped("not_ready"), since=90 * MINUTE).at(
        94 * MINUTE, NEW)
    world.silent(*times(90 * MINUTE + SETTLED, world.end))
    return world


def restarts():
    """Of the one that has the newest: the others lag behind it all the
    time, whether it is there or not. A summary has no series of them while it
    is not."""
    world = World("restarts", 3)
    pool = world.pool()
    new = pool.pod("web-0", NEW)
    for time in range(60 * MINUTE, 150 * MINUTE, 10 * MINUTE):
        new.during(time, time + 4 * MINUTE, Skipped("not_ready"))
    old = pool.some(2, ending_in(22 * DAY), prefix="old")
    alerts = [of_pod("CertificateRenewalLag", pod, names_pod=KNOWS_LAGGING)
              for pod in old]
    for time in times(30 * MINUTE, 2 * HOUR, STEP):
        world.expect(time, *alerts,
                     layouts=IN_STANDARD | {"nodes-summary"})
    return world


def bad_one_is_not_ready():
    """It gets no traffic then, and is not probed."""
    world = World("bad-one-is-not-ready", 3)
    pool = world.pool()
    pool.some(2, FINE)
    bad = pool.pod("web-2", failing("no_certificate"))
    world.expect(HOUR, of_pod("CertificateNotFound", bad))
    bad.at(90 * MINUTE, Skipped("not_ready"))
    world.silent(*times(90 * MINUTE + SETTLED, world.end))
    return world


def scaled_to_nothing():
    """Somebody stops all of it: that is one alert, of the pool."""
    world = World("scaled-to-nothing", 2)
    pool = world.pool()
    for pod in pool.some(3, FINE):
        pod.at(40 * MINUTE, AWAY)
    world.silent(40 * MINUTE, 55 * MINUTE - STEP)
    world.expect(55 * MINUTE + SETTLED, of_job("CertificateMonitorPoolEmpty"))
    world.expect(world.end, of_job("CertificateMonitorPoolEmpty"))
    return world


def none_is_ready():
    world = World("none-is-ready", 3)
    for pod in world.pool().some(3, FINE):
        pod.at(40 * MINUTE, Skipped("not_ready")).at(100 * MINUTE, FINE)
    world.silent(40 * MINUTE, 55 * MINUTE - STEP)
    world.expect(55 * MINUTE + SETTLED, of_job("CertificateMonitorPoolEmpty"))
    world.silent(100 * MINUTE + SETTLED, world.end)
    return world


def none_is_ready_in_one_namespace():
    """Its alerts end, as it is not probed any more; the other is well."""
    world = World("none-ready-in-one-namespace", 3)
    world.pool("blog.example.com").some(3, FINE)
    pool = world.pool(ns="shop")
    bad = pool.some(3, failing("no_certificate"))
    world.expect(HOUR - STEP, of_pool("CertificateNotFound", pool))
    for pod in bad:
        pod.at(HOUR, Skipped("not_ready"))
    for time in times(75 * MINUTE + SETTLED, world.end):
        world.expect(time, of_job("CertificateMonitorPoolEmpty", ns="shop"))
    return world


def each_fails_in_its_turn():
    """A roll-out in which each pod is Ready before it can serve: for minutes
    some cannot, and never the same for long."""
    world = World("each-fails-in-its-turn", 2)
    pods = world.pool().some(16, FINE)
    for number, pod in enumerate(pods):
        time = (20 + number // 4 * 6) * MINUTE
        pod.during(time, time + 6 * MINUTE, failing("connect_refused"))
    world.silent(*times(0, world.end))
    return world


def some_dead_and_one_unsteady():
    """That the number of bad pods goes up and down does not silence it."""
    world = World("some-dead-and-one-unsteady", 4)
    pool = world.pool()
    pool.some(6, FINE)
    dead = pool.some(3, FINE, prefix="dead")
    for pod in dead:
        pod.at(20 * MINUTE, failing("connect_refused"))
    unsteady = pool.pod("unsteady", FINE)
    for time in range(20 * MINUTE, world.end, 16 * MINUTE):
        unsteady.during(time, time + STEP, failing("connect_refused"))
    for time in times(35 * MINUTE + SETTLED, world.end):
        world.expect(time, *(of_pod("CertificateNotFound", pod)
                             for pod in dead))
    return world


def one_node_without_pods():
    """Nodes have no pods of every job: only that none has any is wrong."""
    world = World("one-node-without-pods", 2)
    pool = world.pool()
    pool.pod("web-0", FINE, node="node-0")
    pool.pod("web-1", Skipped("not_ready"), node="node-1")
    world.silent(*times(0, world.end))
    return world


def worlds():
    for world in (roll_out(), roll_out_with_renewal(), restarts()):
        yield SHORT_STEP, world
    for world in (vanishes(),
                  last_one_vanishes(), replaced(),
                  bad_one_is_not_ready(), scaled_to_nothing(),
                  none_is_ready(), none_is_ready_in_one_namespace(),
                  each_fails_in_its_turn(), some_dead_and_one_unsteady(),
                  one_node_without_pods()):
        yield STEP, world
