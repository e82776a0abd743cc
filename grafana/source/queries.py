# SPDX-License-Identifier: Apache-2.0
"""The dashboard's PromQL, in parts that have names.

Three rules hold for all of it. Pairs are aggregated by their own labels, so
that one central run, an instance on every node, and both at once show each pair
once. A file that a dead timer left behind goes on being served, so what it says
counts only while its run is not older than an hour. Whatever compares the pods
of a pool is computed here, as a run that sees one node's pods cannot.
"""

import textwrap

PREFIX = "certificate_expiry_monitor_"

POOL = "cluster, job_name, ns, domain, port, key"
PAIR = "cluster, job_name, ns, pod, domain, port, key, family"
#: Which run wrote a file, beside the cluster, which POOL and PAIR have.
WRITER = "job, instance"
SUBJECT = "fingerprint_sha256, subject_cn, issuer_cn"

# What the variables choose.
RUNS = 'cluster=~"$cluster"'
JOBS = f'{RUNS}, job_name=~"$job"'
NAMESPACES = f'{JOBS}, ns=~"$namespace"'
POOLS = f'{NAMESPACES}, domain=~"$domain"'
PAIRS = f'{POOLS}, pod=~"$pod"'

# As the alerts have them.
CRITICAL_SECONDS, CRITICAL_SHARE = 7 * 86400, 0.10
WARNING_SECONDS, WARNING_SHARE = 21 * 86400, 0.25
LAG_SECONDS, LAG_LIFETIME_USED = 2 * 3600, 0.70
STALE_SECONDS = 3600


# --- How expressions are put together ----------------------------------------

def call(head, body):
    """An aggregation or function on lines of its own."""
    return f"{head} (\n{indent(body)}\n)"


def indent(text, blanks="  "):
    return textwrap.indent(text, blanks)


def either(*expressions):
    return "\nor\n".join(expressions)


def metric(name, selector, more=""):
    return f"{PREFIX}{name}{{{selector}{', ' + more if more else ''}}}"


def age_of_runs():
    return f"time() - {metric('run_timestamp_seconds', RUNS)}"


def fresh(expression):
    return (f"{expression}\nand on (cluster, {WRITER}) "
            f"({age_of_runs()} < {STALE_SECONDS})")


def by_pair(expression, how="max"):
    return call(f"{how} by ({PAIR})", expression)


def pairs(name, more="", how="max"):
    return by_pair(fresh(metric(name, PAIRS, more)), how)


def or_zero(expression):
    """Nothing found is 0, but only if somebody looked."""
    runs = f"{age_of_runs()} < {STALE_SECONDS}"
    return either(expression, f"0 * count({runs})")


def with_subject(expression):
    """Whose certificate a fingerprint is. Many instances may know it."""
    return (f"{expression}\n* on (fingerprint_sha256) group_left "
            f"(subject_cn, issuer_cn)\n  max by ({SUBJECT}) "
            f"({PREFIX}cert_info)")


def joined(expression, label, separator, labels):
    """Labels as one. Those that are empty leave no trace at its ends."""
    names = ", ".join(f'"{name}"' for name in labels.split(", "))
    return (f"label_replace(label_join(\n{indent(expression)},\n"
            f'  "{label}", "{separator}", {names}),\n'
            f'  "{label}", "$1", "{label}", "{separator}*(.+?){separator}*")')


# --- Pools -------------------------------------------------------------------

def _once(counts, labels):
    """Of a run that saw the whole pool, its count; else the sum of those that
    each saw one node's pods. distinct_certs tells: only the former has it."""
    whole = metric("distinct_certs", POOLS)
    return either(
        call(f"max by ({labels})",
             f"(\n{indent(counts)}\n)\n"
             f"and on ({WRITER}, {POOL}) {whole}"),
        call(f"sum by ({labels})", counts))


def pairs_by_status():
    """By pool, from files with pairs and from summaries alike."""
    labels = f"{WRITER}, {POOL}, status"
    certificate = metric("certificate", POOLS)
    valid = metric("certificate", POOLS, 'status="valid"')
    counts = fresh(f"""(
  sum by ({labels}) ({metric("domain_pairs", POOLS)})
  or
  sum by ({labels}) ({certificate})
  or
  label_replace(
    count by ({WRITER}, {POOL}) ({valid})
    - sum by ({WRITER}, {POOL}) ({certificate}),
    "status", "none", "", "")
)""")
    return _once(counts, f"{POOL}, status")


def pods(name, more_labels=""):
    """matching_pods and the like: by job, namespace, and perhaps more."""
    by = f"job_name, ns{more_labels}"
    counts = fresh(f"max by (cluster, {WRITER}, {by}) "
                   f"({metric(name, NAMESPACES)})")
    whole = f"{PREFIX}distinct_certs{{{NAMESPACES}}}"
    return either(
        call(f"max by (cluster, {by})",
             f"{counts}\nand on (cluster, {WRITER}, job_name, ns) {whole}"),
        call(f"sum by (cluster, {by})", counts))


def pool_counts():
    """By status, each pool as one label."""
    return call("sum by (pool, status)", joined(joined(
        pairs_by_status(), "pool", "/", "cluster, ns, domain"),
        "pool", " ", "pool, port, key"))


# --- Dates -------------------------------------------------------------------

END, BEGIN = (metric(f"cert_{what}_timestamp_seconds", PAIRS)
              for what in ("not_after", "not_before"))
#: Of a pool in a summary: what ends first, and what began first.
POOL_END = metric("domain_cert_not_after_timestamp_seconds", POOLS)
POOL_BEGIN = ("ignoring (bound) " + metric(
    "domain_cert_not_before_timestamp_seconds", POOLS, 'bound="oldest"'))


def left(end, _=None):
    return f"{end} - time()"


def used(end, begin):
    """The share of the lifetime that is over."""
    return f"1 - ({end} - time())\n/ ({end} - {begin})"


def _near(end, begin, share, seconds, compare="<"):
    return (f"({end} - time() {compare}\n"
            f"   clamp_max({share} * ({end} - {begin}), {seconds}))")


def nearness(end, begin):
    """0, 1 where the alert warns, 2 where it is critical."""
    return "\n+ ".join(_near(end, begin, *limits, "< bool") for limits in (
        (WARNING_SHARE, WARNING_SECONDS), (CRITICAL_SHARE, CRITICAL_SECONDS)))


def soon():
    """The pairs of which the alert warns."""
    return by_pair(fresh(_near(END, BEGIN, WARNING_SHARE, WARNING_SECONDS)))


#: What joins the series of a pair from one file.
_SAME_PAIR = f"on ({WRITER}, {PAIR})"


def by_certificate(dates, how):
    """Of dates of pairs, one value for each certificate of a pool."""
    shown = metric("cert_fingerprint_info", PAIRS)
    # First of each file: what is left is little.
    by_writer = call(f"{how} by ({WRITER}, {POOL}, fingerprint_sha256)",
                     f"{shown}\n* {_SAME_PAIR} group_left ()\n"
                     f"  ({indent(dates, '   ').strip()})")
    return with_subject(call(f"{how} by ({POOL}, fingerprint_sha256)",
                             fresh(by_writer)))


def of_certificates(what, how):
    """what(end, begin) by certificate of a pool; of a pool as a whole where
    a summary was written."""
    pools = f"({indent(what(POOL_END, POOL_BEGIN), ' ').strip()})"
    return either(by_certificate(what(END, BEGIN), how),
                  call(f"{how} by ({POOL})", fresh(pools)))


def _pods(shown, summary):
    """How many pairs show each certificate. Where a summary was written, that
    is not known: 0."""
    counted = with_subject(call(
        f"count by ({POOL}, fingerprint_sha256)",
        call(f"max by ({PAIR}, fingerprint_sha256)", shown)))
    known = with_subject(call(f"max by ({POOL}, fingerprint_sha256)",
                              f"0 * ({summary})"))
    pools = fresh(metric("domain_pairs", POOLS))
    return either(f"{counted}\nunless on ({POOL})\n({pools})", known)


def pods_of_certificates():
    """Of those that name the domain, which have dates."""
    dated = fresh(f"{metric('cert_fingerprint_info', PAIRS)} "
                  f"and {_SAME_PAIR} {END}")
    return _pods(dated, dated)


def pods_by_certificate():
    """Of all, also of those that summaries name."""
    shown = fresh(metric("cert_fingerprint_info", PAIRS))
    named = fresh(metric("domain_cert_fingerprint_info", POOLS))
    return _pods(shown, either(named, shown))


def soonest_end():
    return call("min", fresh(f"({POOL_END}\n or {END})")) + " - time()"


# --- Drift -------------------------------------------------------------------

def _begins(selector):
    """Of what is valid or expired: what has not begun is nobody's measure."""
    return (metric("cert_not_before_timestamp_seconds", selector)
            + "\nand ignoring (status) " + metric(
                "certificate", selector, 'status=~"valid|expired"') + " == 1")


def newest_begin():
    """Of each pool, whichever pods are chosen. A summary knows of all pods,
    which the pairs beside it are only some of."""
    summary = metric("domain_cert_not_before_timestamp_seconds", POOLS,
                     'bound="newest"')
    writers = f"max by ({WRITER}, {POOL})"
    newest = either(call(writers, summary), call(writers, _begins(POOLS)))
    return call(f"max by ({POOL})", fresh(f"(\n{indent(newest)}\n)"))


def _behind_newest(begins):
    return (f"{newest_begin()}\n- on ({POOL}) group_right ()\n"
            f"{by_pair(fresh(begins))}")


def lag():
    """How much older a pair's certificate is than the newest in its pool."""
    return _behind_newest(_begins(PAIRS))


def behind():
    """The pairs that were not renewed while their siblings were."""
    old = f"(({used(END, BEGIN)}) > {LAG_LIFETIME_USED})"
    lags = _behind_newest(f"{_begins(PAIRS)}\nand {old}")
    return f"(\n{indent(lags)}\n) > {LAG_SECONDS}"


def behind_issued():
    """How much older than what cert-manager issued."""
    expected = metric("expected_cert_not_before_timestamp_seconds", POOLS)
    by = "cluster, job_name, ns, domain"
    return (f"max by ({by}) ({expected})\n- on ({by}) group_right ()\n"
            f"{by_pair(fresh(BEGIN))}")


def not_negative(expression):
    """What has not begun is behind nothing."""
    return f"clamp_min({expression}, 0)"


def where_pools_differ(expression):
    """Of pools that serve more than one certificate."""
    shown = fresh(metric("cert_fingerprint_info", POOLS))
    different = call(f"count by ({POOL})", call(
        f"count by ({POOL}, fingerprint_sha256)", shown)) + " > 1"
    return f"({expression})\nand on ({POOL})\n{different}"


def fingerprints():
    """The certificate of each pair."""
    return with_subject(call(
        f"max by ({PAIR}, fingerprint_sha256)",
        fresh(metric("cert_fingerprint_info", PAIRS))))


def lag_by_certificate():
    return (f"{newest_begin()}\n- on ({POOL}) group_right ()\n"
            f"{by_certificate(BEGIN, 'max')}")


# --- Failures ----------------------------------------------------------------

def _failing():
    """A server that wants a client certificate shows its own all the same;
    one need not have a key of every type."""
    harmless = metric(
        "probe_failure_info", PAIRS,
        'reason=~"client_certificate_required|key_type_missing"')
    return (f"{metric('probe_success', PAIRS)} == 0\n"
            f"unless ignoring (reason) {harmless}")


def failing():
    """Pairs whose probe fails."""
    return by_pair(fresh(_failing()))


def pods_with(expression):
    """How many pods are concerned, by whatever many pairs."""
    return or_zero(call("count", call("count by (cluster, ns, pod)",
                                      expression)))


def pairs_reason(name):
    """Which pairs fail, with the reason."""
    return call(f"max by ({PAIR}, reason)", fresh(metric(name, PAIRS)))


def reasons(name):
    return call("count by (reason)", pairs_reason(name))


# --- The matrix --------------------------------------------------------------

#: What the number of a pair's state means, the worst last: text, colour.
STATES = [("nothing known", "#808080"), ("valid", "green"),
          ("flawed", "yellow"), ("ends soon", "orange"),
          ("not renewed", "dark-orange"), ("not yet valid", "purple"),
          ("expired", "red"), ("not found", "dark-red")]


def state():
    """The worst of what is the case of a pair, as an index into STATES."""
    number = {text: index for index, (text, _) in enumerate(STATES)}

    def status(name, text):
        return (f"{number[text]} * "
                f"({metric('certificate', PAIRS, name)} == 1)")

    def flaw(text, expression):
        return f"{number[text]} + 0 * (\n{indent(expression)}\n)"

    # What is filtered first is little; and of the same labels, as are those of
    # the last line and one before it, the first one counts.
    statuses = either(
        status('status="valid"', "valid"),
        status('status="notyetvalid"', "not yet valid"),
        status('status="expired"', "expired"),
        status('status="notfound"', "not found"),
        "0 * " + metric("certificate", PAIRS, 'status="notfound"'))
    valid = ("and ignoring (status) "
             + metric("certificate", PAIRS, 'status="valid"') + " == 1")
    return by_pair(either(
        fresh(f"(\n{indent(statuses)}\n)"),
        flaw("not renewed", behind()),
        flaw("ends soon", soon()),
        flaw("flawed", by_pair(either(
            fresh(metric("cert_verified", PAIRS) + f" == 0\n{valid}"),
            fresh(f"{_failing()}\n{valid}"))))))


def matrix():
    """The state by pod and domain, each as one label."""
    return call("max by (pod, domain)", joined(joined(
        state(), "pod", "/", "cluster, ns, pod"),
        "domain", " ", "domain, port, key, family"))


# --- Runs --------------------------------------------------------------------

def runs(expression, how="max", more=""):
    return f"{how} by (cluster, {WRITER}{more}) ({expression})"


TEXTFILE = r'file=~".*certificate_expiry_monitor[^/]*\\.prom"'


def textfile_refused():
    """Of a node_exporter that has had our file within a day: that its
    neighbour's is broken is nobody's concern here."""
    ours = metric("run_timestamp_seconds", RUNS)
    return runs(f"node_textfile_scrape_error{{{RUNS}}} and on (cluster, "
                f"{WRITER}) max_over_time({ours}[1d])")


def textfile_age():
    return "time() - " + runs(
        f"node_textfile_mtime_seconds{{{RUNS}, {TEXTFILE}}}")


def recorded(name, selector=""):
    return f"{PREFIX[:-1]}:{name}" + (f"{{{selector}}}" if selector else "")


def problems():
    """What the recording rules have found, of pools, pods and runs."""
    return either(recorded("problem", POOLS), recorded("run_problem", RUNS))


def counted_by_rules(expression):
    """0 only if the rules are loaded: else there is nothing to be counted."""
    return either(call("count", expression),
                  f"0 * count({recorded('threshold')})")
