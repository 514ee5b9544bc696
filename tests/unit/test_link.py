"""The link over a pipe, with a framing of its own: one line, one message."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest
from virtual_time import in_virtual_time

from drivers.errors import Disconnected, ReaderTimeout, TransportError
from drivers.link import Link
from drivers.protocol.framing import Answered, Noticed, Outgoing
from drivers.transport.pipe import Pipe, connected_pipes


class LineFraming:
    """`7:text` answers request 7, `!text` is a notice, anything else is noise."""

    def __init__(self) -> None:
        self.skipped_bytes = 0
        self._number = 0
        self._buffer = b""

    def send(self, request: str) -> Outgoing:
        self._number += 1
        return Outgoing((f"{self._number}:{request}\n".encode(),), self._number)

    def feed(self, data: bytes) -> Sequence[Answered[str] | Noticed[str]]:
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        messages: list[Answered[str] | Noticed[str]] = []
        for line in lines:
            number, colon, text = line.decode().partition(":")
            if line.startswith(b"!"):
                messages.append(Noticed(line[1:].decode()))
            elif colon:
                messages.append(Answered(int(number), text))
            else:
                self.skipped_bytes += len(line)
        return messages


@dataclass
class Listener:
    """Remembers what it was told."""

    notices: list[str] = field(default_factory=list)
    errors: list[TransportError] = field(default_factory=list)

    def noticed(self, notice: str) -> None:
        self.notices.append(notice)

    def disconnected(self, error: TransportError) -> None:
        self.errors.append(error)


@dataclass
class Bench:
    """A link and the device's end of its wire."""

    link: Link[str, str, str]
    device: Pipe
    listener: Listener

    async def received(self) -> str:
        return (await self.device.read()).decode().strip()

    async def send(self, text: str) -> None:
        await self.device.write(text.encode())


@asynccontextmanager
async def bench(*, chunk_bytes: int | None = None) -> AsyncIterator[Bench]:
    near, far = connected_pipes(chunk_bytes=chunk_bytes)
    listener = Listener()
    link = Link(near, LineFraming(), subscriber=listener)
    yield Bench(link, far, listener)
    await link.aclose()


@pytest.mark.parametrize("chunk_bytes", [None, 1])
@in_virtual_time
async def test_answer_reaches_the_one_who_asked(chunk_bytes: int | None) -> None:
    async with bench(chunk_bytes=chunk_bytes) as b:
        asking = asyncio.create_task(b.link.request("who?", timeout_s=1))
        await asyncio.sleep(0)
        await b.send("1:me\n")

        assert await asking == "me"


@in_virtual_time
async def test_second_request_is_sent_after_the_first_answer() -> None:
    async with bench() as b:
        first = asyncio.create_task(b.link.request("one", timeout_s=1))
        second = asyncio.create_task(b.link.request("two", timeout_s=1))

        assert await b.received() == "1:one"
        await b.send("1:first\n")
        assert await b.received() == "2:two"
        await b.send("2:second\n")

        assert (await first, await second) == ("first", "second")


@in_virtual_time
async def test_notices_before_and_after_an_answer_arrive_in_order() -> None:
    async with bench() as b:
        asking = asyncio.create_task(b.link.request("start", timeout_s=1))
        await b.received()
        await b.send("!inserted\n1:started\n!removed\n")

        assert await asking == "started"
        assert b.listener.notices == ["inserted", "removed"]


@in_virtual_time
async def test_silence_is_a_timeout_and_a_late_answer_is_dropped() -> None:
    async with bench() as b:
        with pytest.raises(ReaderTimeout, match="no answer to str within 2 s"):
            await b.link.request("slow", timeout_s=2)
        assert await b.received() == "1:slow"

        asking = asyncio.create_task(b.link.request("next", timeout_s=1))
        assert await b.received() == "2:next"
        await b.send("1:too late\n")
        await b.send("2:in time\n")

        assert await asking == "in time"
        assert b.link.late_answers == 1


@in_virtual_time
async def test_repeated_answer_is_dropped() -> None:
    async with bench() as b:
        asking = asyncio.create_task(b.link.request("once", timeout_s=1))
        await b.received()
        await b.send("1:yes\n1:yes\n")

        assert await asking == "yes"
        assert b.link.late_answers == 1


@in_virtual_time
async def test_garbage_is_counted_and_skipped() -> None:
    async with bench() as b:
        asking = asyncio.create_task(b.link.request("hello", timeout_s=1))
        await b.received()
        await b.send("noise\n1:hello\n")

        assert await asking == "hello"
        assert b.link.skipped_bytes == 5


@in_virtual_time
async def test_lost_wire_wakes_everyone() -> None:
    async with bench() as b:
        asking = asyncio.create_task(b.link.request("one", timeout_s=60))
        waiting = asyncio.create_task(b.link.wait_closed())
        await b.received()
        await b.send("!last words\n")

        await b.device.aclose()

        with pytest.raises(Disconnected):
            await asking
        await waiting
        with pytest.raises(Disconnected):
            await b.link.request("two", timeout_s=60)
        assert b.listener.notices == ["last words"]
        assert len(b.listener.errors) == 1


@in_virtual_time
async def test_closing_wakes_the_one_who_asked() -> None:
    async with bench() as b:
        asking = asyncio.create_task(b.link.request("one", timeout_s=60))
        await b.received()

        await b.link.aclose()

        with pytest.raises(Disconnected, match="closed by this program"):
            await asking


@in_virtual_time
async def test_closing_before_anything_was_read_wakes_whoever_waits_for_that() -> None:
    near, _ = connected_pipes()
    listener = Listener()
    link = Link(near, LineFraming(), subscriber=listener)

    await link.aclose()

    await link.wait_closed()
    assert [str(error) for error in listener.errors] == [
        f"{near.spec}: closed by this program"
    ]


@in_virtual_time
async def test_canceled_request_leaves_the_link_usable() -> None:
    async with bench() as b:
        asking = asyncio.create_task(b.link.request("one", timeout_s=60))
        await b.received()
        asking.cancel()
        await asyncio.wait([asking])

        again = asyncio.create_task(b.link.request("two", timeout_s=60))
        await b.received()
        await b.send("1:one\n2:two\n")

        assert await again == "two"


@in_virtual_time
async def test_posted_request_waits_for_no_answer_and_notices_follow_it() -> None:
    async with bench() as b:
        await b.link.post("go", timeout_s=1)

        assert await b.received() == "1:go"
        await b.send("!gone\n")
        await asyncio.sleep(0.1)
        assert b.listener.notices == ["gone"]


@in_virtual_time
async def test_post_on_a_lost_wire_is_told_so() -> None:
    async with bench() as b:
        await b.device.aclose()
        await b.link.wait_closed()

        with pytest.raises(Disconnected):
            await b.link.post("go", timeout_s=1)


class CongestedPipe(Pipe):
    """A wire that takes nothing."""

    async def write(self, data: bytes) -> None:
        await asyncio.Event().wait()


@in_virtual_time
async def test_post_that_nobody_takes_is_a_timeout() -> None:
    link = Link(CongestedPipe("pipe:"), LineFraming(), subscriber=Listener())

    with pytest.raises(ReaderTimeout, match="1 s"):
        await link.post("go", timeout_s=1)

    await link.aclose()


@in_virtual_time
async def test_silence_while_a_canceled_task_cleans_up_is_a_timeout_too() -> None:
    async with bench() as b:
        ends: list[str] = []

        async def work() -> None:
            try:
                await asyncio.sleep(60)
            finally:
                with suppress(ReaderTimeout):
                    await b.link.request("stop", timeout_s=2)
                    ends.append("an answer")
                ends.append("cleaned up")

        working = asyncio.create_task(work())
        await asyncio.sleep(0)
        working.cancel()
        await asyncio.wait([working])

        assert working.cancelled()
        assert ends == ["cleaned up"]


@in_virtual_time
async def test_a_cancellation_from_outside_is_no_timeout() -> None:
    async with bench() as b:
        asking = asyncio.create_task(b.link.request("one", timeout_s=1))
        await b.received()
        asking.cancel()
        await asyncio.wait([asking])

        assert asking.cancelled()


class BrokenFraming(LineFraming):
    """Has a defect: it raises on what it has not foreseen."""

    def feed(self, data: bytes) -> list[Answered[str] | Noticed[str]]:
        raise ZeroDivisionError


@in_virtual_time
async def test_a_defect_of_the_driver_ends_its_wire() -> None:
    near, far = connected_pipes()
    link = Link(near, BrokenFraming(), subscriber=Listener())

    with pytest.raises(ZeroDivisionError):
        await far.write(b"anything")
    await link.wait_closed()

    with pytest.raises(Disconnected):
        await link.request("one", timeout_s=1)
    await link.aclose()
