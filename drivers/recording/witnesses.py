"""Who may listen to which family: a witness by the family's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from drivers.errors import LocalError
from drivers.profile import Profile
from drivers.protocol.idtech_neo import witness as idtech_neo
from drivers.protocol.magtek_mms import witness as magtek_mms
from drivers.protocol.witness import Witness
from drivers.recording.recorder import RecordedTransport, Sink
from drivers.transport.base import Transport
from drivers.wires import WireKind


class MakeWitness(Protocol):
    """Makes a new witness for a wire of this kind."""

    def __call__(self, kind: WireKind, *, packet_bytes: int | None) -> Witness:
        """`packet_bytes` is the wire's own."""
        ...


WITNESSES: Mapping[str, MakeWitness] = {
    "idtech_neo": idtech_neo.witness,
    "magtek_mms": magtek_mms.witness,
}


def witness_of(family: str, kind: WireKind, packet_bytes: int | None) -> Witness:
    """A witness for that family; raises LocalError where there is none."""
    if family not in WITNESSES:
        raise LocalError(f"nobody may listen to readers of the family {family!r}")
    return WITNESSES[family](kind, packet_bytes=packet_bytes)


def recorded(
    transport: Transport,
    profile: Profile,
    *,
    sink: Sink,
    monotonic: Callable[[], float],
) -> Transport:
    """`transport`, which from now on is recorded as of this model; raises LocalError."""
    return RecordedTransport(
        transport,
        family=profile.family,
        model=profile.name,
        witness=witness_of(profile.family, transport.kind, transport.packet_bytes),
        sink=sink,
        monotonic=monotonic,
    )
