# SPDX-License-Identifier: Apache-2.0
"""The incident that this project began with: a pod of a pool stops renewing,
and nothing that looks through the load balancer can tell. incident.py plays it
and checks each act; here it is started as scripts/incident.sh does, and its
audience."""

import os
import re
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest
from support.processes import spawn, stop
from support.prometheus import FILES
from support.requirements import unavailable
from support.timelapse import faster
from support.watch import RULES

SCRIPT = Path(__file__).with_name("incident.py")

#: One pod is named, all the time.
CULPRIT = "traefik-9f5d-zt6pj"

PAGES = [
    f"FIRING   warning: shop.example.com: not renewed on pod {CULPRIT}",
    "FIRING   critical: shop.example.com: the certificate ends in ",
    "FIRING   critical: shop.example.com: the certificate has expired on pod "
    f"{CULPRIT}",
    "RESOLVED critical: shop.example.com: the certificate has expired on pod "
    f"{CULPRIT}",
]


# Whatever the program was built with: what is tested here is what others make
# of its file.
@pytest.mark.once
@pytest.mark.slow
@pytest.mark.parametrize("mode", [[], ["--per-node"]],
                         ids=["central", "per node"])
def test_incident(program_path, tmp_path, mode):
    process = spawn([sys.executable, SCRIPT, "--keep", *mode],
                    env={**os.environ, "CEM_PROGRAM": str(program_path),
                         "TMPDIR": str(tmp_path)},
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT, text=True)
    # Such that nobody waits for a line that does not come.
    impatience = threading.Timer(600, stop, [process])
    impatience.start()
    try:
        told = ""
        for line in process.stdout:
            told += line
            if line.startswith("Press Enter"):
                for url in set(re.findall(r"http://\S+", told)):
                    with urllib.request.urlopen(url, timeout=30) as page:
                        assert page.status == 200, url
                process.stdin.write("\n")
                process.stdin.flush()
        process.wait()
    finally:
        impatience.cancel()
        stop(process)
    if process.returncode == 77:
        unavailable(told.splitlines()[-1])
    assert process.returncode == 0, told

    titles = re.findall(r"^--- (Day \d+): (.*?) -+$", told, re.M)
    assert [day for day, _ in titles] == ["Day 64", "Day 64", "Day 89",
                                          "Day 90", "Day 90"], told
    at = -1
    for page in PAGES:
        at = told.find(page, at + 1)
        assert at > 0, f"{page!r} is missing, or too early:\n{told}"
    assert told.endswith("\nPress Enter to end it.\n")


@pytest.mark.parametrize("name, keys", [
    (RULES, {"for"}),
    ("prometheus.yaml", {"scrape_interval", "evaluation_interval"}),
    ("alertmanager.yaml", {"group_wait", "group_interval",
                           "repeat_interval"}),
])
def test_shipped_files_in_less_time_are_the_same_otherwise(name, keys):
    shipped = (FILES / name).read_text().splitlines()
    played = faster("\n".join(shipped), 120).splitlines()
    for old, new in zip(shipped, played, strict=True):
        key = old.partition(":")[0].strip(" -")
        assert (old != new) == (key in keys), (old, new)
        assert new.partition(":")[0] == old.partition(":")[0]


@pytest.mark.parametrize("setting, shortened", [
    ("    for: 15m", "    for: 7500ms"),
    ("  - keep_firing_for: 1h30m", "  - keep_firing_for: 45000ms"),
    ("group_wait: 30s", "group_wait: 250ms"),
    ("interval: 2d", "interval: 1440000ms"),
    ("for: 0s", "for: 0ms"),
    ("  timeout: 15m", "  timeout: 15m"),
    ("    expr: rate(a[15m]) > 15m", "    expr: rate(a[15m]) > 15m"),
    ("# wait for: 15m", "# wait for: 15m"),
])
def test_what_is_a_time_to_wait(setting, shortened):
    assert faster(setting, 120) == shortened
