# SPDX-License-Identifier: Apache-2.0
"""What the file says: families, labels, modes, and that it is always taken."""

import json
import subprocess

import pytest
from support import gallery as at
from support import hostile
from support.exporter import promtool_findings
from support.exposition import PREFIX, Exposition
from support.pods import pod, pod_list
from support.program import FAILED, OK
from support.requirements import require

PAIR = {"job_name", "ns", "pod", "domain", "port"}
POOL = {"job_name", "ns", "domain", "port"}

#: Family: (type, labels), in the order of the documentation; what later
#: versions bring is not there yet.
STANDARD = {
    "certificate": ("gauge", PAIR | {"status"}),
    "seconds_until_cert_expires": ("gauge", PAIR),
    "seconds_since_cert_issued": ("gauge", PAIR),
    "cert_not_after_timestamp_seconds": ("gauge", PAIR),
    "cert_not_before_timestamp_seconds": ("gauge", PAIR),
    "cert_chain_not_after_timestamp_seconds": ("gauge", PAIR),
    "cert_renewal_lag_seconds": ("gauge", PAIR),
    "cert_fingerprint_info": ("gauge", PAIR | {"fingerprint_sha256"}),
    "cert_verified": ("gauge", PAIR),
    "cert_verify_failure_info": ("gauge", PAIR | {"reason"}),
    "probe_success": ("gauge", PAIR),
    "probe_failure_info": ("gauge", PAIR | {"reason"}),
    "tls_open_connection_errors_total": ("counter", PAIR),
    "tls_close_connection_errors_total": ("counter", PAIR),
    "cert_info": ("gauge", {"fingerprint_sha256", "subject_cn", "issuer_cn",
                            "serial_number", "key_algorithm",
                            "signature_algorithm"}),
    "matching_pods": ("gauge", {"job_name", "ns"}),
    "skipped_pods": ("gauge", {"job_name", "ns", "reason"}),
    "discovery_success": ("gauge", {"job_name", "source"}),
    "discovery_timestamp_seconds": ("gauge", {"job_name", "source"}),
    "pairs": ("gauge", {"job_name", "status"}),
    "distinct_certs": ("gauge", POOL),
    "run_timestamp_seconds": ("gauge", set()),
    "run_duration_seconds": ("gauge", set()),
    "run_success": ("gauge", set()),
    "last_success_timestamp_seconds": ("gauge", set()),
    "run_deadline_exceeded": ("gauge", set()),
    "series_limited": ("gauge", set()),
    "runs_total": ("counter", set()),
    "run_failures_total": ("counter", set()),
    "build_info": ("gauge", {"version", "gnutls", "libcurl", "json_c"}),
}
#: What `full` adds, wherever it stands; ocsp_next_update_timestamp_seconds
#: where there is a staple, as in test_ocsp.py.
FULL = {
    "probe_duration_seconds": ("gauge", PAIR),
    "tls_session_info": ("gauge", PAIR | {"version", "cipher", "group",
                                          "signature"}),
    "ocsp_response_info": ("gauge", PAIR | {"status"}),
}
#: Values that are times, or grow with them.
TIMES = {"seconds_until_cert_expires", "seconds_since_cert_issued",
         "discovery_timestamp_seconds", "run_timestamp_seconds",
         "run_duration_seconds", "last_success_timestamp_seconds",
         "tls_open_connection_errors_total", "runs_total"}

RUN = {name for name in STANDARD if name.startswith(
    ("run_", "runs_", "last_", "series_", "build_", "pairs", "matching_",
     "skipped_", "discovery_"))}
SUMMARY = {
    "domain_pairs": POOL | {"status"},
    "domain_cert_not_after_timestamp_seconds": POOL,
    "domain_cert_not_before_timestamp_seconds": POOL | {"bound"},
    "domain_cert_fingerprint_info": POOL | {"fingerprint_sha256"},
    "distinct_certs": POOL,
}

PODS = {"one": at.MAIN, "two": at.POOL[0]}
DOMAINS = [at.VALID, at.EXPIRED, at.NOT_YET, at.WRONG_NAME]


@pytest.fixture
def port(gallery):
    """Of the servers, and what their chains verify against."""
    return ("--port", str(gallery.port), "--ca-file",
            str(gallery.root.cert))


# Standard

def test_families_types_and_order(monitor, port):
    monitor.measure(PODS, DOMAINS, *port)
    written = Exposition(monitor.output.read_text())
    assert written.families() == list(STANDARD)
    assert written.types == {name: kind for name, (kind, _)
                             in STANDARD.items()}
    assert written.helps.keys() == STANDARD.keys()
    assert all(sample.own for sample in written.samples), "prefix"
    for sample in written.samples:
        assert sample.labels.keys() == STANDARD[sample.name][1], sample


def test_families_of_the_full_set(monitor, port):
    monitor.measure(PODS, DOMAINS, *port, "--metrics", "full")
    written = Exposition(monitor.output.read_text())
    known = STANDARD | FULL
    assert [name for name in written.families() if name in STANDARD] == (
        list(STANDARD))
    assert set(written.families()) == set(known)
    assert written.types == {name: kind for name, (kind, _) in known.items()}
    for sample in written.samples:
        assert sample.labels.keys() == known[sample.name][1], sample
    assert promtool_findings(monitor.output.read_text()) == ""


def test_no_series_twice_and_promtool_is_content(monitor, port):
    monitor.measure(PODS, DOMAINS, *port)
    text = monitor.output.read_text()
    assert promtool_findings(text) == ""
    series = [line.rpartition(" ")[0] for line in text.splitlines()
              if not line.startswith("#")]
    assert len(series) == len(set(series))


def test_node_exporter_has_all_of_it(monitor, port):
    """It drops what is twice in silence: so count."""
    served = monitor.measure(PODS, DOMAINS, *port)
    written = Exposition(monitor.output.read_text())
    assert {(sample.name, *sorted(sample.labels.items())): sample.value
            for sample in served.samples if sample.own} == {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for sample in written.samples}


def test_words_of_the_run(monitor, program, port):
    metrics = monitor.measure(PODS, DOMAINS, *port)
    assert metrics.value("run_success") == 1
    assert metrics.value("run_deadline_exceeded") == 0
    assert metrics.value("series_limited") == 0
    assert metrics.value("last_success_timestamp_seconds") == metrics.value(
        "run_timestamp_seconds")
    assert {sample.labels["status"]: sample.value
            for sample in metrics.select("pairs")} == {
        "valid": 2, "expired": 2, "notyetvalid": 2, "notfound": 2, "none": 0}
    version = program.run("--version").stdout.split()[1]
    assert metrics.value("build_info", version=version) == 1


def test_two_runs_differ_only_in_times(monitor, port):
    def write():
        monitor.measure(PODS, DOMAINS, *port, "--concurrency", "16")
        lines = monitor.output.read_text().splitlines()
        return [line.rpartition(" ")[0] if not line.startswith("#")
                and line.removeprefix(PREFIX).partition("{")[0].partition(" ")
                [0] in TIMES else line for line in lines]
    assert write() == write()


def test_decimal_comma_changes_nothing(monitor, port, tmp_path):
    """Nothing that a machine reads depends on the locale."""
    name = "de_DE.UTF-8"
    made = subprocess.run([require("localedef"), "-i", "de_DE", "-f", "UTF-8",
                           "--no-archive", tmp_path / name],
                          capture_output=True, check=False)
    if not (tmp_path / name).is_dir():
        require("the locales package: " + made.stderr.decode())
    env = {"LOCPATH": str(tmp_path), "LC_ALL": name, "LANGUAGE": "de",
           # With LOCPATH set glibc's newlocale() leaks, whoever calls it.
           "ASAN_OPTIONS": "detect_leaks=0"}
    comma = subprocess.run([require("bash"), "-c", "printf %.1f 1,5"],
                           env=env, capture_output=True, text=True, check=True)
    assert comma.stdout == "1,5", "the locale does not work"

    monitor.measure(PODS, DOMAINS, *port)
    expected = Exposition(monitor.output.read_text())
    monitor.measure(PODS, DOMAINS, *port, env=env)
    written = Exposition(monitor.output.read_text())
    assert written.families() == expected.families()
    assert "," not in "".join(line.rpartition("}")[2] for line in
                              monitor.output.read_text().splitlines()
                              if not line.startswith("#"))


# The other modes

def test_summary(monitor, gallery, port):
    metrics = monitor.measure(PODS, DOMAINS, *port, "--metrics", "summary")
    for name, labels in SUMMARY.items():
        assert metrics.select(name), name
        for sample in metrics.select(name):
            assert sample.labels.keys() == labels
    assert RUN - {"discovery_failure_info"} <= set(metrics.families())
    assert metrics.value("domain_pairs", domain=at.VALID, status="valid") == 2
    assert metrics.value("domain_pairs", domain=at.VALID,
                         status="expired") == 0
    assert metrics.value("pairs", status="valid") == 2
    certificate = gallery.certificates[at.VALID]
    assert metrics.value("domain_cert_not_after_timestamp_seconds",
                         domain=at.VALID) == certificate.not_after.timestamp()
    for bound in ("oldest", "newest"):
        assert metrics.value(
            "domain_cert_not_before_timestamp_seconds", domain=at.VALID,
            bound=bound) == certificate.not_before.timestamp()
    # Dates are of pairs that are valid or expired.
    assert not metrics.select("domain_cert_not_after_timestamp_seconds",
                              domain=at.WRONG_NAME)
    assert not metrics.select("domain_cert_not_after_timestamp_seconds",
                              domain=at.NOT_YET)
    assert metrics.value("series_limited") == 0


def test_summary_names_only_the_bad_pairs(monitor, port):
    metrics = monitor.measure(PODS, DOMAINS, *port, "--metrics", "summary")
    assert {sample.labels["domain"] for sample
            in metrics.select("certificate")} == {
        at.EXPIRED, at.NOT_YET, at.WRONG_NAME}
    assert metrics.status(pod="one", domain=at.EXPIRED) == "expired"
    assert metrics.reason(pod="one", domain=at.WRONG_NAME) == "name_mismatch"


@pytest.mark.parametrize("limit, limited", [("20", 1), ("0", 0), ("5000", 0)])
def test_max_series(monitor, port, limit, limited):
    result = monitor.probe(PODS, DOMAINS, *port, "--max-series", limit,
                           "--log-level", "info")
    assert result.status == OK
    metrics = monitor.metrics()
    assert metrics.value("series_limited") == limited
    assert bool(metrics.select("domain_pairs")) == bool(limited)
    assert bool(metrics.select("certificate", domain=at.VALID)) != bool(limited)
    assert ("summary" in result.stderr) == bool(limited)


def test_mux(monitor, port):
    """Names, labels and words of muxinc/certificate-expiry-monitor."""
    metrics = monitor.measure({"one": at.MAIN}, DOMAINS, *port,
                              "--metrics", "mux")
    target = {"ns", "pod", "domain"}
    families = {"matching_pods": {"ns"}, "certificate": target | {"status"},
                "seconds_since_cert_issued": target,
                "seconds_until_cert_expires": target,
                "tls_open_connection_error": target,
                "tls_close_connection_error": target}
    for name, labels in families.items():
        assert metrics.select(name), name
        for sample in metrics.select(name):
            assert sample.labels.keys() == labels
    assert not [name for name in metrics.families() if name not in families
                and name not in RUN]
    assert metrics.words("certificate", "status", domain=at.NOT_YET) == ["soon"]
    assert metrics.words("certificate", "status",
                         domain=at.VALID) == ["valid"]
    assert {sample.labels["status"] for sample
            in metrics.select("certificate")} == {"valid", "expired", "soon",
                                                  "notfound"}
    assert metrics.value("matching_pods", ns="default") == 1
    assert metrics.types["tls_open_connection_error"] == "untyped"
    assert metrics.types["tls_close_connection_error"] == "untyped"
    assert metrics.value("tls_open_connection_error", domain=at.VALID) == 0
    assert metrics.value("run_success") == 1
    assert promtool_findings(monitor.output.read_text()) == ""


def test_mux_counts_a_failed_connection(monitor):
    with hostile.Listener(hostile.close_at_once) as listener:
        metrics = monitor.measure({"one": listener.address}, [at.VALID],
                                  "--port", str(listener.port), "--metrics",
                                  "mux")
    assert metrics.value("tls_open_connection_error", pod="one") == 1
    assert metrics.words("certificate", "status", pod="one") == ["notfound"]


# Names that others chose

HOSTILE_NAMES = {
    "quotes": 'a"b"c', "backslashes": "a\\b\\n\\\"", "newline": "a\nb\n",
    "carriage return": "a\r\nb", "control bytes": "a\x01\x1b[31m\x7fb",
    "braces": '{a="b"} 1', "a sample": '"} 1\nnode_fake{a="',
    "a comment": "\n# TYPE x counter\n", "not ASCII": "bücher-☃-\U0001f512",
    "spaces": "  a  ", "long": "x" * 5000, "empty": "",
    "line separators": "a\u2028b\u0085c",
}


@pytest.mark.parametrize("what", HOSTILE_NAMES)
def test_names_of_pods_never_spoil_the_file(monitor, port, what):
    """Such a pod may be refused, or probed; the file is taken, whole."""
    name = HOSTILE_NAMES[what]
    pods = [pod(name, at.MAIN), pod("in", at.MAIN, namespace=name),
            pod("good", at.MAIN, labels={name or "a": name})]
    result = monitor.probe(pods, [at.VALID], *port)
    assert result.status in (OK, FAILED)
    metrics = monitor.metrics()
    if result.status == OK:
        assert metrics.status(pod="good") == "valid"
    assert "fake" not in {sample.name for sample in metrics.samples}
    # As bytes: read_text() would change a carriage return.
    assert promtool_findings(monitor.output.read_bytes().decode()) == ""


@pytest.mark.parametrize("raw", [
    b"\xff\xfe", b"\xc3", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xc0\xaf"])
def test_invalid_utf8_in_a_list(monitor, port, raw):
    text = pod_list([pod("good", at.MAIN), pod("bad@name", at.MAIN)])
    path = monitor.write("pods.json", text)
    path.write_bytes(path.read_bytes().replace(b"@", raw))
    result = monitor.run("--pods-file", path, "--domains", at.VALID, *port)
    assert result.status in (OK, FAILED)
    assert monitor.metrics().value("run_success") == (result.status == OK)
    monitor.output.read_bytes().decode("utf-8")


def test_escapes_in_a_list(monitor, port):
    """Annotations may hold what is no Unicode character at all."""
    listed = json.loads(pod_list([pod("good", at.MAIN)]))
    listed["items"][0]["metadata"]["annotations"] = {"a": "HERE"}
    text = json.dumps(listed).replace("HERE", r"\u0000\ud800\u0001\udfff")
    path = monitor.write("pods.json", text)
    result = monitor.run("--pods-file", path, "--domains", at.VALID, *port)
    assert result.status == OK, result
    assert monitor.metrics().status(pod="good") == "valid"
