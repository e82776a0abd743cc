# SPDX-License-Identifier: Apache-2.0
"""What a test needs of the machine, and what happens where it is missing."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def unavailable(reason):
    """Skip for a user, fail in CI: there a skipped test is a hole."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} (under CI=true a skip is a failure)", pytrace=False)
    pytest.skip(reason)


def require(binary):
    """The path of a binary, sbin included, as a user's PATH often leaves it out."""
    path = os.environ.get("PATH", os.defpath) + ":/usr/local/sbin:/usr/sbin:/sbin"
    found = shutil.which(binary, path=path)
    if found is None:
        unavailable(f"{binary} is not installed")
    return found


def built(script):
    """The directory with what a script of tests/ builds, or fetches, with Go;
    it does so the first time."""
    path = Path(__file__).parents[2] / script
    done = subprocess.run([path], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == 77:
        unavailable(f"no Go for {script}")
    assert done.returncode == 0, f"{path} failed"
    return Path(done.stdout.splitlines()[-1])


def require_root():
    """Mount and network namespaces of one's own."""
    if os.geteuid() != 0:
        unavailable("needs root, for a namespace of its own")
    require("unshare")
