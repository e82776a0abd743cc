# SPDX-License-Identifier: Apache-2.0
"""Looking into the memory and the descriptors of a running process."""

import os
import re
import sys

#: Address space larger than this is AddressSanitizer's shadow: terabytes in
#: which no data of the program lie.
_SHADOW_BYTES = 1 << 32


def find(pid, needles):
    """Names of the needles (a dict of bytes) that lie in readable memory, each
    with where: {name: "heap at 0x..."}."""
    found = {}
    with open(f"/proc/{pid}/maps", encoding="ascii", errors="replace") as maps:
        mappings = [line.split(maxsplit=5) for line in maps]
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for fields in mappings:
            begin, end = (int(part, 16) for part in fields[0].split("-"))
            if "r" not in fields[1] or end - begin > _SHADOW_BYTES:
                continue
            try:
                memory.seek(begin)
                data = memory.read(end - begin)
            except (OSError, ValueError, OverflowError):
                continue        # the kernel's own pages, [vvar] and the like
            where = fields[5].strip() if len(fields) > 5 else "anonymous"
            for name, needle in needles.items():
                at = data.find(needle)
                if at >= 0:
                    found[name] = f"{where} at {begin + at:#x}"
    return found


def memory_files(pid):
    """Contents of the memfds that the process still holds."""
    contents = []
    for descriptor in os.listdir(f"/proc/{pid}/fd"):
        path = f"/proc/{pid}/fd/{descriptor}"
        if os.readlink(path).startswith("/memfd:"):
            with open(path, "rb") as file:
                contents.append(file.read())
    return contents


def peer_ports(pid):
    """Ports of the peers of its established TCP connections."""
    inodes = set()
    for descriptor in os.listdir(f"/proc/{pid}/fd"):
        match = re.fullmatch(r"socket:\[(\d+)\]",
                             os.readlink(f"/proc/{pid}/fd/{descriptor}"))
        if match:
            inodes.add(match.group(1))
    ports = set()
    for table in ("tcp", "tcp6"):
        with open(f"/proc/{pid}/net/{table}", encoding="ascii") as lines:
            next(lines)
            for line in lines:
                fields = line.split()
                if fields[9] in inodes and fields[3] == "01":
                    ports.add(int(fields[2].rpartition(":")[2], 16))
    return ports


_RUN_AND_MEASURE = """
import resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
with open(sys.argv[1], "w") as file:
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=file)
sys.exit(status)
"""


class Peak:
    """What a process held at most: run it with this wrapper, then ask."""

    def __init__(self, path):
        self._path = path
        self.wrapper = [sys.executable, "-c", _RUN_AND_MEASURE, path]

    @property
    def bytes(self):
        """Resident; never less than a small Python, which the kernel counts
        in, as the process began as one."""
        return int(self._path.read_text()) * 1024
