"""The scanner of a MagTek device (command 1804)."""

from __future__ import annotations

from drivers.errors import ReaderRefused
from drivers.families.magtek_mms.device import Device
from drivers.families.magtek_mms.framing import Told
from drivers.families.magtek_mms.operation import operate
from drivers.families.magtek_mms.seconds import require_seconds
from drivers.features import Barcode, InputEnd
from drivers.protocol.magtek_mms.interface import ReadBarcode
from drivers.protocol.magtek_mms.interface_notices import (
    BarcodeRead,
    InterfaceEvent,
    InterfaceUpdate,
)


class MmsBarcodeScanner:
    """Implements drivers.features.BarcodeScanner."""

    def __init__(self, device: Device) -> None:
        self._device = device

    async def read_barcode(self, *, timeout_s: int) -> Barcode | InputEnd:
        """The first code shown.

        Raises ReaderRefused for one that the device keeps encrypted: a payment code, or
        one of the vendor's.
        """
        require_seconds(timeout_s)
        with self._device.use(ReadBarcode.__name__):
            return await operate(
                self._device,
                ReadBarcode(is_enabled=True, timeout_s=timeout_s),
                _ended,
                timeout_s=timeout_s + self._device.timings.guard_s,
                stop=ReadBarcode(is_enabled=False),
            )


def _ended(told: Told) -> Barcode | InputEnd | None:
    match told:
        case BarcodeRead(_, bytes() as content):
            return Barcode(content)
        case BarcodeRead(kind, _):
            raise ReaderRefused(ReadBarcode.__name__, detail=f"encrypted {kind:02X}")
        case InterfaceUpdate(InterfaceEvent.BARCODE_TIMED_OUT):
            return InputEnd.TIMED_OUT
        case _:
            return None
