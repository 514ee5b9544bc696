"""How long a caller would hold on."""

from __future__ import annotations

import pytest

from agent.rest.preferences import LONGEST_WAIT_S, wait_preferred


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ([], None),
        (["wait=60"], 60),
        (["respond-async, wait=10"], 10),
        (["respond-async", 'Wait="5"'], 5),
        (["wait=7; strict"], 7),
        (["wait=99999"], LONGEST_WAIT_S),
        (["wait=soon"], None),
        (["wait=-1"], None),
        (["handling=lenient"], None),
    ],
)
def test_a_preference_to_wait_is_understood(
    headers: list[str], wait_s: int | None
) -> None:
    assert wait_preferred(headers) == wait_s
