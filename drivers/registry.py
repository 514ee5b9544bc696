"""Which family drives which reader, and which ports may hold one."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from serial.tools.list_ports import comports

from drivers.errors import ReaderTimeout, RemoteError
from drivers.families.magtek_mms.device import Timings
from drivers.families.magtek_mms.reader import open_magtek_mms
from drivers.profile import (
    Profile,
    UsbId,
    profile_named,
    profile_with_usb_id,
    profiles,
)
from drivers.reader import Reader
from drivers.transport.base import Transport, parse_spec
from drivers.transport.opening import OpenTransport, open_transport, openers

OpenFamily = Callable[[Transport, Profile, float], Awaitable[Reader]]
"""Asks whoever is on a transport for its identity, waiting so long for an answer."""


async def _open_magtek_mms(
    transport: Transport, profile: Profile, timeout_s: float
) -> Reader:
    timings = Timings(answer_s=timeout_s)
    return await open_magtek_mms(transport, profile, timings=timings)


FAMILIES: Mapping[str, OpenFamily] = {"magtek_mms": _open_magtek_mms}


class PortInfo(Protocol):
    """A serial port as pyserial lists it."""

    device: str
    description: str
    vid: int | None
    pid: int | None
    serial_number: str | None


ListPorts = Callable[[], Iterable[PortInfo]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A port where a reader may be; nobody has asked it yet."""

    spec: str
    description: str
    usb_id: UsbId | None = None
    serial_number: str | None = None
    """What USB says of the adapter or reader; not always the reader's own."""
    model: str | None = None
    """The profile that its USB id suggests."""


async def open_reader(
    spec: str,
    *,
    model: str | None = None,
    timeout_s: float = 5.0,
    list_ports: ListPorts = comports,
    schemes: Mapping[str, OpenTransport] | None = None,
) -> Reader:
    """Open `spec` and identify the reader on it; `timeout_s` is for each answer.

    Without a `model` the port's USB id decides, and failing that each family asks in
    turn. `schemes` replaces the ways to open a transport. Raises LocalError for an
    unknown model or a malformed spec, and what a family raises where none fits.
    """

    async def open_as(profile: Profile) -> Reader:
        transport = await open_transport(spec, schemes=schemes or openers(profile.line))
        return await FAMILIES[profile.family](transport, profile, timeout_s)

    return await first_that_answers(
        _possible_profiles(spec, model, list_ports), open_as
    )


async def first_that_answers(
    possible: Sequence[Profile], open_as: Callable[[Profile], Awaitable[Reader]]
) -> Reader:
    """The reader as the first of the profiles under which it makes sense.

    Raises what the last of them raised.
    """
    *others, last = possible
    for profile in others:
        with suppress(ReaderTimeout, RemoteError):
            return await open_as(profile)
    return await open_as(last)


def discover_serial(
    extra_ports: Sequence[str], *, list_ports: ListPorts = comports
) -> list[Candidate]:
    """Ports with a known reader's USB id, and the configured ones, asked or not.

    `extra_ports` are paths or transport specs.
    """
    known = {f"serial:{port.device}": port for port in list_ports()}
    found = [
        candidate
        for spec, port in known.items()
        if (candidate := _candidate(spec, port)).model is not None
    ]
    for extra in extra_ports:
        spec = f"serial:{extra}" if extra.startswith("/") else extra
        if any(candidate.spec == spec for candidate in found):
            continue
        port = known.get(spec)
        found.append(
            Candidate(spec, "configured port")
            if port is None
            else _candidate(spec, port)
        )
    return found


def _candidate(spec: str, port: PortInfo) -> Candidate:
    usb_id = _usb_id(port)
    profile = None if usb_id is None else profile_with_usb_id(usb_id)
    return Candidate(
        spec,
        port.description,
        usb_id=usb_id,
        serial_number=port.serial_number,
        model=None if profile is None else profile.name,
    )


def _usb_id(port: PortInfo) -> UsbId | None:
    if port.vid is None or port.pid is None:
        return None
    return UsbId(port.vid, port.pid)


def _possible_profiles(
    spec: str, model: str | None, list_ports: ListPorts
) -> list[Profile]:
    if model is not None:
        return [profile_named(model)]
    parsed = parse_spec(spec)
    path = os.path.realpath(parsed.address)
    ports = list_ports() if parsed.scheme == "serial" else ()
    for port in ports:
        usb_id = _usb_id(port) if port.device == path else None
        profile = None if usb_id is None else profile_with_usb_id(usb_id)
        if profile is not None:
            return [profile]
    # One model stands for its family: they differ in what they can do, not in how to
    # ask who they are.
    one_each = {profile.family: profile for profile in profiles().values()}
    return list(one_each.values())
