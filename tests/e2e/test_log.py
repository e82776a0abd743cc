# SPDX-License-Identifier: Apache-2.0
"""What a run says: in a real journal under systemd, to whoever runs it by
hand, and to cron."""

import pytest
from support import gallery as at
from support import hostile, jobs
from support.journal import Journal
from support.pods import named_port
from support.program import FAILED, OK

ERROR, WARNING, NOTICE, INFO = "3", "4", "5", "6"
FIELDS = ("JOB_NAME", "NS", "POD", "DOMAIN", "PORT", "STATUS", "REASON")


@pytest.fixture(scope="module")
def journald(tmp_path_factory):
    with Journal(tmp_path_factory.mktemp("journal") / "log") as journal:
        yield journal


@pytest.fixture
def journal(journald):
    journald.entries()
    return journald


@pytest.fixture
def trusted(gallery):
    """Options: which port, and whom to trust."""
    return ("--port", str(gallery.port), "--ca-file=none")


@pytest.fixture
def probe(monitor, journal, trusted):
    """A run as systemd starts it, and what it logged."""
    def run(pods, domains, *args, status=OK):
        result = monitor.probe(pods, domains, *(args or trusted),
                               wrapper=journal.service)
        assert result.status == status, result
        return journal.entries()
    return run


def about_pairs(entries):
    return [entry for entry in entries if "DOMAIN" in entry]


def messages(entries):
    return [entry["MESSAGE"] for entry in entries]


def test_a_change_has_priority_and_fields(probe, gallery):
    entries = probe({"edge-1": at.MAIN, "edge-2": at.POOL[0]},
                    [at.VALID, at.EXPIRED])
    changes = about_pairs(entries)
    assert messages(changes) == [
        f"default/edge-{number} {at.EXPIRED}:{gallery.port} is expired"
        for number in (1, 2)]
    assert {entry["PRIORITY"] for entry in changes} == {NOTICE}
    assert {entry["SYSLOG_IDENTIFIER"] for entry in changes} == {
        "certificate-expiry-monitor"}
    assert [changes[0].get(field) for field in FIELDS] == [
        "cli", "default", "edge-1", at.EXPIRED, str(gallery.port), "expired",
        ""]
    # And a line that sums up.
    assert entries[-1]["PRIORITY"] == INFO
    assert "valid: 2" in entries[-1]["MESSAGE"]


def test_why_is_a_field(probe):
    entries = about_pairs(probe({"gone": "127.79.2.1"}, [at.VALID]))
    assert [(entry["STATUS"], entry["REASON"]) for entry in entries] == [
        ("notfound", "connect_refused")]


def test_what_is_as_before_is_not_said_again(probe):
    pods = {"edge-1": at.MAIN, "gone": "127.79.2.1"}
    assert probe(pods, [at.VALID, at.EXPIRED])
    assert not probe(pods, [at.VALID, at.EXPIRED])


def test_what_is_good_again_is_info(probe, gallery):
    probe({"edge": "127.79.2.1"}, [at.VALID])
    entries = about_pairs(probe({"edge": at.MAIN}, [at.VALID]))
    assert messages(entries) == [
        f"default/edge {at.VALID}:{gallery.port} is valid again"]
    assert entries[0]["PRIORITY"] == INFO


def test_many_are_one_line(probe):
    """A thousand dead pods, and a few lines."""
    pods = {"alive": at.MAIN}
    pods |= {f"dead-{number}": f"127.78.{number // 250}.{number % 250 + 1}"
             for number in range(1000)}
    entries = probe(pods, [at.VALID])
    assert len(entries) == 2
    assert entries[0]["MESSAGE"].startswith(
        "1000 pairs are notfound: connect_refused (default/dead-0 ")
    assert entries[0]["PAIRS"] == "1000"
    assert entries[0]["PRIORITY"] == NOTICE


def test_nobody_answers(probe):
    """That is hardly the pods' doing."""
    with hostile.FullBacklog() as one, hostile.FullBacklog() as other:
        entries = probe(
            [named_port("one", one.port), named_port("other", other.port)],
            [at.VALID], "--port=tls", "--timeout=200ms")
    said = [entry for entry in entries if "PAIRS" in entry]
    assert len(said) == 1 and "NetworkPolicy" in said[0]["MESSAGE"]
    assert said[0]["REASON"] == "connect_timeout"
    assert not about_pairs(entries)


def test_failures_have_fields(monitor, journal, kube, tmp_path):
    config = kube.kubeconfig(tmp_path / "config", cluster={
        "server": "https://127.79.2.1:1"})
    result = monitor.run("--kubeconfig", config, "--domains", at.VALID,
                         "--deadline=2s", wrapper=journal.service)
    assert result.status == FAILED
    errors = [entry for entry in journal.entries()
              if entry["PRIORITY"] == ERROR]
    assert [(entry["SOURCE"], entry["REASON"]) for entry in errors] == [
        ("pods", "unreachable")]


def test_names_of_strangers_are_one_field(probe):
    """What a list calls a pod makes no fields of its own."""
    name = "x\nPRIORITY=0\nFAKE=1"
    entries = about_pairs(probe({name: "127.79.2.1"}, [at.VALID]))
    assert len(entries) == 1 and "FAKE" not in entries[0]
    assert entries[0]["PRIORITY"] == NOTICE
    assert entries[0]["POD"] == "x PRIORITY=0 FAKE=1"


def test_by_hand_fields_are_not_shown(monitor, trusted):
    result = monitor.probe({"gone": "127.79.2.1"}, [at.VALID], *trusted,
                           "--log-level=info")
    assert result.stderr.splitlines()[0].startswith(
        "certificate-expiry-monitor: notice: default/gone ")
    assert "NS=" not in result.stderr


def test_cron_mails_nothing_about_certificates(monitor, trusted):
    for _ in range(2):
        result = monitor.probe({"edge": at.MAIN, "gone": "127.79.2.1"},
                               [at.VALID, at.EXPIRED], *trusted)
        assert (result.status, result.stderr) == (OK, "")


def test_a_report_is_enough_on_a_terminal(monitor, trusted):
    shown = monitor.program.run_on_terminal(
        *monitor.selection({"gone": "127.79.2.1"}, [at.VALID]), *trusted,
        "--output", monitor.output)
    assert shown.status == OK
    assert "connect_refused" in shown.text()
    assert "notice:" not in shown.text()


def test_what_a_person_saw_is_news_for_the_journal(monitor, journal, tmp_path):
    """A bare run by hand refreshes the file, and takes nothing from the log."""
    config = jobs.write(monitor, {"front": {
        "endpoints": [{"address": "127.79.2.1", "port": 1}],
        "domains": [at.VALID], "verify": False}})
    options = ("--config", config, "--output", monitor.output)
    for _ in range(2):
        shown = monitor.program.run_on_terminal(*options)
        assert shown.status == OK
    monitor.program.run(*options, wrapper=journal.service)
    assert len(about_pairs(journal.entries())) == 1
    monitor.program.run(*options, wrapper=journal.service)
    assert not about_pairs(journal.entries())
    assert monitor.metrics().value("runs_total") == 4
