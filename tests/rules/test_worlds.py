# SPDX-License-Identifier: Apache-2.0
"""Which alerts fire in each world, in each layout."""

import pytest
from conftest import cases


@pytest.mark.parametrize("part, world, layout", [
    pytest.param(part, world, layout, id=f"{world.name}-{layout.name}")
    for part, world, layout in cases()])
def test_alerts(answers, part, world, layout):
    answer = answers[part, layout.name]
    if isinstance(answer, Exception):
        pytest.fail(str(answer), pytrace=False)
    if world.name in answer:
        pytest.fail("\n".join(answer[world.name]), pytrace=False)
