# SPDX-License-Identifier: Apache-2.0
"""How many series a pair and a pool have, as doc/tuning.md says."""

import re

import pytest
from support import gallery as at
from support.documentation import SOURCES
from support.exposition import PREFIX

SETS = ["standard", "full", "mux", "summary"]


def promised(metrics):
    """(for each pair, for each pool)"""
    text = (SOURCES / "doc" / "tuning.md").read_text()
    row, = re.findall(rf"^\| `{metrics}` \| (\d+)[^|]*\| (\d+) \|", text, re.M)
    return tuple(map(int, row))


@pytest.fixture
def count(monitor, gallery):
    def count(metrics, pods, domains=1):
        """Names of one certificate, that have done nothing wrong."""
        monitor.measure(
            dict(zip(map(str, range(pods)), at.POOL)),
            [f"{number}.example.org" for number in range(domains)],
            "--port", str(gallery.port), "--ca-file", gallery.root.cert,
            "--metrics", metrics)
        return sum(line.startswith(PREFIX)
                   for line in monitor.output.read_text().splitlines())
    return count


@pytest.mark.parametrize("metrics", SETS)
def test_series_of_a_pair_and_of_a_pool(count, metrics):
    pair, pool = promised(metrics)
    assert count(metrics, 30) - count(metrics, 20) == 10 * pair
    assert count(metrics, 10, 4) - count(metrics, 10, 2) == \
        2 * (pool + 10 * pair)


def test_the_rest_is_little(count):
    pair, pool = promised("standard")
    assert 20 < count("standard", 1) - pair - pool < 40
