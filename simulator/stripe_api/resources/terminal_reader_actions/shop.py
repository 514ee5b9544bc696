"""What all smart readers share: the bank, the card slot, and who watches them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from simulator.emv.authorization import Issuer
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.smart_readers.card_slot import CardSlot

Watcher = Callable[[Call, str], None]
"""Told a reader's id when the reader has changed, after the request has its answer."""


@dataclass(frozen=True, slots=True)
class Shop:
    """Where the smart readers stand."""

    issuer: Issuer
    slot: CardSlot
    watchers: list[Watcher] = field(default_factory=list)
