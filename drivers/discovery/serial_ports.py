"""Serial ports that may hold a reader: by USB id, or because they were configured."""

from __future__ import annotations

from collections.abc import Sequence

from serial.tools.list_ports import comports

from drivers.discovery.candidates import Candidate, ListPorts, PortInfo, usb_id_of
from drivers.profile import profile_with_usb_id


def discover_serial(
    extra_ports: Sequence[str], *, list_ports: ListPorts = comports
) -> list[Candidate]:
    """Ports with a known reader's USB id, and the configured ones, asked or not.

    `extra_ports` are paths or transport specs.
    """
    known = {f"serial:{port.device}": port for port in list_ports()}
    found = [
        candidate
        for spec, port in known.items()
        if (candidate := _candidate(spec, port)).model is not None
    ]
    for extra in extra_ports:
        spec = f"serial:{extra}" if extra.startswith("/") else extra
        if any(candidate.spec == spec for candidate in found):
            continue
        port = known.get(spec)
        found.append(
            Candidate(spec, "configured port")
            if port is None
            else _candidate(spec, port)
        )
    return found


def _candidate(spec: str, port: PortInfo) -> Candidate:
    usb_id = usb_id_of(port)
    profile = None if usb_id is None else profile_with_usb_id(usb_id)
    return Candidate(
        spec,
        port.description,
        usb_id=usb_id,
        serial_number=port.serial_number,
        model=None if profile is None else profile.name,
    )
