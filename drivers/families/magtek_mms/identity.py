"""Who a MagTek device says it is, and which profile that makes it."""

from __future__ import annotations

from drivers.errors import ReaderRefused, RemoteError
from drivers.families.magtek_mms.device import Device
from drivers.profile import Profile, profiles
from drivers.protocol.magtek_mms.properties import (
    FIRMWARE_ID,
    MODEL_NAME,
    SERIAL_NUMBER,
    property_text,
    serial_number_text,
)
from drivers.reader import ReaderInfo

FAMILY = "magtek_mms"


async def identify(device: Device, profile: Profile) -> tuple[ReaderInfo, Profile]:
    """What the device tells of itself, and its own profile: `profile` is a first guess.

    Raises ReaderTimeout, ReaderRefused, RemoteError or TransportError.
    """
    serial_number = await device.property_value(SERIAL_NUMBER)
    firmware = await _text(device, FIRMWARE_ID)
    model_name = await _text(device, MODEL_NAME)
    known = profile_with_name(model_name, guessed=profile)
    info = ReaderInfo(
        family=FAMILY,
        model=known.name,
        serial_number=serial_number_text(serial_number),
        firmware_version=firmware,
    )
    return info, known


def profile_with_name(model_name: str | None, *, guessed: Profile) -> Profile:
    """The profile whose model's name is the longest beginning of the device's own.

    Models share USB ids, hence the question. Unverified: the manual prints one such
    name, `DynaFlex Pro`. A name that begins like none leaves the guess.
    """
    if model_name is None or model_name == guessed.model:
        return guessed
    fitting = [
        profile
        for profile in profiles().values()
        if profile.family == guessed.family
        and model_name.casefold().startswith(profile.model.casefold())
    ]
    return max(fitting, key=lambda profile: len(profile.model), default=guessed)


async def _text(device: Device, oid: tuple[int, ...]) -> str | None:
    try:
        return property_text(await device.property_value(oid))
    except (ReaderRefused, RemoteError):
        # Not every model has the property; a reader works without telling.
        return None
