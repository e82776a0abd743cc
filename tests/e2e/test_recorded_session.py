# SPDX-License-Identifier: Apache-2.0
"""Recorded sessions: what a person sees who tries it by hand, on terminals of
several kinds. README shows one of them."""

import contextlib
import itertools
import re
import xml.etree.ElementTree
from pathlib import Path

import pytest
from support import openssl, svg
from support.session import PICTURED, SUM, Pool, Session, picture

TOP = Path(__file__).parents[2]
README, PICTURE = TOP / "README.md", TOP / "doc/table.svg"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    with Pool(tmp_path_factory.mktemp("pool")) as pool:
        yield pool


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


def test_picture(session):
    """README's is what scripts/picture.sh would make of this run, but for the
    time that it took."""
    def without_time(text):
        changed, count = re.subn(
            r'textLength="[0-9.]+"([^>]*>15 pairs: .*?\()[0-9.]+ s', r"\1",
            text)
        assert count == 1
        return changed

    assert without_time(picture(session(*PICTURED))) == without_time(
        PICTURE.read_text(encoding="utf-8"))
    assert f"({PICTURE.relative_to(TOP)})" in README.read_text()


def test_picture_needs_nothing_else():
    root = xml.etree.ElementTree.fromstring(PICTURE.read_text())
    for each in root.iter():
        assert not {name.rpartition("}")[2] for name in each.attrib} & {
            "href", "src", "class"}
        assert "url(" not in str(each.attrib)


def test_what_a_screen_has_is_drawn():
    drawn = svg.draw("a <b> & c\n\x1b[1;31mred\nstill\x1b[0m no\x1b[39m more",
                     "<title>")
    lines = [(each.get("y"), each.get("fill"), each.get("font-weight"),
              each.text) for each
             in xml.etree.ElementTree.fromstring(drawn).iter() if each.get("y")]
    (first, text, _, _), (second, red, _, _), (third, *_), *_ = lines
    assert lines == [
        (first, text, None, "a <b> & c"), (second, red, "bold", "red"),
        (third, red, "bold", "still"), (third, text, None, " no"),
        (third, text, None, " more")]
    assert len({first, second, third}) == 3 and text != red
    with pytest.raises(ValueError):
        svg.draw("\x1b[48;5;1mbackground", "")


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
