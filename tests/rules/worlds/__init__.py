# SPDX-License-Identifier: Apache-2.0
"""All worlds, by how often they are scraped: {seconds: [World]}. Each module
adds its own."""

from . import certificates, fleets, lives, pools, pods, runs, short_of_it

MODULES = (certificates, short_of_it, pods, pools, runs, fleets, lives)


def by_step():
    found = {}
    for module in MODULES:
        for step, world in module.worlds():
            found.setdefault(step, []).append(world)
    names = [world.name for worlds in found.values() for world in worlds]
    assert len(names) == len(set(names)), "two worlds have the same name"
    return found
