# SPDX-License-Identifier: Apache-2.0
"""Options: what is refused, what is only shown, and exit statuses."""

import json
import re
import signal

import pytest
from support import gallery as at
from support import hostile
from support.pods import pod, pod_list
from support.ports import free_port
from support.program import CHECK, FAILED, LOCKED, OK, USAGE

OLD = "# HELP old x\n# TYPE old gauge\nold 1\n"

#: Goes with every bad value, so that nothing else is wrong.
FILE = "--pods-file", "pods.json"
API = "--kubeconfig", "/nonexistent"

#: (base, arguments, what the line must name)
BAD = [
    (FILE, ["--nosuch"], "--nosuch"),
    (FILE, ["--nosuch=1"], "--nosuch"),
    (FILE, ["-x"], "x"),
    (FILE, ["stray"], "stray"),
    (FILE, ["--unready=yes"], "--unready"),
    (FILE, ["--port"], "--port"),
    (FILE, ["--port", "0"], "--port"),
    (FILE, ["--port", "65536"], "--port"),
    (FILE, ["--port", "-1"], "--port"),
    (FILE, ["--port", ""], "--port"),
    (FILE, ["--port", "4 43"], "--port"),
    (FILE, ["--port", "No_Port_Name"], "--port"),
    (FILE, ["--timeout", ""], "--timeout"),
    (FILE, ["--timeout", "5"], "--timeout"),
    (FILE, ["--timeout", "5 s"], "--timeout"),
    (FILE, ["--timeout", "-5s"], "--timeout"),
    (FILE, ["--timeout", "1s1m"], "--timeout"),
    (FILE, ["--timeout", "5sec"], "--timeout"),
    (FILE, ["--timeout", "99999999999999999999h"], "--timeout"),
    (FILE, ["--timeout", "0s"], "--timeout"),
    (FILE, ["--proxy-protocol", "v3"], "--proxy-protocol"),
    (FILE, ["--proxy-protocol"], "--proxy-protocol"),
    (FILE, ["--starttls", "ftp"], "--starttls"),
    (FILE, ["--starttls", "SMTP"], "--starttls"),
    (FILE, ["--handshake", "half"], "--handshake"),
    (FILE, ["--handshake", ""], "--handshake"),
    (FILE, ["--key-types", "dsa"], "--key-types"),
    (FILE, ["--key-types", "rsa,,ecdsa"], "--key-types"),
    (FILE, ["--key-types", ""], "--key-types"),
    (FILE, ["--deadline", "soon"], "--deadline"),
    (FILE, ["--deadline", "0s"], "--deadline"),
    (FILE, ["--concurrency", "0"], "--concurrency"),
    (FILE, ["--concurrency", "-3"], "--concurrency"),
    (FILE, ["--concurrency", "many"], "--concurrency"),
    (FILE, ["--concurrency", "99999999999999999999"], "--concurrency"),
    (FILE, ["--max-series", "-1"], "--max-series"),
    (FILE, ["--max-series", "1e3"], "--max-series"),
    (FILE, ["--metrics", "everything"], "--metrics"),
    (FILE, ["--report", "xml"], "--report"),
    (FILE, ["--warn", "3 weeks"], "--warn"),
    (FILE, ["--crit", "x"], "--crit"),
    (FILE, ["--log-level", "loud"], "--log-level"),
    (FILE, ["--domains", "exam ple.com"], "--domains"),
    (FILE, ["--domains", "a..example.com"], "--domains"),
    (FILE, ["--domains", "a" * 64 + ".example.com"], "--domains"),
    (FILE, ["--domains", "a.*.example.com"], "--domains"),
    (FILE, ["--domains", "https://example.com/"], "--domains"),
    (FILE, ["--domains", "example.com:443"], "--domains"),
    (FILE, ["--domains", "a\nb"], "--domains"),
    (FILE, ["--domains", "a\x01b"], "--domains"),
    (FILE, ["--domains", "a\udcff.example.com"], "--domains"),
    (FILE, ["--ignored-domains", "/(/"], "--ignored-domains"),
    (FILE, ["--ignored-domains", "/a{2,1}/"], "--ignored-domains"),
    (FILE, ["--ignored-domains", "/unfinished"], "--ignored-domains"),
    (API, ["--labels", "a=b=c"], "--labels"),
    (API, ["--labels", "=x"], "--labels"),
    (API, ["--labels", "a in (b"], "--labels"),
    (API, ["--labels", "a in b"], "--labels"),
    (API, ["--labels", "a=b,,c=d"], "--labels"),
    (API, ["--labels", "!"], "--labels"),
    (API, ["--namespaces", "a b"], "--namespaces"),
    (API, ["--node", "a b"], "--node"),
    # The file is the selection.
    (FILE, ["--namespaces", "default"], "--namespaces"),
    (FILE, ["--labels", "a=b"], "--labels"),
    (FILE, ["--node", "a"], "--node"),
    (FILE, ["--state-file", ""], "--state-file"),
    (API, ["--ingress-namespaces", "A"], "--ingress-namespaces"),
    (API, ["--ingress-class", "a b"], "--ingress-class"),
    # Files.
    (FILE, ["--config", "nosuch.yaml"], "nosuch.yaml"),
    (FILE, ["--config", "."], "."),
]


@pytest.mark.parametrize("base, bad, named", BAD, ids=[
    " ".join(bad).encode("ascii", "backslashreplace").decode()[:60]
    for _, bad, _ in BAD])
def test_bad_command_line(monitor, base, bad, named):
    """One line that names the culprit, and nothing is touched."""
    monitor.write("pods.json", pod_list([pod("pod", "127.0.0.1")]))
    monitor.output.write_text(OLD)
    result = monitor.run("--domains", at.VALID, *base, *bad)
    assert result.status == USAGE, result
    assert named in result.error
    assert not result.stdout
    assert monitor.output.read_text() == OLD


@pytest.mark.parametrize("args", [
    ["--pods-file", "pods.json"], ["--namespaces", "default"], []])
def test_nothing_to_probe(monitor, args):
    """Without a domain there is no pair, ever: that is a mistake."""
    monitor.write("pods.json", pod_list([pod("pod", "127.0.0.1")]))
    monitor.output.write_text(OLD)
    result = monitor.run(*args)
    assert result.status == USAGE
    assert "domain" in result.error or "job" in result.error
    assert monitor.output.read_text() == OLD


def test_all_domains_ignored(monitor):
    monitor.output.write_text(OLD)
    result = monitor.probe({"pod": "127.0.0.1"}, [at.VALID],
                           "--ignored-domains", at.VALID)
    assert result.status == USAGE
    assert "domain" in result.error


# What only shows something

def test_help(program):
    result = program.run("--help")
    assert (result.status, result.stderr) == (OK, "")
    for option in ("--namespaces", "--labels", "--domains", "--port",
                   "--ingress-namespaces", "--ingress-class",
                   "--ignored-domains", "--unready", "--host-ip",
                   "--proxy-protocol", "--node", "--pods-file", "--starttls",
                   "--handshake", "--key-types", "--ca-file", "--timeout",
                   "--config", "--kubeconfig",
                   "--context", "--concurrency", "--deadline", "--output",
                   "--state-file", "--metrics", "--max-series", "--report", "--warn", "--crit",
                   "--check", "--list-targets", "--check-config",
                   "--log-level", "--version", "--help"):
        assert option in result.stdout, option


def test_version(program):
    result = program.run("--version")
    assert (result.status, result.stderr) == (OK, "")
    assert re.match(r"certificate-expiry-monitor \d+\.\d+", result.stdout)


def test_help_that_cannot_be_printed(program):
    with open("/dev/full", "wb") as full:
        process = program.start("--help", stdout=full)
        assert program.finish(process).status != OK


def test_list_targets_contacts_no_pod(monitor):
    with hostile.Listener(hostile.silent) as listener:
        monitor.output.write_text(OLD)
        result = monitor.probe(
            {"proxy-a": listener.address, "proxy-b": "127.0.0.2"},
            [at.VALID, "*.example.org"], "--port", str(listener.port),
            "--list-targets")
        assert listener.connections == 0
    assert (result.status, result.stderr) == (OK, "")
    for word in ("proxy-a", "proxy-b", "127.0.0.2", at.VALID, "*.example.org",
                 str(listener.port)):
        assert word in result.stdout
    assert monitor.output.read_text() == OLD


def test_pods_from_standard_input(monitor, gallery):
    for kind in ("List", "PodList"):
        result = monitor.run(
            "--pods-file", "-", "--domains", at.VALID, "--port",
            str(gallery.port),
            stdin=pod_list([pod(f"from-{kind.lower()}", at.MAIN)], kind))
        assert result.status == OK, result
        assert monitor.metrics().probed() == {f"from-{kind.lower()}"}


# Exit statuses

def test_silent_when_all_went_well(monitor, gallery):
    """cron mails what is printed; bad certificates are data, not failure."""
    result = monitor.probe(
        {"main": at.MAIN, "gone": "127.87.0.1"},
        [at.VALID, at.EXPIRED, at.WRONG_NAME], "--port", str(gallery.port))
    assert (result.status, result.stdout, result.stderr) == (OK, "", "")


def test_pool_without_pods_is_no_failure(monitor):
    result = monitor.probe([], [at.VALID])
    assert result.status == OK
    assert monitor.metrics().value("pairs", status="valid") == 0


@pytest.mark.parametrize("domain, more, status", [
    (at.VALID, [], OK),
    (at.EXPIRED, [], CHECK),
    (at.NOT_YET, [], CHECK),
    (at.WRONG_NAME, [], CHECK),
    (at.SOON, [], CHECK),
    (at.SOON, ["--crit", "1d"], OK),
    # A tenth of the lifetime, where that is less.
    (at.SHORT, [], OK),
    (at.VALID, ["--crit", "100d"], OK),
])
def test_check(monitor, gallery, domain, more, status):
    result = monitor.probe({"pod": at.MAIN}, [domain], "--check", *more,
                           "--port", str(gallery.port))
    assert result.status == status
    assert monitor.metrics().value("run_success") == 1


def test_check_one_bad_of_many(monitor, gallery):
    result = monitor.probe({"pod": at.MAIN}, [at.VALID, at.SHORT, at.EXPIRED],
                           "--check", "--port", str(gallery.port))
    assert result.status == CHECK


def test_check_when_nobody_answers(monitor):
    result = monitor.probe({"pod": "127.0.0.1"}, [at.VALID], "--check",
                           "--port", str(free_port()))
    assert result.status == CHECK


def test_check_without_any_pair(monitor):
    assert monitor.probe([], [at.VALID], "--check").status == CHECK


def test_failure_goes_before_check(monitor):
    with hostile.Listener(hostile.silent) as listener:
        result = monitor.probe(
            {"pod": listener.address}, [at.VALID], "--check", "--port",
            str(listener.port), "--deadline", "1s", "--timeout", "60s")
    assert result.status == FAILED


def test_lock_goes_before_failure(monitor):
    with hostile.Listener(hostile.silent) as listener:
        first = monitor.program.start(
            *monitor.selection({"pod": listener.address}, [at.VALID]),
            "--port", str(listener.port), "--timeout", "100s",
            "--output", monitor.output)
        listener.wait_for_connection()
        result = monitor.run("--pods-file", "/nonexistent", "--domains",
                             at.VALID)
        assert result.status == LOCKED
        assert first.poll() is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_the_run_with_what_is_known(monitor, gallery, number):
    """systemd stops a unit, a person presses ^C: neither loses the file."""
    with hostile.Listener(hostile.silent) as silent:
        pods = [pod("good", at.MAIN, ports={"tls": gallery.port}),
                pod("silent", silent.address, ports={"tls": silent.port})]
        before = gallery.error_log.stat().st_size

        def good_is_done():
            with open(gallery.error_log, encoding="utf-8") as log:
                log.seek(before)
                return "closed connection" in log.read()

        process = monitor.program.start(
            *monitor.selection(pods, [at.VALID]), "--port", "tls",
            "--timeout", "100s", "--deadline", "200s", "--output",
            monitor.output)
        silent.wait_for_connection()
        hostile.eventually(good_is_done, "the good pod's session to end")
        process.send_signal(number)
        result = monitor.program.finish(process, timeout=30)
    assert result.status == FAILED
    assert result.error
    metrics = monitor.metrics()
    assert metrics.status(pod="good") == "valid"
    assert metrics.status(pod="silent") is None
    assert metrics.reason(pod="silent") == "deadline"
    assert metrics.value("run_success") == 0


def test_signal_while_the_api_is_asked(monitor, kube, tmp_path):
    """Nothing is known then: the old file says more than an empty one."""
    monitor.output.write_text(OLD)
    with hostile.Listener(hostile.silent) as api:
        config = kube.kubeconfig(tmp_path / "config", cluster={
            "server": f"https://{api.address}:{api.port}"})
        process = monitor.program.start(
            "--kubeconfig", config, "--domains", at.VALID, "--deadline",
            "300s", "--output", monitor.output)
        api.wait_for_connection()
        process.terminate()
        result = monitor.program.finish(process, timeout=30)
    assert result.status == FAILED
    assert "signal" in result.stderr
    assert monitor.output.read_text() == OLD


# Reports

def test_report_json(monitor, gallery):
    result = monitor.probe({"one": at.MAIN, "two": at.V6},
                           [at.VALID, at.EXPIRED, at.WRONG_NAME], "--report",
                           "json", "--port", str(gallery.port))
    assert (result.status, result.stderr) == (OK, "")
    report = json.loads(result.stdout)
    assert report
    for word in ("one", "two", at.VALID, "valid", "expired", "notfound",
                 "name_mismatch"):
        assert word in result.stdout


def test_report_table_on_demand(monitor, gallery):
    result = monitor.probe({"one": at.MAIN}, [at.VALID, at.EXPIRED],
                           "--report", "table", "--port", str(gallery.port))
    assert (result.status, result.stderr) == (OK, "")
    assert at.VALID in result.stdout and at.EXPIRED in result.stdout
    assert "\x1b" not in result.stdout, "colours into a file"


def test_metrics_and_report_do_not_share_standard_output(program, monitor,
                                                         gallery):
    result = program.run(
        *monitor.selection({"one": at.MAIN}, [at.VALID]), "--port",
        str(gallery.port), "--output", "-", "--report", "json")
    assert result.status == OK
    assert "build_info" in result.stdout
    assert json.loads(result.stderr)


def test_hostile_names_in_reports(monitor, gallery):
    """What others chose never reaches a terminal as a control sequence."""
    pods = [pod('a"b\n\x1b[2J\x07c', at.MAIN)]
    for kind in ("json", "table"):
        result = monitor.probe(pods, [at.VALID], "--report", kind,
                               "--port", str(gallery.port))
        assert "\x1b" not in result.stdout
        assert "\x07" not in result.stdout
        if kind == "json":
            json.loads(result.stdout)
