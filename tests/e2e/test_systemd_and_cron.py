# SPDX-License-Identifier: Apache-2.0
"""The shipped schedules: systemd's own opinion of the units, and the crontab."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from support.requirements import require, require_root, unavailable

SOURCES = Path(__file__).parents[2]
NAME = "certificate-expiry-monitor"


@pytest.fixture
def built(program_path):
    """Where a file is that configure or make makes: beside the program, or in
    the sources where it is shipped as it stands."""
    def find(*parts):
        for root in (program_path.parent, SOURCES):
            path = root.joinpath(*parts)
            if path.is_file():
                return path
        return unavailable(f"{'/'.join(parts)} is not built")
    return find


def test_systemd_takes_the_units(built, program_path, tmp_path):
    """The service's program must exist to be verified: ours does."""
    verify = require("systemd-analyze")
    for kind in ("service", "timer"):
        text = built("systemd", f"{NAME}.{kind}").read_text()
        assert not re.search(r"@\w+@", text), "a path was not filled in"
        text = re.sub(rf"^(ExecStart=[-@:+!]*)\S*{NAME}",
                      lambda match: match.group(1) + str(program_path), text,
                      flags=re.M)
        (tmp_path / f"{NAME}.{kind}").write_text(text)
    verified = subprocess.run(
        [verify, "verify", "--man=no", f"{NAME}.service", f"{NAME}.timer"],
        cwd=tmp_path, capture_output=True, text=True, check=False)
    said = [line for line in verified.stderr.splitlines() if NAME in line]
    assert not said
    assert verified.returncode == 0, verified.stderr


def test_timer_runs_every_minute_spread_out(built):
    text = built("systemd", f"{NAME}.timer").read_text()
    assert re.search(r"^RandomizedDelaySec=", text, re.M)
    assert re.search(r"^(OnCalendar|OnUnitActiveSec|OnUnitInactiveSec)=",
                     text, re.M)


def cron_command(text):
    """What cron would give to sh: the last field of the only entry."""
    entries = [line for line in text.splitlines()
               if re.match(r"[\d*@]", line)]
    assert len(entries) == 1
    # /etc/cron.d: five fields of time, a user, and the rest.
    user, command = entries[0].split(None, 6)[5:7]
    assert user == "root"
    return command.replace("\\%", "%")


@pytest.mark.parametrize("with_systemd", [True, False])
def test_cron_leaves_it_to_systemd_where_that_runs(built, tmp_path,
                                                   with_systemd):
    require_root()
    command = cron_command(built("cron", NAME).read_text())
    ran = tmp_path / "ran"
    fake = tmp_path / NAME
    fake.write_text(f"#!/bin/sh\ntouch {ran}\n")
    fake.chmod(0o755)
    (tmp_path / f"{NAME}.yaml").write_text("jobs: []\n")
    # It may wait a little, so that not all nodes ask at once: not here.
    (tmp_path / "sleep").symlink_to("/bin/true")
    # Wherever program and configuration are to be, and a /run of our own.
    command = re.sub(rf"/\S*/{NAME}\b", str(fake), command)
    made = "mkdir -p /run/systemd/system && " if with_systemd else ""
    subprocess.run(
        ["unshare", "-m", "sh", "-c",
         f'mount -t tmpfs tmpfs /run && {made}exec sh -c "$1"', "sh", command],
        check=False, capture_output=True,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert ran.exists() != with_systemd
