"""What each reader model is: data from firmware_profiles, checked and frozen.

Holds no behaviour; what a family makes of a profile is in drivers.families.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from drivers.errors import LocalError
from drivers.wires import WireKind

_UUID = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
_CONFIG = ConfigDict(extra="forbid", strict=True)


class Verified(StrEnum):
    """Against what a profile was tried."""

    SIMULATOR = "simulator"
    DEVICE = "device"


@dataclass(frozen=True, slots=True, config=_CONFIG)
class UsbId:
    """How a reader names itself on USB."""

    vendor_id: Annotated[int, Field(ge=0, le=0xFFFF)]
    product_id: Annotated[int, Field(ge=0, le=0xFFFF)]


@dataclass(frozen=True, slots=True, config=_CONFIG)
class LineSettings:
    """How bits go over a serial line."""

    baudrate: Annotated[int, Field(gt=0)] = 115200
    data_bits: Annotated[int, Field(ge=5, le=8)] = 8
    parity: Annotated[str, Field(pattern="^[NEO]$")] = "N"
    """`N` none, `E` even, `O` odd."""
    stop_bits: Annotated[int, Field(ge=1, le=2)] = 1


DEFAULT_LINE = LineSettings()


class Port(StrEnum):
    """Where a model can be connected, as specs begin."""

    SERIAL = "serial"
    USB = "usb"
    BLE = "ble"


@dataclass(frozen=True, slots=True, config=_CONFIG)
class Gatt:
    """Where a reader's bytes are on Bluetooth LE, and how it shows itself there."""

    service: Annotated[str, Field(pattern=_UUID)]
    write: Annotated[str, Field(pattern=_UUID)]
    notify: Annotated[str, Field(pattern=_UUID)]
    advertised: Annotated[str, Field(pattern=_UUID)] | None = None
    """The service it advertises, where that is another one."""
    name_prefix: str | None = None
    """How its advertised name begins."""
    most_packet_bytes: Annotated[int, Field(ge=20, le=512)] = 244
    kind: WireKind = WireKind.BLE
    """`stream` where the values are pieces of a serial stream."""
    settle_s: Annotated[float, Field(ge=0, le=5)] = 0.0
    """The time its services need after connecting."""
    passkey: Annotated[int, Field(ge=0, le=999_999)] | None = None
    """What its manual prints for pairing; one of a reader's own is no profile's."""


@dataclass(frozen=True, slots=True, config=_CONFIG)
class Capabilities:
    """What the model can do, in the words of drivers.reader and drivers.features."""

    input_options: frozenset[str]
    chip_flows: frozenset[str]
    has_display: bool
    features: frozenset[str] = frozenset()
    """Names of fields of drivers.features.Features."""
    takes_tips: bool = False
    captures_signatures: bool = False
    """While a transaction runs; `signature` is the feature outside of one."""


@dataclass(frozen=True, slots=True, config=_CONFIG)
class FirmwareRange:
    """Firmware this profile was tried with; None is an open end."""

    first: str | None = None
    last: str | None = None


@dataclass(frozen=True, slots=True, config=_CONFIG)
class Profile:
    """One reader model."""

    name: Annotated[str, Field(pattern="^[a-z0-9_]+$")]
    """The file's name, and ReaderInfo.model."""
    vendor: str
    model: str
    family: str
    """A key of drivers.registry.FAMILIES."""
    verified: Verified
    capabilities: Capabilities
    ports: frozenset[Port] = frozenset({Port.SERIAL})
    usb: tuple[UsbId, ...] = ()
    boot_loader: tuple[UsbId, ...] = ()
    """How it names itself while it waits for firmware."""
    ble: Gatt | None = None
    line: LineSettings = DEFAULT_LINE
    online_timeout_s: Annotated[float, Field(ge=1, le=255)] = 60.0
    """How long its chip waits for an issuer's answer, unless its host waits less."""
    firmware: tuple[FirmwareRange, ...] = ()
    quirks: frozenset[str] = frozenset()
    """Deviations by name, such as a family's code asks for them."""


PROFILE = TypeAdapter(Profile)
"""Also the source of firmware_profiles/profile.schema.json."""


def parse_profile(name: str, text: str) -> Profile:
    """The profile in a TOML text; raises LocalError naming file and field."""
    try:
        document = tomllib.loads(text)
        # Through JSON, where a strict check still takes arrays for sets and tuples.
        profile = PROFILE.validate_json(json.dumps(document))
    except tomllib.TOMLDecodeError as error:
        raise LocalError(f"profile {name}: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise LocalError(f"profile {name}: {field}: {first['msg']}") from None
    if profile.name != name:
        raise LocalError(f"profile {name} calls itself {profile.name}")
    return profile


@cache
def profiles() -> Mapping[str, Profile]:
    """Every profile that ships, by name; read once."""
    found = (path for path in files("firmware_profiles").iterdir())
    by_name = {
        name: parse_profile(name, path.read_text(encoding="utf-8"))
        for path in sorted(found, key=lambda path: path.name)
        if (name := path.name.removesuffix(".toml")) != path.name
    }
    return MappingProxyType(by_name)


def profile_named(name: str) -> Profile:
    """The profile of that name; raises LocalError where there is none."""
    known = profiles()
    if name not in known:
        raise LocalError(f"no reader model {name!r}, only {', '.join(known)}")
    return known[name]


def profile_with_usb_id(usb_id: UsbId) -> Profile | None:
    """The first profile that lists this USB id."""
    matching = (profile for profile in profiles().values() if usb_id in profile.usb)
    return next(matching, None)


def profile_advertising(
    name: str | None,
    services: Collection[str],
    *,
    among: Iterable[Profile] | None = None,
) -> Profile | None:
    """The profile of what advertises this name and these services on Bluetooth LE.

    The longest name prefix that fits decides, else the first profile with one of the
    services. `among` replaces the profiles that ship.
    """
    known = [
        (profile, profile.ble)
        for profile in (profiles().values() if among is None else among)
        if profile.ble is not None
    ]
    by_name = [
        (len(gatt.name_prefix), profile)
        for profile, gatt in known
        if gatt.name_prefix and name is not None and name.startswith(gatt.name_prefix)
    ]
    if by_name:
        return max(by_name, key=lambda found: found[0])[1]
    by_service = (
        profile
        for profile, gatt in known
        if (gatt.advertised or gatt.service) in services
    )
    return next(by_service, None)
