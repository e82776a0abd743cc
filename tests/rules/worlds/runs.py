# SPDX-License-Identifier: Apache-2.0
"""Instances that stop, fail, lose their metrics, their state, their API."""

from model.alerts import (CRITICAL, WARNING, Alert, of_job, of_pod, of_pool,
                          of_run)
from model.layouts import (BOTH, CENTRAL_ONLY, IN_STANDARD, KNOWS_LAGGING,
                           PER_NODE_ONLY)
from model.world import (ALL, AWAY, DAY, HOUR, MINUTE, ONE, Answer,
                         Certificate, Skipped, World, failing)

from .common import FINE, NEW, SETTLED, SHORT_STEP, STEP, ending_in, times


def pool_of(world, bad=None):
    """Three pods; with `bad` that of node-0 is."""
    pool = world.pool()
    first = pool.pod("web-0", bad or FINE)
    pool.pod("web-1", FINE)
    pool.pod("web-2", FINE)
    return first


def stopped():
    """One timer, with a bad pod: what the dead file says of it goes on for an
    hour, and no longer. What the other instances say goes on."""
    world = World("stopped", 5)
    bad = pool_of(world, failing("connect_refused"))
    missing = of_pod("CertificateNotFound", bad)
    world.happens(ONE, 1 * HOUR, world.end + 1, runs=False)
    old = of_run("CertificateMonitorRunTooOld")
    unsuccessful = of_run("CertificateMonitorNoSuccess")
    world.expect(1 * HOUR, missing)
    world.expect(1 * HOUR + 20 * MINUTE - 2 * STEP, missing)
    for time in times(80 * MINUTE + SETTLED, 2 * HOUR - 2 * STEP):
        world.expect(time, missing, old)
    for time in times(2 * HOUR + 10 * MINUTE + SETTLED, world.end):
        world.expect(time, old, unsuccessful,
                     of_pod("CertificateNotFound", bad, layouts=BOTH))
    return world


def stopped_and_started():
    world = World("stopped-and-started", 4)
    pool_of(world)
    world.happens(ONE, 1 * HOUR, 100 * MINUTE, runs=False)
    old = of_run("CertificateMonitorRunTooOld")
    world.expect(80 * MINUTE + SETTLED, old)
    world.silent(*times(100 * MINUTE + SETTLED, world.end))
    return world


def missed_runs():
    """One or two, again and again."""
    world = World("missed-runs", 4)
    pool_of(world)
    for time in range(20 * MINUTE, 4 * HOUR, 20 * MINUTE):
        world.happens(ALL, time, time + 12 * MINUTE, runs=False)
    world.silent(*times(0, world.end))
    return world


def failing_runs():
    world = World("failing-runs", 4)
    pool_of(world)
    world.happens(ONE, 1 * HOUR, 3 * HOUR, succeeds=False)
    failing_alert = of_run("CertificateMonitorRunFailing")
    world.silent(*times(0, 75 * MINUTE - STEP))
    for time in times(75 * MINUTE + SETTLED, 2 * HOUR - STEP):
        world.expect(time, failing_alert)
    for time in times(2 * HOUR + 10 * MINUTE + SETTLED, 3 * HOUR - STEP):
        world.expect(time, failing_alert,
                     of_run("CertificateMonitorNoSuccess"))
    world.silent(*times(3 * HOUR + SETTLED, world.end))
    return world


def never_good():
    """From the first run on, for hours; until somebody grants what it needs."""
    world = World("never-good", 4)
    pool_of(world)
    world.happens(ONE, 0, 3 * HOUR, succeeds=False)
    failing_alert = of_run("CertificateMonitorRunFailing")
    for time in times(15 * MINUTE + SETTLED, 1 * HOUR - STEP):
        world.expect(time, failing_alert)
    for time in times(1 * HOUR + 10 * MINUTE + SETTLED, 3 * HOUR - STEP):
        world.expect(time, failing_alert,
                     of_run("CertificateMonitorNoSuccess"))
    world.silent(*times(3 * HOUR + SETTLED, world.end))
    return world


def often_failing():
    """Every third run."""
    world = World("often-failing", 5)
    pool_of(world)
    for time in range(1 * HOUR, 3 * HOUR, 3 * STEP):
        world.happens(ONE, time, time + STEP, succeeds=False)
    alert = of_run("CertificateMonitorRunsOftenFail")
    world.silent(*times(0, 1 * HOUR))
    for time in times(2 * HOUR + SETTLED, 3 * HOUR):
        world.expect(time, alert)
    world.silent(*times(4 * HOUR, world.end))
    return world


def seldom_failing():
    """Less than a fifth."""
    world = World("seldom-failing", 4)
    pool_of(world)
    for time in range(32 * MINUTE, 4 * HOUR, 7 * STEP):
        world.happens(ONE, time, time + STEP, succeeds=False)
    world.silent(*times(0, world.end))
    return world


def state_lost():
    """Counters begin anew. That is no burst of errors."""
    world = World("state-lost", 4)
    bad = pool_of(world)
    # Errors of a day that is long over.
    bad.during(20 * MINUTE, 29 * MINUTE, failing("connect_timeout"))
    for time in range(100 * MINUTE, 220 * MINUTE, 12 * MINUTE):
        world.happens(ALL, time, time + STEP, state=False)
    world.silent(*times(0, world.end))
    return world


def deadline():
    world = World("deadline", 3)
    pool_of(world)
    world.happens(ONE, 1 * HOUR, 2 * HOUR, in_time=False)
    alerts = [of_run("CertificateMonitorDeadlineExceeded"),
              of_run("CertificateMonitorRunFailing")]
    world.silent(*times(0, 75 * MINUTE - STEP))
    for time in times(75 * MINUTE + SETTLED, 2 * HOUR - STEP):
        world.expect(time, *alerts)
    world.silent(*times(2 * HOUR + SETTLED, world.end))
    return world


def limited():
    """summary, as there are too many series: nothing else changes."""
    world = World("limited", 3)
    bad = pool_of(world, failing("connect_refused"))
    world.happens(ALL, 30 * MINUTE, world.end + 1, limited=True)
    series = [of_run("CertificateMonitorSeriesLimited",
                     layouts=CENTRAL_ONLY)] + [
        of_run("CertificateMonitorSeriesLimited", instance=node,
               layouts=PER_NODE_ONLY) for node in world.nodes] + [
        Alert("CertificateMonitorSeriesLimited", layouts=BOTH)]
    missing = of_pod("CertificateNotFound", bad)
    for time in times(20 * MINUTE + SETTLED, 90 * MINUTE - STEP):
        world.expect(time, missing)
    for time in times(90 * MINUTE + SETTLED, world.end):
        world.expect(time, missing, *series)
    return world


def api_away():
    """For half an hour, and a pod goes in that time: where it was nobody
    answers, and that says nothing of it."""
    world = World("api-away", 2)
    gone = pool_of(world)
    gone.at(70 * MINUTE, AWAY)
    world.happens(ALL, 60 * MINUTE, 90 * MINUTE, api=False)
    alerts = [of_job("CertificateMonitorDiscoveryFailing", source="pods")] + [
        of_run("CertificateMonitorRunFailing", layouts=CENTRAL_ONLY)] + [
        of_run("CertificateMonitorRunFailing", instance=node,
               layouts=PER_NODE_ONLY) for node in world.nodes] + [
        Alert("CertificateMonitorRunFailing", layouts=BOTH)]
    world.silent(*times(0, 75 * MINUTE - STEP))
    world.expect(88 * MINUTE, *alerts)
    world.silent(*times(90 * MINUTE + SETTLED, world.end))
    return world


def api_away_for_hours():
    """Nothing is known of pods after an hour, so nothing is said of them. The
    list is old after two."""
    world = World("api-away-for-hours", 5)
    bad = pool_of(world, failing("no_certificate"))
    world.happens(ALL, 60 * MINUTE, world.end + 1, api=False)
    missing = of_pod("CertificateNotFound", bad)
    listing = of_job("CertificateMonitorDiscoveryFailing", source="pods")

    def runs(name):
        return [of_run(name, layouts=CENTRAL_ONLY)] + [
            of_run(name, instance=node, layouts=PER_NODE_ONLY)
            for node in world.nodes] + [Alert(name, layouts=BOTH)]

    failing_runs = runs("CertificateMonitorRunFailing")
    for time in times(75 * MINUTE + SETTLED, 2 * HOUR - STEP):
        world.expect(time, missing, listing, *failing_runs)
    world.expect(2 * HOUR + 30 * MINUTE, listing, *failing_runs,
                 *runs("CertificateMonitorNoSuccess"))
    for time in times(3 * HOUR + 5 * MINUTE + SETTLED, world.end):
        world.expect(time, listing, *failing_runs,
                     *runs("CertificateMonitorNoSuccess"),
                     of_job("CertificateMonitorDiscoveryOld", source="pods"))
    return world


def scrape_gaps():
    """Of all that is said of a pod, nothing ends, nothing begins anew."""
    world = World("scrape-gaps", 2)
    bad = pool_of(world, failing("connect_refused"))
    for time in range(40 * MINUTE, world.end, 20 * MINUTE):
        world.happens(ALL, time, time + 6 * MINUTE, up=False)
    for time in times(15 * MINUTE + SETTLED, world.end, SHORT_STEP):
        world.expect(time, of_pod("CertificateNotFound", bad))
    return world


def everything_through_gaps():
    """Whatever fires goes on while scrapes fail."""
    world = World("everything-through-gaps", 3.5)
    alerts = []

    def pool(name, *answers, **more):
        found = world.pool(f"{name}.example.com", **more)
        return found, [found.pod(f"web-{number}", answer)
                       for number, answer in enumerate(answers)]

    _, pods = pool("verify", FINE, Answer(FINE, verify="unknown_issuer"))
    alerts.append(of_pod("CertificateNotVerified", pods[1]))
    _, pods = pool("probe", FINE, Answer(FINE, "handshake_closed"))
    alerts.append(of_pod("CertificateProbeFailing", pods[1]))
    _, pods = pool("chain", FINE, Certificate("chain", FINE.begin, FINE.end,
                                              chain_end=20 * DAY))
    alerts.append(of_pod("CertificateChainExpiresSoon", pods[1],
                         layouts=IN_STANDARD))
    alike, _ = pool("differ", FINE, FINE, Certificate(
        "alike", FINE.begin - 60, FINE.end))
    alerts.append(of_pool("CertificatesDiffer", alike))
    near, _ = pool("near", *[ending_in(20 * DAY)] * 3)
    alerts.append(of_pool("CertificateExpiresSoon", near, WARNING))
    # A pool of two, both bad: it takes the number of good ones to know that.
    bad, _ = pool("bad", *[failing("no_certificate")] * 2)
    alerts.append(of_pool("CertificateNotFound", bad))
    issued, _ = pool("issued", FINE, FINE)
    issued.issued.append((0, -HOUR))
    alerts.append(of_pool("CertificateIssuedNotServed", issued))
    _, pods = pool("ecdsa", FINE, failing("key_type_missing"), key="ecdsa")
    alerts.append(of_pod("CertificateProbeFailing", pods[1]))
    pool("empty", Skipped("not_ready"), job="empty")
    alerts.append(of_job("CertificateMonitorPoolEmpty", "empty"))
    for time in range(150 * MINUTE, 210 * MINUTE, 20 * MINUTE):
        world.happens(ALL, time, time + 6 * MINUTE, up=False)
    for time in times(2 * HOUR + SETTLED, world.end, SHORT_STEP):
        world.expect(time, *alerts)
    return world


def unlisted_through_gaps():
    """The same of lists."""
    world = World("unlisted-through-gaps", 4)
    pool_of(world)
    world.happens(ALL, STEP, world.end + 1, api=False)
    world.concerns = "CertificateMonitorDiscovery.*"
    for time in range(200 * MINUTE, world.end, 20 * MINUTE):
        world.happens(ALL, time, time + 6 * MINUTE, up=False)
    for time in times(3 * HOUR, world.end, SHORT_STEP):
        world.expect(time, *(of_job(name, source="pods") for name in (
            "CertificateMonitorDiscoveryFailing",
            "CertificateMonitorDiscoveryOld")))
    return world


def restarting_exporters():
    """One after the other, as a DaemonSet is rolled out: nobody is lost, no
    sibling becomes the newest, no pool is empty."""
    world = World("restarting-exporters", 3)
    pool = world.pool()
    pool.pod("web-0", NEW)
    old = [pool.pod(f"web-{number}", ending_in(22 * DAY))
           for number in (1, 2)]
    for number, node in enumerate(world.nodes):
        start = (40 + 10 * number) * MINUTE
        world.happens(node, start, start + 6 * MINUTE, up=False)
    world.happens(None, 80 * MINUTE, 86 * MINUTE, up=False)
    for time in times(15 * MINUTE + SETTLED, 2 * HOUR - STEP, SHORT_STEP):
        world.expect(time, *(of_pod("CertificateRenewalLag", pod,
                                    names_pod=KNOWS_LAGGING) for pod in old))
    return world


def healthy_gaps():
    world = World("healthy-gaps", 2)
    pool_of(world)
    for time in range(40 * MINUTE, world.end, 24 * MINUTE):
        world.happens(ALL, time, time + 8 * MINUTE, up=False)
    world.silent(*times(0, world.end, SHORT_STEP))
    return world


def prometheus_away():
    """For some minutes: nobody notices that series are missing."""
    world = World("prometheus-away", 2)
    bad = pool_of(world, failing("connect_refused"))
    world.happens(ALL, 60 * MINUTE, 68 * MINUTE, scraped=False)
    for time in [*times(15 * MINUTE + SETTLED, 60 * MINUTE, SHORT_STEP),
                 *times(68 * MINUTE, world.end, SHORT_STEP)]:
        world.expect(time, of_pod("CertificateNotFound", bad))
    return world


def exporter_down():
    """For good, which may be another's alert. Of its pods nothing is said."""
    world = World("exporter-down", 3)
    bad = pool_of(world, failing("connect_refused"))
    world.happens(ONE, 1 * HOUR, world.end + 1, up=False)
    missing = of_pod("CertificateNotFound", bad)
    world.expect(1 * HOUR, missing)
    still = of_pod("CertificateNotFound", bad, layouts=BOTH)
    world.expect(80 * MINUTE, still)
    # Where it was the only one, it is not just a node that is gone.
    gone = Alert("CertificateMonitorGone", labels={"job": "node"},
                 layouts=CENTRAL_ONLY)
    for time in times(1 * HOUR + 25 * MINUTE + SETTLED, world.end):
        world.expect(time, still, gone)
    return world


def uninstalled():
    world = World("uninstalled", 3)
    bad = pool_of(world, failing("connect_refused"))
    world.happens(ONE, 1 * HOUR, world.end + 1, installed=False)
    missing = of_pod("CertificateNotFound", bad)
    still = of_pod("CertificateNotFound", bad, layouts=BOTH)
    gone = of_run("CertificateMonitorGone")
    world.expect(1 * HOUR, missing)
    world.expect(80 * MINUTE, still)
    for time in times(85 * MINUTE + SETTLED, world.end):
        world.expect(time, still, gone)
    return world


def refused():
    """Our file, by node_exporter."""
    world = World("refused", 3)
    pool_of(world)
    world.happens(ONE, 1 * HOUR, 2 * HOUR, refused=True)
    refused_alert = of_run("CertificateMonitorTextfileRefused")
    world.silent(*times(0, 65 * MINUTE - STEP))
    world.expect(65 * MINUTE + SETTLED, refused_alert)
    world.expect(2 * HOUR - STEP, refused_alert,
                 of_run("CertificateMonitorGone"))
    world.silent(*times(2 * HOUR + SETTLED, world.end))
    return world


def other_refused():
    """Somebody else's file is none of our business."""
    world = World("other-refused", 3)
    pool_of(world)
    world.happens(ALL, 30 * MINUTE, world.end + 1, other_refused=True)
    world.silent(*times(0, world.end))
    return world


def label_lost():
    """The scrape renames our label pod."""
    world = World("label-lost", 2)
    pool_of(world)
    world.happens(ONE, 30 * MINUTE, world.end + 1, exported_pod=True)
    for time in times(35 * MINUTE + SETTLED, world.end):
        world.expect(time, of_run("CertificateMonitorPodLabelLost",
                                  layouts=IN_STANDARD))
    return world


SERVER = {"server": "https://api.example.com:6443"}


def login(name, left, lifetime, *severities):
    """The certificate of one kubelet."""
    world = World(f"login-{name}", 1)
    pool_of(world)
    world.happens(ALL, 0, world.end + 1,
                  client=Certificate("kubelet", -10 * DAY, 355 * DAY))
    world.happens(ONE, 0, world.end + 1,
                  client=ending_in(left, lifetime, "client"))
    for time in times(15 * MINUTE + SETTLED, world.end):
        world.expect(time, *(
            of_run("CertificateMonitorClientCertificateExpiresSoon", severity,
                   labels=SERVER) for severity in severities))
    return world


def login_of_a_dead_timer():
    """It may have been renewed since: an old file says nothing of that."""
    world = World("login-of-a-dead-timer", 4)
    pool_of(world)
    world.happens(ALL, 0, world.end + 1,
                  client=Certificate("kubelet", -10 * DAY, 355 * DAY))
    world.happens(ONE, 0, world.end + 1,
                  client=ending_in(20 * DAY, 365 * DAY, "client"))
    world.happens(ONE, 1 * HOUR, world.end + 1, runs=False)
    world.expect(1 * HOUR, of_run(
        "CertificateMonitorClientCertificateExpiresSoon", WARNING,
        labels=SERVER))
    for time in times(2 * HOUR + 10 * MINUTE + SETTLED, world.end):
        world.expect(time, of_run("CertificateMonitorRunTooOld"),
                     of_run("CertificateMonitorNoSuccess"))
    return world


def api_server(name, left, lifetime, *severities):
    """Everybody sees it, and it is one alert."""
    world = World(f"api-server-{name}", 1)
    pool_of(world)
    world.happens(ALL, 0, world.end + 1,
                  server=ending_in(left, lifetime, "server"))
    for time in times(15 * MINUTE + SETTLED, world.end):
        world.expect(time, *(
            Alert("CertificateMonitorApiServerCertificateExpiresSoon",
                  severity, SERVER) for severity in severities))
    return world


def worlds():
    for world in (
            stopped(), stopped_and_started(), missed_runs(), failing_runs(),
            never_good(), often_failing(), seldom_failing(), state_lost(), deadline(),
            limited(), api_away(), api_away_for_hours(), exporter_down(),
            uninstalled(), refused(), other_refused(), label_lost(),
            login("fine", 31 * DAY, 365 * DAY),
            # The kubelet's own renews when 10 to 30 % are left.
            login("renewing", 30 * DAY, 365 * DAY),
            login("warning", 20 * DAY, 365 * DAY, WARNING),
            login("critical", 6 * DAY, 365 * DAY, WARNING, CRITICAL),
            login("day-long-fine", 0.2 * DAY, DAY),
            login("day-long-warning", 0.075 * DAY, DAY, WARNING),
            login_of_a_dead_timer(),
            api_server("fine", 22 * DAY, 365 * DAY),
            api_server("warning", 20 * DAY, 365 * DAY, WARNING),
            api_server("critical", 6 * DAY, 365 * DAY, WARNING, CRITICAL)):
        yield STEP, world
    for world in (scrape_gaps(), everything_through_gaps(),
                  unlisted_through_gaps(), restarting_exporters(),
                  healthy_gaps(), prometheus_away()):
        yield SHORT_STEP, world
