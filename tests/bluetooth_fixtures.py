"""A BlueZ of simulated readers on a bus of this test run, for unmodified bleak."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from simulator.clock import SystemClock
from simulator.reader.wires.bluez import SimulatedBluetooth
from simulator.reader.wires.private_bus import private_bus


@pytest.fixture(scope="session")
def bus_address() -> Iterator[str]:
    """A message bus that programs take for the system's."""
    with private_bus() as address, pytest.MonkeyPatch.context() as environment:
        environment.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        yield address


@pytest.fixture
async def bluetooth(bus_address: str) -> AsyncIterator[SimulatedBluetooth]:
    """BlueZ with one adapter, and nothing in range."""
    bluetooth = SimulatedBluetooth(clock=SystemClock())
    async with bluetooth.running(bus_address):
        yield bluetooth
