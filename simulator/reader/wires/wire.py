"""The seam between a simulated reader and the cable it hangs on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Wire(Protocol):
    """A cable to the host: plugged or not, bytes both ways, nothing lost on purpose."""

    @property
    def spec(self) -> str:
        """How a person names it, such as `pty:/run/reader`."""
        ...

    def plug(self, received: Callable[[bytes], None]) -> None:
        """Offer the port; `received` gets what the host sends.

        Raises WireUnavailable. Needs a running event loop, except for a pipe.
        """
        ...

    def unplug(self) -> None:
        """Take the port away; the host notices. Harmless if unplugged."""
        ...

    def send(self, data: bytes) -> None:
        """Bytes to the host; dropped where no host listens."""
        ...
