# SPDX-License-Identifier: Apache-2.0
"""What comes near an alert and is none."""

from model.world import (DAY, HOUR, MINUTE, Answer, Certificate, World,
                         default_certificate, failing)

from .common import FINE, STEP, ending_in, times


def steady(name, *answers, hours=2, **pool):
    """Pods that answer so all the time, and nothing fires."""
    world = World(name, hours)
    where = world.pool(**pool)
    for number, answer in enumerate(answers):
        where.pod(f"web-{number}", answer)
    world.silent(*times(0, world.end, 30 * MINUTE))
    return world


def moments(name, what, lasting, every=40 * MINUTE, hours=6):
    """Something that is wrong, and over before it counts."""
    world = World(name, hours)
    pool = world.pool()
    pool.some(2, FINE)
    bad = pool.pod("web-2", FINE)
    for time in times(20 * MINUTE, world.end - every, every):
        bad.during(time, time + lasting, what)
    world.silent(*times(0, world.end, STEP))
    return world


def lag_within_hours():
    """The pods of a pool that renews one after the other, within two hours:
    three quarters of the old ones' lifetimes are used."""
    world = World("lag-within-hours", 3)
    pool = world.pool()
    old = ending_in(22 * DAY)
    for number, pod in enumerate(pool.some(3, old)):
        pod.at(20 * MINUTE + number * 5 * MINUTE,
               Certificate(f"new-{number}", 10 * MINUTE, 90 * DAY))
    world.silent(*times(0, world.end, STEP))
    return world


def issued_and_served():
    """An hour after it was issued."""
    world = World("issued-and-served", 4)
    pool = world.pool()
    fresh = Certificate("fresh", 25 * MINUTE, 90 * DAY)
    for pod in pool.some(3, FINE):
        pod.at(80 * MINUTE, fresh)
    pool.issued.append((30 * MINUTE, 25 * MINUTE))
    world.silent(*times(0, world.end))
    return world


def issued_an_hour_later():
    """Than what is served: it was issued twice, say."""
    world = World("issued-an-hour-later", 3)
    pool = world.pool()
    pool.some(3, FINE)
    pool.issued.append((0, FINE.begin + 100 * MINUTE))
    world.silent(*times(0, world.end))
    return world


def differ_within_hours():
    world = World("differ-within-hours", 5)
    pool = world.pool()
    one = Certificate("one", -HOUR, 80 * DAY)
    other = Certificate("other", -30 * MINUTE, 80 * DAY)
    for number, pod in enumerate(pool.some(3, one)):
        pod.at((30 + 45 * number) * MINUTE, other)
    world.silent(*times(0, world.end))
    return world


def few_errors():
    """Four in an hour, with good probes between them."""
    world = World("few-errors", 4)
    pool = world.pool()
    pool.some(2, FINE)
    bad = pool.pod("web-2", FINE)
    for time in times(20 * MINUTE, 220 * MINUTE, 20 * MINUTE):
        bad.during(time, time + STEP, failing("handshake_timeout"))
    world.silent(*times(0, world.end))
    return world


def outage():
    """An hour's of probe errors is no unsteadiness."""
    world = World("outage", 4)
    pool = world.pool()
    pool.some(2, FINE)
    bad = pool.pod("web-2", FINE)
    bad.during(60 * MINUTE, 60 * MINUTE + 12 * MINUTE,
               failing("connect_timeout"))
    world.silent(*times(0, world.end))
    return world


def missing_key_type():
    """None of the pool has an RSA certificate, as is meant."""
    world = World("key-type-nowhere", 3)
    world.pool(key="rsa").some(3, failing("key_type_missing"))
    world.pool(key="ecdsa").some(3, FINE)
    world.silent(*times(0, world.end))
    return world


def unverified():
    """A job that does not verify."""
    world = World("unverified", 2)
    world.pool().some(3, Answer(FINE, checked=False))
    world.silent(*times(0, world.end))
    return world


def worlds():
    default = default_certificate(0)
    for world in (
            steady("one-year-fine", *[ending_in(21.5 * DAY, 365 * DAY)] * 2),
            steady("90-days-fine", *[ending_in(21.2 * DAY, 84 * DAY)] * 2),
            steady("47-days-fine", *[ending_in(12 * DAY, 47 * DAY)] * 2),
            steady("6-days-fine", *[ending_in(1.7 * DAY, 6 * DAY)] * 2),
            # Half of the lifetime is used, and the lag is of a month.
            steady("lag-of-the-young", ending_in(45 * DAY), ending_in(80 * DAY)),
            # Each its own, an hour apart: three quarters are used.
            steady("lag-of-an-hour", ending_in(22 * DAY),
                   ending_in(22 * DAY + 110 * MINUTE)),
            steady("client-certificate",
                   *[Answer(FINE, "client_certificate_required")] * 3),
            steady("chain-with-leaf", *[
                Certificate("same", -DAY, 80 * DAY, chain_end=80 * DAY)] * 3),
            steady("chain-far", *[
                Certificate("far", -DAY, 80 * DAY, chain_end=22 * DAY)] * 3),
            moments("not-found-for-minutes", failing("connect_refused"),
                    14 * MINUTE, hours=4),
            moments("default-for-minutes", default, 14 * MINUTE, hours=4),
            moments("not-verified-for-minutes",
                    Answer(FINE, verify="unknown_issuer"), 14 * MINUTE,
                    hours=4),
            moments("failing-for-minutes",
                    Answer(FINE, "handshake_alert"), 4 * MINUTE, hours=4),
            moments("stale-target", failing("stale_target"), 39 * MINUTE),
            moments("not-reached", failing("deadline"), 39 * MINUTE),
            lag_within_hours(), issued_and_served(),
            issued_an_hour_later(), differ_within_hours(),
            outage(), few_errors(), missing_key_type(), unverified()):
        yield STEP, world
