# SPDX-License-Identifier: Apache-2.0
"""Certificates from their first day to long after their last.

Their steps are a small part of their lifetime, far more than the five minutes
for which Prometheus takes a sample for the present one: all is scraped when it
is evaluated, and nothing is known between.
"""

from model.alerts import CRITICAL, WARNING, of_pool
from model.world import DAY, HOUR, Certificate, World

#: Lifetime in days, step, and when warning and critical are due, in days
#: before the end: by seconds, or by the share of the lifetime.
LIVES = [
    (6, 6 * HOUR, 1.5, 0.6),
    (47, DAY + 12 * HOUR, 11.75, 4.7),
    (90, 2 * DAY, 21, 7),
    (365, 5 * DAY, 21, 7),
]


def renewed(days, step):
    """When a third is left, as ACME clients do, again and again."""
    world = World(f"{days}-days-renewed", 1.5 * days * 24)
    pods = world.pool().some(3, Certificate("first", 0, days * DAY))
    begin, number = 0, 0
    while begin < world.end:
        begin += days * DAY * 2 / 3
        number += 1
        for pod in pods:
            pod.at(begin, Certificate(f"renewed-{number}", begin,
                                      begin + days * DAY))
    world.silent(*range(0, int(world.end) + 1, step))
    return world


def forgotten(days, step, warning, critical):
    """By all of the pool."""
    world = World(f"{days}-days-forgotten", 1.4 * days * 24)
    pool = world.pool()
    pool.some(3, Certificate("only", 0, days * DAY))
    end = days * DAY
    due = [(end - warning * DAY, "CertificateExpiresSoon", WARNING),
           (end - critical * DAY, "CertificateExpiresSoon", CRITICAL),
           (end, "CertificateExpired", CRITICAL)]
    for time in range(0, int(world.end) + 1, step):
        # Pending for one step.
        if any(since <= time <= since + 2 * step for since, _, _ in due):
            continue
        world.expect(time, *(of_pool(name, pool, severity)
                             for since, name, severity in due if since < time))
    return world


def worlds():
    for days, step, warning, critical in LIVES:
        yield step, renewed(days, step)
        yield step, forgotten(days, step, warning, critical)
