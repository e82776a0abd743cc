# SPDX-License-Identifier: Apache-2.0
"""A host to follow the documentation on: this machine's programs, and every
change of a file or a process is gone when it ends."""

import shutil
import subprocess
from pathlib import Path

from .documentation import SOURCES
from .processes import Server, eventually, spawn, stop
from .program import Result
from .requirements import require, require_root

STAND_INS = Path(__file__).parents[1] / "stand-ins"

#: Where a reader has unpacked the sources.
HOME = "/root/certificate-expiry-monitor"

# What is written lands in memory. Then the host's own files, and the program
# with /etc as its SYSCONFDIR, whatever it was configured with.
_SET_UP = """
layers=$1 files=$2 program=$3
mount -t tmpfs tmpfs "$layers"
for place in etc usr var root; do
    mkdir -p "$layers/$place/upper" "$layers/$place/work"
    mount -t overlay overlay -o "lowerdir=/$place,upperdir=$layers/$place/upper" \
        -o "workdir=$layers/$place/work" "/$place"
done
mount -t tmpfs -o mode=0755 tmpfs /run
for place in etc usr var root; do
    [ ! -e "$files/$place" ] || cp -R "$files/$place/." "/$place"
done
cp "$program" /usr/bin/certificate-expiry-monitor
rm -rf /usr/local/etc
ln -s /etc /usr/local/etc
mkdir -p /var/lib/prometheus/node-exporter
rm -f /var/lib/prometheus/node-exporter/*
cat /etc/trusted.crt >>/etc/ssl/certs/ca-certificates.crt
hash=$(openssl x509 -in /etc/trusted.crt -noout -hash)
cp /etc/trusted.crt "/etc/ssl/certs/$hash.0"
echo ready
exec sleep infinity
"""


class Host(Server):
    """In a network, with a program, and with `files` (of etc, usr, var and root)
    copied over its own; etc/trusted.crt is a root that it trusts."""

    def __init__(self, directory, network, program, files):
        require_root()
        layers = directory / "layers"
        layers.mkdir(parents=True)
        _add_sources(files)
        super().__init__(
            [*network.entering, require("unshare"), "--mount", "--pid",
             "--fork", "--kill-child", "--mount-proc", "bash", "-ec", _SET_UP,
             "bash", layers, files, program], directory / "host.log")

    def __enter__(self):
        super().__enter__()
        self.wait_until(lambda: "ready" in self.tail(), "a host")
        return self

    def __exit__(self, *_):
        # The first process of a namespace hears no SIGTERM.
        stop(self.process, 0)

    @property
    def _entering(self):
        """The first process in there is our process's only child."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children")
        first = eventually(lambda: children.read_text().split(),
                           "the first process")
        return [require("nsenter"), f"--target={first[0]}", "--mount", "--net",
                "--pid", "--"]

    def run(self, script, directory=HOME, timeout=180):
        """As a reader who types it into bash and stops at the first failure."""
        process = spawn(
            [*self._entering, "env", "-i", "HOME=/root", "LC_ALL=C.UTF-8",
             "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
             "DEBIAN_FRONTEND=noninteractive", "bash", "-eo", "pipefail", "-c",
             f"cd {directory}\n{script}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        try:
            stdout, stderr = process.communicate(timeout=timeout)
        finally:
            stop(process)
        return Result(process.returncode, stdout, stderr, 0)

    def write(self, path, text):
        quoted = "'" + path.replace("'", "") + "'"
        process = spawn(
            [*self._entering, "bash", "-ec",
             f"cd {HOME}; mkdir -p $(dirname {quoted}); cat >{quoted}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        said, _ = process.communicate(text, timeout=30)
        assert process.returncode == 0, said


def _add_sources(files):
    """As a release has them, and nothing that a build or a test has left."""
    shutil.copytree(
        SOURCES, files / HOME.lstrip("/"), dirs_exist_ok=True,
        ignore=lambda directory, names: [
            name for name in names if name.startswith(
                (".git", "build", "autom4te", "__pycache__", ".pytest"))
            or name in ("tests", "src") and Path(directory) == SOURCES])
    places = files / "usr/local/sbin"
    places.mkdir(parents=True, exist_ok=True)
    for each in STAND_INS.iterdir():
        shutil.copy(each, places)
