#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The example configuration is good, and has every key that the program knows
and no other, commented out or not."""

import re
import tempfile

import program

EXAMPLE = program.TOP / "doc" / "certificate-expiry-monitor.yaml"


def uncommented():
    """With the keys that are commented out, all of which name a file."""
    return re.sub(r"^( *)# ([a-z_]+: /)", r"\1\2", EXAMPLE.read_text(),
                  flags=re.M)


def complaints():
    text = uncommented()
    without_comments = re.sub(r"(^|\s)#.*", "", text)
    shown = set(re.findall(r"(?:^|[\s{,-])([a-z_]+):", without_comments))
    keys = {name.split(".")[-1] for name in program.keys()}
    if len(keys) < 30:
        yield f"only {len(keys)} keys"
    for key in sorted(keys - shown):
        yield f"{EXAMPLE.name} does not show {key}"
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(text)
        file.flush()
        for path in (EXAMPLE, file.name):
            yield program.check_config(f"--config={path}")


program.finish([complaint for complaint in complaints() if complaint])
