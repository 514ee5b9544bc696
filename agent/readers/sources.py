"""Where readers of this machine may be, method by method."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from importlib import import_module

from agent.readers.discovered import SCHEMES, DiscoveryMethod, Source
from agent.settings import ReaderSettings
from drivers.discovery.bluetooth import SCAN_S, scanning
from drivers.discovery.candidates import (
    Candidate,
    PortAdded,
    PortChange,
    WatchPorts,
)
from drivers.discovery.serial_ports import discover_serial
from drivers.discovery.usb_devices import discover_usb
from drivers.transport.radio import Radio

LONGEST_SCAN_S = 24 * 3600.0
"""Beyond whatever a caller may ask for: leaving ends the scan."""


def sources_of(
    settings: ReaderSettings, *, watch: WatchPorts, radio: Radio
) -> Mapping[DiscoveryMethod, Source]:
    """Ports as the system lists them, those on the air, and those in the settings."""
    ports, addresses = _configured(settings.serial_ports)
    return {
        # Both read files of the kernel, which takes some milliseconds.
        DiscoveryMethod.SERIAL: Source(
            partial(asyncio.to_thread, discover_serial, ports), watch=watch
        ),
        DiscoveryMethod.USB: Source(
            partial(asyncio.to_thread, discover_usb), watch=watch
        ),
        DiscoveryMethod.BLUETOOTH: Source(watch=on_the_air(radio), scan_s=SCAN_S),
        DiscoveryMethod.TCP: Source(partial(_known, addresses)),
    }


def on_the_air(radio: Radio) -> WatchPorts:
    """Readers that are heard, as news; nobody hears one leave."""

    @asynccontextmanager
    async def watch() -> AsyncIterator[AsyncIterator[PortChange]]:
        # Loading it takes some fifty milliseconds; payments go on meanwhile.
        await asyncio.to_thread(import_module, "bleak")
        async with scanning(radio, timeout_s=LONGEST_SCAN_S) as candidates:
            yield _as_news(candidates)

    return watch


async def _as_news(candidates: AsyncIterator[Candidate]) -> AsyncIterator[PortChange]:
    async for candidate in candidates:
        yield PortAdded(candidate)


async def _known(specs: Sequence[str]) -> list[Candidate]:
    return [Candidate(spec, "configured address") for spec in specs]


def _configured(specs: Sequence[str]) -> tuple[list[str], list[str]]:
    """Serial ports, and addresses in a network."""
    tcp = f"{SCHEMES[DiscoveryMethod.TCP]}:"
    ports = [spec for spec in specs if not spec.startswith(tcp)]
    return ports, [spec for spec in specs if spec.startswith(tcp)]
