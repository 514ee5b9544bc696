"""Finding readers on the air with unmodified bleak, against a simulated BlueZ."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from echo_reader import ADDRESS, STREAM, VALUES, echo_reader

from drivers.discovery.bluetooth import (
    advertised_model,
    scanning,
)
from drivers.discovery.candidates import Candidate
from drivers.errors import TransportUnavailable
from drivers.profile import Profile, profile_named
from drivers.transport.radio import Radio
from simulator.reader.wires.bluez import SimulatedBluetooth

pytest_plugins = ("bluetooth_fixtures",)

DYNAPROX = profile_named("magtek_dynaprox")
KNOWN = (
    replace(DYNAPROX, name="acme_values", ble=VALUES),
    replace(DYNAPROX, name="acme_stream", ble=STREAM),
)
SHORT_S = 0.2


async def all_heard(
    radio: Radio, known: tuple[Profile, ...] = KNOWN
) -> list[Candidate]:
    """Every candidate of a short scan."""
    async with scanning(radio, timeout_s=SHORT_S, known=known) as candidates:
        return [candidate async for candidate in candidates]


async def first(
    radio: Radio, count: int, known: tuple[Profile, ...] = KNOWN
) -> list[Candidate]:
    """So many candidates, and then no more scanning."""
    found: list[Candidate] = []
    async with scanning(radio, timeout_s=10, known=known) as candidates:
        async for candidate in candidates:
            found.append(candidate)
            if len(found) == count:
                break
    return found


async def test_readers_in_range_are_found_with_name_and_model(
    bluetooth: SimulatedBluetooth,
) -> None:
    echo_reader(bluetooth)
    echo_reader(bluetooth, STREAM, address="C4:AC:59:00:00:02", serial_number="12345")

    found = await first(Radio(), 2)

    assert sorted(found, key=lambda candidate: candidate.spec) == [
        Candidate(f"ble:{ADDRESS}", "ACME-00001", model="acme_values"),
        Candidate("ble:C4:AC:59:00:00:02", "Reader-12345", model="acme_stream"),
    ]


async def test_every_reader_is_told_once_until_the_time_is_over(
    bluetooth: SimulatedBluetooth,
) -> None:
    echo_reader(bluetooth)

    found = await all_heard(Radio())

    assert [candidate.model for candidate in found] == ["acme_values"]
    assert not bluetooth.adapter.is_scanned


async def test_what_is_no_known_reader_is_not_told(
    bluetooth: SimulatedBluetooth,
) -> None:
    echo_reader(bluetooth)

    assert await all_heard(Radio(), KNOWN[1:]) == []


async def test_profiles_that_ship_are_known(bluetooth: SimulatedBluetooth) -> None:
    go = profile_named("magtek_dynaflex_ii_go")
    assert go.ble is not None
    echo_reader(bluetooth, go.ble)

    async with scanning(Radio(), timeout_s=10) as candidates:
        candidate = await anext(candidates)

    assert candidate.model == go.name


async def test_reader_that_comes_while_scanning_is_found(
    bluetooth: SimulatedBluetooth,
) -> None:
    reader = echo_reader(bluetooth)
    reader.wire.unplug()

    async with scanning(Radio(), timeout_s=10, known=KNOWN) as candidates:
        reader.plug()
        candidate = await anext(candidates)

    assert candidate.spec == reader.spec


async def test_leaving_early_ends_the_scan(bluetooth: SimulatedBluetooth) -> None:
    echo_reader(bluetooth)
    radio = Radio()

    assert len(await first(radio, 1)) == 1

    assert not bluetooth.adapter.is_scanned
    assert len(await first(radio, 1)) == 1


async def test_scans_at_the_same_time_share_one(bluetooth: SimulatedBluetooth) -> None:
    echo_reader(bluetooth)
    radio = Radio()

    both = await asyncio.gather(first(radio, 1), first(radio, 1))

    assert both[0] == both[1]
    async with scanning(radio, timeout_s=10, known=KNOWN):
        assert await first(radio, 1) == both[0]
        assert bluetooth.adapter.is_scanned
    assert not bluetooth.adapter.is_scanned


async def test_reader_that_was_switched_off_is_not_found_by_hearsay(
    bluetooth: SimulatedBluetooth,
) -> None:
    reader = echo_reader(bluetooth)
    radio = Radio()
    await first(radio, 1)

    reader.wire.unplug()

    assert await all_heard(radio) == []


async def test_reader_says_which_model_it_is(bluetooth: SimulatedBluetooth) -> None:
    echo_reader(bluetooth, STREAM)
    echo_reader(bluetooth, address="C4:AC:59:00:00:02")

    model = await advertised_model(f"ble:{ADDRESS.lower()}", Radio(), known=KNOWN)

    assert model == "acme_stream"


async def test_reader_that_is_not_heard_says_nothing(
    bluetooth: SimulatedBluetooth,
) -> None:
    radio = Radio()

    assert await advertised_model(f"ble:{ADDRESS}", radio, timeout_s=SHORT_S) is None


async def test_machine_without_bluetooth_says_so(
    bluetooth: SimulatedBluetooth,
) -> None:
    bluetooth.adapter.unplug()

    with pytest.raises(TransportUnavailable, match="no Bluetooth adapter"):
        await all_heard(Radio())


async def test_named_adapter_is_used_or_missed(bluetooth: SimulatedBluetooth) -> None:
    echo_reader(bluetooth)

    assert len(await first(Radio("hci0"), 1)) == 1
    with pytest.raises(TransportUnavailable, match="'hci7' not found"):
        await first(Radio("hci7"), 1)
