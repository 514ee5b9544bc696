"""A host for one simulated NEO reader, over a pipe and a clock that stands still."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random  # noqa: TID251 - the tests' seeded source

from drivers.protocol import emv, tlv
from drivers.protocol.idtech_neo import commands
from drivers.protocol.idtech_neo.activate import (
    ActivateTransaction,
    ApplyHostResponse,
    AuthenticateContact,
    Fallback,
    Interface,
)
from drivers.protocol.idtech_neo.basic import PollMode, SetPollMode
from drivers.protocol.idtech_neo.card_answer import CardAnswer, decode_card_answer
from drivers.protocol.idtech_neo.commands import Command
from drivers.protocol.idtech_neo.frame import Frame, decode, encode_command
from drivers.protocol.idtech_neo.issuer_data import (
    encode_issuer_data,
    issuer_data_of,
    ksn_of,
)
from drivers.protocol.idtech_neo.packets import packets_for
from drivers.protocol.tlv import Tlv
from drivers.wires import HID_REPORT_BYTES, WireKind
from simulator.cards.book import CardBook
from simulator.cards.card import Entry
from simulator.clock import ManualClock
from simulator.emv.authorization import Approved, AuthorizationRequest, Declined
from simulator.emv.issuer import SimulatedIssuer
from simulator.emv.kernel import Kernel
from simulator.reader.device import ReaderPlan, SimulatedReader
from simulator.reader.model import Timing
from simulator.reader.models import MODELS
from simulator.reader.wires.pipe import PipeWire

SERIAL_NUMBER = "907T000001"
CARDS = CardBook.load()
EVERY_INTERFACE = Interface.MSR | Interface.CONTACTLESS | Interface.CONTACT
PACKET_BYTES: Mapping[WireKind, int | None] = {
    WireKind.STREAM: None,
    WireKind.HID: HID_REPORT_BYTES,
    WireKind.BLE: 20,
}


class NeoHost:
    """Plugs a reader in, sets it to poll on demand, and keeps all that it says."""

    def __init__(
        self,
        model: str = "idtech_vp3300",
        *,
        kind: WireKind = WireKind.STREAM,
        timing: Timing | None = None,
        polls_on_demand: bool = True,
    ) -> None:
        self.clock = ManualClock()
        self.wire = PipeWire(kind=kind, packet_bytes=PACKET_BYTES[kind])
        random = Random(1).randbytes  # noqa: S311 - no secret is made of them
        self.reader = SimulatedReader(
            ReaderPlan(
                name="till",
                make_model=MODELS[model],
                wire=self.wire,
                serial_number=SERIAL_NUMBER,
                timing=timing or Timing(),
            ),
            cards=CARDS,
            kernel=Kernel(clock=self.clock, random_bytes=random),
            clock=self.clock,
            random=random,
        )
        self.issuer = SimulatedIssuer(CARDS)
        self.packets: list[bytes] = []
        self.frames: list[Frame] = []
        self._messages = packets_for(kind, packet_bytes=PACKET_BYTES[kind])
        self.reader.plug()
        self.open()
        if polls_on_demand:
            self.ask(SetPollMode(PollMode.ON_DEMAND))
            self.frames.clear()

    @property
    def shows(self) -> str:
        """What the reader shows, its lines joined."""
        return " / ".join(self.reader.screen.lines)

    @property
    def state(self) -> str:
        """What the reader says it is doing."""
        return str(self.reader.screen.state)

    @property
    def told(self) -> list[str]:
        """Everything it said so far: command and status, as hex."""
        return [f"{frame.command:02X} {frame.code:02X}" for frame in self.frames]

    @property
    def last(self) -> Frame:
        """What it said last."""
        return self.frames[-1]

    def open(self) -> None:
        """Open the port."""
        self.wire.open(self._received, closed=lambda: None)

    def ask(self, command: Command) -> Frame:
        """The one answer to a command that is answered at once."""
        before = len(self.frames)
        self.send(command)
        (answer,) = self.frames[before:]
        assert answer.command == commands.to_frame(command).command
        return answer

    def send(self, command: Command) -> None:
        """A command; all that it brings about is kept."""
        self.write(encode_command(commands.to_frame(command)))

    def send_raw(self, command: int, sub_command: int, data: str = "") -> Frame:
        """A frame as it is; what is said last afterwards."""
        frame = Frame(command, sub_command, bytes.fromhex(data))
        self.write(encode_command(frame))
        return self.last

    def write(self, message: bytes) -> None:
        """Bytes of one message, in this wire's packets."""
        for packet in self._messages.split(message):
            self.wire.write(packet)

    def present(self, card: str, entry: Entry) -> None:
        """The cardholder gives a card."""
        self.reader.present_card(CARDS.named(card), entry)

    def press(self, *keys: str) -> None:
        """The cardholder presses keys, one after the other."""
        for key in keys:
            self.reader.press_key(key)

    def card(self) -> CardAnswer:
        """The card in what was said last."""
        return decode_card_answer(self.last.data)

    def authorize(self, read_method: str, *, amount: int = 1000) -> Approved | Declined:
        """What the bank says to the card in what was said last."""
        request = AuthorizationRequest(
            encode_issuer_data(issuer_data_of(self.card())),
            ksn_of(self.card()),
            read_method,
            amount,
            "usd",
        )
        return self.issuer.authorize(request)

    def _received(self, data: bytes) -> None:
        self.packets.append(data)
        self.frames += [decode(message) for message in self._messages.feed(data)]


def activate(
    *,
    amount: int = 1000,
    timeout_s: int = 30,
    interfaces: Interface | None = EVERY_INTERFACE,
    allows_fallback: bool = True,
    next_command_s: int = 60,
) -> ActivateTransaction:
    """A sale in dollars."""
    return ActivateTransaction(
        timeout_s,
        sale(amount),
        interfaces=interfaces,
        fallback=Fallback(allows_fallback, next_command_s),
    )


def sale(amount: int) -> tuple[Tlv, ...]:
    """What the card is to sign."""
    return (
        Tlv(emv.TRANSACTION_TYPE, b"\x00"),
        Tlv(emv.AMOUNT_AUTHORISED, emv.encode_amount(amount)),
        Tlv(emv.AMOUNT_OTHER, bytes(6)),
        Tlv(emv.TRANSACTION_CURRENCY_CODE, bytes.fromhex("0840")),
    )


AUTHENTICATE = AuthenticateContact(forces_online=True, next_command_s=60)


def issuer_said(answer: Approved | Declined) -> ApplyHostResponse:
    """60-12 with the bank's answer."""
    return ApplyHostResponse(tlv.decode(bytes.fromhex(answer.emv_auth_data or "")))


def code_only(code: str) -> ApplyHostResponse:
    """60-12 with a response code and nothing that proves it."""
    return ApplyHostResponse(
        (Tlv(emv.AUTHORISATION_RESPONSE_CODE, code.encode("ascii")),)
    )
