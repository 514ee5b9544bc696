"""Finding readers: which ports may hold one, and which family speaks on a port."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest
from mms_pipe import ScriptedDevice
from virtual_time import in_virtual_time

from drivers.discovery.candidates import Candidate
from drivers.discovery.serial_ports import discover_serial
from drivers.errors import Disconnected, FrameError, LocalError, ReaderTimeout
from drivers.profile import Port, Profile, UsbId, profiles
from drivers.reader import Reader
from drivers.registry import (
    FAMILIES,
    GUESS_S,
    first_that_answers,
    open_reader,
    profiles_at,
)
from drivers.transport.base import Transport
from drivers.transport.pipe import Pipe, connected_pipes
from drivers.wires import WireKind


@dataclass
class ListedPort:
    """A serial port as pyserial lists it."""

    device: str
    description: str = "a port"
    vid: int | None = None
    pid: int | None = None
    serial_number: str | None = None


DYNAPROX = ListedPort("/dev/ttyACM0", "DynaProx", 0x0801, 0x2023, "B000001")
ADAPTER = ListedPort("/dev/ttyUSB0", "FT232R", 0x0403, 0x6001, "A10")
ONBOARD = ListedPort("/dev/ttyS0")


@dataclass
class MagTekPort:
    """A port with a scripted MagTek device, on a new pipe each time it is opened."""

    spec: str
    times_opened: int = 0
    _far: Pipe | None = None

    async def open(self, _: str) -> Transport:
        near, self._far = connected_pipes(self.spec)
        self.times_opened += 1
        return near

    async def answer_as_magtek(self) -> None:
        """Hear nothing that makes sense to a MagTek device until one opens it."""
        while True:
            await asyncio.sleep(0.1)
            far = self._far
            if far is None:
                continue
            device = ScriptedDevice(far)
            with suppress(Disconnected):
                await device.identify()
                return


async def opened(spec: str, *ports: ListedPort, model: str | None = None) -> Reader:
    """The reader that a scripted MagTek device on a pipe is opened as."""
    port = MagTekPort(spec)
    opening = asyncio.create_task(
        open_reader(
            spec,
            model=model,
            list_ports=lambda: ports,
            schemes={"serial": port.open, "pipe": port.open},
        )
    )
    await port.answer_as_magtek()
    return await opening


def test_every_profile_belongs_to_a_family() -> None:
    assert {profile.family for profile in profiles().values()} <= FAMILIES.keys()


def test_ports_of_known_readers_are_discovered() -> None:
    assert discover_serial([], list_ports=lambda: [ONBOARD, DYNAPROX, ADAPTER]) == [
        Candidate(
            "serial:/dev/ttyACM0",
            "DynaProx",
            usb_id=UsbId(0x0801, 0x2023),
            serial_number="B000001",
            model="magtek_dynaprox",
        )
    ]


def test_configured_ports_are_candidates_without_being_known() -> None:
    candidates = discover_serial(
        ["/dev/ttyUSB0", "/dev/lane", "tcp:127.0.0.1:9100", "/dev/ttyACM0"],
        list_ports=lambda: [DYNAPROX, ADAPTER],
    )

    assert [(candidate.spec, candidate.model) for candidate in candidates] == [
        ("serial:/dev/ttyACM0", "magtek_dynaprox"),
        ("serial:/dev/ttyUSB0", None),
        ("serial:/dev/lane", None),
        ("tcp:127.0.0.1:9100", None),
    ]
    assert candidates[1].serial_number == "A10"
    assert candidates[2].description == "configured port"


def test_machine_without_readers_has_no_candidates() -> None:
    assert all(candidate.model for candidate in discover_serial([]))


@in_virtual_time
async def test_named_model_is_opened() -> None:
    reader = await opened("pipe:", model="magtek_dynaprox")

    assert reader.info.serial_number == "B000001TEST"
    await reader.aclose()


@in_virtual_time
async def test_wire_that_cannot_carry_the_protocol_is_given_back() -> None:
    near, _ = connected_pipes("pipe:", kind=WireKind.BLE, packet_bytes=1)

    async def open_pipe(_: str) -> Transport:
        return near

    with pytest.raises(LocalError):
        await open_reader("pipe:", model="magtek_dynaprox", schemes={"pipe": open_pipe})

    async with asyncio.timeout(1):
        await near.wait_closed()


@in_virtual_time
async def test_wire_that_nobody_may_listen_to_is_given_back() -> None:
    near, _ = connected_pipes("pipe:")

    async def open_pipe(_: str) -> Transport:
        return near

    def refuse(_: Transport, profile: Profile) -> Transport:
        raise LocalError(f"nobody may listen to {profile.name}")

    with pytest.raises(LocalError, match="nobody may listen"):
        await open_reader(
            "pipe:",
            model="magtek_dynaprox",
            schemes={"pipe": open_pipe},
            wrap=refuse,
        )

    async with asyncio.timeout(1):
        await near.wait_closed()


@in_virtual_time
async def test_usb_id_of_the_port_names_the_model() -> None:
    reader = await opened("serial:/dev/ttyACM0", ONBOARD, ADAPTER, DYNAPROX)

    assert reader.info.model == "magtek_dynaprox"
    await reader.aclose()


def test_usb_id_names_one_model_of_many() -> None:
    magtek = replace(profiles()["magtek_dynaprox"], ports=frozenset({Port.USB}))
    first, second = (
        replace(magtek, name=name, family=name, usb=(UsbId(0x0801, number),))
        for number, name in enumerate(["first", "second"])
    )

    asked = profiles_at("usb", UsbId(0x0801, 1), known=[first, second])

    assert asked == [second]


def test_a_port_is_asked_only_by_families_that_know_such_ports() -> None:
    magtek = profiles()["magtek_dynaprox"]
    serial = replace(magtek, ports=frozenset({Port.SERIAL}), usb=())
    radio = replace(magtek, name="radio", family="radio", ports=frozenset({Port.BLE}))
    known, unknown_id = [serial, radio], UsbId(0xFFFF, 1)

    asked = {
        scheme: profiles_at(scheme, unknown_id, known=known)
        for scheme in ("serial", "usb", "ble", "tcp")
    }

    assert asked == {"serial": [serial], "usb": [], "ble": [radio], "tcp": known}


async def test_a_port_that_no_model_has_is_the_callers_fault() -> None:
    async def open_as(profile: Profile) -> Reader:
        raise FrameError(profile.name)

    with pytest.raises(LocalError, match="no reader model"):
        await first_that_answers([], open_as)


@in_virtual_time
async def test_reader_behind_an_unknown_adapter_is_asked() -> None:
    reader = await opened("serial:/dev/ttyUSB0", ONBOARD, ADAPTER)

    assert reader.info.family == "magtek_mms"
    await reader.aclose()


@in_virtual_time
async def test_port_is_asked_by_one_family_after_the_other() -> None:
    magtek = profiles()["magtek_dynaprox"]
    other = replace(magtek, name="other")
    asked: list[str] = []

    async def open_as(profile: Profile) -> Reader:
        asked.append(profile.name)
        raise FrameError("another family's bytes")

    with pytest.raises(FrameError):
        await first_that_answers([other, magtek], open_as)

    assert asked == ["other", "magtek_dynaprox"]


@in_virtual_time
async def test_silent_port_is_a_timeout_and_given_back() -> None:
    ends: list[Pipe] = []

    async def open_pipe(_: str) -> Transport:
        near, far = connected_pipes()
        ends.append(far)
        return near

    with pytest.raises(ReaderTimeout):
        await open_reader("pipe:", timeout_s=1, schemes={"pipe": open_pipe})

    assert len(ends) == len(FAMILIES)
    for far in ends:
        await far.wait_closed()


@in_virtual_time
async def test_wrong_guesses_take_little_of_the_time() -> None:
    loop = asyncio.get_running_loop()
    port = MagTekPort("pipe:")

    with pytest.raises(ReaderTimeout):
        await open_reader("pipe:", timeout_s=5, schemes={"pipe": port.open})

    assert loop.time() <= 5 + GUESS_S * (len(FAMILIES) - 1)


@in_virtual_time
async def test_unknown_model_is_the_callers_fault() -> None:
    with pytest.raises(LocalError, match="acme"):
        await open_reader("pipe:", model="acme")


@in_virtual_time
async def test_unknown_scheme_is_the_callers_fault() -> None:
    with pytest.raises(LocalError, match="no transport"):
        await open_reader("pipe:", model="magtek_dynaprox")
