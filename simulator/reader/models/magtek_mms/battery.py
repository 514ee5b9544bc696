"""The battery of a MagTek reader: what it tells of itself, and when it is too low."""

from __future__ import annotations

from collections.abc import Callable

from drivers.protocol.magtek_mms.device_notices import DeviceState, DeviceUpdate
from drivers.protocol.magtek_mms.notifications import Notice
from simulator.errors import ControlRefused

LOW_PERCENT = 15
EMPTY_PERCENT = 5
"""At this and below neither a payment nor an update starts (manual, 6)."""


FULL_PERCENT = 100


class Battery:
    """Full when it is made; its charge survives that the cable is pulled."""

    def __init__(
        self,
        notify: Callable[[Notice], None],
        *,
        is_there: bool,
        died: Callable[[], None],
    ) -> None:
        """Without one the reader runs from its cable; `died` is called at 0 %."""
        self._notify = notify
        self._is_there = is_there
        self._died = died
        self.percent = FULL_PERCENT

    @property
    def is_empty(self) -> bool:
        """Whether the reader refuses what might need it."""
        return self.percent <= EMPTY_PERCENT

    def power_on(self) -> None:
        """A battery that is low is told again."""
        if self.percent <= LOW_PERCENT:
            self._tell(DeviceState.BATTERY_LOW, self.percent)

    def set(self, percent: int) -> None:
        """Charge or drain it; the host hears when it gets low, empty or full.

        Raises ControlRefused where there is none.
        """
        if not self._is_there:
            raise ControlRefused("the reader has no battery")
        before, self.percent = self.percent, percent
        if percent <= LOW_PERCENT < before:
            self._tell(DeviceState.BATTERY_LOW, percent)
        if percent == 0 < before:
            self._tell(DeviceState.BATTERY_CRITICAL)
            self._died()
        if percent == FULL_PERCENT > before:
            self._tell(DeviceState.BATTERY_CHARGED)

    def _tell(self, state: DeviceState, extension: int = 0) -> None:
        self._notify(DeviceUpdate(state, extension))
