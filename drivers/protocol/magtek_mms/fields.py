"""Reading single parameters of a command, an answer or a notification."""

from __future__ import annotations

from collections.abc import Iterable

from drivers.errors import FrameError
from drivers.protocol import tlv
from drivers.protocol.tlv import Tlv

Parameters = tuple[Tlv, ...]


def number_of(tag: int, number: int, *, length: int = 1) -> Tlv:
    """A parameter of `length` bytes; OverflowError for a number that does not fit."""
    return Tlv(tag, number.to_bytes(length, "big"))


def optional(tag: int, value: bytes | None) -> Parameters:
    """The parameter, or none where there is no value."""
    return () if value is None else (Tlv(tag, value),)


def required(parameters: Iterable[Tlv], *path: int) -> bytes:
    """The value at `path`; raises FrameError where it is missing."""
    value = tlv.find_value(parameters, *path)
    if value is None:
        raise FrameError(f"no parameter {_name(path)}")
    return value


def number(
    parameters: Iterable[Tlv],
    *path: int,
    length: int = 1,
    default: int | None = None,
) -> int:
    """The number at `path`, of exactly `length` bytes.

    Raises FrameError for another length, and where it is missing without a default.
    """
    value = tlv.find_value(parameters, *path)
    if value is None and default is not None:
        return default
    if value is None or len(value) != length:
        raise FrameError(f"parameter {_name(path)} is not {length} bytes")
    return int.from_bytes(value, "big")


def optional_number(
    parameters: Iterable[Tlv], *path: int, length: int = 1
) -> int | None:
    """The number at `path`, if any; raises FrameError for another length."""
    if tlv.find(parameters, *path) is None:
        return None
    return number(parameters, *path, length=length)


def _name(path: tuple[int, ...]) -> str:
    return "/".join(f"{tag:02X}" for tag in path)
