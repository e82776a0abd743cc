# SPDX-License-Identifier: Apache-2.0
"""Which worlds are looked at how."""

import worlds
from model import layouts
from model.promtool import Question

ALL = [
    *(Question(step, tuple(part), layout)
      for step, part in worlds.parts() for layout in layouts.LAYOUTS),
    *(Question(step, tuple(part), layout, reverse=True)
      for step, part in worlds.reversed_parts() for layout in layouts.LAYOUTS
      if layout.name in ("both", "nodes-summary")),
    *(Question(step, tuple(part), layout)
      for step, part in worlds.mux_parts() for layout in layouts.MUX),
]
