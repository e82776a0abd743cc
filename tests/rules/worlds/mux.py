# SPDX-License-Identifier: Apache-2.0
"""What can be told by the metrics of muxinc/certificate-expiry-monitor."""

from model.alerts import CRITICAL, WARNING, of_pod, of_pool, of_run
from model.world import ALL, DAY, HOUR, MINUTE, ONE, Certificate, World, failing

from .common import FINE, NEW, SETTLED, STEP, ending_in, times


def healthy():
    world = World("mux-healthy", 2)
    world.pool().some(3, FINE)
    world.silent(*times(0, world.end))
    return world


def statuses():
    world = World("mux-statuses", 1)
    alerts = []
    for name, answer in (
            ("CertificateNotFound", failing("connect_refused")),
            ("CertificateNotYetValid", Certificate("f", 9 * HOUR, 90 * DAY))):
        pool = world.pool(f"{name.lower()}.example.com")
        pool.some(2, FINE)
        alerts.append(of_pod(name, pool.pod("web-2", answer)))
    for time in times(15 * MINUTE + SETTLED, world.end):
        world.expect(time, *alerts)
    return world


def expires():
    world = World("mux-expires", 3)
    pool = world.pool()
    pool.some(2, NEW)
    bad = pool.pod("web-2", ending_in(1 * HOUR))
    before = [of_pod("CertificateExpiresSoon", bad, WARNING),
              of_pod("CertificateExpiresSoon", bad, CRITICAL),
              of_pod("CertificateRenewalLag", bad)]
    for time in times(15 * MINUTE + SETTLED, 1 * HOUR):
        world.expect(time, *before)
    for time in times(62 * MINUTE + SETTLED, world.end):
        world.expect(time, of_pod("CertificateExpired", bad), *before)
    return world


def all_near_end():
    world = World("mux-all-near-end", 1)
    pool = world.pool()
    pool.some(3, ending_in(20 * DAY))
    for time in times(15 * MINUTE + SETTLED, world.end):
        world.expect(time, of_pool("CertificateExpiresSoon", pool, WARNING))
    return world


def failing_runs():
    world = World("mux-failing-runs", 1)
    world.pool().some(3, FINE)
    world.happens(ONE, 0, world.end + 1, succeeds=False)
    for time in times(15 * MINUTE + SETTLED, world.end):
        world.expect(time, of_run("CertificateMonitorRunFailing"))
    return world


def gaps():
    """Scrapes fail, and nothing that fires ends. (mux has no timestamps: what
    is left is known for the time of a run.)"""
    world = World("mux-gaps", 3)
    pool = world.pool()
    pool.some(2, ending_in(30 * DAY))
    bad = pool.pod("web-2", ending_in(-HOUR))
    for time in range(60 * MINUTE, world.end, 20 * MINUTE):
        world.happens(ALL, time, time + 6 * MINUTE, up=False)
    world.concerns = "CertificateExpir.*"
    for time in times(15 * MINUTE + SETTLED, world.end, STEP):
        world.expect(time, of_pod("CertificateExpired", bad),
                     of_pod("CertificateExpiresSoon", bad, WARNING),
                     of_pod("CertificateExpiresSoon", bad, CRITICAL))
    return world


def worlds():
    for world in (healthy(), statuses(), expires(), all_near_end(),
                  failing_runs(), gaps()):
        yield STEP, world
