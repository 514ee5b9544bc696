"""The udev rules that ship, beside the profiles that they are made from."""

from __future__ import annotations

import runpy

from house import ROOT

from drivers.profile import profiles

MAKER = ".ci/udev_rules.py"
RULES = ROOT / "systemd/udev/70-cardlane.rules"


def test_rules_are_those_of_the_profiles() -> None:
    """If not: `.venv/bin/python .ci/udev_rules.py`."""
    rules_for = runpy.run_path(str(ROOT / MAKER))["rules_for"]

    assert RULES.read_text() == rules_for(profiles().values())


def test_every_reader_on_usb_is_given_to_the_agent() -> None:
    rules = [line for line in RULES.read_text().splitlines() if "GROUP=" in line]

    for profile in profiles().values():
        for usb_id in (*profile.usb, *profile.boot_loader):
            of_id = [
                line
                for line in rules
                if f'=="{usb_id.vendor_id:04x}"' in line
                and f"{usb_id.product_id:04x}" in line
            ]
            assert [line.split('"')[1] for line in of_id] == ["usb", "tty"]
