#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The pages of the documentation hold together: each alert has its runbook and
its row, each threshold its row, each page is listed and installed, and links
lead somewhere."""

import os
import pathlib
import re
import sys

TOP = pathlib.Path(os.environ.get("srcdir", "."))
DOC = TOP / "doc"
PAGES = sorted(DOC.glob("*.md"))
RULES = (TOP / "prometheus/certificate-expiry-monitor.rules.yaml").read_text()
found = []


def compare(what, ours, place, theirs):
    for name in sorted(ours ^ theirs):
        found.append(f"{what} {name}: only in "
                     f"{'the rules' if name in ours else place}")


def sections(text):
    """Those of level two that are named as alerts are."""
    return {title: body for title, body in re.findall(
        r"^## (\w+)\n(.*?)(?=^#{1,2} |\Z)", text, re.M | re.S)
        if re.search(r"[a-z][A-Z]", title)}


def alerts():
    """name -> its severities"""
    severities = {}
    for name, severity in re.findall(
            r"- alert: *(\w+)\n.*?severity: (\w+)", RULES, re.S):
        severities.setdefault(name, set()).add(severity)
    assert len(severities) > 20, f"only {len(severities)} alerts"
    return severities


def anchors(page):
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)", page.read_text(), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
            for heading in headings}


def links():
    for page in (*sorted(TOP.glob("*.md")), *PAGES):
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
            if "://" not in target:
                yield page, *target.partition("#")[::2]


described = sections((DOC / "runbooks.md").read_text())
compare("alert", set(alerts()), "doc/runbooks.md", set(described))
for name, body in described.items():
    if "*Silence" not in body:
        found.append(f"{name} does not say when to silence it")

prometheus = (DOC / "prometheus.md").read_text()
rows = {(name, severity) for name, listed in re.findall(
    r"^\| (Certificate\w+) \| ([a-z, ]+) \|", prometheus, re.M)
    for severity in listed.split(", ")}
compare("alert", {(name, severity) for name, each in alerts().items()
                  for severity in each}, "doc/prometheus.md", rows)
table = prometheus.split("| `threshold` |")[1].split("\n\n")[0]
compare("threshold", set(re.findall(r"\{threshold: (\w+)\}", RULES)),
        "doc/prometheus.md",
        {name for row in table.splitlines()
         for name in re.findall(r"`(\w+)`", row.split(" | ")[0])})

readme = (TOP / "README.md").read_text()
makefile = (TOP / "Makefile.am").read_text()
for page in PAGES:
    if f"](doc/{page.name})" not in readme.split("\n## More\n")[1]:
        found.append(f"README.md does not list {page.name}")
    if f"doc/{page.name}" not in makefile:
        found.append(f"Makefile.am does not install {page.name}")

for page, path, anchor in links():
    target = page.parent / path if path else page
    if not target.exists():
        found.append(f"{page.name} links to {path}, which is not there")
    elif anchor and target.suffix == ".md" and anchor not in anchors(target):
        found.append(f"{page.name} links to {target.name}#{anchor}, "
                     "which is no heading")

print("\n".join(map(str, found)))
sys.exit(1 if found else 0)
