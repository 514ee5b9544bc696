"""How a command reaches a reader: found, heard, and free to obey."""

from __future__ import annotations

from collections.abc import Callable

from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.resources.terminal_reader_actions.deadlines import settle
from simulator.stripe_api.resources.terminal_reader_actions.errors import (
    ReaderBusy,
    ReaderNotSmart,
    ReaderOffline,
    ReaderTimeout,
)
from simulator.stripe_api.resources.terminal_reader_actions.shop import Shop
from simulator.stripe_api.resources.terminal_reader_actions.turn import Turn
from simulator.stripe_api.resources.terminal_readers import (
    MOBILE_TYPES,
    READERS,
    Reader,
)
from simulator.stripe_api.smart_readers.phases import is_busy

Order = Callable[[Turn], None]
"""What a reader does when it is told to; raises InvalidRequest and then did nothing."""


def command(shop: Shop, order: Order) -> Callable[[Call], Reader]:
    """The operation that gives `order` to the reader the path names."""

    def run(call: Call) -> Reader:
        turn = addressed(shop, call)
        if turn.reader["status"] == "offline":
            raise ReaderOffline
        if turn.state["is_silent"]:
            raise ReaderTimeout
        if is_busy(turn.phase):
            raise ReaderBusy
        order(turn)
        return turn.reader

    return run


def addressed(shop: Shop, call: Call) -> Turn:
    """The smart reader the path names; raises ResourceMissing or ReaderNotSmart."""
    reader = call.find(READERS, "reader")
    if reader["device_type"] in MOBILE_TYPES:
        raise ReaderNotSmart(reader["device_type"])
    turn = Turn(shop, call, reader=reader)
    settle(turn)
    return turn
