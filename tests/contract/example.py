#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The example configuration is good, and has every key that the program knows,
commented out or not; so has README's what it shows."""

import os
import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(os.environ.get("srcdir", "."))
EXAMPLE = SOURCE / "doc" / "certificate-expiry-monitor.yaml"
PROGRAM = pathlib.Path("certificate-expiry-monitor").resolve()


def known_keys():
    """The rows of the tables of keys."""
    text = (SOURCE / "src" / "config" / "config_file.c").read_text()
    return set(re.findall(r'^\t+\{ "([a-z_]+)", (?:read|skip)_', text, re.M))


def shown_keys():
    return set(re.findall(r"(?:^|[\s{,-])([a-z_]+):", EXAMPLE.read_text()))


def complaints():
    keys = known_keys()
    if len(keys) < 30:
        yield f"only {len(keys)} keys: has config_file.c changed its shape?"
    for key in sorted(keys - shown_keys()):
        yield f"{EXAMPLE.name} does not show {key}"
    checked = subprocess.run(
        [PROGRAM, f"--config={EXAMPLE}", "--check-config"],
        capture_output=True, text=True, check=False)
    if checked.returncode != 0:
        yield checked.stderr


found = list(complaints())
print("\n".join(found))
sys.exit(1 if found else 0)
