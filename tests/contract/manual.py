#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The manual pages have the program's options, keys, closed choices, variables
and exit statuses, all of them and no other, and examples that are good."""

import pathlib
import re
import shlex
import tempfile

import program
from program import TOP

NAME = "certificate-expiry-monitor"
COMMAND, FILE = (pathlib.Path(f"doc/{NAME}.{section}").read_text()
                 for section in (1, 5))
OPTION = re.compile(r"\.It Fl -([a-z-]+)(?: Ns = Ns Ar ([A-Z]+))?")
KEY = re.compile(r"\.It Ic ([a-z_.]+) : ")


def section(page, title):
    return page.split(f"\n.Sh {title}\n")[1].split("\n.Sh ")[0]


def items(text, head):
    """The groups of the head of each item, and its body."""
    for item in re.split(r"^(?=\.It )", text, flags=re.M)[1:]:
        found = head.match(item)
        if found:
            yield found.groups(default=""), item[found.end():]


def choices(body):
    return re.findall(r"^\.Cm ([a-z0-9]+)", body, re.M)


def compare(where, documented, known):
    """Both are lists: the order counts, too."""
    for name in documented:
        if name not in known:
            yield f"{where} has {name}, which the program does not"
    for name in known:
        if name not in documented:
            yield f"{where} does not have {name}"
    if sorted(documented) == sorted(known) and documented != known:
        yield f"{where}: not in the order of the program: {documented}"


def option_complaints():
    described = list(items(section(COMMAND, "OPTIONS"), OPTION))
    yield from compare(
        f"{NAME}(1)", [f"--{name}={word}" for (name, word), _ in described],
        [f"--{name}={word}" for name, word in program.options().items()])
    yield from compare(
        "the headings of OPTIONS", re.findall(r"^\.Ss (.*)", COMMAND, re.M),
        [title.split(" (")[0] for title
         in re.findall(r"^([A-Z].*):$", program.HELP, re.M)])
    known = program.option_choices()
    if len(known) < 7:
        yield f"closed choices of {sorted(known)} only"
    for (name, _), body in described:
        if name in known:
            yield from compare(f"{NAME}(1): --{name}",
                               sorted(choices(body)), sorted(known[name]))
    for page in (COMMAND, FILE):
        for name in re.findall(r"Fl -([a-z-]+)", page):
            if name not in (*program.options(), "option"):
                yield f"a page mentions --{name}"


def key_complaints():
    described = list(items(section(FILE, "KEYS"), KEY))
    of_jobs = [((f"jobs.{name}",), body) for (name,), body
               in items(section(FILE, "KEYS OF A JOB"), KEY)]
    described += of_jobs
    yield from compare(f"{NAME}(5)", [name for (name,), _ in described],
                       program.keys())
    known = program.key_choices()
    if len(known) < 9:
        yield f"closed choices of {sorted(known)} only"
    for (name,), body in described:
        if name in known:
            yield from compare(f"{NAME}(5): {name}", sorted(choices(body)),
                               sorted(known[name]))


def variable_complaints():
    """What the program itself looks at."""
    used = {name for path in (TOP / "src").rglob("*.c") for name
            in re.findall(r'(?:getenv|environment)\("([A-Z_]+)"\)',
                          path.read_text())}
    documented = re.findall(r"[A-Z_]{2,}", " ".join(
        re.findall(r"^\.(?:It )?Ev (.*)", section(COMMAND, "ENVIRONMENT"),
                   re.M)))
    for name in sorted(used - set(documented)):
        yield f"ENVIRONMENT does not have {name}"


def status_complaints():
    known = re.findall(r"EXIT_[A-Z]+ = (\d+)",
                       (TOP / "src/monitor.h").read_text())
    readme = (TOP / "README.md").read_text().split("| exit status |")[1]
    text = section(COMMAND, "EXIT STATUS")
    yield from compare("EXIT STATUS", re.findall(r"^\.It (\d+)$", text, re.M),
                       known)
    yield from compare("README.md", re.findall(
        r"^\| (\d+) \|", readme.split("\n\n")[0], re.M), known)
    if "the first of 2, 75, 1, 3." not in text:
        yield "EXIT STATUS does not say which comes first"


def literals(page):
    return re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", section(page, "EXAMPLES"),
                      re.M | re.S)


def example_complaints():
    """Each as far as it goes without asking anybody."""
    commands = [part for text in literals(COMMAND)
                for part in re.split(r"\||\n(?! )",
                                     text.replace("\\e\n", "").strip())
                if part.strip().startswith(NAME)]
    files = literals(FILE)
    if len(commands) < 6 or len(files) < 2:
        yield f"only {len(commands)} commands and {len(files)} files"
    example = TOP / f"doc/{NAME}.yaml"
    for command in commands:
        complaint = program.check_config(f"--config={example}",
                                         *shlex.split(command)[1:])
        if complaint:
            yield f"{command}: {complaint}"
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        for text in files:
            file.seek(0)
            file.truncate()
            file.write(text)
            file.flush()
            complaint = program.check_config(f"--config={file.name}")
            if complaint:
                yield complaint


program.finish([*option_complaints(), *key_complaints(),
                *variable_complaints(), *status_complaints(),
                *example_complaints()])
