"""What benchmarks of a wire have in common."""

from __future__ import annotations

from drivers.errors import TransportError
from drivers.families.magtek_mms.framing import Told


class Nobody:
    """A subscriber to a device that tells nothing."""

    def noticed(self, notice: Told) -> None:
        """Never called: the device only answers."""

    def disconnected(self, error: TransportError) -> None:
        """The end of a turn."""


def p99(ordered: list[float]) -> float:
    """The value that one in a hundred exceeds."""
    return ordered[max(0, len(ordered) * 99 // 100 - 1)]
