"""What a simulated MagTek reader says of itself: properties, texts, keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from drivers.protocol.magtek_mms import properties
from drivers.protocol.magtek_mms.strings import StringId, text_of
from simulator.reader.models.magtek_mms import (
    firmware,
    manual_step,
    pin_step,
    signature_step,
    tip_step,
)
from simulator.reader.models.magtek_mms.battery import Battery
from simulator.reader.models.magtek_mms.description import Description
from simulator.reader.models.magtek_mms.property_table import Oid
from simulator.reader.typed_digits import CANCEL, KEYPAD

KEY_SLOT = {"data": 0, "mac": 1, "pin": 2, "pin_aes": 3}
"""Which slot after the first holds the key for what."""
_TDES_DUKPT, _AES_DUKPT = b"\x01", b"\x02"
"""Kinds of derivation; unverified."""

_CHARGING, _ON_BATTERY = b"\x01", b"\x00"


def texts_of(description: Description) -> frozenset[str]:
    """Every text on its screen, apart from amounts; none without a display."""
    if not description.has_display:
        return frozenset()
    texts = {text_of(string_id) for string_id in StringId} - {""}
    texts |= firmware.TEXTS
    if description.has_touch:
        texts |= tip_step.TEXTS | manual_step.TEXTS | signature_step.TEXTS
    if description.takes_pins:
        texts |= pin_step.TEXTS
    return frozenset(texts)


def keys_of(description: Description) -> frozenset[str]:
    """Its keys: a keypad on a touch screen, and else no more than `cancel`."""
    if description.has_touch:
        return KEYPAD
    return frozenset({CANCEL} if description.has_display else ())


def properties_of(
    description: Description,
    *,
    serial_number: str,
    version: Callable[[], str],
    has_keys: Callable[[], bool],
    battery: Battery,
) -> Mapping[Oid, Callable[[], bytes | None]]:
    """What can be asked for and not set."""

    def percent() -> bytes | None:
        return bytes((battery.percent,)) if description.has_battery else None

    def charger() -> bytes | None:
        return _ON_BATTERY if description.has_battery else None

    def keys() -> bytes:
        slots = _slots(description).values() if has_keys() else ()
        return sum(1 << slot for slot in slots).to_bytes(4, "big")

    return {
        properties.SERIAL_NUMBER: serial_number.encode("ascii").__bytes__,
        properties.MODEL_NAME: description.product.encode("ascii").__bytes__,
        properties.FIRMWARE_ID: lambda: version().encode("ascii"),
        properties.BATTERY_PERCENT: percent,
        properties.CHARGER_STATUS: charger,
        properties.TRANSACTION_KEYS: keys,
        **{
            properties.KEY_SLOTS[purpose]: _slot_value(purpose, slot).__bytes__
            for purpose, slot in _slots(description).items()
        },
    }


def _slots(description: Description) -> Mapping[str, int]:
    is_for_pins = {"pin", "pin_aes"}
    return {
        purpose: slot
        for purpose, slot in KEY_SLOT.items()
        if description.takes_pins or purpose not in is_for_pins
    }


def _slot_value(purpose: str, slot: int) -> bytes:
    kind = _AES_DUKPT if purpose == "pin_aes" else _TDES_DUKPT
    return (properties.FIRST_KEY_SLOT + slot).to_bytes(2, "big") + kind
