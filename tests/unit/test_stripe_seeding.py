"""Seeds of every kind and shape: taken in whole, or refused by their place."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from simulator.app import build_simulator
from simulator.clock import ManualClock
from simulator.errors import SeedInvalid

API = build_simulator(clock=ManualClock(), seed=1).stripe_api
KINDS = list(dict.fromkeys(operation.returns for operation in API.operations))

SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["id", "object", "data", "a"]), inner)
    ),
    max_leaves=4,
)


@st.composite
def seeds(draw: st.DrawFn) -> Any:
    """An object of some kind, some of whose fields hold anything at all."""
    kind = draw(st.sampled_from(KINDS))
    names = ["livemode", "deleted", "created", *kind.expandable, *kind.sublists]
    if kind.shape is not None:
        names += kind.shape.__annotations__
    fields = draw(st.dictionaries(st.sampled_from(names), VALUES, max_size=4))
    return {**fields, "id": "x_1", "object": kind.name}


@given(st.lists(seeds() | VALUES, max_size=3))
def test_any_seeds_are_taken_or_refused(some: list[Any]) -> None:
    API.state.begin_anew()

    with suppress(SeedInvalid):
        API.state.seed(some)

    json.dumps(API.state.dump())
