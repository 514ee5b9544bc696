"""The smart readers of a simulated account, within reach of people's hands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from simulator.errors import ReaderUnknown
from simulator.stripe_api.app import StripeApi
from simulator.stripe_api.at_the_reader.deeds import Deed, perform
from simulator.stripe_api.at_the_reader.screens import Screen, screen_of
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.resources.terminal_reader_actions.deadlines import settle
from simulator.stripe_api.resources.terminal_reader_actions.turn import Turn
from simulator.stripe_api.resources.terminal_readers import (
    MOBILE_TYPES,
    READERS,
    Reader,
    as_seen,
)


@dataclass(frozen=True, slots=True)
class View:
    """A reader as someone standing in front of it knows it."""

    reader: Reader
    screen: Screen
    is_connected: bool
    authorization_s: float


class SmartReaders:
    """Every method is one moment; events it causes name no request."""

    def __init__(self, api: StripeApi) -> None:
        """`api` is the account the readers are registered with."""
        self._api = api

    def __iter__(self) -> Iterator[View]:
        """Test mode's readers first, the newest of each mode first."""
        for livemode in (False, True):
            for reader in list(self._readers(livemode=livemode)):
                if reader["device_type"] not in MOBILE_TYPES:
                    yield self.look(reader["id"])

    def look(self, reader_id: str) -> View:
        """What the reader shows; raises ReaderUnknown."""
        return self._with(reader_id, view_of)

    def do(self, reader_id: str, deed: Deed) -> View:
        """Do something to the reader, and see what it shows then.

        Raises ReaderUnknown, ControlRefused or ControlInvalid.
        """
        return self._with(reader_id, lambda turn: _done(turn, deed))

    def _with(self, reader_id: str, look: Callable[[Turn], View]) -> View:
        views: list[View] = []

        def act(call: Call) -> None:
            reader = call.store.of(READERS).get(reader_id)
            if reader is None or reader["device_type"] in MOBILE_TYPES:
                raise ReaderUnknown("there is no smart reader with this id")
            turn = Turn(self._api.shop, call, reader=reader)
            settle(turn)
            views.append(look(turn))

        self._api.act(act, livemode=self._is_live(reader_id))
        return views[0]

    def _readers(self, *, livemode: bool) -> Iterator[Reader]:
        return self._api.store(livemode=livemode).of(READERS).newest_first()

    def _is_live(self, reader_id: str) -> bool:
        return self._api.store(livemode=True).of(READERS).get(reader_id) is not None


def view_of(turn: Turn) -> View:
    """What someone in front of the reader sees now."""
    return View(
        reader=as_seen(turn.call, turn.reader),
        screen=screen_of(turn),
        is_connected=not turn.state["is_silent"],
        authorization_s=turn.state["authorization_s"],
    )


def _done(turn: Turn, deed: Deed) -> View:
    perform(turn, deed)
    return view_of(turn)
