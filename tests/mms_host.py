"""A host for one simulated MagTek reader, over a pipe and a clock that stands still."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from random import Random  # noqa: TID251 - the tests' seeded source

from drivers.errors import RemoteError
from drivers.protocol import emv, slip
from drivers.protocol.framing import Packets
from drivers.protocol.magtek_mms import message
from drivers.protocol.magtek_mms.card_data import (
    Arpc,
    Arqc,
    Batch,
    decode_arqc,
    decode_batch,
    encode_arpc,
)
from drivers.protocol.magtek_mms.commands import Command, to_request
from drivers.protocol.magtek_mms.control import ResumeTransaction
from drivers.protocol.magtek_mms.message import Message, Notification, Response
from drivers.protocol.magtek_mms.notifications import (
    CardData,
    CardUpdate,
    DataKind,
    Notice,
    Outcome,
    Technology,
    TransactionComplete,
    from_notification,
)
from drivers.protocol.magtek_mms.packets import packets_for
from drivers.protocol.magtek_mms.start import Contactless, Options, StartTransaction
from drivers.protocol.magtek_mms.status import StatusDetail
from drivers.protocol.tlv import Tlv
from simulator.cards.book import CardBook
from simulator.cards.card import Entry
from simulator.clock import ManualClock
from simulator.emv.authorization import AuthorizationRequest
from simulator.emv.issuer import SimulatedIssuer
from simulator.emv.kernel import Kernel
from simulator.emv.sealing import unseal
from simulator.reader.device import ReaderPlan, SimulatedReader
from simulator.reader.model import Timing
from simulator.reader.models import MODELS
from simulator.reader.wires.pipe import PipeWire

SERIAL_NUMBER = "B5A1B2C3"
CARDS = CardBook.load()


def seeded(seed: int) -> Callable[[int], bytes]:
    """A source of random bytes that repeats."""
    return Random(seed).randbytes  # noqa: S311 - no secret is made of them


def simulated_reader(
    wire: PipeWire,
    clock: ManualClock,
    *,
    model: str = "magtek_dynaprox",
    name: str = "till",
    serial_number: str = SERIAL_NUMBER,
    timing: Timing | None = None,
) -> SimulatedReader:
    """A reader in memory, unplugged, whose time is `clock`."""
    return SimulatedReader(
        ReaderPlan(
            name=name,
            make_model=MODELS[model],
            wire=wire,
            serial_number=serial_number,
            timing=timing or Timing(),
        ),
        cards=CARDS,
        kernel=Kernel(clock=clock, random_bytes=seeded(1)),
        clock=clock,
        random=seeded(2),
    )


class MmsHost:
    """Plugs a reader in, asks it things and keeps what it tells."""

    def __init__(
        self,
        model: str = "magtek_dynaprox",
        *,
        serial_number: str = SERIAL_NUMBER,
        timing: Timing | None = None,
        reader: SimulatedReader | None = None,
        wire: PipeWire | None = None,
    ) -> None:
        """A reader of its own, unless given one with the wire it hangs on."""
        self.clock = ManualClock()
        self.wire = wire or PipeWire()
        self.reader = reader or simulated_reader(
            self.wire,
            self.clock,
            model=model,
            serial_number=serial_number,
            timing=timing,
        )
        self.issuer = SimulatedIssuer(CARDS)
        self.messages: list[Message] = []
        self.garbled = 0
        self.is_cut_off = False
        self.packets = self._made_packets()
        self._references = count(1)
        self.reader.plug()
        self.open()

    @property
    def notices(self) -> list[Notice]:
        """What the reader told unasked."""
        return [
            from_notification(each)
            for each in self.messages
            if isinstance(each, Notification)
        ]

    @property
    def shows(self) -> str:
        """What the reader shows, its lines joined."""
        return " / ".join(self.reader.screen.lines)

    @property
    def state(self) -> str:
        """What the reader says it is doing."""
        return str(self.reader.screen.state)

    def open(self) -> None:
        """Open the port."""
        self.is_cut_off = False
        self.packets = self._made_packets()
        self.wire.open(self._received, closed=self._closed)

    def ask(self, command: Command) -> Response:
        """The answer to `command`; what is told besides is kept."""
        request = to_request(command, next(self._references) % 256)
        before = len(self.messages)
        self.write(message.encode(request))
        answers = [
            each
            for each in self.messages[before:]
            if isinstance(each, Response) and each.reference == request.reference
        ]
        assert len(answers) == 1
        return answers[0]

    def write(self, body: bytes) -> None:
        """One message to the reader, as it is."""
        for packet in self.packets.split(body):
            self.wire.write(packet)

    @property
    def told(self) -> list[str]:
        """What the reader told unasked, in words."""
        return [_word(notice) for notice in self.notices]

    def type(self, *keys: str) -> None:
        """The cardholder presses keys, each text of digits one by one."""
        for key in keys:
            for each in key if key.isdecimal() else [key]:
                self.reader.press_key(each)

    def present(self, card: str, entry: Entry) -> None:
        """The cardholder gives a card."""
        self.reader.present_card(CARDS.named(card), entry)

    def arqc(self) -> Arqc:
        """The card data last told."""
        return decode_arqc(self._blobs(DataKind.ARQC)[-1])

    def batch(self) -> Batch:
        """The record last told."""
        return decode_batch(self._blobs(DataKind.BATCH)[-1])

    def batch_objects(self) -> tuple[Tlv, ...]:
        """The encrypted part of the record last told, opened."""
        encrypted = self.batch().encrypted
        assert encrypted is not None
        return unseal(encrypted.ciphertext, encrypted.ksn)

    def authorize(self, read_method: str, *, amount: int = 1000) -> tuple[str, bytes]:
        """The issuer's response code and authentication data for the card last read."""
        encrypted = self.arqc().encrypted
        answer = self.issuer.authorize(
            AuthorizationRequest(
                encrypted.ciphertext, encrypted.ksn, read_method, amount, "usd"
            )
        )
        data = bytes.fromhex(answer.emv_auth_data or "")
        return answer.response_code, data[6:]

    def resume(
        self, code: str, data: bytes = b"", *, serial_number: str | None = None
    ) -> Response:
        """Hand the reader the issuer's answer."""
        addressee = (serial_number or self.reader.serial_number).encode()
        arpc = Arpc(addressee, code.encode(), authentication_data=data)
        return self.ask(ResumeTransaction(encode_arpc(arpc)))

    def _blobs(self, kind: DataKind) -> list[bytes]:
        return [
            each.blob
            for each in self.notices
            if isinstance(each, CardData) and each.kind is kind
        ]

    def _made_packets(self) -> Packets:
        return packets_for(
            self.wire.kind,
            packet_bytes=self.wire.packet_bytes,
            sends=slip.Direction.TO_DEVICE,
        )

    def _received(self, data: bytes) -> None:
        for body in self.packets.feed(data):
            try:
                self.messages.append(message.decode(body))
            except RemoteError:
                self.garbled += 1

    def _closed(self) -> None:
        self.is_cut_off = True


def start(
    *,
    amount: int = 1000,
    timeout_s: int = 60,
    swipe: bool = True,
    insert: bool = True,
    contactless: Contactless = Contactless.EMV,
    options: Options = Options.DYNAPRO_FORMAT,
) -> StartTransaction:
    """An order in dollars; in EMV flow unless `options` say otherwise."""
    return StartTransaction(
        timeout_s=timeout_s,
        swipe=swipe,
        insert=insert,
        contactless=contactless,
        options=options,
        emv_data=(
            Tlv(emv.TRANSACTION_TYPE, b"\x00"),
            Tlv(emv.AMOUNT_AUTHORISED, emv.encode_amount(amount)),
            Tlv(emv.AMOUNT_OTHER, bytes(6)),
            Tlv(emv.TRANSACTION_CURRENCY_CODE, bytes.fromhex("0840")),
        ),
    )


QUICK_CHIP = Options.QUICK_CHIP | Options.DYNAPRO_FORMAT


def refusal(response: Response) -> StatusDetail:
    """Why the reader refused."""
    assert not response.status.is_accepted
    return StatusDetail(response.status.detail)


def _word(notice: Notice) -> str:
    match notice:
        case CardUpdate(technology, change):
            return f"{Technology(technology).name} {change.name}"
        case CardData(technology, kind):
            return f"{Technology(technology).name} {kind.name}"
        case TransactionComplete(technology, outcome):
            return f"{Technology(technology).name} end {Outcome(outcome).name}"
        case _:
            return repr(notice)
