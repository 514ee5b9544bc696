"""The battery of a MagTek device, by its properties."""

from __future__ import annotations

from contextlib import suppress

from drivers.errors import FrameError, ReaderRefused
from drivers.families.magtek_mms.device import Device
from drivers.features import MAINS_PERCENT, Battery
from drivers.protocol.magtek_mms.properties import BATTERY_PERCENT, CHARGER_STATUS

_CHARGING = {
    b"\x00": True,
    b"\x01": True,
    b"\x02": True,
    b"\x03": True,
    b"\x04": False,
    b"\x08": False,
}
"""By the charger's status: four stages, complete, and no power to charge with."""


class MmsBatteryGauge:
    """Implements drivers.features.BatteryGauge."""

    def __init__(self, device: Device) -> None:
        self._device = device

    async def battery(self) -> Battery:
        """The state now."""
        with self._device.use("battery"):
            percent = await self._device.property_value(BATTERY_PERCENT)
            charger = b""
            with suppress(ReaderRefused):
                charger = await self._device.property_value(CHARGER_STATUS)
        if len(percent) != 1 or percent[0] > MAINS_PERCENT:
            raise FrameError("a battery level that is no percentage")
        return Battery(percent[0], is_charging=_CHARGING.get(charger))
