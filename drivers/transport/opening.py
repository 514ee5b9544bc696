"""From a spec string to an open transport."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from drivers.errors import LocalError
from drivers.profile import Profile
from drivers.transport.base import Transport, parse_spec
from drivers.transport.radio import Radio
from drivers.transport.serial import open_serial
from drivers.transport.tcp import open_tcp

OpenTransport = Callable[[str], Awaitable[Transport]]


def openers(
    profile: Profile, *, radio: Radio | None = None
) -> dict[str, OpenTransport]:
    """How each scheme is opened for a reader of this model.

    Everything that uses Bluetooth at the same time must share one `radio`.
    """
    return {
        "serial": partial(open_serial, line=profile.line),
        "tcp": open_tcp,
        "usb": _open_usb,
        "ble": partial(_open_ble, profile=profile, radio=radio or Radio()),
    }


async def open_transport(
    spec: str, *, schemes: Mapping[str, OpenTransport]
) -> Transport:
    """Open what `spec` names; raises TransportUnavailable, or LocalError."""
    scheme = parse_spec(spec).scheme
    if scheme not in schemes:
        known = ", ".join(sorted(schemes))
        raise LocalError(f"{spec!r}: no transport {scheme!r}, only {known}")
    return await schemes[scheme](spec)


async def _open_ble(spec: str, *, profile: Profile, radio: Radio) -> Transport:
    # Loaded on use: it takes a tenth of the time in which the agent starts.
    from drivers.transport.ble import open_ble

    if profile.ble is None:
        raise LocalError(f"{spec}: {profile.name} has no Bluetooth")
    return await open_ble(spec, gatt=profile.ble, radio=radio)


async def _open_usb(spec: str) -> Transport:
    # Loaded on use: not every machine has a reader on USB, or libusb.
    from drivers.transport.usb import open_usb

    return await open_usb(spec)
