#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Data flows one way: a stage includes headers of itself and of earlier
stages, never of later ones; base/ includes nothing of ours. Each library's
headers are included only in the places that are made for it."""

import os
import pathlib
import re
import sys

SRC = pathlib.Path(os.environ.get("srcdir", ".")) / "src"

# In the order in which data flows.
STAGES = ["base", "config", "kube", "discovery", "probe", "analysis", "state",
          "metrics", "report"]

# Library: (its headers, where they may be included).
LIBRARIES = {
    "GnuTLS": (r"gnutls/", ["probe/", "base/x509."]),
    "libfyaml": (r"libfyaml", ["base/yaml."]),
    "libcurl": (r"curl/", ["kube/"]),
    "json-c": (r"json-c/|json\.h$",
               ["kube/", "discovery/", "report/", "state/"]),
    "libsmartcols": (r"libsmartcols", ["report/"]),
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.M)


def complaints():
    files = sorted(p for p in SRC.rglob("*") if p.suffix in (".c", ".h"))
    if len(files) < 20:
        yield f"{SRC}: only {len(files)} files: is this the source tree?"
    for path in files:
        place = path.relative_to(SRC).as_posix()
        stage = place.split("/")[0] if "/" in place else None
        if stage is not None and stage not in STAGES:
            yield f"{place}: '{stage}' is no stage that this test knows"
            continue
        for quote, header in INCLUDE.findall(path.read_text()):
            if quote == '"':
                yield from ours(place, stage, header)
            else:
                yield from foreign(place, header)


def ours(place, stage, header):
    if not (SRC / header).is_file():
        yield f"{place}: \"{header}\" is not a path from src/"
        return
    if stage is None:
        return  # main.c and monitor.c see everything
    if "/" not in header:
        yield f"{place}: includes {header}, which is above all stages"
    elif STAGES.index(header.split("/")[0]) > STAGES.index(stage):
        yield f"{place}: includes {header} of a later stage"


def foreign(place, header):
    for name, (pattern, places) in LIBRARIES.items():
        if re.match(pattern, header) and not place.startswith(tuple(places)):
            yield (f"{place}: includes <{header}>; {name} belongs to "
                   f"{', '.join(places)}")


found = list(complaints())
print("\n".join(found))
sys.exit(1 if found else 0)
