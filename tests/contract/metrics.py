#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""doc/metrics.md and the program know the same families with the same types,
and the same words of the closed lists."""

import os
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(os.environ.get("srcdir", "."))
PREFIX = "certificate_expiry_monitor_"
SKIP = 77

document = TOP / "doc/metrics.md"
if not document.exists():
    print("there is no doc/metrics.md")
    sys.exit(SKIP)


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def tables(text, first_header):
    """The rows of each table whose first column has this header."""
    inside = False
    for line in text.splitlines():
        if not line.startswith("|"):
            inside = False
        elif cells(line)[0] == first_header:
            inside = True
        elif inside and not line.startswith("|--"):
            yield cells(line)


def documented(text):
    for row in tables(text, "family"):
        for name in re.findall(r"`([a-z_.]+)`", row[0]):
            yield name, row[1]


text = document.read_text()
printed = subprocess.run(["tests/contract/families"], capture_output=True,
                         text=True, check=True).stdout
known = {tuple(line.removeprefix(PREFIX).split())
         for line in printed.splitlines() if line.startswith(PREFIX)}
reasons = {line.split()[1] for line in printed.splitlines()
           if line.startswith("reason ")}
described = set(documented(text))
found = []
if len(known) < 20 or len(reasons) < 10:
    found.append("the program prints too few families or reasons")
for name, kind in sorted(known - described):
    found.append(f"{name} ({kind}): not in doc/metrics.md")
for name, kind in sorted(described - known):
    found.append(f"{name} ({kind}): documented, but the program has none")
explained = {name for row in tables(text, "reason")
             for name in re.findall(r"`([a-z_]+)`", row[0])}
for name in sorted(reasons ^ explained):
    found.append(f"reason {name}: only "
                 f"{'in the program' if name in reasons else 'documented'}")
print("\n".join(found))
sys.exit(1 if found else 0)
