# SPDX-License-Identifier: Apache-2.0
"""Many nodes, many pods."""

from model.alerts import Alert, of_pool
from model.layouts import CENTRAL_ONLY, PER_NODE_ONLY, BOTH
from model.alerts import of_run
from model.world import ALL, DAY, HOUR, MINUTE, World, failing

from .common import FINE, SETTLED, STEP, times


def nodes_fail(count):
    """All of them: one alert, but where there is but one instance."""
    world = World(f"{count}-nodes-fail", 1, nodes=count)
    pool = world.pool()
    pool.some(3, FINE)
    world.happens(ALL, 0, world.end + 1, succeeds=False)
    for time in times(25 * MINUTE + SETTLED, world.end):
        world.expect(time, of_run("CertificateMonitorRunFailing",
                                  layouts=CENTRAL_ONLY),
                     Alert("CertificateMonitorRunFailing",
                           layouts=PER_NODE_ONLY | BOTH))
    return world


def hundred_pods():
    """All of them bad."""
    world = World("hundred-pods", 1)
    pool = world.pool()
    pool.some(100, failing("connect_timeout"))
    for time in times(15 * MINUTE + SETTLED, world.end):
        world.expect(time, of_pool("CertificateNotFound", pool))
    return world


def worlds():
    yield STEP, nodes_fail(30)
    yield STEP, hundred_pods()
