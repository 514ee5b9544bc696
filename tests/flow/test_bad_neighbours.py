"""Readers that hang, fail, flap or lie still delay no other reader of the machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from fleet_bench import Answer, named
from fleet_shop import Shop, id_of, offline, open_shop, spec_of
from port_news import NoNews
from scripted_reader import ScriptedReader

from agent.readers.discovered import DiscoveryMethod, Source
from agent.settings import ReaderSettings
from drivers.discovery.candidates import Candidate, PortAdded, PortRemoved
from drivers.errors import FrameError
from drivers.reader import TransactionRequest

GOOD, BAD = "B1", "B2"
REQUEST = TransactionRequest(amount=100, currency="usd", timeout_s=60)


class Flapping(ScriptedReader):
    """Is gone as soon as it is there."""

    def __init__(self) -> None:
        super().__init__()
        self.info = named(BAD)().info
        self.unplugged.set()


class Stuck(Flapping):
    """And does not even let go of its port."""

    async def aclose(self) -> None:
        await asyncio.Event().wait()


class Stubborn(ScriptedReader):
    """Never gets idle."""

    def __init__(self) -> None:
        super().__init__()
        self.info = named(BAD)().info

    async def cancel(self) -> None:
        await asyncio.Event().wait()


class Loud(ScriptedReader):
    """Its driver fails at everything that is awaited of it."""

    def __init__(self) -> None:
        super().__init__()
        self.info = named(BAD)().info

    async def wait_closed(self) -> None:
        raise RuntimeError("a defect")


@pytest_asyncio.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    """Two readers that are both well."""
    async with open_shop(tmp_path, GOOD, BAD) as shop:
        yield shop


@pytest.mark.parametrize(
    "trouble",
    [
        None,
        FrameError("noise"),
        RuntimeError("a defect"),
        Flapping,
        Stuck,
        Stubborn,
        Loud,
    ],
    ids=["hangs", "noise", "defect", "flaps", "stuck", "stubborn", "loud"],
)
async def test_a_bad_reader_delays_no_other(trouble: Answer, shop: Shop) -> None:
    await shop.until_online(GOOD, BAD)
    shop.ports.holds[spec_of(BAD)] = trouble
    await shop.pull(BAD)
    waits = []
    for _ in range(10):
        await asyncio.sleep(20)
        began_s = shop.clock.monotonic()
        await shop.pull(GOOD)
        await shop.session(GOOD).connected()
        async with shop.session(GOOD).transaction(REQUEST):
            waits.append(shop.clock.monotonic() - began_s)

    assert waits == [0.0] * 10


async def test_a_flapping_reader_is_opened_seldom(shop: Shop) -> None:
    await shop.until_online(GOOD, BAD)
    shop.ports.holds[spec_of(BAD)] = Flapping
    await shop.pull(BAD)
    await asyncio.sleep(3600)

    most = ReaderSettings().quarantine_after * (
        3600 / ReaderSettings().quarantine_s + 1
    )
    assert shop.opened(BAD) <= most


async def test_sixteen_readers_lost_together_come_back_together(
    tmp_path: Path,
) -> None:
    names = [f"C{number}" for number in range(16)]
    async with open_shop(tmp_path, *names) as shop:
        await shop.until_online(*names)
        await asyncio.gather(*map(shop.pull, names))

        assert await shop.until_online(*names) == 0.0


async def test_a_boot_loader_on_the_port_is_not_asked(shop: Shop) -> None:
    await shop.until_online(GOOD, BAD)
    del shop.ports.holds[spec_of(BAD)]
    await shop.pull(BAD)
    await asyncio.sleep(1)
    opened = len(shop.ports.opened)
    loader = Candidate("usb:0801:2024", "loader", model="m", is_boot_loader=True)
    shop.news.tell(PortAdded(loader))
    await asyncio.sleep(0)

    assert len(shop.ports.opened) == opened


async def test_the_serial_number_that_usb_tells_names_the_reader(shop: Shop) -> None:
    await shop.until_online(GOOD, BAD)
    del shop.ports.holds[spec_of(BAD)]
    with shop.bus.listen() as events:
        shop.news.tell(PortRemoved(spec_of(BAD)))
        await offline(BAD, events)
    moved = Candidate("usb:0801:2020:B2", "DynaFlex", serial_number=BAD, model="m")
    shop.ports.holds[moved.spec] = named(BAD)
    shop.news.tell(PortAdded(moved))
    took_s = await shop.until_online(BAD)

    assert took_s == 0.0
    assert shop.session(BAD).record.spec == moved.spec
    assert shop.ports.opened[-1] == (moved.spec, None)


async def test_a_port_is_asked_only_while_a_reader_is_missing(shop: Shop) -> None:
    await shop.until_online(GOOD, BAD)
    stranger = Candidate("serial:/dev/ttyUSB7", "adapter", model=None)
    shop.ports.holds[stranger.spec] = named("B7")
    shop.news.tell(PortAdded(stranger))
    await asyncio.sleep(60)

    assert shop.opened("ttyUSB7") == 0


async def test_a_device_that_no_missing_reader_can_be_is_not_spoken_to(
    shop: Shop,
) -> None:
    await shop.until_online(GOOD, BAD)
    del shop.ports.holds[spec_of(BAD)]
    await shop.pull(BAD)
    await asyncio.sleep(1)
    shop.news.tell(PortAdded(Candidate("usb:1234:5678:X", "a mouse", model=None)))
    await asyncio.sleep(1)

    assert "usb:1234:5678:X" not in [spec for spec, _ in shop.ports.opened]


async def test_a_stranger_is_asked_once_and_not_again_and_again(
    tmp_path: Path,
) -> None:
    there = Candidate("serial:/dev/ttyUSB7", "adapter", model="m")

    async def listed() -> list[Candidate]:
        return [there]

    sources = {DiscoveryMethod.SERIAL: Source(listed)}
    async with open_shop(tmp_path, GOOD, sources=sources, watch=NoNews().watch) as shop:
        await shop.until_online(GOOD)
        shop.ports.holds = {there.spec: named("B7")}
        await shop.pull(GOOD)
        await asyncio.sleep(50)
        asked = shop.opened("ttyUSB7")
        await asyncio.sleep(100)

        assert asked == 1
        assert 1 < shop.opened("ttyUSB7") <= 4


async def test_a_listing_that_fails_stops_no_other(tmp_path: Path) -> None:
    there = Candidate("serial:/dev/ttyUSB7", "adapter", model="m")

    async def listed() -> list[Candidate]:
        return [there]

    async def fails() -> list[Candidate]:
        raise OSError("no such bus")

    sources = {
        DiscoveryMethod.USB: Source(fails),
        DiscoveryMethod.SERIAL: Source(listed),
    }
    async with open_shop(tmp_path, GOOD, sources=sources) as shop:
        await shop.until_online(GOOD)
        shop.ports.holds = {there.spec: named(GOOD)}
        await shop.pull(GOOD)

        assert await shop.until_online(GOOD) < 1.0


async def test_news_that_end_are_asked_for_again(shop: Shop) -> None:
    await shop.until_online(GOOD, BAD)
    shop.news.end()
    await asyncio.sleep(1)
    is_missed = shop.fleet.watch_problem is not None
    await asyncio.sleep(60)

    assert is_missed
    assert shop.fleet.watch_problem is None


async def test_a_defect_in_the_watch_stops_nobody(tmp_path: Path) -> None:
    watch = NoNews(RuntimeError("a defect")).watch
    async with open_shop(tmp_path, GOOD, watch=watch) as shop:
        await shop.until_online(GOOD)
        await asyncio.sleep(120)

        assert shop.session(GOOD).status == "online"


async def test_a_deleted_reader_is_not_brought_back(shop: Shop) -> None:
    await shop.until_online(GOOD, BAD)
    reader = shop.ports.readers[-1]
    await shop.fleet.delete(id_of(BAD))
    await asyncio.sleep(60)

    assert [one.record.serial_number for one in shop.fleet.sessions()] == [GOOD]
    assert reader.unplugged.is_set()
