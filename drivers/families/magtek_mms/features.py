"""What one MagTek model offers beyond taking a card: what its profile lists."""

from __future__ import annotations

from drivers.families.magtek_mms.barcode import MmsBarcodeScanner
from drivers.families.magtek_mms.battery import MmsBatteryGauge
from drivers.families.magtek_mms.buzzer import MmsBuzzer
from drivers.families.magtek_mms.device import Device
from drivers.families.magtek_mms.display import Display
from drivers.families.magtek_mms.firmware import MmsFirmwareLoader
from drivers.families.magtek_mms.keys import MmsKeyStore
from drivers.families.magtek_mms.nfc_tag import MmsTagReader
from drivers.families.magtek_mms.pin import MmsPinPad
from drivers.families.magtek_mms.screen import MmsScreen
from drivers.families.magtek_mms.signature import MmsSignaturePad
from drivers.features import Features
from drivers.profile import Profile


def features_of(device: Device, profile: Profile, display: Display) -> Features:
    """The features that the profile lists and MMS has: all but lights, keypad, menu."""
    listed = profile.capabilities.features
    return Features(
        buzzer=MmsBuzzer(device) if "buzzer" in listed else None,
        signature=MmsSignaturePad(device) if "signature" in listed else None,
        barcode=MmsBarcodeScanner(device) if "barcode" in listed else None,
        nfc_tag=MmsTagReader(device) if "nfc_tag" in listed else None,
        pin=MmsPinPad(device, profile) if "pin" in listed else None,
        screen=MmsScreen(device, display) if "screen" in listed else None,
        battery=MmsBatteryGauge(device) if "battery" in listed else None,
        keys=MmsKeyStore(device) if "keys" in listed else None,
        firmware=MmsFirmwareLoader(device) if "firmware" in listed else None,
    )
