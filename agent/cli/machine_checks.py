"""Doctor's checks of the machine: serial ports, and who else wants them."""

from __future__ import annotations

import grp
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from agent.cli.findings import Finding, failed, good, warning

PORT_PATTERNS = ("ttyUSB*", "ttyACM*")
"""Ports that come with a plugged-in device; ttyS* are there without one."""
RULES = "70-cardlane.rules"
RULE_FOLDERS = (Path("/etc/udev/rules.d"), Path("/usr/lib/udev/rules.d"))


def check_serial_ports(configured: Sequence[str], *, dev: Path) -> Finding:
    """Ports must be there, and this user must be allowed to open them."""
    check = "serial ports"
    names = [name for name in configured if not name.startswith("tcp:")]
    if configured and not names:
        return good(check, "The settings name addresses in the network only.")
    ports = [Path(name) for name in names] or list(_plugged_in(dev))
    if not ports:
        return warning(
            check,
            "None is plugged in.",
            remedy="Plug a reader in; `dmesg` tells whether the kernel saw it.",
        )
    missing = [str(port) for port in ports if not port.exists()]
    if missing:
        return failed(
            check,
            f"{', '.join(missing)}: not there.",
            remedy="Plug the reader in, or correct readers.serial_ports.",
        )
    closed = [str(port) for port in ports if not os.access(port, os.R_OK | os.W_OK)]
    if closed:
        return failed(
            check,
            f"{', '.join(closed)}: this user may not open them.",
            remedy="Add the agent's user to the port's group: "
            "usermod --append --groups dialout <user>; then log in again.",
        )
    return good(check, f"{', '.join(map(str, ports))} can be opened.")


def check_modem_manager(*, proc: Path, rules: Sequence[Path] = RULE_FOLDERS) -> Finding:
    """ModemManager sends modem commands to every new serial port, readers too.

    Not to those that the udev rules in the folders `rules` name.
    """
    check = "ModemManager"
    if "ModemManager" in _running_programs(proc):
        if _are_installed(rules):
            return good(check, "It runs, and udev keeps it off the readers it knows.")
        return warning(
            check,
            "It runs, and may talk to readers as if they were modems.",
            remedy="systemctl disable --now ModemManager, or have udev set "
            "ID_MM_DEVICE_IGNORE=1 for the readers.",
        )
    return good(check, "It does not run.")


def is_in_group(name: str) -> bool:
    """Whether this user is, or may do without: where there is no such group, and root."""
    try:
        wanted = grp.getgrnam(name).gr_gid
    except KeyError:
        return True
    return os.geteuid() == 0 or wanted in {os.getegid(), *os.getgroups()}


def check_bluetooth(
    *, sys: Path, proc: Path, is_member: Callable[[str], bool] = is_in_group
) -> Finding:
    """Where there is an adapter, readers on Bluetooth need BlueZ, and its permission."""
    check = "Bluetooth"
    adapters = [adapter.name for adapter in sorted(sys.glob("class/bluetooth/hci*"))]
    if not adapters:
        return good(check, "There is no adapter, so readers on Bluetooth are out.")
    if "bluetoothd" not in _running_programs(proc):
        return warning(
            check,
            f"{', '.join(adapters)}: BlueZ does not run.",
            remedy="apt-get install bluez; systemctl enable --now bluetooth.",
        )
    if not is_member("bluetooth"):
        return failed(
            check,
            "This user is not in the group bluetooth, so BlueZ does not answer it.",
            remedy="usermod --append --groups bluetooth <user>; then restart the agent.",
        )
    return good(check, f"{', '.join(adapters)}, and BlueZ runs.")


def check_device_rules(folders: Sequence[Path]) -> Finding:
    """udev must give readers on USB to the agent, and keep ModemManager off them."""
    check = "device rules"
    if _are_installed(folders):
        return good(check, "udev knows the readers.")
    return warning(
        check,
        "udev's rules for readers on USB are not installed.",
        remedy=f"Install {RULES} (docs/installation.md), or the Debian package.",
    )


def _are_installed(folders: Sequence[Path]) -> bool:
    return any((folder / RULES).exists() for folder in folders)


def _plugged_in(dev: Path) -> Iterator[Path]:
    for pattern in PORT_PATTERNS:
        yield from sorted(dev.glob(pattern))


def _running_programs(proc: Path) -> set[str]:
    names: set[str] = set()
    for comm in proc.glob("[0-9]*/comm"):
        try:
            names.add(comm.read_text().strip())
        except OSError:
            continue  # it ended meanwhile
    return names
