"""Payments at simulated readers that are recorded, and recordings paid with again.

    python tests/recorded_payments.py

records those in tests/recordings anew.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipe_transport import PipeTransport
from skipping_loop import LoopClock
from virtual_time import VirtualTimeLoop

from drivers.profile import profile_named
from drivers.reader import (
    InputOption,
    IssuerAnswer,
    OnlineRequested,
    Reader,
    TransactionEvent,
    TransactionRequest,
)
from drivers.recording.format import Recording
from drivers.recording.replay import ReplayedTransport
from drivers.recording.witnesses import recorded, witness_of
from drivers.registry import open_reader
from drivers.transport.base import Transport
from drivers.wires import WireKind
from simulator.app import ReaderOrder, build_simulator
from simulator.cards.card import Entry
from simulator.reader.actions import PresentCard
from simulator.reader.rules import Condition, Rule
from simulator.reader.screen import ReaderState
from simulator.reader.wires.pipe import PipeWire

SALE = TransactionRequest(1234, "usd", timeout_s=30)
APPROVAL = IssuerAnswer("00", authentication_data=bytes(8))
PATIENCE_S = 600


@dataclass
class Lines:
    """A recording in memory."""

    text: str = ""
    is_closed: bool = False

    def write(self, line: str) -> None:
        """Keep it."""
        self.text += line

    def close(self) -> None:
        """Nothing comes any more."""
        self.is_closed = True


@dataclass
class Paid:
    """What a payment was for whoever held the reader."""

    serial_number: str
    events: list[TransactionEvent] = field(default_factory=list)


async def recorded_payment(
    card: str, entry: Entry, *, wire: PipeWire, model: str
) -> tuple[str, Paid]:
    """The recording of one payment, and the payment itself."""
    simulator = build_simulator(
        clock=LoopClock(), readers=[ReaderOrder("till", wire, model)], seed=1
    )
    simulator.readers.plug()
    given = PresentCard(simulator.cards.named(card), entry)
    asked = Condition(state=ReaderState.WAITING_FOR_CARD)
    simulator.rules.add(Rule(asked, (given,), times=None, after_s=0.001))
    lines = Lines()

    async def open_recorded(_: str) -> Transport:
        transport = PipeTransport(wire)
        loop = asyncio.get_running_loop()
        profile = profile_named(model)
        return recorded(transport, profile, sink=lines, monotonic=loop.time)

    reader = await open_reader(wire.spec, model=model, schemes={"pipe": open_recorded})
    paid = await _pay(reader, model)
    simulator.readers.unplug()
    assert lines.is_closed
    return lines.text, paid


async def replayed_payment(recording: Recording) -> Paid:
    """The same payment with the same driver, but without a reader."""
    header = recording.header
    witness = witness_of(header.family, header.kind, header.packet_bytes)
    transport = ReplayedTransport(recording, witness=witness)

    async def open_replay(_: str) -> Transport:
        return transport

    scheme = header.spec.partition(":")[0]
    reader = await open_reader(
        header.spec, model=header.model, schemes={scheme: open_replay}
    )
    paid = await _pay(reader, header.model)
    assert transport.is_over
    return paid


async def _pay(reader: Reader, model: str) -> Paid:
    paid = Paid(reader.info.serial_number)
    offered = profile_named(model).capabilities.input_options
    sale = replace(SALE, options=SALE.options & frozenset(map(InputOption, offered)))
    async with asyncio.timeout(PATIENCE_S), reader.transaction(sale) as transaction:
        async for event in transaction:
            paid.events.append(event)
            if isinstance(event, OnlineRequested):
                await transaction.complete_online(APPROVAL)
    await reader.aclose()
    return paid


RECORDINGS = Path(__file__).parent / "recordings"
KEPT = {
    "magtek_dynaprox_tap": ("magtek_dynaprox", PipeWire("till"), Entry.CONTACTLESS),
    "magtek_dynaflex_ii_go_swipe": (
        "magtek_dynaflex_ii_go",
        PipeWire("till", kind=WireKind.BLE, packet_bytes=20),
        Entry.SWIPE,
    ),
    "idtech_vp3300_tap": ("idtech_vp3300", PipeWire("till"), Entry.CONTACTLESS),
}
"""Model, wire and entry of the recordings in RECORDINGS, by their names."""


async def _record_all() -> None:
    for name, (model, wire, entry) in KEPT.items():
        text, _ = await recorded_payment("visa_debit", entry, wire=wire, model=model)
        (RECORDINGS / f"{name}.jsonl").write_text(text)


if __name__ == "__main__":
    # Drivers have learned to ask something else: record their payments anew.
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(_record_all())
