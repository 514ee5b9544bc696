"""What all smart readers share: the bank, the card slot, and who watches them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from simulator.emv.authorization import Issuer
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.smart_readers.card_slot import CardSlot


class Watcher(Protocol):
    """Somebody who looks at the readers."""

    def see(self, call: Call, reader_id: str) -> None:
        """A reader has changed, and the request that changed it has its answer."""
        ...

    def forget(self) -> None:
        """The account starts anew, without the readers there were."""
        ...


@dataclass(frozen=True, slots=True)
class Shop:
    """Where the smart readers stand."""

    issuer: Issuer
    slot: CardSlot
    watchers: list[Watcher] = field(default_factory=list)
