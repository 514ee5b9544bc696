"""Which NEO frames may be written down, and without what.

A list of the harmless. Card data go on as ciphertext, KSN and masked values; hashes of
tracks, names and objects that no table calls harmless are blanked. Of what a customer
types, of what a card or tag is told and tells, and of frames without a name, nothing
with content is kept.
"""

from __future__ import annotations

import re
from dataclasses import replace

from drivers.errors import DriverError
from drivers.protocol import emv
from drivers.protocol.card_numbers import (
    masked,
    may_show_a_card_number,
    shown,
    without_card_number,
)
from drivers.protocol.idtech_neo import commands, events, msr_block
from drivers.protocol.idtech_neo.activate import (
    ActivateTransaction,
    ApplyHostResponse,
    AuthenticateContact,
    CancelTransaction,
    GetTransactionResult,
    StartContact,
)
from drivers.protocol.idtech_neo.basic import (
    BeepLong,
    BeepShort,
    GetBluetoothInfo,
    GetBluetoothName,
    GetEncryption,
    GetFirmwareVersion,
    GetSerialNumber,
    Ping,
    SetEncryption,
    SetLight,
    SetPollMode,
)
from drivers.protocol.idtech_neo.card_answer import (
    ATTRIBUTION,
    COMBINED_TRACKS,
    ERROR,
    INTERFACE_IN_GROUP,
    KSN,
    MSR_BLOCK,
    RESULT_CODE,
    TRACK_LENGTHS,
    decode_card_answer,
    encode_card_answer,
)
from drivers.protocol.idtech_neo.commands import Command
from drivers.protocol.idtech_neo.configuration import (
    GetConfiguration,
    GetTerminalData,
    RemoveTerminalData,
    SetKernelConfiguration,
)
from drivers.protocol.idtech_neo.display import (
    AnswerDisplay,
    DisplayText,
    Line,
    RefusePin,
)
from drivers.protocol.idtech_neo.encrypted_tlv import CardObject, Form, is_template
from drivers.protocol.idtech_neo.events import DisplayRequested, Event, Unrecognised
from drivers.protocol.idtech_neo.frame import (
    Frame,
    decode,
    encode_answer,
    encode_command,
)
from drivers.protocol.idtech_neo.keypad import (
    CancelKeypad,
    GetAmount,
    GetCard,
    GetFunctionKey,
    GetNumber,
    GetPin,
)
from drivers.protocol.idtech_neo.keys import GetKeys, GetKsn
from drivers.protocol.idtech_neo.msr_fields import Track
from drivers.protocol.idtech_neo.packets import packets_for
from drivers.protocol.idtech_neo.pass_through import (
    ContactOff,
    GetAtr,
    PollForToken,
    SetPassThrough,
)
from drivers.protocol.redaction import SHOWN
from drivers.protocol.tlv import Tlv
from drivers.protocol.witness import Witness
from drivers.wires import WireKind


def witness(kind: WireKind, *, packet_bytes: int | None) -> Witness:
    """A witness on a wire of this kind; raises LocalError as `packets_for` does."""
    return Witness(
        host=packets_for(kind, packet_bytes=packet_bytes),
        reader=packets_for(kind, packet_bytes=packet_bytes),
        keep_of_host=harmless_command,
        keep_of_reader=harmless_answer,
    )


def harmless_command(message: bytes) -> bytes | None:
    """A copy of a host's frame that may be kept; None where nothing of it may be."""
    try:
        copy = _command(commands.from_frame(decode(message)))
        return None if copy is None else encode_command(commands.to_frame(copy))
    except DriverError:
        return None


def harmless_answer(message: bytes) -> bytes | None:
    """A copy of a reader's frame that may be kept; None where nothing of it may be."""
    try:
        copy = _answer(decode(message))
        return None if copy is None else encode_answer(copy)
    except DriverError:
        # Broken, in the clear, or with values that cannot be put into bytes again.
        return None


_COMMANDS_KEPT = (
    Ping
    | GetFirmwareVersion
    | GetSerialNumber
    | SetPollMode
    | GetEncryption
    | SetEncryption
    | SetLight
    | BeepShort
    | BeepLong
    | GetBluetoothName
    | GetBluetoothInfo
    | GetTransactionResult
    | CancelTransaction
    | GetConfiguration
    | GetTerminalData
    | RemoveTerminalData
    | SetKernelConfiguration
    | AnswerDisplay
    | RefusePin
    | CancelKeypad
    | GetPin
    | GetFunctionKey
    | GetNumber
    | GetAmount
    | GetCard
    | SetPassThrough
    | PollForToken
    | GetAtr
    | ContactOff
    | GetKeys
    | GetKsn
)
_TELLS_OF_ITSELF = frozenset({0x01, 0x05, 0x0A, 0x0B, 0x12, 0x18, 0x29, 0x77, 0xC7})
"""Commands whose answers are about the reader alone, and text where they are long."""
_TELLS_OF_KEYS = 0x81
_TELLS_OF_CARDS = frozenset({0x02, 0x03, 0x60})
_BEGUN_BY_READER = frozenset({0x14, 0x61, 0xF1})
_MOST_STATE_BYTES = 2
"""How a menu or a keypad ended: a state, and the number of a line or key."""
_PACKED_TRACKS = frozenset({emv.TRACK_2_EQUIVALENT_DATA, 0x9F6B})
_DIGIT = re.compile(r"\d")
_OBJECTS_KEPT = SHOWN | {
    ATTRIBUTION,
    ERROR,
    INTERFACE_IN_GROUP,
    RESULT_CODE,
    TRACK_LENGTHS,
}


def _command(command: Command) -> Command | None:
    match command:
        case ActivateTransaction() | StartContact() | AuthenticateContact():
            return replace(command, objects=tuple(map(_plain, command.objects)))
        case ApplyHostResponse():
            # Scripts may be a new PIN on its way to the card.
            plain = tuple(map(_plain, command.objects))
            return replace(command, objects=plain, scripts=b"")
        case DisplayText():
            return _display(command)
        case _ if isinstance(command, _COMMANDS_KEPT):
            return command
        case _:
            return None


def _answer(frame: Frame) -> Frame | None:
    if not frame.data:
        return frame
    if frame.command in _TELLS_OF_ITSELF:
        return replace(frame, data=without_card_number(frame.data, is_text=True))
    if frame.command == _TELLS_OF_KEYS:
        return replace(frame, data=without_card_number(frame.data))
    if frame.command in _TELLS_OF_CARDS:
        return replace(frame, data=_card_answer(frame.data))
    if frame.command in _BEGUN_BY_READER:
        event = _event(events.from_frame(frame))
        if event is not None:
            return events.to_frame(event)
    return frame if len(frame.data) <= _MOST_STATE_BYTES else None


def _event(event: Event) -> Event | None:
    match event:
        case DisplayRequested(text):
            return DisplayRequested(_display(text))
        case Unrecognised():
            return None
        case _:
            return event


def _display(text: DisplayText) -> DisplayText:
    return replace(text, lines=tuple(map(_line, text.lines)))


def _line(line: Line) -> Line:
    suspected = may_show_a_card_number(line.text.encode(), is_text=True)
    return replace(line, text="*" * len(line.text)) if suspected else line


def _plain(item: Tlv) -> Tlv:
    if item.children:
        return item._replace(children=tuple(map(_plain, item.children)))
    return item._replace(value=shown(item.value, is_harmless=item.tag in SHOWN))


def _card_answer(data: bytes) -> bytes:
    answer = decode_card_answer(data)
    objects = tuple(map(_object, answer.objects))
    return encode_card_answer(replace(answer, objects=objects))


def _object(item: CardObject) -> CardObject:
    if item.form is Form.MASKED and item.tag in _PACKED_TRACKS:
        item = item._replace(value=_track_2(item.value))
    if item.form is not Form.PLAIN or item.tag in (KSN, COMBINED_TRACKS):
        # What is called masked or encrypted, and cannot be a number somebody forgot to.
        return item._replace(value=without_card_number(item.value))
    if is_template(item.tag):
        return item._replace(children=tuple(map(_object, item.children)))
    if item.tag == MSR_BLOCK:
        return item._replace(value=_stripe(item.value) if item.value else b"")
    return item._replace(value=shown(item.value, is_harmless=item.tag in _OBJECTS_KEPT))


def _track_2(packed: bytes) -> bytes:
    """A masked track of which nothing shows after the number's separator."""
    number, separator, rest = packed.hex().partition("d")
    return bytes.fromhex(number + separator + _DIGIT.sub("c", rest))


def _stripe(data: bytes) -> bytes:
    block = msr_block.decode(data)
    first, second, third = map(_track, block.tracks)
    return msr_block.encode(
        replace(
            block,
            tracks=(first, second, third),
            serial_number=without_card_number(block.serial_number, is_text=True),
            ksn=without_card_number(block.ksn),
        )
    )


def _track(track: Track) -> Track:
    return replace(
        track,
        shown=masked(track.shown.decode("latin-1")).encode("latin-1"),
        encrypted=without_card_number(track.encrypted),
        # A hash of so few possible tracks is as good as the track.
        digest=bytes(len(track.digest)),
    )
