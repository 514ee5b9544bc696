"""The seam between a simulated reader and the cable it hangs on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from drivers.profile import Profile
from drivers.wires import WireKind
from simulator.reader.identity import Identity


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

    def plug(self, received: Callable[[bytes], None], identity: Identity) -> None:
        """Offer the port; `received` gets what the host sends, packet by packet where
        the wire has packets. `identity` is what hosts see before they open it.

        Raises WireUnavailable. Needs a running event loop, except for a pipe.
        """
        ...

    def unplug(self) -> None:
        """Take the port away; the host notices. Harmless if unplugged."""
        ...

    def send(self, data: bytes) -> None:
        """Bytes, or exactly one packet, to the host; dropped where no host listens."""
        ...
