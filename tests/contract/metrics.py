#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""doc/metrics.md and the program know the same families with the same types,
and the same words of the closed lists, which doc/statuses.md explains."""

import os
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(os.environ.get("srcdir", "."))
PREFIX = "certificate_expiry_monitor_"
SKIP = 77

document = TOP / "doc/metrics.md"
guide = TOP / "doc/statuses.md"
if not document.exists() or not guide.exists():
    print("there is no doc/metrics.md, or no doc/statuses.md")
    sys.exit(SKIP)
guide = guide.read_text()


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


def words(kind):
    """Those of a closed list, in the program's order."""
    return [line.split()[1] for line in printed.splitlines()
            if line.startswith(f"{kind} ")]


def headings(title):
    """The words that the guide explains under a heading of level two."""
    part = guide.split(f"\n## {title}\n")[1].split("\n## ")[0]
    return re.findall(r"^### (?:verify: )?`([a-z_]+)`$", part, re.M)


described = set(documented(text))
found = []
if len(known) < 20 or len(words("reason")) < 10 or len(words("verify")) < 10:
    found.append("the program prints too few families or reasons")
for name, kind in sorted(known - described):
    found.append(f"{name} ({kind}): not in doc/metrics.md")
for name, kind in sorted(described - known):
    found.append(f"{name} ({kind}): documented, but the program has none")
for kind, header, title in (
        ("status", None, "Statuses"),
        ("reason", "reason", "Reasons of failed probes"),
        ("verify", "verify reason", "Reasons of failed verification")):
    lists = {"doc/statuses.md": headings(title)}
    if header:
        lists["doc/metrics.md"] = [
            name for row in tables(text, header)
            for name in re.findall(r"`([a-z_]+)`", row[0])]
    for place, explained in lists.items():
        for name in sorted(set(words(kind)) ^ set(explained)):
            found.append(f"{kind} {name}: only in "
                         f"{'the program' if name in words(kind) else place}")
        if kind == "verify" and explained != words(kind):
            found.append(f"{place}: the order is not the program's")
print("\n".join(found))
sys.exit(1 if found else 0)
