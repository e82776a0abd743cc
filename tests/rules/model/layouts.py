# SPDX-License-Identifier: Apache-2.0
"""The ways in which the same pods are watched."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Instance:
    """Of the program, beside a node_exporter."""

    name: str
    node: str       #: whose pods it sees; None: all
    metrics: str
    is_first: bool


@dataclass(frozen=True)
class Layout:
    name: str
    central: bool
    per_node: bool
    metrics: str

    def instances(self, world):
        found = []
        if self.per_node:
            found = [Instance(f"{node}:9100", node, self.metrics,
                              node == world.nodes[0]) for node in world.nodes]
        if self.central:
            found.append(Instance("central:9100", None, self.metrics,
                                  not self.per_node))
        return found


STANDARD = [
    Layout("central", True, False, "standard"),
    Layout("nodes", False, True, "standard"),
    Layout("both", True, True, "standard"),
]
SUMMARY = [
    Layout("central-summary", True, False, "summary"),
    Layout("nodes-summary", False, True, "summary"),
    Layout("both-summary", True, True, "summary"),
]
MUX = [
    Layout("central-mux", True, False, "mux"),
    Layout("nodes-mux", False, True, "mux"),
]

#: Where every world is looked at.
LAYOUTS = STANDARD + SUMMARY


def names(*layouts):
    return frozenset(layout.name for layout in layouts)


ALL_LAYOUTS = names(*LAYOUTS)
IN_STANDARD = names(*STANDARD)
IN_SUMMARY = names(*SUMMARY)
#: Some instance sees the whole pool, so that it knows who lags.
SEES_POOL = frozenset({"central", "both", "central-summary", "both-summary"})
#: The pod that lags is known: all pairs are, or someone compares them.
KNOWS_LAGGING = IN_STANDARD | SEES_POOL
CENTRAL_ONLY = frozenset({"central", "central-summary"})
PER_NODE_ONLY = frozenset({"nodes", "nodes-summary"})
BOTH = frozenset({"both", "both-summary"})
IN_MUX = names(*MUX)
