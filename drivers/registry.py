"""Which family drives which reader, and how one is opened."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

from serial.tools.list_ports import comports

from drivers.discovery.candidates import ListPorts, usb_id_of
from drivers.errors import ReaderTimeout, RemoteError
from drivers.families.magtek_mms.device import Timings
from drivers.families.magtek_mms.reader import open_magtek_mms
from drivers.profile import (
    Profile,
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


def _possible_profiles(
    spec: str, model: str | None, list_ports: ListPorts
) -> list[Profile]:
    if model is not None:
        return [profile_named(model)]
    parsed = parse_spec(spec)
    path = os.path.realpath(parsed.address)
    ports = list_ports() if parsed.scheme == "serial" else ()
    for port in ports:
        usb_id = usb_id_of(port) if port.device == path else None
        profile = None if usb_id is None else profile_with_usb_id(usb_id)
        if profile is not None:
            return [profile]
    # One model stands for its family: they differ in what they can do, not in how to
    # ask who they are.
    one_each = {profile.family: profile for profile in profiles().values()}
    return list(one_each.values())
