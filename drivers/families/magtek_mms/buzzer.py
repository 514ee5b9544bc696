"""The loudspeaker of a MagTek device (command 1805)."""

from __future__ import annotations

from collections.abc import Sequence

from drivers.errors import LocalError
from drivers.families.magtek_mms.device import Device
from drivers.features import Tone
from drivers.protocol.magtek_mms.interface import (
    MOST_FREQUENCY_HZ,
    MOST_TONES,
    PlayTones,
)

MOST_DURATION_MS = 0xFFFF


class MmsBuzzer:
    """Implements drivers.features.Buzzer."""

    def __init__(self, device: Device) -> None:
        self._device = device

    async def play(self, tones: Sequence[Tone]) -> None:
        """Play up to MOST_TONES; the device is busy until the last one has sounded.

        Raises LocalError for tones that it cannot play.
        """
        if not 0 < len(tones) <= MOST_TONES:
            raise LocalError(f"{len(tones)} tones; a reader plays 1 to {MOST_TONES}")
        for tone in tones:
            is_known = 0 <= tone.frequency_hz <= MOST_FREQUENCY_HZ
            if not is_known or not 0 < tone.duration_ms <= MOST_DURATION_MS:
                raise LocalError(f"no reader plays {tone}")
        with self._device.use(PlayTones.__name__):
            await self._device.order(PlayTones(tuple(tones)))
