"""Which family drives which reader, and how one is opened."""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from serial.tools.list_ports import comports

from drivers.discovery.bluetooth import advertised_model
from drivers.discovery.candidates import ListPorts, usb_id_of
from drivers.errors import LocalError, ReaderTimeout, RemoteError
from drivers.profile import (
    Port,
    Profile,
    UsbId,
    profile_named,
    profiles,
)
from drivers.reader import Reader
from drivers.transport.base import Transport, TransportSpec, parse_spec
from drivers.transport.opening import OpenTransport, open_transport, openers
from drivers.transport.radio import Radio

OpenFamily = Callable[[Transport, Profile, float], Awaitable[Reader]]
"""Asks whoever is on a transport for its identity, waiting so long for an answer."""
Wrap = Callable[[Transport, Profile], Transport]
"""Puts something around an open transport, such as a recorder."""


# Each family takes as long to load as a tenth of the agent: only who has a reader of it
# loads it.


async def _open_idtech_neo(
    transport: Transport, profile: Profile, timeout_s: float
) -> Reader:
    from drivers.families.idtech_neo.device import Timings
    from drivers.families.idtech_neo.reader import open_idtech_neo

    timings = Timings(answer_s=min(timeout_s, Timings().answer_s), boot_s=timeout_s)
    return await open_idtech_neo(transport, profile, timings=timings)


async def _open_magtek_mms(
    transport: Transport, profile: Profile, timeout_s: float
) -> Reader:
    from drivers.families.magtek_mms.device import Timings
    from drivers.families.magtek_mms.reader import open_magtek_mms

    timings = Timings(answer_s=timeout_s)
    return await open_magtek_mms(transport, profile, timings=timings)


FAMILIES: Mapping[str, OpenFamily] = {
    "idtech_neo": _open_idtech_neo,
    "magtek_mms": _open_magtek_mms,
}
GUESS_S = 1.0
"""For each answer of a reader that may be another family's: all but the last guess.

A reader answers who it is within milliseconds, or it is starting and asked again later.
"""

_NAMED_PORTS = frozenset(port.value for port in Port)
_USB_ADDRESS = re.compile(r"([0-9a-fA-F]{4}):([0-9a-fA-F]{4})(?::|$)")


async def open_reader(
    spec: str,
    *,
    model: str | None = None,
    timeout_s: float = 5.0,
    list_ports: ListPorts = comports,
    schemes: Mapping[str, OpenTransport] | None = None,
    radio: Radio | None = None,
    wrap: Wrap | None = None,
) -> Reader:
    """Open `spec` and identify the reader on it; `timeout_s` is for each answer.

    Without a `model` the port's USB id decides, or what the reader advertises, and
    failing that each family that knows such ports asks in turn. `schemes` replaces the
    ways to open a transport; `radio` is the one that all who use Bluetooth share; `wrap`
    gets every open transport and may put something around it. Raises LocalError for an
    unknown model or a malformed spec, and what a family raises where none fits.
    """
    possible = _possible_profiles(spec, model, list_ports)
    if len(possible) > 1 and spec.startswith(f"{Port.BLE}:") and schemes is None:
        radio = radio or Radio()
        advertised = await advertised_model(spec, radio)
        possible = possible if advertised is None else [profile_named(advertised)]

    async def open_as(profile: Profile) -> Reader:
        ways = schemes or openers(profile, radio=radio)
        is_guess = profile is not possible[-1]
        answer_s = min(timeout_s, GUESS_S) if is_guess else timeout_s
        transport = await open_transport(spec, schemes=ways)
        try:
            if wrap is not None:
                transport = wrap(transport, profile)
            return await FAMILIES[profile.family](transport, profile, answer_s)
        except BaseException:
            await transport.aclose()
            raise

    return await first_that_answers(possible, open_as)


async def first_that_answers(
    possible: Sequence[Profile], open_as: Callable[[Profile], Awaitable[Reader]]
) -> Reader:
    """The reader as the first of the profiles under which it makes sense.

    Raises what the last of them raised, and LocalError where there is none.
    """
    if not possible:
        raise LocalError("no reader model is known on such a port")
    *others, last = possible
    for profile in others:
        with suppress(ReaderTimeout, RemoteError):
            return await open_as(profile)
    return await open_as(last)


def profiles_at(
    scheme: str, usb_id: UsbId | None, *, known: Iterable[Profile]
) -> list[Profile]:
    """Those of `known` by which a reader on such a port may be asked who it is.

    The one with its USB id, or else one of each family that has such ports.
    """
    possible = [
        profile
        for profile in known
        if scheme in profile.ports or scheme not in _NAMED_PORTS
    ]
    if usb_id is not None:
        for profile in possible:
            if usb_id in profile.usb:
                return [profile]
    # One model stands for its family: they differ in what they can do, not in how to
    # ask who they are.
    return list({profile.family: profile for profile in possible}.values())


def _possible_profiles(
    spec: str, model: str | None, list_ports: ListPorts
) -> list[Profile]:
    if model is not None:
        return [profile_named(model)]
    parsed = parse_spec(spec)
    usb_id = _usb_id(parsed, list_ports)
    return profiles_at(parsed.scheme, usb_id, known=profiles().values())


def _usb_id(parsed: TransportSpec, list_ports: ListPorts) -> UsbId | None:
    """As the spec itself says (`usb:0801:2020:…`), or the system of a serial port."""
    if parsed.scheme == "usb":
        match = _USB_ADDRESS.match(parsed.address)
        return None if match is None else UsbId(int(match[1], 16), int(match[2], 16))
    if parsed.scheme != "serial":
        return None
    path = os.path.realpath(parsed.address)
    of_port = (usb_id_of(port) for port in list_ports() if port.device == path)
    return next(of_port, None)
