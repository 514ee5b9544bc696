"""What a host orders with command 1001, as the simulated reader takes it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from drivers.errors import RemoteError
from drivers.protocol import emv
from drivers.protocol.magtek_mms.start import Contactless, Options, StartTransaction
from drivers.protocol.tlv import Tlv
from simulator.cards.card import Entry
from simulator.emv.kernel import Purchase


@dataclass(frozen=True, slots=True)
class Order:
    """What to read a card for."""

    purchase: Purchase
    entries: frozenset[Entry]
    timeout_s: int
    is_quick_chip: bool


def order_of(command: StartTransaction) -> Order | None:
    """The order in `command`; None where its parameters make no transaction."""
    purchase = _purchase(command.emv_data)
    entries = _entries(command)
    is_quick_chip = Options.QUICK_CHIP in command.options
    if purchase is None or not entries or (is_quick_chip and purchase.amount == 0):
        return None
    return Order(
        purchase,
        entries=entries,
        timeout_s=command.timeout_s,
        is_quick_chip=is_quick_chip,
    )


_SIZES = {
    emv.AMOUNT_AUTHORISED: 6,
    emv.AMOUNT_OTHER: 6,
    emv.TRANSACTION_CURRENCY_CODE: 2,
    emv.TRANSACTION_TYPE: 1,
}


def _entries(command: StartTransaction) -> frozenset[Entry]:
    takes_taps = command.contactless in {Contactless.EMV, Contactless.EMV_AND_NFC}
    enabled = {
        Entry.SWIPE: command.swipe,
        Entry.CONTACT: command.insert,
        Entry.CONTACTLESS: takes_taps,
    }
    return frozenset(entry for entry, is_on in enabled.items() if is_on)


def _purchase(emv_data: Iterable[Tlv]) -> Purchase | None:
    values = {item.tag: item.value for item in emv_data}
    if any(len(values.get(tag, b"")) > most for tag, most in _SIZES.items()):
        return None
    try:
        return Purchase(
            amount=emv.decode_numeric(values[emv.AMOUNT_AUTHORISED]),
            currency_code=emv.decode_numeric(values[emv.TRANSACTION_CURRENCY_CODE]),
            other_amount=emv.decode_numeric(values.get(emv.AMOUNT_OTHER, b"\x00")),
            transaction_type=emv.decode_numeric(
                values.get(emv.TRANSACTION_TYPE, b"\x00")
            ),
        )
    except (KeyError, RemoteError):
        return None
