"""Discovery tells of each reader as soon as it is known, and stops when nobody listens."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

from fleet_bench import Answer, ScriptedPorts, named
from port_news import News, NoNews
from virtual_time import in_virtual_time

from agent.readers.claims import Claims
from agent.readers.discovered import (
    DiscoveryEvent,
    DiscoveryMethod,
    DiscoveryProgress,
    MethodFailed,
    Source,
)
from agent.readers.discovery import Discovery
from agent.readers.ports import Ports
from agent.readers.roster import Roster
from drivers.discovery.candidates import (
    Candidate,
    PortAdded,
    PortRemoved,
)
from drivers.errors import FrameError, TransportUnavailable

SERIAL, USB = DiscoveryMethod.SERIAL, DiscoveryMethod.USB
BLUETOOTH, TCP = DiscoveryMethod.BLUETOOTH, DiscoveryMethod.TCP
MODEL = "magtek_dynaprox"
TTY0, TTY1 = "serial:/dev/ttyUSB0", "serial:/dev/ttyUSB1"
BLE0, BLE1 = "ble:00:00:00:00:00:01", "ble:00:00:00:00:00:02"


def candidate(spec: str, *, model: str | None = MODEL) -> Candidate:
    return Candidate(spec, "a port", model=model)


def listed(*specs: str) -> Source:
    """A method that finds these ports, and hears of no others."""
    return Source(listing(*(candidate(spec) for spec in specs)))


def listing(*candidates: Candidate) -> Callable[[], Awaitable[list[Candidate]]]:
    """These are there, and no others."""

    async def listed() -> list[Candidate]:
        return list(candidates)

    return listed


class Looking:
    """Discovery over scripted ports."""

    def __init__(
        self,
        holds: dict[str, Answer],
        sources: Mapping[DiscoveryMethod, Source],
        tasks: asyncio.TaskGroup,
    ) -> None:
        self.ports = ScriptedPorts(holds)
        self.discovery = Discovery(
            Roster(seek=lambda _: None, ask_at=lambda _: None, claims=Claims()),
            ports=Ports(self.ports.open, timeout_s=30.0, claims=Claims()),
            sources=sources,
            tasks=tasks,
        )

    async def all(
        self,
        *,
        methods: Iterable[DiscoveryMethod] = tuple(DiscoveryMethod),
        timeout_s: float | None = None,
    ) -> list[str]:
        """Every event, in short."""
        with self.discovery.running(methods, timeout_s=timeout_s) as run:
            return [short(event) async for event in run]


def short(event: DiscoveryEvent) -> str:
    match event:
        case DiscoveryProgress(step, reader):
            end = reader.problem or reader.serial_number or ""
            return f"{step} {reader.registration_code} {end}".rstrip()
        case MethodFailed(method, problem):
            return f"{method} {problem}"
        case _:
            return event.reason


async def looked(
    holds: dict[str, Answer],
    sources: Mapping[DiscoveryMethod, Source],
    *,
    timeout_s: float | None = None,
) -> list[str]:
    """Every event of one discovery, in short."""
    told: list[str] = []
    async with asyncio.TaskGroup() as tasks:
        told += await Looking(holds, sources, tasks).all(timeout_s=timeout_s)
    return told


@in_virtual_time
async def test_each_port_is_found_asked_and_identified_or_not() -> None:
    told = await looked(
        {TTY0: named("B50"), TTY1: FrameError("noise")}, {SERIAL: listed(TTY0, TTY1)}
    )

    assert told == [
        f"found {TTY0}",
        f"found {TTY1}",
        f"asked {TTY0}",
        f"identified {TTY0} B50",
        f"asked {TTY1}",
        f"failed {TTY1} reader_frame_invalid",
        "complete",
    ]


@in_virtual_time
async def test_a_port_that_hangs_delays_no_other() -> None:
    async with asyncio.TaskGroup() as tasks:
        looking = Looking(
            {TTY0: None, TTY1: named("B51")}, {SERIAL: listed(TTY0, TTY1)}, tasks
        )
        loop = asyncio.get_running_loop()
        times: dict[str, float] = {}
        with looking.discovery.running([SERIAL], timeout_s=None) as run:
            async for event in run:
                times[short(event)] = loop.time()

    assert times[f"identified {TTY1} B51"] == 0.0
    assert times[f"failed {TTY0} reader_port_hangs"] == 30.0


@in_virtual_time
async def test_after_its_time_unanswered_ports_have_failed() -> None:
    told = await looked(
        {TTY0: named("B50"), TTY1: None}, {SERIAL: listed(TTY0, TTY1)}, timeout_s=7.0
    )

    assert told[-2:] == [f"failed {TTY1} reader_timeout", "timed_out"]


@in_virtual_time
async def test_whoever_leaves_ends_all_that_was_begun() -> None:
    news = News()
    async with asyncio.TaskGroup() as tasks:
        looking = Looking(
            {TTY0: named("B50"), TTY1: None},
            {SERIAL: Source(listed(TTY0, TTY1).listed, watch=news.watch)},
            tasks,
        )
        with looking.discovery.running([SERIAL], timeout_s=60.0) as run:
            async for event in run:
                if short(event).startswith("identified"):
                    break
            was_open = news.is_open

    # The group has ended, and with it the opening that hung.
    assert was_open
    assert not news.is_open
    assert looking.ports.latest.unplugged.is_set()


@in_virtual_time
async def test_a_reader_plugged_in_meanwhile_is_told() -> None:
    news = News()
    news.tell(PortAdded(candidate(TTY0)), PortRemoved(TTY0), PortAdded(candidate(TTY1)))

    told = await looked(
        {TTY0: None, TTY1: named("B51")},
        {SERIAL: Source(watch=news.watch)},
        timeout_s=5.0,
    )

    assert told == [
        f"found {TTY0}",
        f"gone {TTY0}",
        f"found {TTY1}",
        f"asked {TTY1}",
        f"identified {TTY1} B51",
        "timed_out",
    ]


@in_virtual_time
async def test_nobody_asks_on_where_a_plug_was_loose() -> None:
    news = News()
    news.tell(PortAdded(candidate(TTY0)), PortRemoved(TTY0), PortAdded(candidate(TTY0)))
    async with asyncio.TaskGroup() as tasks:
        source = Source(watch=news.watch, scan_s=60.0)
        looking = Looking({TTY0: None}, {SERIAL: source}, tasks)
        told = []
        with looking.discovery.running([SERIAL], timeout_s=None) as run:
            async for event in run:
                told.append(short(event))
                if told[-1].startswith("asked"):
                    news.tell(PortRemoved(TTY0))

    assert told == [
        f"found {TTY0}",
        f"gone {TTY0}",
        f"found {TTY0}",
        f"asked {TTY0}",
        f"gone {TTY0}",
        "complete",
    ]


@in_virtual_time
async def test_what_is_no_reader_or_of_another_method_is_not_spoken_to() -> None:
    news = News(
        PortAdded(candidate(TTY0, model=None)),
        PortAdded(candidate("usb:0801:2020:B1")),
        PortRemoved("usb:0801:2020:B1"),
    )

    told = await looked({}, {SERIAL: Source(watch=news.watch)}, timeout_s=5.0)

    assert told == ["timed_out"]


@in_virtual_time
async def test_a_configured_port_is_asked_again_when_it_comes() -> None:
    news = News()
    async with asyncio.TaskGroup() as tasks:
        source = Source(listing(candidate(TTY0, model=None)), watch=news.watch)
        missing = TransportUnavailable(TTY0, "not there")
        looking = Looking({TTY0: missing}, {SERIAL: source}, tasks)
        told = []
        with looking.discovery.running([SERIAL], timeout_s=60.0) as run:
            async for event in run:
                told.append(short(event))
                if told[-1].startswith("failed"):
                    looking.ports.holds[TTY0] = named("B50")
                    news.tell(PortAdded(candidate(TTY0, model=None)))

    assert told == [
        f"found {TTY0}",
        f"asked {TTY0}",
        f"failed {TTY0} reader_unavailable",
        f"found {TTY0}",
        f"asked {TTY0}",
        f"identified {TTY0} B50",
        "timed_out",
    ]


@in_virtual_time
async def test_without_news_what_is_there_is_found_all_the_same() -> None:
    source = Source(listed(TTY0).listed, watch=NoNews().watch)

    told = await looked({TTY0: named("B50")}, {SERIAL: source}, timeout_s=60.0)

    assert told == [
        f"found {TTY0}",
        f"asked {TTY0}",
        f"identified {TTY0} B50",
        "complete",
    ]


@in_virtual_time
async def test_bluetooth_is_listened_to_for_a_while_and_asks_one_by_one() -> None:
    news = News(PortAdded(candidate(BLE0)), PortAdded(candidate(BLE1)))
    started_s = asyncio.get_running_loop().time()

    told = await looked(
        {BLE0: named("B50"), BLE1: named("B51")},
        {BLUETOOTH: Source(watch=news.watch, scan_s=5.0)},
    )

    assert told == [
        f"found {BLE0}",
        f"found {BLE1}",
        f"asked {BLE0}",
        f"identified {BLE0} B50",
        f"asked {BLE1}",
        f"identified {BLE1} B51",
        "complete",
    ]
    assert asyncio.get_running_loop().time() - started_s == 5.0


@in_virtual_time
async def test_a_method_that_fails_is_told_and_stops_no_other() -> None:
    told = await looked(
        {TTY0: named("B50")},
        {
            BLUETOOTH: Source(watch=NoNews().watch, scan_s=5.0),
            USB: Source(watch=NoNews(RuntimeError("a defect")).watch, scan_s=1.0),
            SERIAL: listed(TTY0),
        },
    )

    assert sorted(told) == [
        f"asked {TTY0}",
        "bluetooth port_watch_unavailable",
        "complete",
        f"found {TTY0}",
        f"identified {TTY0} B50",
        "usb internal_error",
    ]


@in_virtual_time
async def test_a_driver_with_a_defect_fails_its_own_port_only() -> None:
    told = await looked(
        {TTY0: RuntimeError("a defect"), TTY1: named("B51")},
        {SERIAL: listed(TTY0, TTY1)},
    )

    assert f"failed {TTY0} internal_error" in told
    assert f"identified {TTY1} B51" in told


@in_virtual_time
async def test_a_boot_loader_is_told_of_and_not_asked() -> None:
    loader = Candidate("usb:0801:2024", "DynaFlex", model=MODEL, is_boot_loader=True)

    told = await looked({}, {USB: Source(listing(loader))})

    assert told == [
        "found usb:0801:2024",
        "failed usb:0801:2024 reader_needs_firmware",
        "complete",
    ]


@in_virtual_time
async def test_what_a_port_seems_to_hold_is_known_when_it_is_registered() -> None:
    async with asyncio.TaskGroup() as tasks:
        looking = Looking({BLE0: named("B50")}, {BLUETOOTH: listed(BLE0)}, tasks)
        await looking.all()

        assert looking.ports.opened == [(BLE0, MODEL)]
        assert looking.discovery.model_at(BLE0.lower()) == MODEL
        assert looking.discovery.model_at(BLE1) is None


@in_virtual_time
async def test_a_method_that_this_machine_lacks_finds_nothing() -> None:
    assert await looked({}, {SERIAL: listed()}) == ["complete"]
