# SPDX-License-Identifier: Apache-2.0
"""Recorded sessions: what a person sees who tries it by hand, on terminals of
several kinds. README shows one of them."""

import contextlib
import itertools
import re
import ssl
import threading
from pathlib import Path

import pytest
from support import openssl
from support.certs import DAY, Authority, now
from support.hostile import Listener, silent
from support.nginx import Nginx
from support.pods import pod, pod_list
from support.ports import free_port
from support.processes import eventually
from support.tmux import PROMPT, Terminal

README = Path(__file__).parents[2] / "README.md"
DOMAIN = "shop.example.com"
PROGRESS = "probing: 14 of 15"
SUM = re.compile(r"15 pairs: .* s\)")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Pool:
    """Fifteen pods: twelve with the same certificate, one that was renewed
    earlier, one that was not renewed, one where nobody listens. The twelfth
    answers when it may."""

    def __init__(self, directory):
        self.root = Authority(directory / "root")
        self.may_answer = threading.Event()
        self.nginx = Nginx(directory / "nginx")
        self._fresh = self._issue("fresh", -33, 57)
        self.slow = Listener(self._answer_late)
        self.pods = []
        #: what the row with this word in it is about
        self.shown = {"12 pods": self._fresh}
        for number in range(1, 12):
            self._show(number, self._fresh)
        self._add(12, self.slow.address, self.slow.port)
        for number, name, begin, end in ((13, "earlier", -63, 27),
                                         (14, "expired", -93, -3)):
            certificate = self._issue(name, begin, end)
            self.shown[f"traefik-{number}"] = certificate
            self._show(number, certificate)
        self._add(15, "127.83.0.15", free_port())

    def _issue(self, name, begin, end):
        # Not quite so long ago, for days that are still whole afterwards.
        later = DAY / 24 if end > 0 else DAY * 0
        return self.root.issue(name, domains=[DOMAIN],
                               begin=now() + begin * DAY + later,
                               end=now() + end * DAY + later)

    def _add(self, number, address, port):
        self.pods.append(pod(f"traefik-{number}", address, namespace="edge",
                             ports={"websecure": port}))

    def _show(self, number, certificate):
        address = f"127.83.0.{number}"
        self.nginx.add([address], certificate)
        self._add(number, address, self.nginx.port)

    def _answer_late(self, connection):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._fresh.pem)
        self.may_answer.wait()
        with context.wrap_socket(connection, server_side=True) as session:
            silent(session)


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    pool = Pool(tmp_path_factory.mktemp("pool"))
    with pool.nginx, pool.slow:
        yield pool
        pool.may_answer.set()


class Session(Terminal):
    """With the program at hand, and the pool's pods in a file."""

    def __init__(self, program, pool, directory, columns, rows):
        commands = directory / "bin"
        commands.mkdir()
        (commands / "certificate-expiry-monitor").symlink_to(program.path)
        (directory / "pods.json").write_text(pod_list(pool.pods))
        (directory / "ca.crt").symlink_to(pool.root.cert)
        super().__init__(directory, columns, rows, {
            **program.env, "PATH": f"{commands}:{program.env['PATH']}"})
        self._pool = pool
        self.recording = directory / "recording"

    def run(self, before="", after="", progress=PROGRESS):
        """The last line of the screen while there is one pod to wait for, and
        the lines that the program leaves on it."""
        pool = self._pool
        pool.may_answer.clear()
        connections = pool.slow.connections
        self.record(self.recording)
        self.type(f"{before} certificate-expiry-monitor --port=websecure"
                  f" --pods-file=pods.json --domains={DOMAIN}"
                  f" --ca-file=ca.crt --log-level=warning {after}")
        pool.slow.wait_for_connection(connections + 1)
        shown = self.wait_for(
            lambda screen: not progress or progress in screen, progress)
        pool.may_answer.set()
        self.wait_for(lambda screen: screen.endswith(f"\n{PROMPT.strip()}"),
                      "the prompt")
        eventually(lambda: SUM.search(self.recorded()), "the whole recording")
        lines = self.screen("-J").splitlines()
        return shown.splitlines()[-1], lines[1:-1]

    def recorded(self):
        return self.recording.read_text() if self.recording.exists() else ""


@pytest.fixture
def session(program, pool, tmp_path):
    with contextlib.ExitStack() as stack:
        yield lambda columns, rows: stack.enter_context(
            Session(program, pool, tmp_path, columns, rows))


def readme(first):
    """The lines of README's block that begins so."""
    text = README.read_text(encoding="utf-8")
    block, = re.findall(rf"^```\n({re.escape(first)}.*?)\n```$", text,
                        re.MULTILINE | re.DOTALL)
    return block.splitlines()


def timeless(lines):
    """Without what a run took."""
    return [re.sub(r"\b[0-9.]+ ?s\b", "N s", line) for line in lines]


def row_of(lines, name):
    row, = [line for line in lines if re.search(rf"\b{name}\b", line)]
    return row


def test_as_readme_shows_it(session):
    progress, table = session(80, 24).run()
    assert timeless([progress]) == timeless(readme("probing:"))
    assert timeless(table) == timeless(readme("STATUS "))
    assert max(map(len, table)) <= 80


def test_wide_terminal_shows_more(session, pool):
    _, table = session(160, 50).run()
    assert {"NAMESPACE", "PORT", "CERTIFICATE"} <= set(table[0].split())
    assert SUM.search(table.pop())
    # All that README's rows have, in the same order.
    for line, less in itertools.zip_longest(table, readme("STATUS ")[:-1]):
        assert re.search(".*?".join(map(re.escape, less.split())), line)
    for name, certificate in pool.shown.items():
        fingerprint = openssl.facts_of(
            certificate.cert.read_text()).fingerprint
        assert fingerprint[:12] in row_of(table, name)


def test_colours(session):
    """Of bad rows; a good one is as any other text."""
    terminal = session(80, 24)
    terminal.run()
    sent = terminal.recorded().splitlines()
    bad = COLOUR.findall(row_of(sent, "traefik-14"))
    assert bad and bad == COLOUR.findall(row_of(sent, "traefik-15"))
    assert not COLOUR.search(row_of(sent, "12 pods"))
    assert COLOUR.search(terminal.screen("-e"))


@pytest.mark.parametrize("columns, rows", [(80, 24), (160, 50)])
def test_no_colour(session, columns, rows):
    """Which is no reason to show no progress."""
    terminal = session(columns, rows)
    terminal.run("NO_COLOR=1")
    assert "probing:" in terminal.recorded()
    assert not COLOUR.search(terminal.recorded())
    assert not COLOUR.search(terminal.screen("-e"))


def test_dumb_terminal(session):
    """Not a single escape sequence, and no line that is drawn twice."""
    terminal = session(80, 24)
    _, table = terminal.run("TERM=dumb", progress="")
    assert timeless(table) == timeless(readme("STATUS "))
    assert "\x1b" not in terminal.recorded()
    assert "probing:" not in terminal.recorded()


def test_narrow_terminal(session):
    """Lines are broken, but no name is, and of the progress nothing is left.
    """
    progress, table = session(30, 50).run()
    assert len(progress) < 30
    assert timeless(table) == timeless(readme("STATUS "))


def test_pipe_has_no_width(session):
    _, table = session(80, 24).run(after="--report=table | cat")
    assert "CERTIFICATE" in table[0] and len(table[0]) > 80
    assert len(table) == len(readme("STATUS "))
