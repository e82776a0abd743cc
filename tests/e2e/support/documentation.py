# SPDX-License-Identifier: Apache-2.0
"""The pages of the documentation as tests need them: their fenced blocks.

What a block is, its language says: `sh` are commands that a test runs, `promql`
expressions, `yaml` and `ini` files. A first line `# PATH` names the file that a
reader is to write. Everything else (`text`, `console`, none) is only shown.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).parents[3]

#: Below a heading: the commands in its section are not run by us.
OUTSIDE = "**Not tried by us: it needs somebody else's service.**"

#: What only a system that systemd has booted can run: in_booted.sh does, where
#: the package and node_exporter are installed.
BOOTED = re.compile(r"(sudo )?(systemctl|journalctl|systemd-analyze security)\b"
                    r".*(certificate-expiry-monitor|prometheus-node-exporter)")

_FENCE = re.compile(r"^( *)```(\w*) *$")
_HEADING = re.compile(r"^(#+) (.*)")
_PATH = re.compile(r"^# ((?:/|[\w.-]+/)[\w./@-]+)\n")


@dataclass(frozen=True)
class Block:
    page: str
    line: int
    heading: str        #: of the section of level two, or the page's title
    language: str
    text: str
    is_outside: bool    #: needs a vendor's service

    @property
    def where(self):
        return f"{self.page}:{self.line}"

    @property
    def path(self):
        """Of the file that a reader is to write with it, or None."""
        found = _PATH.match(self.text)
        return found and found.group(1)

    def commands(self):
        """Each command by itself, on one line."""
        joined = re.sub(r"\\\n\s*", "", self.text)
        joined = re.sub(r"([|(]|&&)\n\s*", r"\1 ", joined)
        return [line.split(" #")[0].strip() for line in joined.splitlines()
                if line.strip() and not line.startswith("#")]


def pages():
    """README first."""
    return [SOURCES / "README.md", SOURCES / "CONTRIBUTING.md",
            SOURCES / "SECURITY.md", *sorted((SOURCES / "doc").glob("*.md"))]


def blocks(page):
    """Those of one page, in order."""
    name = str(page.relative_to(SOURCES))
    headings, outside_level = {}, 0
    lines = page.read_text().splitlines()
    at = 0
    while at < len(lines):
        heading, fence = _HEADING.match(lines[at]), _FENCE.match(lines[at])
        if heading:
            level = len(heading.group(1))
            headings = {other: title for other, title in headings.items()
                        if other < level} | {level: heading.group(2)}
            if outside_level >= level:
                outside_level = 0
        elif lines[at] == OUTSIDE:
            outside_level = max(headings)
        elif fence:
            margin, language = fence.groups()
            begin = at + 1
            at = next((number for number in range(begin, len(lines))
                       if lines[number] == f"{margin}```"), None)
            assert at, f"{name}:{begin}: the block has no end"
            yield Block(name, begin + 1, headings.get(2, headings.get(1)),
                        language,
                        "".join(line.removeprefix(margin) + "\n"
                                for line in lines[begin:at]),
                        bool(outside_level))
        at += 1


def all_blocks(*languages):
    return [block for page in pages() for block in blocks(page)
            if block.language in languages]


def yaml_blocks(page, start):
    """Of a page of doc/, those that begin so; a path is left out."""
    found = [re.sub(r"^# .*\n", "", block.text)
             for block in blocks(SOURCES / "doc" / page)
             if block.language == "yaml"]
    found = [text for text in found if text.startswith(start)]
    assert found, start
    return found


_PROGRAMS = re.compile(
    r"(amtool|apt|certificate-expiry-monitor|curl|docker|getent|ip|journalctl|"
    r"kubeadm|kubectl|make|man|openssl|podman|promtool|systemctl|systemd-\w+|"
    r"ulimit) ")


def mentioned_commands():
    """Those within a sentence, each once: command -> page."""
    found = {}
    for page in pages():
        text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(),
                      flags=re.M | re.S)
        for words in re.findall(r"`([^`]+)`", text):
            command = " ".join(words.split())
            if _PROGRAMS.match(command):
                found.setdefault(command, page.name)
    return found


def booted_commands():
    """For in_booted.sh, each once."""
    found = {}
    for block in all_blocks("sh"):
        if not block.is_outside:
            for command in block.commands():
                if BOOTED.match(command):
                    command = command.removeprefix("sudo ")
                    found.setdefault(command, block.where)
    return found


if __name__ == "__main__":
    for command, where in booted_commands().items():
        print(f"{where}\t{command}", file=sys.stdout)
