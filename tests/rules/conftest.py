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
WORLDS = worlds.by_step()


def pytest_configure():
    assert shutil.which("promtool"), "promtool is missing: package prometheus"


@pytest.fixture(scope="session")
def rules():
    return yaml.safe_load(RULES.read_text())


def cases():
    """(world, layout, whether the groups' order is reversed), each a test."""
    for step, found in WORLDS.items():
        for world in found:
            for layout in layouts.LAYOUTS:
                yield step, world, layout


@pytest.fixture(scope="session")
def answers(rules, tmp_path_factory):
    """{(step, layout's name): findings by world, or why there are none}"""
    directory = tmp_path_factory.mktemp("promtool")

    def answer(step, layout):
        try:
            return promtool.ask(WORLDS[step], layout, step, RULES, rules,
                                directory)
        except promtool.Broken as broken:
            return broken

    asked = [(step, layout) for step in WORLDS for layout in layouts.LAYOUTS]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip([(step, layout.name) for step, layout in asked],
                        pool.map(lambda each: answer(*each), asked)))
