# SPDX-License-Identifier: Apache-2.0
"""The rule file, and what promtool says of the worlds by it."""

import concurrent.futures
import os
import shutil
import sys
from pathlib import Path

import pytest
import yaml

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from model import promtool

#: Another file, to see whether what is wrong in it is found.
RULES = Path(os.environ.get(
    "CEM_RULES", HERE.parents[1]
    / "prometheus/certificate-expiry-monitor.rules.yaml"))


@pytest.fixture(scope="session")
def rules():
    return yaml.safe_load(RULES.read_text())


@pytest.fixture(scope="session")
def answers(request, rules, tmp_path_factory):
    """{question: findings by world, or why there are none}, of the questions
    that tests of this session ask."""
    if not shutil.which("promtool"):
        missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        missing("promtool is missing: package prometheus")
    directory = tmp_path_factory.mktemp("promtool")

    def answer(question):
        try:
            return promtool.ask(question, RULES, rules, directory)
        except promtool.Broken as broken:
            return broken

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        asked = list(dict.fromkeys(
            item.callspec.params["question"] for item in request.session.items
            if "answers" in item.fixturenames))
        return dict(zip(asked, pool.map(answer, asked)))
