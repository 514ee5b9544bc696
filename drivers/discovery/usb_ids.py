"""Which USB ids are a reader's, and what a device with one of them is called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from drivers.discovery.candidates import Candidate
from drivers.profile import Port, Profile, UsbId, profiles
from drivers.transport.usb_address import UsbAddress, spec_of


@dataclass(frozen=True, slots=True)
class UsbIds:
    """What each profile lists, by id; the first profile wins."""

    readers: Mapping[UsbId, Profile]
    boot_loaders: Mapping[UsbId, Profile]

    def model_of(self, usb_id: UsbId | None) -> str | None:
        """The reader model with this id, on whatever port."""
        profile = None if usb_id is None else self.readers.get(usb_id)
        return None if profile is None else profile.name


def known_usb_ids(known: Iterable[Profile] | None = None) -> UsbIds:
    """The ids in the profiles that ship, or in `known`."""
    readers: dict[UsbId, Profile] = {}
    boot_loaders: dict[UsbId, Profile] = {}
    for profile in profiles().values() if known is None else known:
        for usb_id in profile.usb:
            readers.setdefault(usb_id, profile)
        for usb_id in profile.boot_loader:
            boot_loaders.setdefault(usb_id, profile)
    return UsbIds(readers, boot_loaders)


def usb_candidate(
    address: UsbAddress, *, ids: UsbIds, product: str | None
) -> Candidate | None:
    """The device as a candidate, if it is a reader on USB or the boot loader of one."""
    loader = ids.boot_loaders.get(address.usb_id)
    reader = ids.readers.get(address.usb_id)
    profile = loader or reader
    if profile is None or not (loader or Port.USB in profile.ports):
        return None
    return Candidate(
        spec_of(address),
        product or profile.model,
        usb_id=address.usb_id,
        serial_number=address.serial_number,
        model=profile.name,
        is_boot_loader=loader is not None,
    )
