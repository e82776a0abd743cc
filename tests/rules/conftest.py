# SPDX-License-Identifier: Apache-2.0
"""The rule file, and the worlds answered by promtool."""

import concurrent.futures
import os
import shutil
import sys
from pathlib import Path

import pytest
import yaml

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import worlds  # noqa: E402  pylint: disable=wrong-import-position
from model import layouts, promtool  # noqa: E402

RULES = Path(os.environ.get(
    "CEM_RULES", HERE.parents[1]
    / "prometheus/certificate-expiry-monitor.rules.yaml"))
PARTS = worlds.parts()


def pytest_configure():
    assert shutil.which("promtool"), "promtool is missing: package prometheus"


@pytest.fixture(scope="session")
def rules():
    return yaml.safe_load(RULES.read_text())


def cases():
    """(number of the part, world, layout), each a test."""
    for number, (_, found) in enumerate(PARTS):
        for world in found:
            for layout in layouts.LAYOUTS:
                yield number, world, layout


@pytest.fixture(scope="session")
def answers(rules, tmp_path_factory):
    """{(number of the part, layout's name): findings by world, or why
    there are none}"""
    directory = tmp_path_factory.mktemp("promtool")

    def answer(question):
        number, layout = question
        try:
            return promtool.ask(*PARTS[number], layout, RULES, rules,
                                directory / f"{layout.name}-{number}.json")
        except promtool.Broken as broken:
            return broken

    asked = [(number, layout) for number in range(len(PARTS))
             for layout in layouts.LAYOUTS]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return {(number, layout.name): found for (number, layout), found
                in zip(asked, pool.map(answer, asked))}
