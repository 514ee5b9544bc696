"""One request at a time over a wire, with notices in between.

Knows no family: a Framing turns requests into bytes and bytes into answers and
notices. Never repeats a request; that is for those who know what it does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from drivers.errors import Disconnected, LocalError, ReaderTimeout, TransportError
from drivers.protocol.framing import Answered, Framing, Noticed
from drivers.transport.base import Transport

RequestT = TypeVar("RequestT")
AnswerT = TypeVar("AnswerT")
NoticeT = TypeVar("NoticeT")
NoticeT_contra = TypeVar("NoticeT_contra", contravariant=True)


class Subscriber(Protocol[NoticeT_contra]):
    """Hears what the device tells by itself; called by the link, must not wait."""

    def noticed(self, notice: NoticeT_contra) -> None:
        """The device tells something; called in the order of arrival."""
        ...

    def disconnected(self, error: TransportError) -> None:
        """The wire is gone; called once, after the last notice."""
        ...


@dataclass(slots=True)
class _Pending(Generic[AnswerT]):
    token: Hashable
    # An error is a result here: a future's exception nobody awaits makes noise.
    answer: asyncio.Future[AnswerT | TransportError]
    on_answer: Callable[[AnswerT], None]


class _Deadline:
    """What asyncio.timeout does, in a quarter of its time: every request has one."""

    __slots__ = ("_canceled_before", "_has_passed", "_task", "_timer")

    def __init__(self, task: asyncio.Task[Any], timeout_s: float) -> None:
        self._task = task
        # Who ends a canceled task's work in order is asked to stop already.
        self._canceled_before = task.cancelling()
        self._has_passed = False
        self._timer = task.get_loop().call_later(timeout_s, self._pass)

    def is_why_canceled(self) -> bool:
        """Whether it canceled this task, and nobody else did meanwhile."""
        return self._has_passed and self._task.uncancel() <= self._canceled_before

    def lift(self) -> None:
        """What it was for has ended."""
        self._timer.cancel()

    def _pass(self) -> None:
        self._has_passed = True
        self._task.cancel()


class Link(Generic[RequestT, AnswerT, NoticeT]):
    """An open wire that speaks one family's protocol."""

    def __init__(
        self,
        transport: Transport,
        framing: Framing[RequestT, AnswerT, NoticeT],
        *,
        subscriber: Subscriber[NoticeT],
    ) -> None:
        """Begin to read from `transport`, which the link then owns."""
        self.late_answers = 0
        """Answers that came when nobody waited for them any more."""
        self._transport = transport
        self._framing = framing
        self._subscriber = subscriber
        self._loop = asyncio.get_running_loop()
        self._turn = asyncio.Lock()
        self._pending: _Pending[AnswerT] | None = None
        self._lost: TransportError | None = None
        self._closed = asyncio.Event()
        self._reading = asyncio.create_task(self._read(), name=f"read {transport.spec}")
        transport.receive(self._arrived)

    @property
    def spec(self) -> str:
        """The transport's spec string."""
        return self._transport.spec

    @property
    def skipped_bytes(self) -> int:
        """Bytes received so far that were noise."""
        return self._framing.skipped_bytes

    async def request(
        self,
        request: RequestT,
        *,
        timeout_s: float,
        on_answer: Callable[[AnswerT], None] = lambda _: None,
        on_sent: Callable[[int, int], None] | None = None,
    ) -> AnswerT:
        """Send `request` when it is its turn and return the device's answer to it.

        `timeout_s` counts from the sending. `on_answer` is called at its arrival, before
        any notice after it; `on_sent` after each packet, with the bytes sent and their
        total. Raises ReaderTimeout, Disconnected, and LocalError for a request that
        cannot be put into bytes.
        """
        async with self._turn:
            if self._lost is not None:
                raise self._lost
            outgoing = self._framing.send(request)
            answer = self._loop.create_future()
            self._pending = _Pending(outgoing.token, answer, on_answer)
            deadline = _Deadline(_current_task(), timeout_s)
            try:
                await self._write(outgoing.packets, on_sent)
                result: AnswerT | TransportError = await answer
            except asyncio.CancelledError:
                if not deadline.is_why_canceled():
                    raise
                name = type(request).__name__
                raise ReaderTimeout(
                    f"{self.spec}: no answer to {name} within {timeout_s:g} s"
                ) from None
            finally:
                deadline.lift()
                self._pending = None
        if isinstance(result, TransportError):
            raise result
        return result

    async def post(self, request: RequestT, *, timeout_s: float) -> None:
        """Send `request` when it is its turn, for what is answered by notices.

        `timeout_s` is for the sending alone. Raises as `request` does.
        """
        async with self._turn:
            if self._lost is not None:
                raise self._lost
            outgoing = self._framing.send(request)
            try:
                async with asyncio.timeout(timeout_s):
                    for packet in outgoing.packets:
                        await self._transport.write(packet)
            except TimeoutError:
                name = type(request).__name__
                raise ReaderTimeout(
                    f"{self.spec}: {name} could not be sent within {timeout_s:g} s"
                ) from None

    async def wait_closed(self) -> None:
        """Return when the wire is gone, for whatever reason."""
        await self._closed.wait()

    async def aclose(self) -> None:
        """Stop reading and give the port back; whoever waits gets Disconnected."""
        self._reading.cancel()
        try:
            await asyncio.wait([self._reading])
        finally:
            # Reading that was cancelled before its first step has told nobody.
            self._end(_closed(self.spec))
            await self._transport.aclose()

    async def _write(
        self, packets: Sequence[bytes], on_sent: Callable[[int, int], None] | None
    ) -> None:
        if on_sent is None:
            for packet in packets:
                await self._transport.write(packet)
            return
        sent, total = 0, sum(map(len, packets))
        for packet in packets:
            await self._transport.write(packet)
            sent += len(packet)
            on_sent(sent, total)

    async def _read(self) -> None:
        lost = _closed(self.spec)
        try:
            await self._transport.read()
        except TransportError as error:
            lost = error
        finally:
            self._end(lost)

    def _arrived(self, data: bytes) -> None:
        try:
            for incoming in self._framing.feed(data):
                self._deliver(incoming)
        except Exception:
            # A defect of ours ends this wire, not the program; the event loop logs it.
            self._end(Disconnected(self.spec, "this program has failed"))
            self._reading.cancel()
            raise

    def _deliver(self, incoming: Answered[AnswerT] | Noticed[NoticeT]) -> None:
        if isinstance(incoming, Noticed):
            self._subscriber.noticed(incoming.notice)
            return
        pending = self._pending
        if pending is None or pending.token != incoming.token or pending.answer.done():
            self.late_answers += 1
            return
        pending.answer.set_result(incoming.answer)
        pending.on_answer(incoming.answer)

    def _end(self, error: TransportError) -> None:
        if self._lost is not None:
            return
        self._lost = error
        self._closed.set()
        if self._pending is not None and not self._pending.answer.done():
            self._pending.answer.set_result(error)
        self._subscriber.disconnected(error)


def _closed(spec: str) -> TransportError:
    return Disconnected(spec, "closed by this program")


def _current_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    if task is None:
        raise LocalError("a request is made by a task")
    return task
