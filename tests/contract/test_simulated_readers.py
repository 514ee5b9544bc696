"""The real driver against the simulated reader, over every wire there is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pipe_transport import PipeTransport

from drivers.errors import Disconnected
from drivers.protocol import emv
from drivers.protocol.tlv import decode, find_value
from drivers.reader import (
    ChipFlow,
    DisplayMessage,
    InputOption,
    IssuerAnswer,
    OnlineRequested,
    Reader,
    TransactionEvent,
    TransactionFinished,
    TransactionRequest,
    Verdict,
)
from drivers.registry import open_reader
from drivers.transport.base import Transport
from simulator.app import ReaderOrder, Simulator, build_simulator
from simulator.cards.card import Entry
from simulator.clock import SystemClock
from simulator.emv.authorization import Approved, AuthorizationRequest, Declined
from simulator.faults import WireFaults
from simulator.reader.actions import Action, PresentCard, PressKey, RemoveCard, Unplug
from simulator.reader.rules import Condition, Rule
from simulator.reader.screen import ReaderState
from simulator.reader.wires.pipe import PipeWire

AMOUNT = 1234
WIRES = ["pipe", "bytewise", "pty", "tcp"]


@dataclass
class Counter:
    """A till, its reader and the bank; keeps what happened."""

    simulator: Simulator
    reader: Reader
    events: list[TransactionEvent] = field(default_factory=list)
    answers: list[Approved | Declined] = field(default_factory=list)

    def when_asked(self, *actions: Action) -> None:
        """What the cardholder does when the reader asks for a card."""
        state = Condition(state=ReaderState.WAITING_FOR_CARD)
        self.simulator.rules.add(Rule(state, actions))

    def present(self, card: str, entry: Entry) -> PresentCard:
        return PresentCard(self.simulator.cards.named(card), entry)

    async def pay(self, flow: ChipFlow = ChipFlow.EMV) -> TransactionFinished:
        """One payment from the prompt to the verdict."""
        request = TransactionRequest(AMOUNT, "usd", timeout_s=30, flow=flow)
        async with self.reader.transaction(request) as transaction:
            async for event in transaction:
                self.events.append(event)
                if isinstance(event, OnlineRequested):
                    await transaction.complete_online(self.bank(event))
        last = self.events[-1]
        assert isinstance(last, TransactionFinished)
        return last

    def bank(self, event: OnlineRequested) -> IssuerAnswer:
        card = event.card
        answer = self.simulator.issuer.authorize(
            AuthorizationRequest(
                card.ciphertext, card.ksn, card.read_method, AMOUNT, "usd"
            )
        )
        self.answers.append(answer)
        tags = decode(bytes.fromhex(answer.emv_auth_data or ""))
        data = find_value(tags, emv.ISSUER_AUTHENTICATION_DATA)
        return IssuerAnswer(answer.response_code, authentication_data=data or b"")


def make_wire(kind: str, folder: Path) -> str | PipeWire:
    if kind in ("pipe", "bytewise"):
        return PipeWire()
    return f"pty:{folder / 'reader'}" if kind == "pty" else "tcp:127.0.0.1:0"


@asynccontextmanager
async def counter_on(kind: str, folder: Path) -> AsyncIterator[Counter]:
    wire = make_wire(kind, folder)
    simulator = build_simulator(
        clock=SystemClock(), readers=[ReaderOrder("till", wire)], seed=1
    )
    simulator.readers.plug()
    if kind == "bytewise":
        bytewise = WireFaults(piece_bytes=1)
        simulator.readers.named("till").set_faults(to_host=bytewise, to_reader=bytewise)

    async def open_pipe(spec: str) -> Transport:
        assert isinstance(wire, PipeWire)
        return PipeTransport(wire)

    schemes = {"pipe": open_pipe} if isinstance(wire, PipeWire) else None
    spec = simulator.readers.named("till").wire_spec.replace("pty:", "serial:")
    reader = await open_reader(spec, model="magtek_dynaprox", schemes=schemes)
    try:
        yield Counter(simulator, reader)
    finally:
        await reader.aclose()
        simulator.readers.unplug()


@pytest.fixture(params=WIRES)
async def counter(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[Counter]:
    async with counter_on(request.param, tmp_path) as counter:
        yield counter


@pytest.fixture
async def near(tmp_path: Path) -> AsyncIterator[Counter]:
    """A counter whose wire is a pipe."""
    async with counter_on("pipe", tmp_path) as counter:
        yield counter


async def test_the_reader_is_identified(counter: Counter) -> None:
    simulated = counter.simulator.readers.named("till")

    assert counter.reader.info.serial_number == simulated.serial_number
    assert counter.reader.info.model == "magtek_dynaprox"
    assert (counter.reader.info.firmware_version or "").endswith("SIMULATED")


@pytest.mark.parametrize("entry", list(Entry))
async def test_a_good_card_is_approved(counter: Counter, entry: Entry) -> None:
    counter.when_asked(counter.present("visa_approved", entry))

    finished = await counter.pay()

    assert finished.verdict is Verdict.APPROVED
    (answer,) = counter.answers
    assert isinstance(answer, Approved)
    assert answer.card.last4 == "4242"


async def test_quick_chip_leaves_the_verdict_to_the_host(counter: Counter) -> None:
    counter.when_asked(counter.present("visa_approved", Entry.CONTACT))

    finished = await counter.pay(ChipFlow.QUICK_CHIP)

    assert finished.verdict is Verdict.DEFERRED


@pytest.mark.parametrize(
    ("card", "entry", "verdict"),
    [
        ("amex_approved", Entry.CONTACT, Verdict.APPROVED),
        ("interac_approved", Entry.CONTACT, Verdict.APPROVED),
        ("visa_contactless", Entry.CONTACTLESS, Verdict.APPROVED),
        ("visa_declined", Entry.CONTACT, Verdict.DECLINED),
        ("visa_insufficient_funds", Entry.SWIPE, Verdict.DECLINED),
        ("visa_refuses_after_approval", Entry.CONTACT, Verdict.DECLINED),
        ("visa_removed_early", Entry.CONTACT, Verdict.CARD_REMOVED),
        ("visa_removed_before_completion", Entry.CONTACT, Verdict.CARD_REMOVED),
    ],
)
async def test_each_card_ends_as_it_promises(
    near: Counter, *, card: str, entry: Entry, verdict: Verdict
) -> None:
    near.when_asked(near.present(card, entry))

    assert (await near.pay()).verdict is verdict


async def test_a_dead_chip_is_swiped_instead(near: Counter) -> None:
    near.when_asked(near.present("visa_chip_fallback", Entry.CONTACT))
    near.simulator.rules.add(
        Rule(
            Condition(text="USE MAGSTRIPE"),
            (near.present("visa_chip_fallback", Entry.SWIPE),),
        )
    )

    finished = await near.pay()

    (online,) = [each for each in near.events if isinstance(each, OnlineRequested)]
    assert online.card.read_method == "magnetic_stripe_fallback"
    assert finished.verdict is Verdict.APPROVED


async def test_the_cardholder_may_cancel(near: Counter) -> None:
    near.when_asked(PressKey("cancel"))

    assert (await near.pay()).verdict is Verdict.CANCELED_BY_CUSTOMER


async def test_the_host_may_leave_early(counter: Counter) -> None:
    request = TransactionRequest(AMOUNT, "usd", timeout_s=30)

    async with counter.reader.transaction(request):
        pass

    simulated = counter.simulator.readers.named("till")
    assert simulated.screen.state is ReaderState.IDLE


async def test_only_the_ways_asked_for_are_offered(near: Counter) -> None:
    request = TransactionRequest(
        AMOUNT, "usd", timeout_s=30, options=frozenset({InputOption.INSERT})
    )

    async with near.reader.transaction(request):
        shown = near.simulator.readers.named("till").screen.lines

    assert shown == ("12.34 USD", "INSERT CARD")


async def test_a_card_pulled_while_the_bank_thinks_ends_the_payment(
    near: Counter,
) -> None:
    near.when_asked(near.present("visa_approved", Entry.CONTACT), RemoveCard())

    request = TransactionRequest(AMOUNT, "usd", timeout_s=30)
    async with near.reader.transaction(request) as transaction:
        events = [event async for event in transaction]

    last = events[-1]
    assert isinstance(last, TransactionFinished)
    assert last.verdict is Verdict.CARD_REMOVED


async def test_a_pulled_cable_is_told_to_the_host(counter: Counter) -> None:
    counter.when_asked(Unplug())

    with pytest.raises(Disconnected):
        await counter.pay()

    await counter.reader.wait_closed()


async def test_a_text_of_the_host_is_shown(counter: Counter) -> None:
    await counter.reader.display(DisplayMessage.APPROVED, seconds=0)

    simulated = counter.simulator.readers.named("till")
    assert simulated.screen.lines == ("APPROVED",)


async def test_every_display_message_has_a_text(near: Counter) -> None:
    shown = set()
    for message in DisplayMessage:
        await near.reader.display(message, seconds=0)
        shown |= set(near.simulator.readers.named("till").screen.lines)

    assert shown <= near.simulator.readers.named("till").model.texts


async def test_many_readers_in_one_process_do_not_mix(tmp_path: Path) -> None:
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
