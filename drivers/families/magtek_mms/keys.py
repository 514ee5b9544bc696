"""Which keys a MagTek device has, by its properties. It can neither load nor show one."""

from __future__ import annotations

from contextlib import suppress

from drivers.errors import FrameError, ReaderRefused
from drivers.families.magtek_mms.device import Device
from drivers.features import KeyState
from drivers.protocol.magtek_mms.properties import (
    FIRST_KEY_SLOT,
    KEY_SLOTS,
    TRANSACTION_KEYS,
)


class MmsKeyStore:
    """Implements drivers.features.KeyStore."""

    def __init__(self, device: Device) -> None:
        self._device = device

    async def key_states(self) -> tuple[KeyState, ...]:
        """Each purpose the device knows, and whether its slot holds a key."""
        with self._device.use("key states"):
            loaded = await self._device.property_value(TRANSACTION_KEYS)
            slots: dict[str, bytes] = {}
            for purpose, oid in KEY_SLOTS.items():
                # Models without a stripe head or PIN pad have no such purpose.
                with suppress(ReaderRefused):
                    slots[purpose] = await self._device.property_value(oid)
        return tuple(
            KeyState(purpose, ksn=None, is_usable=_holds_key(loaded, slot))
            for purpose, slot in slots.items()
        )


def _holds_key(loaded: bytes, slot: bytes) -> bool:
    if len(slot) < 2:
        raise FrameError("a key slot without a number")
    bit = int.from_bytes(slot[:2], "big") - FIRST_KEY_SLOT
    return bit >= 0 and bool(int.from_bytes(loaded, "big") >> bit & 1)
