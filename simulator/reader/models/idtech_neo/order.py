"""What a host orders with 02-40 or 60-10, as the simulated reader takes it."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.protocol.idtech_neo.activate import (
    ActivateTransaction,
    Interface,
    StartContact,
)
from simulator.cards.card import Entry
from simulator.emv.kernel import Purchase
from simulator.reader.models.idtech_neo.console import Settings
from simulator.reader.models.idtech_neo.description import Description
from simulator.reader.purchase import purchase_of

ACTIVATE, RESULT, CONTACT = 0x02, 0x03, 0x60
"""The commands that a card answers."""

DEFAULT_NEXT_COMMAND_S = 15


@dataclass(frozen=True, slots=True)
class Order:
    """What to read a card for."""

    command: int
    """The one that is answered."""
    purchase: Purchase
    entries: frozenset[Entry]
    timeout_s: int
    """0 is for ever."""
    allows_fallback: bool = False
    next_command_s: int = DEFAULT_NEXT_COMMAND_S


def order_of(
    command: ActivateTransaction | StartContact,
    *,
    description: Description,
    settings: Settings,
) -> Order | None:
    """The order in `command`; None where its parameters make no transaction."""
    sent = {item.tag: item.value for item in command.objects}
    purchase = purchase_of({**settings.configuration, **sent})
    if isinstance(command, StartContact):
        wanted = {Entry.CONTACT} | ({Entry.SWIPE} if command.allows_fallback else set())
        allows_fallback = command.allows_fallback
        next_command_s = command.next_command_s
    else:
        wanted = _wanted(command.interfaces)
        fallback = command.fallback
        allows_fallback = fallback is not None and fallback.is_allowed
        next_command_s = fallback.next_command_s if fallback else DEFAULT_NEXT_COMMAND_S
    entries = description.entries & wanted
    if purchase is None or not entries:
        return None
    return Order(
        command.CODE[0],
        purchase,
        entries,
        command.timeout_s,
        allows_fallback=allows_fallback,
        next_command_s=next_command_s,
    )


def unasked_order(settings: Settings) -> Order | None:
    """What a reader in auto-poll reads a tap for: its own configuration."""
    purchase = purchase_of(settings.configuration)
    if purchase is None:
        return None
    return Order(RESULT, purchase, frozenset({Entry.CONTACTLESS}), timeout_s=0)


_INTERFACES = {
    Interface.MSR: Entry.SWIPE,
    Interface.CONTACTLESS: Entry.CONTACTLESS,
    Interface.CONTACT: Entry.CONTACT,
}


def _wanted(interfaces: Interface | None) -> set[Entry]:
    if interfaces is None:
        return set(Entry)
    return {entry for bit, entry in _INTERFACES.items() if bit in interfaces}
