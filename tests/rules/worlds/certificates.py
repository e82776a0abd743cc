# SPDX-License-Identifier: Apache-2.0
"""Each alert about certificates, when it must fire: one pod of three."""

from model.alerts import CRITICAL, WARNING, of_pod, of_pool
from model.layouts import IN_STANDARD, KNOWS_LAGGING
from model.world import DAY, HOUR, MINUTE, Answer, Certificate, World, failing

from .common import FINE, NEW, SETTLED, STEP, ending_in, times


def healthy():
    world = World("healthy", 6)
    world.pool().some(3, FINE)
    world.pool("blog.example.com", port="websecure").some(2, NEW)
    world.silent(*times(0, world.end))
    return world


def near_end(pod, severity, **how):
    return of_pod("CertificateExpiresSoon", pod, severity,
                  names_pod=KNOWS_LAGGING, **how)


def lagging(pod, **how):
    return of_pod("CertificateRenewalLag", pod, names_pod=KNOWS_LAGGING, **how)


def expires():
    """While its siblings were renewed."""
    world = World("expires", 3)
    pool = world.pool()
    pool.some(2, NEW)
    bad = pool.pod("web-2", ending_in(1 * HOUR))
    before = (near_end(bad, WARNING), near_end(bad, CRITICAL), lagging(bad))
    world.silent(0, 15 * MINUTE - STEP)
    world.expect(15 * MINUTE + SETTLED, *before)
    world.expect(1 * HOUR, *before)
    expired = of_pod("CertificateExpired", bad)
    for time in times(1 * HOUR + 2 * MINUTE + SETTLED, 2 * HOUR - STEP):
        world.expect(time, expired, *before)
    # It is the third thing to be said of it, and inhibited by the others.
    for time in times(2 * HOUR + SETTLED, world.end):
        world.expect(time, expired, of_pool("CertificatesDiffer", pool),
                     *before)
    return world


def all_expire():
    """One for the pool, and no lag: there is nothing newer."""
    world = World("all-expire", 2)
    pool = world.pool()
    pool.some(3, ending_in(1 * HOUR))
    before = [of_pool("CertificateExpiresSoon", pool, severity)
              for severity in (WARNING, CRITICAL)]
    world.silent(15 * MINUTE - STEP)
    world.expect(15 * MINUTE + SETTLED, *before)
    world.expect(1 * HOUR, *before)
    for time in times(1 * HOUR + 2 * MINUTE + SETTLED, world.end):
        world.expect(time, of_pool("CertificateExpired", pool), *before)
    return world


def only_pod():
    """A pool of one is not a whole pool: the pod is named."""
    world = World("only-pod", 2)
    pod = world.pool().pod("web-0", ending_in(1 * HOUR))
    for time in times(15 * MINUTE + SETTLED, 1 * HOUR):
        world.expect(time, *(
            of_pod("CertificateExpiresSoon", pod, severity,
                   names_pod=IN_STANDARD) for severity in (WARNING, CRITICAL)))
    return world


def not_yet_valid():
    world = World("not-yet-valid", 2)
    pool = world.pool()
    pool.some(2, FINE)
    bad = pool.pod("web-2", Certificate("future", 90 * MINUTE, 90 * DAY))
    world.silent(5 * MINUTE - STEP)
    for time in times(5 * MINUTE + SETTLED, 90 * MINUTE):
        world.expect(time, of_pod("CertificateNotYetValid", bad))
    world.silent(90 * MINUTE + SETTLED)
    return world


def not_found():
    """For several reasons, one after the other: it is one alert."""
    world = World("not-found", 3)
    pool = world.pool()
    pool.some(2, FINE)
    bad = pool.pod("web-2", FINE)
    bad.at(30 * MINUTE, failing("connect_timeout"))
    bad.at(70 * MINUTE, failing("connect_refused"))
    bad.at(100 * MINUTE, failing("name_rejected"))
    bad.at(120 * MINUTE, FINE)
    world.silent(30 * MINUTE, 45 * MINUTE - STEP)
    for time in times(45 * MINUTE + SETTLED, 120 * MINUTE, STEP):
        world.expect(time, of_pod("CertificateNotFound", bad))
    world.silent(120 * MINUTE + SETTLED)
    return world


def warned(name, left, lifetime, *severities):
    """Not renewed as its siblings neither."""
    world = World(name, 1)
    pool = world.pool()
    pool.some(2, ending_in(left, lifetime))
    world.silent(15 * MINUTE - STEP)
    world.expect(15 * MINUTE + SETTLED, *(
        of_pool("CertificateExpiresSoon", pool, severity)
        for severity in severities))
    return world


def chain(name, chain_left, *severities):
    """The leaf has long to go."""
    world = World(name, 1)
    pool = world.pool()
    pool.some(2, FINE)
    bad = pool.pod("web-2", Certificate("chain", FINE.begin, FINE.end,
                                        chain_end=chain_left))
    # The summary says nothing of chains until they do not verify.
    alerts = [of_pod("CertificateChainExpiresSoon", bad, severity,
                     layouts=IN_STANDARD) for severity in severities]
    world.silent(15 * MINUTE - STEP)
    world.expect(15 * MINUTE + SETTLED, *alerts)
    return world


def chain_is_over():
    """Then the chain does not verify, and the summary has it as well."""
    world = World("chain-is-over", 2)
    pool = world.pool()
    pool.some(2, FINE)
    bad = pool.pod("web-2", Certificate("chain", FINE.begin, FINE.end,
                                        chain_end=30 * MINUTE))
    ends = [of_pod("CertificateChainExpiresSoon", bad, severity)
            for severity in (WARNING, CRITICAL)]
    for time in times(45 * MINUTE + SETTLED, world.end):
        world.expect(time, of_pod("CertificateNotVerified", bad, CRITICAL),
                     *ends)
    return world


def lag():
    """Nobody's certificate is near its end."""
    world = World("lag", 6)
    pool = world.pool()
    old = ending_in(24 * DAY, 90 * DAY)
    fresh = Certificate("fresh", 20 * MINUTE, 90 * DAY)
    for pod in pool.some(2, old):
        pod.at(30 * MINUTE, fresh)
    bad = pool.pod("web-2", old)
    world.silent(0, 30 * MINUTE, 45 * MINUTE - STEP)
    world.expect(45 * MINUTE + SETTLED, lagging(bad))
    for time in times(2 * HOUR, 20 * MINUTE + 2 * HOUR):
        world.expect(time, lagging(bad))
    # The roll-out is stuck.
    world.expect(30 * MINUTE + 2 * HOUR + SETTLED, lagging(bad),
                 of_pool("CertificatesDiffer", pool))
    bad.at(4 * HOUR, fresh)
    world.silent(*times(4 * HOUR + SETTLED, world.end))
    return world


def issued_not_served():
    """All of the pool, so that none lags behind another."""
    world = World("issued-not-served", 5)
    pool = world.pool()
    pods = pool.some(3, FINE)
    pool.issued.append((30 * MINUTE, 25 * MINUTE))
    fresh = Certificate("fresh", 25 * MINUTE, 90 * DAY)
    alert = of_pool("CertificateIssuedNotServed", pool)
    world.silent(90 * MINUTE - STEP)
    world.expect(90 * MINUTE + SETTLED, alert)
    world.expect(4 * HOUR - STEP, alert)
    for pod in pods:
        pod.at(4 * HOUR, fresh)
    world.silent(4 * HOUR + SETTLED)
    return world


def issued_not_served_by_one():
    world = World("issued-not-served-by-one", 5)
    pool = world.pool()
    fresh = Certificate("fresh", 25 * MINUTE, 90 * DAY)
    for pod in pool.some(2, FINE):
        pod.at(40 * MINUTE, fresh)
    bad = pool.pod("web-2", FINE)
    pool.issued.append((30 * MINUTE, 25 * MINUTE))
    alert = of_pod("CertificateIssuedNotServed", bad, names_pod=KNOWS_LAGGING)
    world.silent(90 * MINUTE - STEP)
    for time in times(90 * MINUTE + SETTLED, 30 * MINUTE + 2 * HOUR):
        world.expect(time, alert)
    for time in times(40 * MINUTE + 2 * HOUR + SETTLED, world.end):
        world.expect(time, alert, of_pool("CertificatesDiffer", pool))
    return world


def differ():
    """As young as each other, so that none lags."""
    world = World("differ", 5)
    pool = world.pool()
    one = Certificate("one", -HOUR, 80 * DAY)
    pool.some(2, one)
    odd = pool.pod("web-2", one)
    odd.at(HOUR, Certificate("other", -30 * MINUTE, 81 * DAY))
    world.silent(HOUR, 3 * HOUR - STEP)
    world.expect(3 * HOUR + SETTLED, of_pool("CertificatesDiffer", pool))
    world.expect(4 * HOUR - STEP, of_pool("CertificatesDiffer", pool))
    odd.at(4 * HOUR, one)
    world.silent(4 * HOUR + SETTLED, world.end)
    return world


def not_verified(severity, *reasons):
    """Each for a domain of its own."""
    world = World(f"not-verified-{severity}", 1)
    alerts = []
    for reason in reasons:
        pool = world.pool(f"{reason.replace('_', '-')}.example.com")
        pool.some(1, FINE)
        alerts.append(of_pod("CertificateNotVerified",
                             pool.pod("web-1", Answer(FINE, verify=reason)),
                             severity))
    # A Prometheus that has just begun takes for lasting what it finds.
    for time in times(15 * MINUTE + SETTLED, world.end):
        world.expect(time, *alerts)
    return world


def verified_again():
    world = World("verified-again", 2)
    pool = world.pool()
    pool.some(2, FINE)
    bad = pool.pod("web-2", FINE)
    bad.at(20 * MINUTE, Answer(FINE, verify="unknown_issuer"))
    world.silent(35 * MINUTE - STEP)
    for time in times(35 * MINUTE + SETTLED, 100 * MINUTE):
        world.expect(time, of_pod("CertificateNotVerified", bad))
    bad.at(100 * MINUTE, FINE)
    world.silent(100 * MINUTE + SETTLED)
    return world


def probe_failing():
    """Though it shows its certificate."""
    world = World("probe-failing", 2)
    pool = world.pool()
    pool.some(2, FINE)
    bad = pool.pod("web-2", FINE)
    bad.during(20 * MINUTE, 100 * MINUTE, Answer(FINE, "handshake_closed"))
    world.silent(35 * MINUTE - STEP)
    for time in times(35 * MINUTE + SETTLED, 100 * MINUTE):
        world.expect(time, of_pod("CertificateProbeFailing", bad))
    world.silent(100 * MINUTE + SETTLED)
    return world


def probe_unsteady():
    """Each fifth probe fails: never for as long as any other alert needs."""
    world = World("probe-unsteady", 4)
    pool = world.pool()
    pool.some(2, FINE)
    bad = pool.pod("web-2", FINE)
    for time in range(30 * MINUTE, 150 * MINUTE, 10 * MINUTE):
        bad.during(time, time + STEP, failing("handshake_timeout"))
    # The summary has no series of the pods that are good, so that it knows of
    # no change.
    alert = of_pod("CertificateProbeUnsteady", bad, layouts=IN_STANDARD)
    world.silent(30 * MINUTE, 60 * MINUTE)
    for time in times(90 * MINUTE + SETTLED, 150 * MINUTE):
        world.expect(time, alert)
    world.silent(4 * HOUR)
    return world


def worlds():
    for world in (
            healthy(), expires(), all_expire(), only_pod(), not_yet_valid(),
            not_found(), lag(), issued_not_served(),
            issued_not_served_by_one(), differ(), probe_failing(),
            probe_unsteady(), chain_is_over(),
            chain("chain-warning", 20 * DAY, WARNING),
            chain("chain-critical", 6 * DAY, WARNING, CRITICAL),
            # By seconds, and by the share of the lifetime.
            warned("warning-one-year", 20 * DAY, 365 * DAY, WARNING),
            warned("critical-one-year", 6.9 * DAY, 365 * DAY,
                   WARNING, CRITICAL),
            warned("warning-47-days", 11 * DAY, 47 * DAY, WARNING),
            warned("critical-47-days", 4.6 * DAY, 47 * DAY,
                   WARNING, CRITICAL),
            warned("warning-6-days", 1.4 * DAY, 6 * DAY, WARNING),
            warned("critical-6-days", 0.55 * DAY, 6 * DAY, WARNING, CRITICAL),
            verified_again(),
            not_verified(CRITICAL, "revoked", "bad_signature"),
            not_verified(WARNING, "self_signed", "insecure_algorithm",
                         "wrong_purpose", "incomplete_chain",
                         "unknown_issuer", "ocsp_missing", "ocsp_invalid",
                         "other")):
        yield STEP, world
