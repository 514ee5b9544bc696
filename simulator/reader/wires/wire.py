"""The seam between a simulated reader and the cable it hangs on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from drivers.wires import WireKind

if TYPE_CHECKING:
    # Only for wires that tell of it: pydantic is a fifth of the start-up time.
    from drivers.profile import Profile


@dataclass(frozen=True, slots=True)
class Nameplate:
    """What a reader tells of itself before any byte goes over a wire that asks."""

    profile: Profile
    """With its USB ids and its place on Bluetooth LE."""
    serial_number: str


class Wire(Protocol):
    """A cable to the host: plugged or not, bytes both ways, nothing lost on purpose."""

    @property
    def spec(self) -> str:
        """How a person names it, such as `pty:/run/reader`."""
        ...

    @property
    def kind(self) -> WireKind:
        """Whether it carries a stream, or packets that are never cut or joined."""
        ...

    @property
    def packet_bytes(self) -> int | None:
        """The most that one packet carries; None for a stream.

        On Bluetooth LE it is known once a host has connected, and may change then.
        """
        ...

    def plug(
        self, received: Callable[[bytes], None], *, product_id: int | None = None
    ) -> None:
        """Offer the port; `received` gets what the host sends, packet by packet where
        the wire has packets. On USB `product_id` stands in for the nameplate's.

        Raises WireUnavailable. Needs a running event loop, except for a pipe.
        """
        ...

    def unplug(self) -> None:
        """Take the port away; the host notices. Harmless if unplugged."""
        ...

    def send(self, data: bytes) -> None:
        """Bytes, or exactly one packet, to the host; dropped where no host listens."""
        ...
