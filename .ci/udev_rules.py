"""Write systemd/udev/70-cardlane.rules from the profiles in firmware_profiles/.

Run it when a profile's USB ids have changed; a test compares.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from drivers.profile import Profile, profiles

RULES = Path(__file__).resolve().parent.parent / "systemd/udev/70-cardlane.rules"
HEAD = """\
# Card readers on USB and their serial ports: for the agent's account alone, and not for
# ModemManager, which would send them modem commands. Made from firmware_profiles/ by
# .ci/udev_rules.py. Adapters and serial ports without an id of a reader are not here: the
# unit gives the agent the group dialout for them.
"""
GIVEN = 'GROUP="cardlane", MODE="0660", ENV{ID_MM_DEVICE_IGNORE}="1"'


def main() -> int:
    """Write the file."""
    RULES.write_text(rules_for(profiles().values()))
    return 0


def rules_for(known: Iterable[Profile]) -> str:
    """The file's text."""
    return "\n".join([HEAD, *_rules(known)])


def _rules(known: Iterable[Profile]) -> Iterator[str]:
    product_ids: dict[tuple[str, int], set[int]] = defaultdict(set)
    for profile in known:
        for usb_id in (*profile.usb, *profile.boot_loader):
            product_ids[profile.vendor, usb_id.vendor_id].add(usb_id.product_id)
    for (vendor, vendor_id), products in sorted(product_ids.items()):
        of_vendor = f'ATTR{{idVendor}}=="{vendor_id:04x}"'
        of_products = "|".join(f"{each:04x}" for each in sorted(products))
        matching = f'{of_vendor}, ATTR{{idProduct}}=="{of_products}"'
        yield f"# {vendor}"
        yield f'SUBSYSTEM=="usb", ENV{{DEVTYPE}}=="usb_device", {matching}, {GIVEN}'
        of_parent = matching.replace("ATTR{", "ATTRS{")
        yield f'SUBSYSTEM=="tty", {of_parent}, {GIVEN}\n'


if __name__ == "__main__":
    sys.exit(main())
