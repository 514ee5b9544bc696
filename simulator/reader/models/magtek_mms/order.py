"""What a host orders with command 1001, as the simulated reader takes it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from drivers.protocol.magtek_mms.start import (
    BarcodeMode,
    Contactless,
    FinalScreen,
    ManualEntry,
    Options,
    StartTransaction,
)
from drivers.protocol.magtek_mms.status import StatusDetail
from drivers.protocol.magtek_mms.strings import StringId
from drivers.protocol.magtek_mms.tips import TipMode, TipOptions
from drivers.protocol.tlv import Tlv
from simulator.cards.card import Card, Entry, Verification
from simulator.emv.kernel import Purchase
from simulator.emv.pin_block import PinBlockFormat
from simulator.reader.models.magtek_mms.description import Description
from simulator.reader.purchase import purchase_of


@dataclass(frozen=True, slots=True)
class Order:
    """What to read a card for."""

    purchase: Purchase
    entries: frozenset[Entry]
    timeout_s: int
    is_quick_chip: bool
    takes_tags: bool = False
    manual: ManualEntry | None = None
    barcode: BarcodeMode | None = None
    tips: TipOptions | None = None
    pin_format: PinBlockFormat = PinBlockFormat.ISO_0
    final_text: StringId = StringId.WELCOME
    """What stays on the screen when all is done."""
    skips_signature_of_chip_cards: bool = False
    """Swiped, where their service code tells of a chip."""


class OrderRefused(Exception):
    """The command makes no transaction on this reader."""

    def __init__(self, detail: StatusDetail) -> None:
        super().__init__(detail.name)
        self.detail = detail


def order_of(command: StartTransaction, description: Description) -> Order:
    """The order in `command`; raises OrderRefused."""
    purchase = _purchase(command.emv_data)
    is_quick_chip = Options.QUICK_CHIP in command.options
    order = Order(
        purchase,
        entries=_entries(command) & description.entries,
        timeout_s=command.timeout_s,
        is_quick_chip=is_quick_chip,
        takes_tags=command.contactless in {Contactless.NFC, Contactless.EMV_AND_NFC},
        manual=command.manual,
        barcode=command.barcode,
        tips=None if _has_no_tips(command.tips) else command.tips,
        pin_format=_pin_format(command.pin_block_format),
        final_text=_final_text(command.final_screen),
        skips_signature_of_chip_cards=(
            Options.SIGNATURE_BY_SERVICE_CODE_OFF in command.options
        ),
    )
    _require_hardware(order, description)
    others = order.entries or order.takes_tags or order.barcode
    has_way = others or order.manual
    is_one_way = not (others and order.manual)
    if not has_way or not is_one_way or (is_quick_chip and purchase.amount == 0):
        raise OrderRefused(StatusDetail.PARAMETER_INVALID)
    return order


def wants_signature(card: Card, entry: Entry, order: Order) -> bool:
    """Whether the cardholder of this card, given in this way, has to sign."""
    if card.verification is not Verification.SIGNATURE:
        return False
    is_chip_card = card.service_code[0] in _SERVICE_CODES_OF_CHIPS
    is_spared = order.skips_signature_of_chip_cards and is_chip_card
    return not (entry is Entry.SWIPE and is_spared)


_SERVICE_CODES_OF_CHIPS = frozenset("26")
"""First digit (ISO 7813): international and national cards with a chip."""


def _require_hardware(order: Order, description: Description) -> None:
    """Raise OrderRefused for what this model has not."""
    if (order.manual or order.tips) and not description.has_touch:
        raise OrderRefused(StatusDetail.FEATURE_UNAVAILABLE)
    if order.barcode and not description.has_scanner:
        raise OrderRefused(StatusDetail.NO_SCANNER)


def _has_no_tips(tips: TipOptions | None) -> bool:
    return tips is None or (tips.mode is TipMode.OFF and not tips.tax)


def _entries(command: StartTransaction) -> frozenset[Entry]:
    takes_taps = command.contactless in {Contactless.EMV, Contactless.EMV_AND_NFC}
    enabled = {
        Entry.SWIPE: command.swipe,
        Entry.CONTACT: command.insert,
        Entry.CONTACTLESS: takes_taps,
    }
    return frozenset(entry for entry, is_on in enabled.items() if is_on)


def _pin_format(number: int | None) -> PinBlockFormat:
    if number is None:
        return PinBlockFormat.ISO_0
    if number not in {PinBlockFormat.ISO_0, PinBlockFormat.ISO_3, PinBlockFormat.ISO_4}:
        raise OrderRefused(StatusDetail.PARAMETER_INVALID)
    return PinBlockFormat(number)


def _final_text(screen: FinalScreen | None) -> StringId:
    string_id = None if screen is None else screen.string_id
    if string_id is None:
        return StringId.WELCOME
    if string_id not in set(StringId):
        raise OrderRefused(StatusDetail.PARAMETER_INVALID)
    return StringId(string_id)


def _purchase(emv_data: Iterable[Tlv]) -> Purchase:
    purchase = purchase_of({item.tag: item.value for item in emv_data})
    if purchase is None:
        raise OrderRefused(StatusDetail.PARAMETER_INVALID)
    return purchase
