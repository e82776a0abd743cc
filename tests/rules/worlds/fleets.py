# SPDX-License-Identifier: Apache-2.0
"""Many nodes, many pods."""

from model.alerts import Alert, of_pool, of_run
from model.layouts import BOTH, CENTRAL_ONLY, PER_NODE_ONLY
from model.world import ALL, HOUR, MINUTE, ONE, World, failing

from .common import FINE, SETTLED, STEP, times


#: For worlds of days. Nothing is known between, as in lives.py.
LONG_STEP = 30 * MINUTE


def nodes_fail(count, named):
    """All of them: one alert, but where there is but one instance. (More nodes
    than these have more series than promtool allows a query.)"""
    world = World(f"{count}-nodes-fail", 1, nodes=count)
    pool = world.pool()
    pool.some(3, FINE)
    world.happens(ALL, 0, world.end + 1, succeeds=False)
    for time in times(25 * MINUTE + SETTLED, world.end):
        world.expect(time, of_run("CertificateMonitorRunFailing",
                                  layouts=CENTRAL_ONLY),
                     Alert("CertificateMonitorRunFailing",
                           layouts=BOTH if named else PER_NODE_ONLY | BOTH),
                     *(of_run("CertificateMonitorRunFailing", instance=node,
                              layouts=PER_NODE_ONLY)
                       for node in world.nodes if named))
    return world


def gone_for_a_day():
    """Taken away on purpose, it is forgotten after a day."""
    world = World("gone-for-a-day", 27)
    world.pool().some(3, FINE)
    world.happens(ONE, 1 * HOUR, world.end + 1, installed=False)
    for time in times(2 * HOUR, 24 * HOUR, LONG_STEP):
        world.expect(time, of_run("CertificateMonitorGone"))
    world.silent(*times(25 * HOUR + LONG_STEP, world.end, LONG_STEP))
    return world


def sixty_pods():
    """All of them bad."""
    world = World("sixty-pods", 1)
    pool = world.pool()
    pool.some(60, failing("connect_timeout"))
    for time in times(15 * MINUTE + SETTLED, world.end):
        world.expect(time, of_pool("CertificateNotFound", pool))
    return world


def worlds():
    yield STEP, nodes_fail(3, named=True)
    yield STEP, nodes_fail(200, named=False)
    yield LONG_STEP, gone_for_a_day()
    yield STEP, sixty_pods()
