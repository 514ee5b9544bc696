"""How a family's bytes become requests, answers and notices: the seam to `drivers.link`.

A framing is sans-I/O and may keep state, such as the next reference number. Each family
and wire has its own; the link knows none of them.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

RequestT_contra = TypeVar("RequestT_contra", contravariant=True)
AnswerT_co = TypeVar("AnswerT_co", covariant=True)
NoticeT_co = TypeVar("NoticeT_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request as bytes, and the token that its answer will carry."""

    packets: Sequence[bytes]
    """Each is written by itself; on a stream one is enough."""
    token: Hashable


@dataclass(frozen=True, slots=True)
class Answered(Generic[AnswerT_co]):
    """The device answers the request of this token, perhaps long after."""

    token: Hashable
    answer: AnswerT_co


@dataclass(frozen=True, slots=True)
class Noticed(Generic[NoticeT_co]):
    """The device tells something by itself."""

    notice: NoticeT_co


class Packets(Protocol):
    """How whole messages of one family travel on one kind of wire, in one direction each.

    Sans-I/O; used by the driver and, with the directions swapped, by the simulator.
    """

    @property
    def skipped_bytes(self) -> int:
        """Bytes received so far that were no part of a message."""
        ...

    def split(self, message: bytes) -> Sequence[bytes]:
        """The packets that carry `message`; LocalError where it is too long."""
        ...

    def feed(self, data: bytes) -> Sequence[bytes]:
        """The messages that `data` completes, in order; noise is skipped.

        `data` is any piece of a stream, or exactly one packet.
        """
        ...


class Framing(Protocol[RequestT_contra, AnswerT_co, NoticeT_co]):
    """One wire format of one family."""

    @property
    def skipped_bytes(self) -> int:
        """Bytes received so far that were no part of a message."""
        ...

    def send(self, request: RequestT_contra) -> Outgoing:
        """Put `request` into bytes; raises LocalError for one that cannot be."""
        ...

    def feed(self, data: bytes) -> Sequence[Answered[AnswerT_co] | Noticed[NoticeT_co]]:
        """What `data` completes, in order; noise is skipped, never raised."""
        ...
