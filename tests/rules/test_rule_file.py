# SPDX-License-Identifier: Apache-2.0
"""The rule file itself, and that no alert goes untested."""

import re
import subprocess

import pytest
import questions
import yaml
from conftest import RULES

SEVERITIES = {"critical", "warning", "info"}
ANNOTATIONS = {"summary", "description", "runbook_url", "dashboard_url"}
EXAMPLES = sorted((RULES.parent / "tests").glob("*.yaml"))


@pytest.fixture(scope="session")
def alerts(rules):
    return [rule for group in rules["groups"] for rule in group["rules"]
            if "alert" in rule]


def promtool(*args):
    run = subprocess.run(["promtool", *args], stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, check=False)
    return run.returncode, run.stdout


def test_promtool_accepts_the_rules():
    status, said = promtool("check", "rules", RULES)
    assert status == 0, said


def test_groups_are_small_enough_for_mimir(rules):
    assert not [group["name"] for group in rules["groups"]
                if len(group["rules"]) > 20]


def test_the_operator_gets_the_same(rules):
    operator = RULES.with_name(
        RULES.name.replace(".rules.yaml", ".prometheusrule.yaml"))
    assert yaml.safe_load(operator.read_text())["spec"] == rules


def test_each_alert_says_what_is_needed(alerts):
    for alert in alerts:
        assert alert["labels"]["severity"] in SEVERITIES, alert["alert"]
        assert alert["annotations"].keys() == ANNOTATIONS, alert["alert"]
        assert alert["annotations"]["runbook_url"].endswith(
            f"#{alert['alert'].lower()}"), alert["alert"]
        assert "for" in alert, alert["alert"]


def expected():
    """{(alert, severity)} that fire in some world, and [those that fire] at
    each time of each."""
    found, moments = set(), []
    for question in questions.ALL:
        for world in question.worlds:
            for _, alerts, layouts in world.expectations:
                if question.layout.name not in layouts:
                    continue
                labels = [alert.in_layout(question.layout, world)
                          for alert in alerts]
                now = {(each["alertname"], each["severity"])
                       for each in labels if each}
                moments.append((world.concerns, now))
                found |= now
    return found, moments


def test_each_alert_fires_in_a_world_and_does_not_in_another(alerts):
    found, moments = expected()
    for alert in alerts:
        which = alert["alert"], alert["labels"]["severity"]
        assert which in found
        assert any(which not in now and re.fullmatch(concerns, which[0])
                   for concerns, now in moments), which


def test_each_alert_has_an_example(alerts):
    said = {(test["alertname"], found["exp_labels"]["severity"])
            for file in EXAMPLES
            for case in yaml.safe_load(file.read_text())["tests"]
            for test in case["alert_rule_test"]
            for found in test["exp_alerts"]}
    assert said == {(alert["alert"], alert["labels"]["severity"])
                    for alert in alerts}


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_examples(file):
    status, said = promtool("test", "rules", file)
    assert status == 0, said
