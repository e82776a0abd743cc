#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the dashboard. What is in grafana/certificate-expiry-monitor.json is
this, and a contract test compares: a change is made here, not there.

    grafana/source/dashboard.py >grafana/certificate-expiry-monitor.json
"""

import json
import sys

import queries as q
from panels import (DATASOURCE, graph, lay_out, matrix, override, stat, table,
                    thresholds, words)

GOOD, WARNING, CRITICAL = "green", "orange", "red"

STATUSES = {"valid": GOOD, "notyetvalid": CRITICAL, "expired": CRITICAL,
            "notfound": CRITICAL, "none": "text"}

NO_RULES = "rules are not loaded"
#: Where a summary was written, there are series only of pairs that are bad.
IN_SUMMARIES = (" Where a summary was written (max_series), only pairs that "
                "are not well are known by name.")

#: Grafana's "s" makes weeks, days, hours of seconds.
SECONDS, SHARE, COUNT = "s", "percentunit", "short"
MOMENT = "dateTimeAsIso"

LEFT = {"unit": SECONDS}
LAG = {"unit": SECONDS, "custom__cellOptions": {"type": "color-text"},
       "thresholds": thresholds((None, "text"), (q.LAG_SECONDS, WARNING))}
USED = {"unit": SHARE, "min": 0, "max": 1, "decimals": 0,
        "custom__cellOptions": {"type": "gauge", "mode": "basic"},
        "thresholds": thresholds((None, GOOD), (1 - q.WARNING_SHARE, WARNING),
                                 (1 - q.CRITICAL_SHARE, CRITICAL))}
NEARNESS = {"mappings": words(("", "transparent"), ("soon", WARNING),
                              ("very soon", CRITICAL)),
            "custom__cellOptions": {"type": "color-background",
                                    "mode": "basic"},
            "custom__width": 110}
PODS = {"unit": COUNT, "mappings": words(("not counted", "text"))}
BEGINS = {"unit": MOMENT}
AGE_OF_RUN = {"unit": SECONDS, "custom__cellOptions": {"type": "color-text"},
              "thresholds": thresholds((None, GOOD), (5 * 60, WARNING),
                                       (15 * 60, CRITICAL))}
AGE_OF_SUCCESS = {**AGE_OF_RUN, "thresholds": thresholds(
    (None, GOOD), (30 * 60, WARNING), (60 * 60, CRITICAL))}
AGE_OF_LIST = {**AGE_OF_RUN, "thresholds": thresholds(
    (None, GOOD), (60 * 60, WARNING), (2 * 60 * 60, CRITICAL))}
HELD = {"custom__cellOptions": {"type": "color-text"}}
SUCCESS = {**HELD, "mappings": words(("failed", CRITICAL), ("ok", GOOD))}


def says(yes, colour=WARNING):
    return {**HELD, "mappings": words(("no", "text"), (yes, colour))}


def by_status_colours(none):
    """For counts: there is nothing to see in 0."""
    return [override(status, color={"mode": "thresholds"},
                     thresholds=thresholds((None, none), (1, colour)))
            for status, colour in STATUSES.items()]


def figures():
    """What to look at first."""
    by_status = q.call("sum by (status)", q.pairs_by_status())
    return [
        (8, 4, stat(
            "Pairs by status",
            "A pair is a pod and a domain. none: nothing can be said, as its "
            "probe was not reached in time, say. Whichever pods are chosen.",
            [(by_status, "{{status}}")], COUNT, thresholds((None, "text")),
            overrides=by_status_colours("text"))),
        (3, 4, stat(
            "Soonest end",
            "Time that is left to the certificate that ends first; negative "
            "once it has. Colours at 7 and 21 days, whatever its lifetime.",
            q.soonest_end(), SECONDS,
            thresholds((None, CRITICAL), (q.CRITICAL_SECONDS, WARNING),
                       (q.WARNING_SECONDS, GOOD)))),
        (3, 4, stat(
            "Pods behind their siblings",
            "Pods whose certificate is more than 2 hours older than the newest "
            "of their pool, with more than 70 % of its lifetime over: they "
            "were not renewed while others were." + IN_SUMMARIES,
            q.pods_with(q.behind()), COUNT,
            thresholds((None, GOOD), (1, WARNING)))),
        (3, 4, stat(
            "Pods with a failing probe",
            "Pods where a handshake fails for one domain at least. That a "
            "server wants a client certificate, or lacks a type of key, does "
            "not count." + IN_SUMMARIES,
            q.pods_with(q.failing()), COUNT,
            thresholds((None, GOOD), (1, WARNING)))),
        (3, 4, stat(
            "Oldest run",
            "Age of the run that has not been repeated for the longest time.",
            f"max({q.age_of_runs()})", SECONDS,
            thresholds((None, GOOD), (5 * 60, WARNING),
                       (15 * 60, CRITICAL)))),
        (4, 4, stat(
            "Problems now",
            "What the recording rules (prometheus/) find wrong, a pool or a "
            "pod each, before any alert's patience is over; and alerts that "
            "fire.",
            [(q.counted_by_rules(q.problems()), "problems"),
             (q.counted_by_rules(
                 f'ALERTS{{{q.RUNS}, alertname=~"Certificate.+", '
                 'alertstate="firing"}'), "alerts")],
            COUNT, thresholds((None, GOOD), (1, WARNING)),
            no_value=NO_RULES)),
    ]


def state_of_pairs():
    return [
        (16, 12, matrix(
            "Pods and domains",
            "The worst of what is the case of each pod for each domain. "
            "flawed: valid, but its chain does not verify or its probe fails; "
            "ends soon: less than 21 days, or 25 % of the lifetime if that is "
            "less; not renewed: behind its siblings; not found: no "
            "certificate for the domain; nothing known: not probed. An empty "
            "cell: the pod is not probed for that domain." + IN_SUMMARIES,
            q.matrix(), "pod", "domain", "Pod", words(*q.STATES))),
        (8, 12, matrix(
            "Pools",
            "How many pods of each pool are in which status; none is: nothing "
            "can be said. From files with pairs and from summaries alike, "
            "whichever pods are chosen.",
            q.pool_counts(), "pool", "status", "Pool", [],
            order=STATUSES, overrides=by_status_colours("transparent"))),
    ]


def soonest():
    return [(24, 10, table(
        "Soonest to end",
        "Certificates by what is left of them, with the pods that serve them, "
        "and below 21 days or 25 % of the lifetime (7 days or 10 %) marked as "
        "the alerts are. Of a pool that is in a summary, there is its "
        "earliest end.",
        [(q.of_certificates(q.left, "min"), "Left", LEFT),
         (q.of_certificates(q.used, "max"), "Lifetime used", USED),
         (q.of_certificates(q.nearness, "max"), "Ends", NEARNESS),
         (q.pods_of_certificates(), "Pods", PODS)],
        sort=("Left", False)))]


def drift():
    return [
        (24, 9, table(
            "Which certificates each pool serves",
            "Every certificate of a pool, how many pods serve it, when it "
            "begins and what is left. In a pool that renews together there is "
            "one. Summaries name certificates and do not count the pods.",
            [(q.pods_by_certificate(), "Pods", PODS),
             (q.by_certificate(q.BEGIN, "max") + " * 1000", "Begins", BEGINS),
             (q.by_certificate(q.left(q.END), "min"), "Left", LEFT),
             (q.not_negative(q.lag_by_certificate()), "Behind the newest",
              LAG)],
            sort=("Domain", False))),
        (24, 9, table(
            "Pods of pools that serve different certificates",
            "Which pod serves which. A pod that shows a certificate for other "
            "names has no dates here: they speak of the domain. Behind the "
            "issued one: how much older than what cert-manager issued "
            "(domains_from: certificates)." + IN_SUMMARIES,
            [(q.where_pools_differ(expr), heading, properties)
             for expr, heading, properties in (
                 (q.fingerprints(), None, {}),
                 (q.pairs("cert_not_before_timestamp_seconds") + " * 1000",
                  "Begins", BEGINS),
                 (q.by_pair(q.fresh(f"({q.left(q.END)})"), "min"), "Left",
                  LEFT),
                 (q.lag(), "Behind the newest", LAG),
                 (q.not_negative(q.behind_issued()), "Behind the issued one",
                  LAG))],
            sort=("Domain", False),
            no_value="each pool serves one certificate")),
    ]


def failures():
    return [
        (8, 9, graph(
            "Reasons of failing probes",
            "Pairs that are not found, in no status, or whose handshake "
            "fails, by reason; doc/statuses.md says what to do about each."
            + IN_SUMMARIES,
            [(q.reasons("probe_failure_info"), "{{reason}}")], COUNT,
            stacked=True)),
        (8, 9, graph(
            "Reasons of failing verification",
            "Pairs whose chain clients will not accept, by the first reason "
            "that applies." + IN_SUMMARIES,
            [(q.reasons("cert_verify_failure_info"), "{{reason}}")], COUNT,
            stacked=True)),
        (8, 9, graph(
            "Failed connections and handshakes",
            "How often they failed, by domain: what comes and goes is seen "
            "here even if the last run was fine. Runs count only where a "
            "state is kept." + IN_SUMMARIES,
            [(q.call("sum by (ns, domain)", q.by_pair(
                "increase(" + q.metric("tls_open_connection_errors_total",
                                       q.PAIRS) + "[$__rate_interval])")),
              "{{ns}} {{domain}}")], COUNT)),
        (24, 9, table(
            "Failing now",
            "Each pair that fails, and why." + IN_SUMMARIES,
            [("label_replace(\n" + q.pairs_reason("probe_failure_info")
              + ',\n"problem", "probe", "", "")\nor\nlabel_replace(\n'
              + q.pairs_reason("cert_verify_failure_info")
              + ',\n"problem", "verification", "", "")', None, {})],
            sort=("Reason", False), no_value="nothing fails")),
    ]


def health():
    runs = q.runs
    return [
        (24, 8, table(
            "Runs",
            "The last run of each instance. One that failed says so in its "
            "log; the file's age is that of the file in node_exporter's "
            "directory. A summary is written instead of pairs above "
            "max_series. What was written within a day and refused by "
            "node_exporter since is marked as well.",
            [(runs(q.age_of_runs()), "Age", AGE_OF_RUN),
             (runs(q.metric("run_success", q.RUNS), "min"), "Result",
              SUCCESS),
             (runs("time() - " + q.metric("last_success_timestamp_seconds",
                                          q.RUNS)),
              "Last success", AGE_OF_SUCCESS),
             (runs(q.metric("run_duration_seconds", q.RUNS)), "Took", LEFT),
             (runs(q.metric("run_deadline_exceeded", q.RUNS)),
              "Deadline exceeded", says("exceeded")),
             (runs(q.metric("series_limited", q.RUNS)), "Summary",
              says("limited", "blue")),
             (q.textfile_age(), "Age of the file", AGE_OF_RUN),
             (q.textfile_refused(), "Refused", says("refused", CRITICAL)),
             (runs(q.metric("build_info", q.RUNS), more=", version"), None,
              {})],
            sort=("Age", True))),
        (8, 8, graph(
            "Age of runs",
            "Of each instance, the ten oldest: a saw-tooth as high as the "
            "timer's interval is as it should be.",
            [(f"topk(10, {runs(q.age_of_runs())})", "{{instance}}")],
            SECONDS)),
        (8, 8, graph(
            "How long runs take",
            "Of each instance, the ten longest. A run ends by its deadline.",
            [("topk(10, " + runs(q.metric("run_duration_seconds", q.RUNS))
              + ")", "{{instance}}")], SECONDS)),
        (8, 8, graph(
            "Runs that failed",
            "Runs in which something failed that an operator must fix. "
            "Counted only where a state is kept.",
            [("sum by (cluster, instance) (" + runs(
                "increase(" + q.metric("run_failures_total", q.RUNS)
                + "[$__rate_interval])") + ") > 0", "{{instance}}")], COUNT,
            no_value="none failed")),
        (8, 8, table(
            "Discovery",
            "What the lists of pods and domains are read from, whether that "
            "succeeded on all instances, and how old is what is used.",
            [("min by (cluster, job_name, source) ("
              + q.metric("discovery_success", q.JOBS) + ")", "Result",
              SUCCESS),
             ("time() - min by (cluster, job_name, source) ("
              + q.metric("discovery_timestamp_seconds", q.JOBS) + ")",
              "Age", AGE_OF_LIST),
             ("count by (cluster, job_name, source, reason) ("
              + q.metric("discovery_failure_info", q.JOBS) + ")",
              "Failed lists", {"unit": COUNT})],
            sort=("Job", False))),
        (8, 8, graph(
            "Pods",
            "Those that the selectors matched, and those of them that are not "
            "probed, by reason.",
            [(q.call("sum", q.pods("matching_pods")), "matched"),
             (q.call("sum by (reason)", q.pods("skipped_pods", ", reason"))
              + " > 0", "not probed: {{reason}}")], COUNT)),
        (8, 8, table(
            "Access to the API",
            "What is left of the certificate with which the program logs in, "
            "and of the API server's own.",
            [(api("client"), "Login: left", LEFT),
             (api("api_server"), "API server: left", LEFT)],
            sort=("Server", False),
            no_value="no API server is asked, or logins are without "
                     "certificates")),
    ]


def api(name):
    return (f"min by (cluster, server) ("
            f"{q.metric(name + '_cert_not_after_timestamp_seconds', q.RUNS)})"
            " - time()")


def problems():
    return [
        (12, 8, table(
            "Problems",
            "From the recording rules (prometheus/): what alerts speak of, "
            "as soon as it is there. A problem of all pods of a pool is one, "
            "without a pod; one of many instances is one as well.",
            [(q.problems(), None, {})],
            sort=("Domain", False), no_value="none, or " + NO_RULES)),
        (12, 8, table(
            "Alerts",
            "Pending and firing alerts of prometheus/, of the chosen "
            "clusters.",
            [(f'ALERTS{{{q.RUNS}, alertname=~"Certificate.+"}}', None, {})],
            sort=("Severity", False), no_value="none, or " + NO_RULES)),
    ]


def variable(name, label, label_name, selector):
    definition = f"label_values({selector}, {label_name})"
    return {"type": "query", "name": name, "label": label,
            "datasource": DATASOURCE, "definition": definition,
            "query": definition, "refresh": 2, "sort": 1, "regex": "",
            "multi": True, "includeAll": True, "allValue": ".*",
            "current": {"text": ["All"], "value": ["$__all"]},
            "options": [], "hide": 0, "skipUrlSync": False}


def variables():
    def either(selector):
        """Whatever set of metrics is written."""
        return (f'{{__name__=~"{q.PREFIX}(certificate|domain_pairs)", '
                f'{selector}}}')

    return [
        {"type": "datasource", "name": "datasource", "label": "Data source",
         "query": "prometheus", "refresh": 1, "regex": "", "multi": False,
         "includeAll": False, "options": [], "hide": 0, "skipUrlSync": False},
        variable("cluster", "Cluster", "cluster",
                 q.PREFIX + "run_timestamp_seconds"),
        variable("job", "Job", "job_name",
                 q.metric("discovery_success", q.RUNS)),
        variable("namespace", "Namespace", "ns", either(q.JOBS)),
        variable("domain", "Domain", "domain", either(q.NAMESPACES)),
        variable("pod", "Pod", "pod", q.metric("certificate", q.POOLS)),
    ]


def dashboard():
    figures_line = figures()
    health_lines = health()
    return {
        "uid": "certificate-expiry-monitor",
        "title": "Certificates of every pod",
        "description": "Does every single server in the pool serve a good "
                       "certificate for every domain, right now?",
        "tags": ["certificates", "kubernetes", "tls"],
        "timezone": "browser", "editable": True, "graphTooltip": 1,
        "schemaVersion": 39, "version": 1, "refresh": "5m",
        "time": {"from": "now-6h", "to": "now"},
        "timepicker": {}, "fiscalYearStartMonth": 0, "weekStart": "",
        "links": [], "annotations": {"list": []},
        "templating": {"list": variables()},
        "panels": lay_out([
            ("Now", [figures_line]),
            ("Every pod for every domain", [state_of_pairs()]),
            ("Soonest to end", [soonest()]),
            ("Drift", [[panel] for panel in drift()]),
            ("Failures", [failures()[:3], failures()[3:]]),
            ("Problems and alerts", [problems()]),
            ("Health of the runs", [health_lines[:1], health_lines[1:4],
                                    health_lines[4:]]),
        ]),
    }


if __name__ == "__main__":
    json.dump(dashboard(), sys.stdout, indent=2, ensure_ascii=False)
    print()
