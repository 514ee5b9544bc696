"""Many simulated readers in one process, each with a driver of its own."""

from __future__ import annotations

from collections.abc import Iterator

from pipe_transport import PipeTransport

from drivers.registry import open_reader
from drivers.transport.base import Transport
from simulator.app import ReaderOrder, build_simulator
from simulator.clock import SystemClock
from simulator.reader.wires.pipe import PipeWire


async def test_many_readers_in_one_process_do_not_mix() -> None:
    wires = [PipeWire(str(number)) for number in range(20)]
    simulator = build_simulator(
        clock=SystemClock(),
        readers=[
            ReaderOrder(f"till{number}", wire) for number, wire in enumerate(wires)
        ],
    )
    simulator.readers.plug()

    by_spec: Iterator[PipeWire] = iter(wires)

    async def open_pipe(spec: str) -> Transport:
        return PipeTransport(next(by_spec))

    serial_numbers = []
    for wire in wires:
        reader = await open_reader(
            wire.spec, model="magtek_dynaprox", schemes={"pipe": open_pipe}
        )
        serial_numbers.append(reader.info.serial_number)
        await reader.aclose()

    assert serial_numbers == [each.serial_number for each in simulator.readers]
    assert len(set(serial_numbers)) == 20
