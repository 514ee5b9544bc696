"""A till: a simulated reader, the real driver that holds it, and the bank behind both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import (
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pytest
from pipe_transport import PipeTransport
from reader_combinations import Combination
from skipping_loop import LoopClock, SkippingLoop
from usbip_backend import UsbipBackend, install

from drivers.errors import TransportUnavailable
from drivers.protocol import emv
from drivers.protocol.tlv import decode, find_value
from drivers.reader import (
    ChipFlow,
    InputOption,
    IssuerAnswer,
    OnlineRequested,
    Reader,
    TipChosen,
    TransactionEvent,
    TransactionFinished,
    TransactionRequest,
    Verdict,
)
from drivers.registry import open_reader
from drivers.transport.base import Transport
from drivers.transport.opening import OpenTransport
from drivers.transport.usb import open_usb
from simulator.app import ReaderOrder, Simulator, build_simulator
from simulator.cards.card import Card, Entry
from simulator.emv.authorization import Approved, AuthorizationRequest, Declined
from simulator.errors import CardDataUnreadable
from simulator.faults import NO_FAULTS, WireFaults
from simulator.reader.actions import Action, PresentCard, PressKey
from simulator.reader.device import SimulatedReader
from simulator.reader.rules import Condition, Rule
from simulator.reader.screen import ReaderState, Screen
from simulator.reader.wires.pipe import PipeWire
from simulator.reader.wires.wire import Wire

AMOUNT = 1234
SALE = TransactionRequest(AMOUNT, "usd", timeout_s=30)
UNREADABLE = "30"
"""A format error, in the words of ISO 8583."""
SLICE_S = 1.0
"""Long, so that a thread that looks up does not break the silence of its wire."""
CUSTOMER_S = 0.01
MOST_TRIES = 10
ENTRIES = {
    InputOption.INSERT: Entry.CONTACT,
    InputOption.TAP: Entry.CONTACTLESS,
    InputOption.SWIPE: Entry.SWIPE,
}
READ_METHODS = {
    Entry.CONTACT: "contact_emv",
    Entry.CONTACTLESS: "contactless_emv",
    Entry.SWIPE: "magnetic_stripe_track2",
}


@dataclass
class Counter:
    """What a test has in its hands; keeps what happened."""

    combination: Combination
    simulator: Simulator
    wire: str | Wire
    reader: Reader
    events: list[TransactionEvent] = field(default_factory=list)
    answers: list[Approved | Declined] = field(default_factory=list)
    asked: TransactionRequest = SALE
    """For what the card was read last."""

    @property
    def simulated(self) -> SimulatedReader:
        return self.simulator.readers.named("till")

    @property
    def sale(self) -> TransactionRequest:
        """A sale in all the ways that the model offers, other than by hand."""
        return replace(SALE, options=self.offered & frozenset(ENTRIES))

    @property
    def offered(self) -> frozenset[InputOption]:
        """How the model takes cards, by its profile."""
        names = self.combination.profile.capabilities.input_options
        return frozenset(map(InputOption, names))

    def entries(self) -> list[Entry]:
        """How cards can be given to the model."""
        return [entry for option, entry in ENTRIES.items() if option in self.offered]

    def when_asked(self, *actions: Action) -> None:
        """What the customer does once, when the reader asks for a card."""
        self._when(ReaderState.WAITING_FOR_CARD, actions)

    def when_it_waits(self, *actions: Action) -> None:
        """What the customer does once, when the reader asks for something else."""
        self._when(ReaderState.WAITING_FOR_CUSTOMER, actions)

    def when(self, state: ReaderState, *actions: Action, after_s: float = 0.0) -> None:
        """What happens once, as soon as the reader is in that state."""
        self.simulator.rules.add(Rule(Condition(state=state), actions, after_s=after_s))

    def _when(self, state: ReaderState, actions: tuple[Action, ...]) -> None:
        condition = Condition(reader="till", state=state)
        self.simulator.rules.add(Rule(condition, actions, after_s=CUSTOMER_S))

    def card(self, name: str, entry: Entry) -> PresentCard:
        return PresentCard(self.simulator.cards.named(name), entry)

    def types_the_pin_of(self, name: str) -> None:
        """What the customer does once, where the model takes PINs and asks for one."""
        if "pin" in self.combination.profile.capabilities.features:
            pin = self.simulator.cards.named(name).account.pin
            self.when_it_waits(*typed(pin))

    def choose_tip(self, percent: int) -> None:
        """The customer touches the tip of so many percent, however it is worded."""

        def look(reader: SimulatedReader, screen: Screen) -> None:
            wanted = [each for each in screen.choices if each.startswith(f"{percent}%")]
            if wanted:
                loop = asyncio.get_running_loop()
                loop.call_later(CUSTOMER_S, reader.touch, wanted[0])

        self.simulated.watch(look)

    def type_card(self, card: Card) -> None:
        """The customer types number, expiry and security code, once asked."""
        account = card.account
        expiry = f"{account.exp_month:02}{account.exp_year % 100:02}"
        for digits in (account.number, expiry, "123"):
            self.when_it_waits(*typed(digits))

    def set_faults(
        self, *, to_host: WireFaults = NO_FAULTS, to_reader: WireFaults = NO_FAULTS
    ) -> None:
        self.simulated.set_faults(to_host=to_host, to_reader=to_reader)

    def time_s(self) -> float:
        """The loop's own time."""
        return asyncio.get_running_loop().time()

    async def pay(
        self, request: TransactionRequest | None = None
    ) -> TransactionFinished:
        """One payment from the prompt to the verdict, the bank asked in between.

        Where the reader leaves the verdict to its host, it is the bank's.
        """
        self.asked = request or self.sale
        async with self.reader.transaction(self.asked) as transaction:
            async for event in transaction:
                self.events.append(event)
                if isinstance(event, OnlineRequested):
                    await transaction.complete_online(self.bank(event))
        last = self.events[-1]
        assert isinstance(last, TransactionFinished)
        is_quick = request is not None and request.flow is ChipFlow.QUICK_CHIP
        if last.verdict is not Verdict.DEFERRED or is_quick:
            return last
        is_approved = self.answers and isinstance(self.answers[-1], Approved)
        verdict = Verdict.APPROVED if is_approved else Verdict.DECLINED
        return replace(last, verdict=verdict)

    async def read_only(self) -> TransactionFinished:
        """One payment for whose issuer nobody asks, to its end."""
        async with self.reader.transaction(self.sale) as transaction:
            self.events += [event async for event in transaction]
        last = self.events[-1]
        assert isinstance(last, TransactionFinished)
        return last

    def bank(self, event: OnlineRequested) -> IssuerAnswer:
        """What the card's bank says, for the card to hear."""
        card = event.card
        try:
            answer = self.simulator.issuer.authorize(
                AuthorizationRequest(
                    card.ciphertext,
                    card.ksn,
                    card.read_method,
                    self._amount(),
                    self.asked.currency,
                    transaction_type=self.asked.kind,
                )
            )
        except CardDataUnreadable:
            # Damaged on a wire without a checksum: no bank approves that.
            return IssuerAnswer(UNREADABLE)
        self.answers.append(answer)
        tags = decode(bytes.fromhex(answer.emv_auth_data or ""))
        data = find_value(tags, emv.ISSUER_AUTHENTICATION_DATA)
        return IssuerAnswer(answer.response_code, authentication_data=data or b"")

    def _amount(self) -> int:
        """What the card authorises: the sale, and the tip it was told of."""
        tips = [event for event in self.events if isinstance(event, TipChosen)]
        return self.asked.amount + sum(tip.tip + tip.tax for tip in tips)

    async def reopen(self) -> None:
        """Connect anew, as after a cable was put back."""
        await self.reader.aclose()
        for _ in range(MOST_TRIES):
            # The thread that reads from USB lets go after a slice of real time, which
            # this loop does not wait for.
            with suppress(TransportUnavailable):
                self.reader = await self._opened_anew()
                return
            await asyncio.sleep(CUSTOMER_S)
        self.reader = await self._opened_anew()

    async def _opened_anew(self) -> Reader:
        return await _opened(self.combination, self.simulated, self.wire)

    def quick(self) -> TransactionRequest:
        """The sale, in Quick Chip."""
        return replace(self.sale, flow=ChipFlow.QUICK_CHIP)


@asynccontextmanager
async def counter_on(
    combination: Combination,
    folder: Path,
    *,
    bus_address: str | None = None,
    seed: int = 1,
) -> AsyncIterator[Counter]:
    """A model on a wire, opened by its own driver; `bus_address` is for Bluetooth."""
    wire = combination.make_wire("till", folder)
    simulator = build_simulator(
        clock=LoopClock(),
        readers=[ReaderOrder("till", wire, model=combination.model)],
        seed=seed,
    )
    async with AsyncExitStack() as stack:
        if simulator.bluetooth is not None and bus_address is not None:
            await stack.enter_async_context(simulator.bluetooth.running(bus_address))
        stack.callback(simulator.readers.unplug)
        simulator.readers.plug()
        simulated = simulator.readers.named("till")
        if combination.wire.name == "usbip":
            stack.enter_context(usb_bus(simulated.wire_spec))
        if combination.wire.is_real:
            wait_for_silence(combination.wire.silence_s)
        reader = await _opened(combination, simulated, wire)
        counter = Counter(combination, simulator, wire, reader)
        try:
            yield counter
        finally:
            await counter.reader.aclose()


def wait_for_silence(seconds: float) -> None:
    """Let other processes and threads answer before time goes on."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SkippingLoop)
    loop.wait_for_silence(seconds)


@contextmanager
def usb_bus(wire_spec: str) -> Iterator[None]:
    """A machine with this USB/IP device attached, for unmodified pyusb."""
    _, host, port = wire_spec.split(":")
    with pytest.MonkeyPatch.context() as patching:
        backend = UsbipBackend((host, int(port)))
        install(patching, backend)
        try:
            yield
        finally:
            backend.close()


async def _opened(
    combination: Combination, simulated: SimulatedReader, wire: str | Wire
) -> Reader:
    async def open_pipe(spec: str) -> Transport:
        assert isinstance(wire, PipeWire)
        return PipeTransport(wire)

    schemes: dict[str, OpenTransport] | None = None
    if isinstance(wire, PipeWire):
        schemes = {"pipe": open_pipe}
    if combination.wire.name == "usbip":
        schemes = {"usb": partial(open_usb, slice_s=SLICE_S)}
    return await open_reader(
        _spec(combination, simulated), model=combination.model, schemes=schemes
    )


def _spec(combination: Combination, simulated: SimulatedReader) -> str:
    """Where the host finds the reader."""
    if combination.wire.name == "usbip":
        usb_id = combination.profile.usb[0]
        numbers = f"{usb_id.vendor_id:04x}:{usb_id.product_id:04x}"
        return f"usb:{numbers}:{simulated.serial_number}"
    return simulated.wire_spec.replace("pty:", "serial:")


def typed(digits: str) -> tuple[Action, ...]:
    """The customer types, and confirms."""
    return (*map(PressKey, digits), PressKey("enter"))


async def works_again(counter: Counter) -> None:
    """The next customer pays as if nothing had happened."""
    counter.simulator.rules.clear()
    counter.when_asked(counter.card("visa_approved", counter.entries()[0]))

    assert (await counter.pay()).verdict is Verdict.APPROVED
