"""One command that is answered when a card or a customer is done, from start to answer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from drivers.errors import FrameError, ReaderTimeout, TransportError
from drivers.families.idtech_neo.framing import (
    AnsweredLater,
    Garbled,
    Late,
    Notice,
)
from drivers.inbox import Inbox
from drivers.protocol.idtech_neo.events import Booted, Event
from drivers.protocol.idtech_neo.frame import Frame
from drivers.protocol.idtech_neo.status import StatusCode

KEYPAD = 0x62


@dataclass(frozen=True, slots=True)
class CardSeen:
    """A card is in the field; reading goes on."""


@dataclass(frozen=True, slots=True)
class Unheard:
    """The reader was told to stop, said it would, and told nothing of an end."""


Heard = Frame | CardSeen | Unheard | Event
"""A Frame, Unheard and Booted are ends; nothing comes after."""


class Conversation:
    """What the reader tells while such a command is pending, in order."""

    def __init__(self, command: AnsweredLater) -> None:
        self.command = command
        self.is_over = False
        """Whether the reader does nothing for this command any more."""
        self.is_stopping = False
        """Whether the reader has agreed to stop."""
        self.over = asyncio.Event()
        self._inbox: Inbox[Heard | FrameError | TransportError] = Inbox()
        self._has_end = False
        """Whether an end is among what was told; the reader may repeat it."""
        self._waiting: asyncio.Timeout | None = None
        self._stopped_after_s = 0.0

    def told(self, notice: Notice) -> None:
        """Called by the device with all that is no answer to another command."""
        match notice:
            case Garbled(command):
                if command == self._byte:
                    self._inbox.put_news(
                        FrameError("the reader's answer was damaged on the way")
                    )
            case Late(frame):
                self._answered(frame)
            case Booted():
                self._put_end(notice)
            case _:
                self._inbox.put_news(notice)

    def disconnected(self, error: TransportError) -> None:
        """Called by the device when the wire is gone."""
        self._put_end(error)

    def stopping(self, *, answer_within_s: float) -> None:
        """The reader agreed to stop; its own end is not waited for much longer."""
        self.is_stopping = True
        self._stopped_after_s = answer_within_s
        if self._waiting is not None:
            self._hurry(self._waiting)

    async def next(self, *, timeout_s: float) -> Heard:
        """What the reader tells next.

        Raises ReaderTimeout, TransportError, and FrameError for an answer that cannot
        be read.
        """
        try:
            async with asyncio.timeout(timeout_s) as self._waiting:
                if self.is_stopping:
                    self._hurry(self._waiting)
                heard = await self._inbox.take()
        except TimeoutError:
            if not self.is_stopping:
                raise ReaderTimeout(
                    f"the reader told nothing for {timeout_s:g} s of "
                    f"{type(self.command).__name__}"
                ) from None
            heard = Unheard()
        finally:
            self._waiting = None
        if isinstance(heard, Exception):
            raise heard
        if isinstance(heard, Frame | Unheard | Booted):
            self._end()
        return heard

    async def wait_over(self, *, timeout_s: float) -> None:
        """Pass over what the reader tells until it is done; raises as `next` does."""
        while not self.is_over:
            await self.next(timeout_s=timeout_s)

    @property
    def _byte(self) -> int:
        return self.command.CODE[0]

    def _answered(self, frame: Frame) -> None:
        if frame.command != self._byte or frame.code == StatusCode.IN_PROGRESS:
            return
        if frame.code == StatusCode.USER_INTERFACE_EVENT:
            self._inbox.put_news(CardSeen())
        elif not _is_first_of_two(frame):
            self._put_end(frame)

    def _put_end(self, end: Frame | Booted | TransportError) -> None:
        if not self._has_end:
            self._has_end = True
            self._inbox.put(end)

    def _hurry(self, waiting: asyncio.Timeout) -> None:
        now = asyncio.get_running_loop().time()
        waiting.reschedule(now + self._stopped_after_s)

    def _end(self) -> None:
        self.is_over = True
        self.over.set()


def _is_first_of_two(frame: Frame) -> bool:
    return frame.command == KEYPAD and frame.code == StatusCode.OK and not frame.data
