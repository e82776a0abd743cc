#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every .c file under src/ has a unit test: one that includes its header, or
names it ("kube/failure") where it has none of its own or is reached through
another."""

import os
import pathlib
import re
import sys

TOP = pathlib.Path(os.environ.get("srcdir", "."))

# What only a whole run can show: tests/e2e does.
BY_RUNNING_IT = {"main", "monitor", "monitor_state"}

# Files that share a header.
PART_OF = {
    "config/job": "config/config",
    "config/job_finish": "config/config",
    "metrics/families_domains": "metrics/families",
    "metrics/families_mux": "metrics/families",
    "metrics/families_pairs": "metrics/families",
    "report/config": "report/report",
    "report/json": "report/report",
    "report/table": "report/report",
}

tests = sorted((TOP / "tests/unit").glob("test_*.c"))
texts = [path.read_text() for path in tests]
found = []
if len(tests) < 10:
    found.append(f"only {len(tests)} unit tests")
for path in sorted((TOP / "src").rglob("*.c")):
    module = path.relative_to(TOP / "src").with_suffix("").as_posix()
    if module in BY_RUNNING_IT:
        continue
    name = re.compile(r"\b" + re.escape(PART_OF.get(module, module)) + r"\b")
    if not any(name.search(text) for text in texts):
        found.append(f"src/{module}.c: no unit test mentions it")
# A test that is not in the makefile never runs.
listed = (TOP / "tests/unit/tests.am").read_text()
for path in tests:
    if not re.search(rf"\btests/unit/{path.stem}\b", listed):
        found.append(f"{path}: is not in tests/unit/tests.am")
print("\n".join(found))
sys.exit(1 if found else 0)
