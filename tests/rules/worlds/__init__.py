# SPDX-License-Identifier: Apache-2.0
"""All worlds, in parts that one Prometheus can hold."""

from . import (alone, certificates, fleets, lives, mux, pods, pools, runs,
               short_of_it)

MODULES = (certificates, short_of_it, pods, pools, runs, fleets, lives,
           alone)


#: promtool allows a query 10,000 samples.
PAIRS_OF_A_PART = 130


def everything():
    """[(seconds between scrapes, world)], the shortest first, so that
    those are together that end together."""
    found = [entry for module in MODULES for entry in module.worlds()]
    names = [world.name for _, world in found]
    assert len(names) == len(set(names)), "two worlds have the same name"
    return sorted(found, key=lambda entry: (entry[0], entry[1].end))


#: Looked at once more with the groups of rules evaluated in the reverse order.
REVERSED = """all-expire vanishes restarting-exporters healthy-gaps scrape-gaps
    roll-out roll-out-with-renewal only-pod families api-away
    4-bad-4-good 3-bad-1-good many-flaws 3-nodes-fail""".split()
REVERSED_STEP = 60


def reversed_parts():
    return _parts([(REVERSED_STEP, world) for _, world in everything()
                   if world.name in REVERSED])


def mux_parts():
    return _parts(mux.worlds())


def parts():
    """[(seconds between scrapes, [World])]"""
    return _parts(everything())


def _parts(all_of_them):
    found, pairs = [], 0
    for step, world in all_of_them:
        more = sum(len(pool.pods) for pool in world.pools) + len(world.nodes)
        pairs += more
        if not found or found[-1][0] != step or pairs > PAIRS_OF_A_PART \
                or not world.cluster:
            found.append((step, []))
            pairs = more if world.cluster else PAIRS_OF_A_PART
        found[-1][1].append(world)
    return found
