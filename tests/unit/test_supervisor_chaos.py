"""Whatever happens to a reader in whatever order: in the end it is there, and once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress

from fleet_bench import Answer, Bench, bench, named
from hypothesis import given
from hypothesis import strategies as st
from scripted_reader import ScriptedReader
from virtual_time import VirtualTimeLoop

from agent.errors import ReaderError
from drivers.errors import DriverError, FrameError, ReaderTimeout
from drivers.reader import DeviceNotice

HOME, OTHER = "serial:/dev/B50", "serial:/dev/ttyUSB7"


class Stuck(ScriptedReader):
    """Neither stops nor closes."""

    async def cancel(self) -> None:
        await asyncio.Event().wait()

    async def aclose(self) -> None:
        await super().aclose()
        await asyncio.Event().wait()


PORTS: dict[str, Answer] = {
    "good": named("B50"),
    "stranger": named("B51"),
    "hangs": None,
    "noise": FrameError("noise"),
    "silent": ReaderTimeout("silent"),
    "stuck": Stuck,
}


def pull(one: Bench) -> None:
    for reader in one.ports.readers:
        reader.unplugged.set()


def drain(one: Bench) -> None:
    for reader in one.ports.readers:
        reader.notices.tell(DeviceNotice.BATTERY_CRITICALLY_LOW)


def hand_over(one: Bench) -> None:
    found = named("B50")()
    if one.supervisor.adopt(found, OTHER):
        one.ports.readers.append(found)


DEEDS: dict[str, Callable[[Bench], None]] = {
    "pull": pull,
    "drain": drain,
    "hand over": hand_over,
    "port added": lambda one: one.supervisor.port_added(),
    "port removed": lambda one: one.supervisor.port_removed(),
    "seen elsewhere": lambda one: one.supervisor.port_added(elsewhere=OTHER),
}
COMMANDS: dict[str, Callable[[Bench], Coroutine[None, None, None]]] = {
    "connect": lambda one: one.supervisor.connect(),
    "disconnect": lambda one: one.supervisor.disconnect(),
    "reboot": lambda one: one.supervisor.reboot(),
}


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*PORTS, *DEEDS, *COMMANDS]),
            st.sampled_from([0.0, 0.1, 2.0, 40.0]),
        ),
        max_size=20,
    )
)
def test_whatever_happened_a_good_reader_is_connected_when_it_is_wanted(
    story: list[tuple[str, float]],
) -> None:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(_lives_through(story))


async def _lives_through(story: list[tuple[str, float]]) -> None:
    async with bench() as one, asyncio.TaskGroup() as people:
        for what, then_s in story:
            if what in PORTS:
                one.ports.holds = {HOME: PORTS[what], OTHER: PORTS[what]}
            elif what in DEEDS:
                DEEDS[what](one)
            else:
                people.create_task(_asked(COMMANDS[what](one)))
            await asyncio.sleep(then_s)
        one.ports.holds = {HOME: named("B50"), OTHER: named("B50")}
        # Whatever hangs has its time.
        await asyncio.sleep(200)
        await one.supervisor.connect()

        assert one.session.status == "online"
        open_now = [r for r in one.ports.readers if not r.unplugged.is_set()]
        assert open_now == [one.session.open_reader()]


async def _asked(command: Coroutine[None, None, None]) -> None:
    """A person's wish, that may be refused or come to nothing."""
    with suppress(ReaderError, DriverError):
        await command
