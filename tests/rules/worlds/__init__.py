# SPDX-License-Identifier: Apache-2.0
"""All worlds, in parts that one Prometheus can hold."""

from . import certificates, fleets, lives, pools, pods, runs, short_of_it

MODULES = (certificates, short_of_it, pods, pools, runs, fleets, lives)


#: promtool allows a query 10,000 samples.
PAIRS_OF_A_PART = 130


def everything():
    """[(seconds between scrapes, world)], the shortest first, so that
    those are together that end together."""
    found = [entry for module in MODULES for entry in module.worlds()]
    names = [world.name for _, world in found]
    assert len(names) == len(set(names)), "two worlds have the same name"
    return sorted(found, key=lambda entry: (entry[0], entry[1].end))


def parts():
    """[(seconds between scrapes, [World])]"""
    found, pairs = [], 0
    for step, world in everything():
        more = sum(len(pool.pods) for pool in world.pools) + len(world.nodes)
        pairs += more
        if not found or found[-1][0] != step or pairs > PAIRS_OF_A_PART \
                or not world.cluster:
            found.append((step, []))
            pairs = more if world.cluster else PAIRS_OF_A_PART
        found[-1][1].append(world)
    return found
