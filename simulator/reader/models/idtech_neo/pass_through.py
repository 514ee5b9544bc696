"""Cards and tags that the host talks to by itself: 2C-xx, while pass-through is on."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from drivers.protocol import tlv
from drivers.protocol.idtech_neo.pass_through import (
    CardInterface,
    ContactOff,
    ExchangeApdu,
    GetAtr,
    PollForToken,
    SetPassThrough,
    Token,
    TokenKind,
    encode_token,
)
from drivers.protocol.idtech_neo.status import StatusCode
from drivers.protocol.tlv import Tlv
from simulator.cards.card import Card, Entry
from simulator.reader.model import Tag
from simulator.reader.models.idtech_neo.activity import Activity
from simulator.reader.models.idtech_neo.console import (
    NOT_ALLOWED_NOW,
    OK,
    Console,
    Reply,
)
from simulator.reader.screen import ReaderState

PassThroughCommand = SetPassThrough | PollForToken | ExchangeApdu | GetAtr | ContactOff

_KINDS = {
    "mifare_classic": TokenKind.MIFARE_CLASSIC,
    "mifare_ultralight": TokenKind.MIFARE_ULTRALIGHT,
    "iso_14443_a": TokenKind.ISO_14443_A,
    "iso_14443_b": TokenKind.ISO_14443_B,
    "nfc_phone": TokenKind.NFC_PHONE,
}
_CARD_UID_BYTES = 4
_SELECT = bytes.fromhex("00A404")
_PPSE = b"2PAY.SYS.DDF01"
_ATR = bytes.fromhex("3B 65 00 00 9C 02 02 07 02")
"""Of a chip that speaks T=0 and has five bytes to say of itself (ISO 7816-3, 8.2)."""
_DONE, _NOT_FOUND, _UNKNOWN = b"\x90\x00", b"\x6a\x82", b"\x6d\x00"


class PassThrough:
    """Off when the power comes."""

    def __init__(self, console: Console, has_chip: Callable[[], bool]) -> None:
        """`has_chip` tells whether a card is in the slot."""
        self._console = console
        self._has_chip = has_chip
        self.is_on = False
        self._card: Card | None = None
        """In the field since it was found."""

    def carry_out(self, command: PassThroughCommand) -> Reply | Activity:
        """The answer, or what the reader is busy with until it can give one."""
        if isinstance(command, SetPassThrough):
            self.is_on = command.is_on
            self._card = None
            return OK
        if not self.is_on:
            return NOT_ALLOWED_NOW
        match command:
            case PollForToken():
                self._card = None
                return TokenPoll(self._console, command.timeout_ms / 1000, self)
            case ExchangeApdu():
                return self._exchange(command)
            case GetAtr(interface):
                is_there = interface == CardInterface.CONTACT and self._has_chip()
                return Reply(data=_ATR) if is_there else Reply(StatusCode.FAILED)
            case ContactOff():
                return OK

    def found(self, card: Card) -> None:
        """A card that can be talked to is in the field."""
        self._card = card

    def _exchange(self, command: ExchangeApdu) -> Reply:
        if self._card is None or command.interface is not CardInterface.CONTACTLESS:
            return Reply(StatusCode.FAILED)
        return Reply(data=_answer_of_chip(self._card, command.apdu))


class TokenPoll(Activity):
    """2C-02: whatever comes into the field first."""

    COMMAND: ClassVar[int] = PollForToken.CODE[0]

    def __init__(self, console: Console, seconds: float, room: PassThrough) -> None:
        super().__init__(console)
        self._seconds = seconds
        self._room = room

    def begin(self) -> None:
        """Look."""
        self.console.panel.show(ReaderState.WAITING_FOR_CUSTOMER)
        self.alarm.set(self._seconds, self._time_out)

    def present_tag(self, tag: Tag) -> None:
        """A tag is named."""
        kind = _KINDS.get(tag.kind, TokenKind.ISO_14443_A_RAW)
        self._end(StatusCode.OK, encode_token(Token(kind, tag.uid)))

    def present_card(self, card: Card, entry: Entry) -> None:
        """So is a card, by a number that is new each time."""
        if entry is not Entry.CONTACTLESS:
            super().present_card(card, entry)
        self._room.found(card)
        # A number that begins with 08 is random (ISO 14443-3, 6.5.4).
        uid = b"\x08" + self.console.bench.random(_CARD_UID_BYTES - 1)
        self._end(StatusCode.OK, encode_token(Token(TokenKind.ISO_14443_A, uid)))

    def cancel(self) -> None:
        """The host gives up."""
        self._end(StatusCode.FAILED)

    def _time_out(self) -> None:
        self._end(StatusCode.TIMED_OUT)

    def _end(self, status: StatusCode, data: bytes = b"") -> None:
        self.abandon()
        self.console.panel.welcome()
        self.console.line.answer(self.COMMAND, status, data)


def _answer_of_chip(card: Card, apdu: bytes) -> bytes:
    """A chip that lets its application be selected, and knows nothing else."""
    if apdu[:3] != _SELECT or len(apdu) < 5:
        return _UNKNOWN
    name = apdu[5 : 5 + apdu[4]]
    application = bytes.fromhex(card.application.identifier)
    label = Tlv(0x50, card.application.label.encode("latin-1"))
    if name == _PPSE:
        entry = Tlv(0x61, children=(Tlv(0x4F, application), label))
        issuer_data = Tlv(0xBF0C, children=(entry,))
        return _selected(_PPSE, issuer_data)
    return _selected(application, label) if name == application else _NOT_FOUND


def _selected(name: bytes, content: Tlv) -> bytes:
    template = Tlv(0x6F, children=(Tlv(0x84, name), Tlv(0xA5, children=(content,))))
    return tlv.encode([template]) + _DONE
