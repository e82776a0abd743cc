#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The incident that this project began with, played on one machine and told
while it happens. Everything is real but the time: certificates age by being
replaced with their later selves, and Prometheus and Alertmanager wait for
seconds where they would for minutes (support/timelapse.py).

What is told is checked: it ends with status 0 only if all of it was so. 77 says
that something is missing to play it with.

The program is taken from the environment variable CEM_PROGRAM, as the tests do.
"""

import argparse
import contextlib
import os
import signal
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import pytest
from support.certs import DAY, now
from support.edge import DOMAIN, NAMESPACE, Edge, Place
from support.processes import eventually
from support.program import locate
from support.prometheus import POLL
from support.watch import Watch

PLACES = [Place("traefik-9f5d-2mk7w", "node-a", "127.91.0.11"),
          Place("traefik-9f5d-8xq4c", "node-b", "127.91.0.12"),
          Place("traefik-9f5d-zt6pj", "node-c", "127.91.0.13")]
#: The pod that does not renew, and what comes in its place.
CULPRIT = PLACES[2]
SUCCESSOR = Place("traefik-9f5d-hw5nb", "node-c", "127.91.0.14")

LIFETIME = 90 * DAY
#: Seconds that the culprit's certificate lives on in the last act.
LAST_SECONDS = 5
#: So many probes through the balancer are looked at: three rounds.
PROBES = 9


class Story:
    def __init__(self, directory, program, nodes):
        self._directory = directory
        self._program = program
        self._nodes = nodes
        self._edge = None
        self._watch = None
        self._told = 0
        self._began = self._act_began = time.monotonic()

    @contextlib.contextmanager
    def play(self):
        """All of it; the context is the end, when all is still there."""
        self._say("Starting an API server with etcd, and a load balancer ...")
        with Edge(self._directory / "edge", [*PLACES, SUCCESSOR]) as self._edge:
            self._serve()
            self._say("Starting certificate-expiry-monitor "
                      f"{self._how_often()}, node_exporter, Prometheus, "
                      "Alertmanager, blackbox_exporter ...")
            with Watch(self._program, self._edge, self._directory / "watch",
                       self._nodes) as self._watch:
                self.say_where()
                try:
                    for act in (self._calm, self._lag, self._near_end,
                                self._expired, self._replaced):
                        act()
                        self._check()
                except (AssertionError, TimeoutError):
                    self._look()
                    raise
                yield self

    def say_where(self):
        """One may look around in there. Debian's Prometheus has but the
        classic pages, and its Alertmanager none."""
        self._say(
            f"  Prometheus    {self._watch.prometheus.url}/classic/alerts",
            f"  Alertmanager  {self._watch.alertmanager.url}/api/v2/alerts")

    def _how_often(self):
        return ("on each node, where it sees one pod,"
                if len(self._nodes) > 1 else "once for all nodes")

    # The acts

    def _serve(self):
        """Before the curtain rises."""
        begin = now() - 64 * DAY
        self._old = self._edge.certificate("old", begin, begin + LIFETIME)
        for place in PLACES:
            self._say(f"Starting Traefik: pod {place.name} on {place.node} ...")
            self._edge.start(place, self._old)
        self._edge.open()

    def _calm(self):
        self._head(
            "Day 64: all is well",
            f"Three pods of Traefik serve {DOMAIN}, with a certificate of 90 "
            "days on its day 64. It is time to renew it.")
        prometheus = self._watch.prometheus
        self._await(lambda: self._pods("valid") == set(PLACES),
                    "three pods with a good certificate")
        # Before the first scrape there was nothing, which is an alert to be.
        self._await(lambda: not prometheus.alerts(), "no alert")
        self._begin_looking()
        prometheus.wait_for_evaluations(6)
        self._await(lambda: len(self._probes()) >= PROBES, "probes")
        assert not self._ever(""), "an alert, though all is well"
        assert not self._watch.pager.told()
        self._assert_fine_through_balancer()
        self._look()

    def _lag(self):
        self._head(
            "Day 64: two pods renew, one does not",
            "Every certificate is valid for weeks, so nothing that looks at "
            "one of them can find anything wrong.")
        begin = now() - DAY / 24
        self._new = self._edge.certificate("new", begin, begin + LIFETIME)
        for place in PLACES:
            if place != CULPRIT:
                self._edge.renew(place, self._new)
        self._begin_looking()
        self._await_page("CertificateRenewalLag", "warning")
        self._await(lambda: len(self._probes()) >= PROBES, "probes")
        assert self._pods("valid") == set(PLACES)
        assert {each.name for each in self._watch.pager.told()} == {
            "CertificateRenewalLag"}
        assert self._firing() <= {"CertificateRenewalLag",
                                  "CertificatesDiffer"}, self._firing()
        self._assert_fine_through_balancer()
        earliest = self._through_balancer("min_over_time", "earliest_cert_expiry")
        assert earliest - time.time() > 25 * 86400
        self._look()

    def _near_end(self):
        self._head(
            "Day 89: a day is left",
            "Nobody has looked after the warnings since then; time jumps to the "
            "last day. Through the load balancer two probes of three see the new "
            "certificate.")
        self._skip_until(now() + DAY)
        self._begin_looking()
        self._await_page("CertificateExpiresSoon", "critical")
        self._await(lambda: len(self._probes()) >= PROBES, "probes")
        self._assert_fine_through_balancer()
        # It says the one and the other by turns.
        assert self._through_balancer("changes", "earliest_cert_expiry") > 1
        self._look()

    def _expired(self):
        self._head(
            f"Day 90: the last {LAST_SECONDS} seconds, and then it has expired",
            "Users see that a connection of three fails, and is fine when "
            "tried again.")
        self._skip_until(now() + LAST_SECONDS * DAY / 86400)
        self._await(lambda: self._pods("expired") == {CULPRIT},
                    "the pod whose certificate has expired")
        self._begin_looking()
        self._await_page("CertificateExpired", "critical")
        self._await(lambda: len(self._probes()) >= PROBES, "probes")
        good = self._probes().count(True) / len(self._probes())
        assert 0.5 < good < 0.85, f"{good:.0%} of probes are good"
        # Of the same thing the worse is told alone.
        self._await(lambda: ("CertificateExpiresSoon", "warning")
                    in self._suppressed(), "a warning that is kept back")
        self._look()

    def _replaced(self):
        self._head(
            "Day 90: the pod is replaced",
            f"On call, one knows which: {CULPRIT.name}. It is deleted, and "
            f"{SUCCESSOR.name} comes in its place.")
        self._edge.forget(CULPRIT)
        # As in a cluster, where a pod is not to be probed before it ends.
        self._watch.wait_until_forgotten(CULPRIT.name)
        self._edge.stop(CULPRIT)
        self._edge.start(SUCCESSOR, self._new)
        prometheus = self._watch.prometheus
        self._await(lambda: not self._unresolved(), "the all-clear")
        self._await(lambda: not prometheus.alerts()
                    and not self._watch.alertmanager.alerts(), "no alert")
        self._await(lambda: self._pods("valid")
                    == {*PLACES, SUCCESSOR} - {CULPRIT}, "the pods of now")
        self._begin_looking()
        prometheus.wait_for_evaluations(6)
        self._await(lambda: len(self._probes()) >= PROBES, "probes")
        assert not self._ever(""), "an alert is left behind"
        assert not self._watch.alertmanager.alerts()
        assert not self._unresolved()
        self._assert_fine_through_balancer()
        self._look()

    def _skip_until(self, end):
        """So that the culprit's certificate is to end then: all certificates
        become their later selves."""
        skipped = self._old.not_after - end
        self._old, self._new = (
            self._edge.certificate(
                f"{each.cert.stem}-later", each.not_before - skipped,
                each.not_after - skipped, like=each)
            for each in (self._old, self._new))
        for place in PLACES:
            self._edge.renew(
                place, self._old if place == CULPRIT else self._new)

    # What is so

    def _check(self):
        """After each act."""
        prometheus, pager = self._watch.prometheus, self._watch.pager
        assert not prometheus.faults(), prometheus.faults()
        # Only the very pod is ever named. That the pool differs is said of the
        # pool, and not by the pager: the pod is the reason.
        for told in pager.told():
            assert told.labels.get("pod") == CULPRIT.name, told.labels
            assert told.labels["ns"] == NAMESPACE, told.labels
            assert told.labels["domain"] == DOMAIN, told.labels
        for alert in self._ever('alertstate="firing"', since=self._began):
            assert alert.get("pod") == CULPRIT.name or (
                alert["alertname"] == "CertificatesDiffer"
                and "pod" not in alert), alert
        for instance in self._watch.instances:
            said = instance.log.read_text()
            assert not said, f"the program complains: {said}"

    def _await(self, condition, what):
        eventually(condition, what, interval=POLL)

    def _await_page(self, name, severity):
        found = self._watch.pager.told
        self._await(lambda: found("firing", alertname=name), f"page {name}")
        assert [told.labels["severity"] for told
                in found("firing", alertname=name)] == [severity]

    def _begin_looking(self):
        self._act_began = time.monotonic()

    def _seconds(self, since=None):
        """Since then, or since the act began."""
        return round(time.monotonic() - (since or self._act_began), 3)

    def _probes(self):
        return self._watch.probes(self._seconds())

    def _through_balancer(self, function, metric):
        return self._watch.prometheus.value(
            f"{function}(probe_ssl_{metric}[{round(self._seconds())}s])")

    def _assert_fine_through_balancer(self):
        assert all(self._probes()), f"through the balancer: {self._probes()}"

    def _pods(self, status):
        """Pods that are in this status, as Prometheus has it."""
        found = {series["metric"]["pod"] for series
                 in self._watch.prometheus.query(
                     "pair:certificate_expiry_monitor_certificate:max"
                     f'{{status="{status}"}}')}
        return {place for place in (*PLACES, SUCCESSOR)
                if place.name in found}

    def _firing(self):
        return {alert["labels"]["alertname"] for alert
                in self._watch.prometheus.alerts("firing")}

    def _ever(self, state, since=None):
        """Labels of alerts that were there at some time."""
        milliseconds = round(self._seconds(since) * 1000)
        return [series["metric"] for series in self._watch.prometheus.query(
            f"max_over_time(ALERTS{{{state}}}[{milliseconds}ms])")]

    def _suppressed(self):
        return {(alert["labels"]["alertname"], alert["labels"]["severity"])
                for alert in self._watch.alertmanager.alerts()
                if alert["status"]["inhibitedBy"]}

    def _unresolved(self):
        """Pages without an all-clear."""
        return {labels["alertname"] for labels
                in self._watch.pager.unresolved()}

    # What is told

    def _say(self, *lines):
        for line in lines:
            print(line, flush=True)

    def _head(self, title, text):
        self._say("", f"--- {title} ".ljust(78, "-"), *textwrap.wrap(text, 78),
                  "")

    def _look(self):
        """What each of them says."""
        self._say("  certificate-expiry-monitor, pod by pod:")
        ends = {series["metric"]["pod"]: float(series["value"][1])
                for series in self._watch.prometheus.query(
                    "pair:certificate_expiry_monitor_cert_not_after_timestamp"
                    "_seconds:min")}
        for status in ("valid", "expired", "notyetvalid", "notfound"):
            for place in sorted(self._pods(status), key=lambda place: place.name):
                self._say(f"    {place.name}  {place.node}  {status:8s}"
                          f"{_left(ends.get(place.name))}")
        marks = " ".join("fine" if good else "FAILED" for good
                         in self._probes()[-PROBES:])
        self._say("  blackbox_exporter, through the load balancer:",
                  f"    {marks}")
        self._say("  Prometheus:")
        self._say(*(sorted(f"    {alert['state']:8s} {_titled(alert['labels'])}"
                           for alert in self._watch.prometheus.alerts())
                    or ["    no alert"]))
        self._say("  On the pager, from Alertmanager:")
        self._say(*([f"    {each.status.upper():8s} {each.labels['severity']}: "
                     f"{each.annotations['summary']}" for each in self._news()]
                    or ["    nothing new"]))

    def _news(self):
        """On the pager. It repeats an alert with each other one of its group,
        and tells the end of one that was kept back."""
        told, last, news = self._watch.pager.told(), {}, []
        for number, each in enumerate(told):
            alert = tuple(sorted(each.labels.items()))
            if each.status != last.get(alert, "resolved"):
                last[alert] = each.status
                if number >= self._told:
                    news.append(each)
        self._told = len(told)
        return news


def _titled(labels):
    return (f"{labels['alertname']} ({labels['severity']})"
            f" {labels.get('pod', '')}").rstrip()


def _left(end):
    if end is None:
        return ""
    left = end - time.time()
    if abs(left) >= 3600:
        return f"{left / 86400:5.1f} days left"
    return (f"  {left:.0f} seconds left" if left > 0
            else f"  for {-left:.0f} seconds")


def main():
    parser = argparse.ArgumentParser(
        description="Replays the incident, with what Prometheus, Alertmanager "
        "and blackbox_exporter say of it.")
    parser.add_argument("--per-node", action="store_true",
                        help="certificate-expiry-monitor and a node_exporter "
                        "on each node, instead of once for all")
    parser.add_argument("--keep", action="store_true",
                        help="leave all running at the end until Enter is "
                        "pressed")
    options = parser.parse_args()
    # So that servers and files are cleaned up behind it.
    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    nodes = [place.node for place in PLACES]
    if not options.per_node:
        nodes = nodes[:1]
    with tempfile.TemporaryDirectory(prefix="cem-incident-") as directory:
        story = Story(Path(directory), locate(), nodes)
        with story.play():
            if options.keep:
                print("\nAll of it is still there:")
                story.say_where()
                print("Press Enter to end it.", flush=True)
                sys.stdin.readline()


if __name__ == "__main__":
    try:
        main()
    # What is missing is said to pytest, which is not here.
    except pytest.skip.Exception as reason:
        print(f"{os.path.basename(__file__)}: {reason}", file=sys.stderr)
        sys.exit(77)
    except (pytest.fail.Exception, pytest.exit.Exception) as reason:
        print(f"{os.path.basename(__file__)}: {reason}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
