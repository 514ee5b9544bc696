"""Where readers of this machine may be, method by method."""

from __future__ import annotations

from collections.abc import Mapping

from agent.readers.discovered import SCHEMES, DiscoveryMethod, Source
from agent.settings import ReaderSettings
from drivers.discovery.candidates import Candidate, WatchPorts
from drivers.discovery.serial_ports import discover_serial


def sources_of(
    settings: ReaderSettings, *, watch: WatchPorts
) -> Mapping[DiscoveryMethod, Source]:
    """Ports as the system lists them, and those that the settings name."""
    serial = [
        port
        for port in settings.serial_ports
        if port.startswith(("/", f"{SCHEMES[DiscoveryMethod.SERIAL]}:"))
    ]
    return {
        DiscoveryMethod.SERIAL: Source(lambda: discover_serial(serial), watch=watch),
        DiscoveryMethod.TCP: Source(lambda: _configured(settings, DiscoveryMethod.TCP)),
    }


def _configured(settings: ReaderSettings, method: DiscoveryMethod) -> list[Candidate]:
    return [
        Candidate(spec, "configured address")
        for spec in settings.serial_ports
        if spec.startswith(f"{SCHEMES[method]}:")
    ]
