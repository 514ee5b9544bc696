"""One simulated reader: a model on a wire, within reach of a cardholder's hands.

Owns the order of things: one input is worked off completely, then everyone who
watches the screen is told, then comes the next input.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from drivers.features import Tone
from drivers.wires import WireKind
from simulator.cards.book import CardBook
from simulator.cards.card import Card, Entry
from simulator.clock import Clock, Timer
from simulator.emv.kernel import Kernel
from simulator.emv.pin_keys import PinKeys
from simulator.emv.sealing import ReadKeys
from simulator.errors import ControlRefused, WireUnavailable
from simulator.faults import NO_FAULTS, FaultyLine, Random, WireFaults
from simulator.reader.alarm import Alarm
from simulator.reader.model import (
    Bench,
    Model,
    Stroke,
    Tag,
    Timing,
    UpdatePlan,
)
from simulator.reader.screen import DARK, ReaderState, Screen
from simulator.reader.wires.wire import Wire

_KEY_SET = bytes.fromhex("FFFF987654")
_PIN_KEY_SET = bytes.fromhex("FFFF987655")
_AES_PIN_KEY_SET = bytes.fromhex("12345678")
_DEVICE_BITS, _COUNTER_BITS = 19, 21
_KEPT_SCREENS = 50
_KEPT_TONES = 50


@dataclass(frozen=True, slots=True)
class ReaderPlan:
    """How a reader is to be made."""

    name: str
    """How people and rules call it."""
    make_model: Callable[[Bench], Model]
    wire: Wire
    serial_number: str
    timing: Timing = field(default_factory=Timing)


class SimulatedReader:
    """Made unplugged; all methods must be called from the event loop's thread."""

    def __init__(
        self,
        plan: ReaderPlan,
        *,
        cards: CardBook,
        kernel: Kernel,
        clock: Clock,
        random: Random,
    ) -> None:
        """`cards` are those whose numbers can be typed."""
        self._plan = plan
        self._clock = clock
        self._screen = DARK
        self._faults = (NO_FAULTS, NO_FAULTS)
        self._watchers: list[Callable[[SimulatedReader, Screen], None]] = []
        self._inputs: deque[Callable[[], None]] = deque()
        self._shown: deque[Screen] = deque()
        self._history: deque[Screen] = deque(maxlen=_KEPT_SCREENS)
        self._heard: deque[Tone] = deque(maxlen=_KEPT_TONES)
        self._quirks: Mapping[str, float] = {}
        self._is_plugged = False
        self._return: Timer | None = None
        self._stays_s: float | None = 0.0
        self._taking_out = Alarm(self._later)
        self._is_working = False
        self._is_telling = False
        line = partial(
            FaultyLine,
            cut=self._cut,
            clock=clock,
            random=random,
            has_packets=plan.wire.kind is not WireKind.STREAM,
        )
        self._to_host = line(plan.wire.send)
        self._to_model = line(self._take)
        self._model = plan.make_model(self._bench(cards, kernel, random))

    @property
    def name(self) -> str:
        """How people and rules call it."""
        return self._plan.name

    @property
    def model(self) -> Model:
        """What it imitates: name, texts and keys."""
        return self._model

    @property
    def serial_number(self) -> str:
        """As the reader tells it to its host."""
        return self._plan.serial_number

    @property
    def wire_spec(self) -> str:
        """Where a host finds it, such as `pty:/run/till1`."""
        return self._plan.wire.spec

    @property
    def screen(self) -> Screen:
        """What it shows now."""
        return self._screen

    @property
    def history(self) -> tuple[Screen, ...]:
        """The latest screens, oldest first, up to what it shows now."""
        return tuple(self._history)

    @property
    def heard(self) -> tuple[Tone, ...]:
        """The latest tones, oldest first."""
        return tuple(self._heard)

    @property
    def is_plugged(self) -> bool:
        """Whether its cable is in, even while it restarts."""
        return self._is_plugged

    @property
    def faults(self) -> tuple[WireFaults, WireFaults]:
        """What goes wrong towards the host, and towards the reader."""
        return self._faults

    @property
    def quirks(self) -> Mapping[str, float]:
        """What it does wrong by itself, and with which chance."""
        return self._quirks

    def watch(self, watcher: Callable[[SimulatedReader, Screen], None]) -> None:
        """Tell `watcher` of every screen, in order, when the reader has settled."""
        self._watchers.append(watcher)

    def plug(self) -> None:
        """Put the cable in; raises ControlRefused if it is, or WireUnavailable."""
        if self.is_plugged:
            raise ControlRefused("the reader is plugged in already")
        self._start()

    def unplug(self) -> None:
        """Pull the cable out, and with it the power; raises ControlRefused."""
        if not self.is_plugged:
            raise ControlRefused("the reader is unplugged already")
        self._work(self._pull)

    @property
    def has_card_left_in(self) -> bool:
        """Whether a card is in the slot whose chip has no more to do."""
        return self._model.has_card_left_in

    def present_card(
        self, card: Card, entry: Entry, *, stays_s: float | None = 0.0
    ) -> None:
        """Give it a card; raises ControlRefused if it cannot take it so, or now.

        In the slot it stays so long after its chip had no more to do; None leaves it
        there until somebody pulls it.
        """
        if entry not in card.entries:
            ways = ", ".join(sorted(card.entries))
            raise ControlRefused(f"card {card.name!r} cannot be {entry}, only {ways}")

        def present() -> None:
            self._model.present_card(card, entry)
            if entry is Entry.CONTACT:
                self._stays_s = stays_s

        self._use(present)

    def remove_card(self) -> None:
        """Pull the card out of the slot; raises ControlRefused if there is none."""
        self._use(self._model.remove_card)

    def press_key(self, key: str) -> None:
        """Press a key; raises ControlRefused if it does nothing now."""
        self._use(lambda: self._model.press_key(key))

    def touch(self, choice: str) -> None:
        """Touch one of the screen's choices; raises ControlRefused."""
        self._use(lambda: self._model.touch(choice))

    def sign(self, strokes: Sequence[Stroke]) -> None:
        """Draw a signature and confirm it; raises ControlRefused if none is awaited."""
        self._use(lambda: self._model.sign(strokes))

    def show_barcode(self, data: bytes) -> None:
        """Hold a code to the scanner; raises ControlRefused unless it scans."""
        self._use(lambda: self._model.show_barcode(data))

    def present_tag(self, tag: Tag) -> None:
        """Hold an NFC tag to it; raises ControlRefused unless it looks for one."""
        self._use(lambda: self._model.present_tag(tag))

    def set_battery(self, percent: int) -> None:
        """Charge or drain the battery; raises ControlRefused if there is none."""
        self._use(lambda: self._model.set_battery(percent))

    def set_faults(
        self, *, to_host: WireFaults = NO_FAULTS, to_reader: WireFaults = NO_FAULTS
    ) -> None:
        """From now on the wire fails like this, and no longer as before."""
        self._faults = (to_host, to_reader)
        self._to_host.set_faults(to_host)
        self._to_model.set_faults(to_reader)

    def set_quirks(self, chances: Mapping[str, float]) -> None:
        """From now on it does this wrong, and no longer as before; ControlInvalid."""
        self._model.set_quirks(chances)
        self._quirks = dict(chances)

    def plan_update(self, plan: UpdatePlan) -> None:
        """Let its next firmware update end so; raises ControlRefused."""
        self._model.plan_update(plan)

    def _bench(self, cards: CardBook, kernel: Kernel, random: Random) -> Bench:
        plan = self._plan
        return Bench(
            send=self._to_host.send,
            wire=plan.wire.kind,
            packet_bytes=lambda: plan.wire.packet_bytes,
            show=self._show,
            later=self._later,
            play=self._heard.extend,
            restart=self._restart,
            card_numbered=cards.numbered,
            random=random,
            kernel=kernel,
            keys=ReadKeys(_first_ksn(plan.serial_number)),
            pin_keys=_pin_keys(plan.serial_number),
            serial_number=plan.serial_number,
            timing=plan.timing,
        )

    def _use(self, deed: Callable[[], None]) -> None:
        if not self.is_plugged:
            raise ControlRefused("the reader is unplugged")
        if self._screen.state is ReaderState.OFF:
            raise ControlRefused("the reader is switched off")
        self._work(deed)

    def _take(self, data: bytes) -> None:
        self._work(lambda: self._model.receive(data))

    def _later(self, delay_s: float, action: Callable[[], None]) -> Timer:
        return self._clock.call_later(delay_s, lambda: self._work(action))

    def _cut(self) -> None:
        self._work(self._pull)

    def _start(self) -> None:
        self._plan.wire.plug(self._to_model.send, product_id=self._model.product_id)
        self._is_plugged = True
        self._work(self._model.power_on)

    def _pull(self) -> None:
        self._is_plugged = False
        if self._return is not None:
            self._return.cancel()
            self._return = None
        self._power_off()

    def _restart(self, after_s: float | None) -> None:
        self._work(self._power_off)
        if after_s is not None:
            self._return = self._clock.call_later(after_s, self._come_back)

    def _come_back(self) -> None:
        self._return = None
        # Its port may be taken meanwhile: then it stays off until it is plugged anew.
        with suppress(WireUnavailable):
            self._start()

    def _power_off(self) -> None:
        self._to_host.forget()
        self._to_model.forget()
        self._plan.wire.unplug()
        self._model.power_off()

    def _show(self, screen: Screen) -> None:
        self._screen = screen
        self._shown.append(screen)
        self._history.append(screen)

    def _work(self, step: Callable[[], None]) -> None:
        """Do `step` and what comes of it; a step raised within another one waits."""
        self._inputs.append(step)
        if self._is_working:
            return
        self._is_working = True
        try:
            while self._inputs:
                self._inputs.popleft()()
        finally:
            self._is_working = False
        self._mind_slot()
        self._tell()

    def _mind_slot(self) -> None:
        """Have the cardholder take a card out that has done its part."""
        if not self._model.has_card_left_in:
            self._taking_out.stop()
        elif self._stays_s is not None and not self._taking_out.is_set:
            if self._stays_s > 0:
                self._taking_out.set(self._stays_s, self._take_out)
            else:
                self._work(self._take_out)

    def _take_out(self) -> None:
        self._taking_out.stop()
        if self._model.has_card_left_in:
            self._model.remove_card()

    def _tell(self) -> None:
        if self._is_telling:
            return
        self._is_telling = True
        try:
            while self._shown:
                screen = self._shown.popleft()
                for watcher in self._watchers:
                    watcher(self, screen)
        finally:
            self._is_telling = False


def _first_ksn(serial_number: str, *, key_set: bytes = _KEY_SET) -> bytes:
    """Every reader has keys of its own, the same whenever it is made."""
    device = zlib.crc32(serial_number.encode()) % (1 << _DEVICE_BITS)
    return key_set + (device << _COUNTER_BITS | 1).to_bytes(5, "big")


def _pin_keys(serial_number: str) -> PinKeys:
    device = zlib.crc32(serial_number.encode()).to_bytes(4, "big")
    return PinKeys(
        _first_ksn(serial_number, key_set=_PIN_KEY_SET),
        first_aes_ksn=_AES_PIN_KEY_SET + device + (1).to_bytes(4, "big"),
    )
