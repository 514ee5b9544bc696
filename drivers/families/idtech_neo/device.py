"""One NEO reader on its link: asks it, talks with it about cards, makes it idle again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass

from drivers.errors import (
    DriverError,
    ReaderRefused,
    ReaderTampered,
    ReaderTimeout,
    TransportError,
)
from drivers.families.idtech_neo.conversation import KEYPAD, Conversation
from drivers.families.idtech_neo.framing import AnsweredLater, NeoFraming, Notice
from drivers.link import Link
from drivers.notices import NoticeQueue
from drivers.protocol.idtech_neo.activate import CancelTransaction
from drivers.protocol.idtech_neo.basic import Ping, PollMode, SetPollMode
from drivers.protocol.idtech_neo.commands import Command
from drivers.protocol.idtech_neo.display import AnswerDisplay, RefusePin
from drivers.protocol.idtech_neo.events import Booted
from drivers.protocol.idtech_neo.frame import Frame
from drivers.protocol.idtech_neo.keypad import CancelKeypad
from drivers.protocol.idtech_neo.packets import packets_for
from drivers.protocol.idtech_neo.pass_through import SetPassThrough
from drivers.protocol.idtech_neo.status import StatusCode
from drivers.reader import DeviceNotice
from drivers.transport.base import Transport


@dataclass(frozen=True, slots=True)
class Timings:
    """How long to wait for what, by the interface guide and its timing notes."""

    answer_s: float = 2.0
    guard_s: float = 15.0
    """Beyond the cardholder's time, before a silent transaction counts as lost."""
    chip_s: float = 45.0
    """For a chip, PIN entry included, to answer 60-11 or 60-12."""
    late_answer_s: float = 1.0
    """For the answer of a transaction that was canceled, which may never come."""
    settle_s: float = 10.0
    """For all of it to end when the caller leaves early."""
    boot_s: float = 10.0
    """Until a reader that was just plugged in answers a ping."""


@dataclass(slots=True)
class Use:
    """What the reader is used for at the moment."""

    purpose: str
    is_canceled: bool = False
    """Whether somebody wants the reader to stop; for whoever does not hear it."""


class Device:
    """Owns the link. At most one conversation hears what the reader tells."""

    def __init__(self, transport: Transport, timings: Timings) -> None:
        self.timings = timings
        self.notices = NoticeQueue()
        self.has_restarted = False
        """Whether its settings are to be made again."""
        self._use: Use | None = None
        self._conversation: Conversation | None = None
        self._framing = NeoFraming(
            packets_for(transport.kind, packet_bytes=transport.packet_bytes)
        )
        self._link: Link[Command, Frame, Notice] = Link(
            transport, self._framing, subscriber=self
        )

    @property
    def is_used(self) -> bool:
        """Whether somebody keeps others from the reader."""
        return self._use is not None

    @contextmanager
    def used_for(self, purpose: str) -> Iterator[Use]:
        """Keep others from the reader; raises ReaderRefused where it is in use."""
        if self._use is not None:
            raise ReaderRefused(purpose, detail=f"busy with {self._use.purpose}")
        self._use = Use(purpose)
        try:
            yield self._use
        finally:
            self._use = None

    async def ask(self, command: Command, *, timeout_s: float | None = None) -> Frame:
        """The answer to `command`, whatever its status.

        Asked once more where the reader says that it was damaged, or says nothing but
        answers a ping: all that is asked this way may be done twice. Raises
        ReaderRefused while a card or a customer is awaited, since the reader would take
        `command` for a cancel; ReaderTampered, ReaderTimeout and TransportError.
        """
        if self._conversation is not None:
            raise ReaderRefused(type(command).__name__, detail="busy")
        try:
            answer = await self._request(command, timeout_s=timeout_s)
        except ReaderTimeout:
            self._framing.resynchronise()
            await self._request(Ping())
            answer = await self._request(command, timeout_s=timeout_s)
        if answer.code == StatusCode.CRC_ERROR:
            answer = await self._request(command, timeout_s=timeout_s)
        return answer

    async def order(self, command: Command, *, timeout_s: float | None = None) -> bytes:
        """The data that answer `command`; raises ReaderRefused where it is not done."""
        answer = await self.ask(command, timeout_s=timeout_s)
        return data_of(answer, command)

    async def wait_booted(self) -> None:
        """Return when the reader answers a ping; raises ReaderTimeout and the like."""
        try:
            async with asyncio.timeout(self.timings.boot_s):
                while True:
                    with suppress(ReaderTimeout):
                        await self._request(Ping())
                        return
        except TimeoutError:
            raise ReaderTimeout(f"{self._link.spec}: no answer to a ping") from None

    async def set_up(self) -> None:
        """Have the reader look for cards only when told to."""
        await self.order(SetPollMode(PollMode.ON_DEMAND))
        self.has_restarted = False

    async def recall(self) -> None:
        """Have the reader look for cards again, whatever it was left doing.

        A look at its slot leaves it in pass-through where the way out of that is lost
        on the wire; it may have restarted unheard, too. Raises as `order`.
        """
        await self.order(SetPassThrough(is_on=False))
        await self.set_up()

    @asynccontextmanager
    async def conversation(self, command: AnsweredLater) -> AsyncIterator[Conversation]:
        """Send `command` and hear what follows; leaving early stops the reader."""
        if self._conversation is not None:
            raise ReaderRefused(type(command).__name__, detail="busy")
        conversation = Conversation(command)
        self._conversation = conversation
        try:
            await self._link.post(command, timeout_s=self.timings.answer_s)
            yield conversation
        finally:
            try:
                # A reader that does not obey shows at the next request.
                with suppress(DriverError):
                    await self._wind_up(conversation)
            finally:
                self._conversation = None
                conversation.over.set()

    async def reply(self, answer: AnswerDisplay | RefusePin) -> None:
        """Answer what the reader asked in a conversation."""
        await self._link.post(answer, timeout_s=self.timings.answer_s)

    async def cancel(self) -> None:
        """Ask the reader to stop what it does; the conversation hears of its end.

        Raises ReaderRefused where it is too late.
        """
        conversation = self._conversation
        is_typing = conversation is not None and conversation.command.CODE[0] == KEYPAD
        stop = CancelKeypad() if is_typing else CancelTransaction()
        data_of(await self._request(stop), stop)
        if conversation is not None:
            conversation.stopping(answer_within_s=self.timings.late_answer_s)

    async def make_idle(self) -> None:
        """Return when the reader awaits nobody; raises what `cancel` raises."""
        if self._use is not None:
            self._use.is_canceled = True
        await self.cancel()
        if self._conversation is not None:
            await self._conversation.over.wait()

    async def wait_closed(self) -> None:
        """Return when the wire is gone."""
        await self._link.wait_closed()

    async def aclose(self) -> None:
        """Give the port back."""
        await self._link.aclose()

    def noticed(self, notice: Notice) -> None:
        """Called by the link with everything that answers no request of `ask`."""
        if isinstance(notice, Booted):
            self.has_restarted = True
        if self._conversation is not None:
            self._conversation.told(notice)

    def disconnected(self, error: TransportError) -> None:
        """Called by the link when the wire is gone."""
        self.notices.end()
        if self._conversation is not None:
            self._conversation.disconnected(error)

    def check_tamper(self, answer: Frame) -> None:
        """Raises ReaderTampered where the reader says that it was attacked."""
        if answer.code == StatusCode.TAMPERED:
            self.notices.tell(DeviceNotice.TAMPERED)
            raise ReaderTampered("the reader says that it was opened or attacked")

    async def _request(
        self, command: Command, *, timeout_s: float | None = None
    ) -> Frame:
        answer = await self._link.request(
            command, timeout_s=timeout_s or self.timings.answer_s
        )
        self.check_tamper(answer)
        return answer

    async def _wind_up(self, conversation: Conversation) -> None:
        if conversation.is_over:
            return
        if not conversation.is_stopping:
            await self.cancel()
        await conversation.wait_over(timeout_s=self.timings.late_answer_s)


def data_of(answer: Frame, command: Command) -> bytes:
    """The data of an answer; raises ReaderRefused where its status is not OK."""
    if answer.code != StatusCode.OK:
        raise ReaderRefused(type(command).__name__, detail=f"{answer.code:02X}")
    return answer.data
