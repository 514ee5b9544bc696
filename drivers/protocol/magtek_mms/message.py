"""The four kinds of MMS message, whole: bytes to values and back.

`AA version 81 04 kind reference id(2)`, then TLV that must fill the message exactly:
the serial framing has no checksum, so this is what tells a message from noise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import assert_never

from drivers.errors import FrameError, LocalError
from drivers.protocol import tlv
from drivers.protocol.magtek_mms.status import Status
from drivers.protocol.tlv import Tlv

START = 0xAA
VERSION = 0x00
MOST_BYTES = 4 * 1024 * 1024
"""Firmware images travel in one message; the wires have lower limits of their own."""


class Sender(IntEnum):
    """Bit 8 of the kind: who sent the message."""

    HOST = 0x00
    DEVICE = 0x80


@dataclass(frozen=True, slots=True)
class Request:
    """One side asks; the other answers with a response of the same reference."""

    reference: int
    command: int
    payload: bytes | None = field(default=None, repr=False)
    sender: Sender = Sender.HOST


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to a request; `payload` is absent from many."""

    reference: int
    command: int
    status: Status
    additional: bytes | None = None
    payload: bytes | None = field(default=None, repr=False)
    sender: Sender = Sender.DEVICE


@dataclass(frozen=True, slots=True)
class Notification:
    """Something happened: `id` is source and type, `detail` four bytes as a number."""

    id: int
    detail: int
    additional: bytes | None = None
    payload: bytes | None = field(default=None, repr=False)
    reference: int = 0
    sender: Sender = Sender.DEVICE


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file, such as a signature, on its way after a request for it."""

    reference: int
    command: int
    file_type: int
    payload: bytes = field(repr=False)
    sender: Sender = Sender.DEVICE


Message = Request | Response | Notification | DataFile


def decode(data: bytes) -> Message:
    """The message that `data` is, to the last byte; raises FrameError or TlvError."""
    if len(data) < 2 or data[0] != START:
        raise FrameError("an MMS message starts with AA")
    objects = tlv.decode(data[2:], padding=False, max_bytes=MOST_BYTES)
    if not objects or objects[0].tag != _INFORMATION:
        raise FrameError("an MMS message begins with tag 81")
    information = objects[0].value
    if len(information) not in (4, 8):
        raise FrameError(f"{len(information)} bytes of message information")
    kind = information[0] & 0x7F
    if kind not in _DECODERS or (len(information) == 8) is not (kind == _DATA_FILE):
        raise FrameError(f"no MMS message of kind {information[0]:02X}")
    return _DECODERS[kind](information, objects[1:])


def encode(message: Message) -> bytes:
    """The bytes of `message`; raises LocalError for a value out of its range."""
    try:
        return _OPENING + _body(message)
    except (OverflowError, ValueError) as error:
        raise LocalError(f"no such MMS message: {error}") from None


def payload_of(id_: int, parameters: Iterable[Tlv] = ()) -> bytes:
    """What stands in tag 84: the command or notification id again, then parameters."""
    return id_.to_bytes(2, "big") + tlv.encode(parameters)


def parameters_of(id_: int, payload: bytes | None) -> tuple[Tlv, ...]:
    """The parameters in a payload; raises FrameError where it belongs to another id."""
    if payload is None or payload[:2] != id_.to_bytes(2, "big"):
        raise FrameError(f"the payload of {id_:04X} does not repeat its id")
    return tlv.decode(payload[2:], max_bytes=MOST_BYTES)


_OPENING = bytes((START, VERSION))
_REQUEST = 0x01
_RESPONSE = 0x02
_NOTIFICATION = 0x03
_DATA_FILE = 0x04

_INFORMATION = 0x81
_STATUS = 0x82
_ADDITIONAL = 0x83
_PAYLOAD = 0x84


def _body(message: Message) -> bytes:
    match message:
        case Request(reference, command, payload, sender):
            return _information(_REQUEST | sender, reference, command) + _object(
                _PAYLOAD, payload
            )
        case Response(reference, command, status, additional, payload, sender):
            information = _information(_RESPONSE | sender, reference, command)
            word = bytes((status.code,)) + status.detail.to_bytes(3, "big")
        case Notification(id_, detail, additional, payload, reference, sender):
            information = _information(_NOTIFICATION | sender, reference, id_)
            word = detail.to_bytes(4, "big")
        case DataFile(reference, command, file_type, file, sender):
            kind = bytes((_INFORMATION, 8, _DATA_FILE | sender, reference))
            file_id = command.to_bytes(2, "big") + file_type.to_bytes(4, "big")
            return kind + file_id + _object(_PAYLOAD, file)
        case _:
            assert_never(message)
    return (
        information
        + _object(_STATUS, word)
        + _object(_ADDITIONAL, additional)
        + _object(_PAYLOAD, payload)
    )


def _information(kind: int, reference: int, id_: int) -> bytes:
    return bytes((_INFORMATION, 4, kind, reference)) + id_.to_bytes(2, "big")


def _object(tag: int, value: bytes | None) -> bytes:
    if value is None:
        return b""
    if len(value) <= 0x7F:  # Nearly always, and a tenth of the general way's time.
        return bytes((tag, len(value))) + value
    return tlv.encode([Tlv(tag, value)])


def _request(information: bytes, objects: tuple[Tlv, ...]) -> Request:
    return Request(
        reference=information[1],
        command=_id(information),
        payload=tlv.find_value(objects, _PAYLOAD),
        sender=_sender(information),
    )


def _response(information: bytes, objects: tuple[Tlv, ...]) -> Response:
    word = _word(objects)
    return Response(
        reference=information[1],
        command=_id(information),
        status=Status(code=word >> 24, detail=word & 0xFFFFFF),
        additional=tlv.find_value(objects, _ADDITIONAL),
        payload=tlv.find_value(objects, _PAYLOAD),
        sender=_sender(information),
    )


def _notification(information: bytes, objects: tuple[Tlv, ...]) -> Notification:
    return Notification(
        id=_id(information),
        detail=_word(objects),
        additional=tlv.find_value(objects, _ADDITIONAL),
        payload=tlv.find_value(objects, _PAYLOAD),
        reference=information[1],
        sender=_sender(information),
    )


def _data_file(information: bytes, objects: tuple[Tlv, ...]) -> DataFile:
    payload = tlv.find_value(objects, _PAYLOAD)
    if payload is None:
        raise FrameError("a data file message without a file")
    return DataFile(
        reference=information[1],
        command=_id(information),
        file_type=int.from_bytes(information[4:8], "big"),
        payload=payload,
        sender=_sender(information),
    )


_DECODERS: dict[int, Callable[[bytes, tuple[Tlv, ...]], Message]] = {
    _REQUEST: _request,
    _RESPONSE: _response,
    _NOTIFICATION: _notification,
    _DATA_FILE: _data_file,
}


_SENDERS = {int(sender): sender for sender in Sender}


def _id(information: bytes) -> int:
    return int.from_bytes(information[2:4], "big")


def _sender(information: bytes) -> Sender:
    return _SENDERS[information[0] & 0x80]


def _word(objects: tuple[Tlv, ...]) -> int:
    word = tlv.find_value(objects, _STATUS)
    if word is None or len(word) != 4:
        raise FrameError("four bytes of status or detail are missing")
    return int.from_bytes(word, "big")
