# SPDX-License-Identifier: Apache-2.0
"""What the program says of its options, keys and closed choices, for the tests
that compare that with what is written of them."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

TOP = pathlib.Path(os.environ.get("srcdir", "."))
PROGRAM = pathlib.Path("certificate-expiry-monitor").resolve()
HELP = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True,
                      check=True).stdout
NO_CHOICE = "?"


def options():
    """Names in the order of --help, each with the word for its value, "" for
    none."""
    found = dict(re.findall(r"^  --([a-z-]+)=?([A-Z]*)", HELP, re.M))
    assert len(found) > 20, f"--help names only {len(found)} options"
    return found


def keys():
    """Of the configuration file, dotted, in the order of the tables."""
    return subprocess.run(["tests/contract/keys"], capture_output=True,
                          text=True, check=True).stdout.split()


def check_config(*args):
    """What is wrong with a configuration; "" for nothing."""
    return subprocess.run([PROGRAM, "--check-config", *args],
                          capture_output=True, text=True,
                          check=False).stderr


def _choices(complaint):
    found = re.search(r" is none of: ([a-z0-9, ]+)", complaint)
    return found.group(1).split(", ") if found else None


def option_choices():
    """Of each option that takes one of a few words those words."""
    found = {name: _choices(check_config(f"--{name}={NO_CHOICE}"))
             for name, argument in options().items() if argument}
    return {name: words for name, words in found.items() if words}


def key_choices():
    """Likewise of keys, by their dotted names."""
    found = {}
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "cem.yaml"
        for key in keys():
            for value in (NO_CHOICE, [NO_CHOICE]):
                for name in reversed(key.split(".")):
                    value = {name: value}
                    if name in ("jobs", "endpoints"):
                        value[name] = [value[name]]
                path.write_text(json.dumps(value))
                words = _choices(check_config(f"--config={path}"))
                if words:
                    found[key] = words
    return found


def finish(found):
    """Ends the test: each complaint is a line."""
    print("\n".join(found))
    sys.exit(1 if found else 0)
