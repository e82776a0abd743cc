# SPDX-License-Identifier: Apache-2.0
"""Which alerts fire in each world, in each layout."""

import pytest
import questions


@pytest.mark.parametrize("question, world", [
    pytest.param(question, world, id=f"{world.name}-{question.layout.name}"
                 + "-reversed" * question.reverse)
    for question in questions.ALL for world in question.worlds])
def test_alerts(answers, question, world):
    answer = answers[question]
    if isinstance(answer, Exception):
        pytest.fail(str(answer), pytrace=False)
    if world.name in answer:
        pytest.fail("\n".join(answer[world.name]), pytrace=False)
