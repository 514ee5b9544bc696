"""What may be written down of a conversation between host and reader.

A witness knows the family's protocol. Of what it hears it repeats whole messages only,
each put into bytes anew from the parts that are known to be harmless; so padding, noise
and whatever nobody understands are told by their size alone. Sans-I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from drivers.errors import DriverError
from drivers.protocol.framing import Packets


class Sender(StrEnum):
    """Who said it."""

    HOST = "host"
    READER = "reader"


@dataclass(frozen=True, slots=True)
class Said:
    """A message without what must not be kept, as the packets that would carry it."""

    packets: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Withheld:
    """A message of so many bytes, of which nothing is repeated."""

    bytes: int


@dataclass(frozen=True, slots=True)
class Noise:
    """So many bytes that were no part of a message."""

    bytes: int


Heard = Said | Withheld | Noise
Keep = Callable[[bytes], bytes | None]
"""A harmless copy of a message; None where nothing of it may be kept. Never raises."""


class Witness:
    """Listens to both sides of one wire; stateful as they are."""

    def __init__(
        self,
        *,
        host: Packets,
        reader: Packets,
        keep_of_host: Keep,
        keep_of_reader: Keep,
    ) -> None:
        """`host` and `reader` are packets as each side has them."""
        self._ears = {
            Sender.HOST: _Ear(hears=reader, repeats=host, keep=keep_of_host),
            Sender.READER: _Ear(hears=host, repeats=reader, keep=keep_of_reader),
        }

    def hear(self, sender: Sender, data: bytes) -> list[Heard]:
        """What `data`, a packet or any piece of a stream, completes."""
        return self._ears[sender].hear(data)


class _Ear:
    def __init__(self, *, hears: Packets, repeats: Packets, keep: Keep) -> None:
        self._hears = hears
        self._repeats = repeats
        self._keep = keep
        self._skipped_bytes = hears.skipped_bytes

    def hear(self, data: bytes) -> list[Heard]:
        messages = self._hears.feed(data)
        skipped = self._hears.skipped_bytes - self._skipped_bytes
        self._skipped_bytes += skipped
        noise: Sequence[Heard] = (Noise(skipped),) if skipped else ()
        return [*noise, *map(self._repeated, messages)]

    def _repeated(self, message: bytes) -> Heard:
        kept = self._keep(message)
        try:
            if kept is not None:
                return Said(tuple(self._repeats.split(kept)))
        except DriverError:
            # The other side has said that it takes no message as long as this one.
            pass
        return Withheld(len(message))
