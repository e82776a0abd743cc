# SPDX-License-Identifier: Apache-2.0
"""Clusters whose Prometheus has no others, and no label for that."""

from model.alerts import Alert, of_pod
from model.layouts import KNOWS_LAGGING
from model.world import ALL, DAY, MINUTE, World

from .common import FINE, NEW, SETTLED, STEP, ending_in, times


def usual():
    """A healthy pool, and one with a pod that missed the renewal."""
    world = World("no-cluster", 1, cluster=False)
    world.pool("blog.example.com").some(3, FINE)
    pool = world.pool()
    pool.some(2, NEW)
    bad = pool.pod("web-2", ending_in(22 * DAY))
    for time in times(15 * MINUTE + SETTLED, world.end):
        world.expect(time, of_pod("CertificateRenewalLag", bad,
                                  names_pod=KNOWS_LAGGING))
    return world


def never_there():
    """node_exporter is."""
    world = World("never-there", 1, cluster=False)
    world.pool().some(3, FINE)
    world.happens(ALL, 0, world.end + 1, installed=False)
    world.silent(15 * MINUTE - STEP)
    for time in times(15 * MINUTE + SETTLED, world.end):
        world.expect(time, Alert("CertificateMonitorAbsent"))
    return world


def there_no_more():
    """Nor is node_exporter."""
    world = World("there-no-more", 2, cluster=False)
    world.pool().some(3, FINE)
    world.happens(ALL, 40 * MINUTE, world.end + 1, up=False)
    world.silent(*times(0, 60 * MINUTE))
    for time in times(65 * MINUTE + SETTLED, world.end):
        world.expect(time, Alert("CertificateMonitorAbsent"),
                     Alert("CertificateMonitorGone", labels={"job": "node"}))
    return world


def settings_twice():
    """And they differ."""
    world = World("settings-twice", 2, cluster=False)
    world.pool().some(3, FINE)
    world.happens(ALL, 40 * MINUTE, 100 * MINUTE, other_settings=True)
    world.silent(*times(0, 55 * MINUTE - STEP))
    for time in times(55 * MINUTE + SETTLED, 100 * MINUTE - STEP):
        world.expect(time, Alert("CertificateMonitorSettingsLost"))
    world.silent(*times(100 * MINUTE + SETTLED, world.end))
    return world


def worlds():
    for world in (usual(), never_there(), there_no_more(), settings_twice()):
        yield STEP, world
