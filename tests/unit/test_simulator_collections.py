"""What is stored does not slow down the simulator's garbage collections."""

from __future__ import annotations

import gc

from simulator.serving import quick_collections


def test_survivors_of_a_collection_take_part_in_none_after_it() -> None:
    stored = [{"id": str(number)} for number in range(1000)]

    with quick_collections():
        gc.collect(1)
        walked = gc.get_objects()
        kept = gc.get_freeze_count()

    assert kept > len(stored)
    assert not any(each is stored[-1] for each in walked)


def test_collections_are_as_before_afterwards() -> None:
    callbacks = list(gc.callbacks)

    with quick_collections():
        gc.collect()

    assert gc.get_freeze_count() == 0
    assert gc.callbacks == callbacks
