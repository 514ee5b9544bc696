"""Readers on the air: scanned for on demand, and recognised by what they advertise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import TYPE_CHECKING

from drivers.discovery.candidates import Candidate
from drivers.profile import Profile, profile_advertising, profiles
from drivers.transport.radio import Radio

if TYPE_CHECKING:
    from drivers.transport.radio import Sighting

SCAN_S = 5.0
"""Long enough to hear a reader that advertises once a second, and its name."""


async def advertised_model(
    spec: str,
    radio: Radio,
    *,
    timeout_s: float = SCAN_S,
    known: Iterable[Profile] | None = None,
) -> str | None:
    """Which model the reader at `spec` says it is; None where it is not heard, or no
    known one.

    Raises TransportUnavailable where there is no Bluetooth.
    """
    async with scanning(radio, timeout_s=timeout_s, known=known) as candidates:
        async for candidate in candidates:
            if candidate.spec.upper() == spec.upper():
                return candidate.model
    return None


@asynccontextmanager
async def scanning(
    radio: Radio, *, timeout_s: float = SCAN_S, known: Iterable[Profile] | None = None
) -> AsyncIterator[AsyncIterator[Candidate]]:
    """Scan within the context, for `timeout_s` at most.

    The iterator tells of each known reader once it is recognised, and again should its
    name be heard later. One that is connected does not advertise. `known` replaces the
    profiles that ship. Raises TransportUnavailable where there is no Bluetooth.
    """
    # With bleak, which is loaded on use.
    from drivers.transport.ble_reasons import BLUETOOTH_ERRORS, unavailable

    among = list(profiles().values() if known is None else known)
    async with AsyncExitStack() as stack:
        try:
            heard = await stack.enter_async_context(radio.listening())
        except BLUETOOTH_ERRORS as error:
            raise unavailable("ble:", error) from error
        until_s = asyncio.get_running_loop().time() + timeout_s
        candidates = _candidates(heard, until_s=until_s, among=among)
        yield await stack.enter_async_context(aclosing(candidates))


async def _candidates(
    heard: asyncio.Queue[Sighting], *, until_s: float, among: Sequence[Profile]
) -> AsyncGenerator[Candidate, None]:
    told: dict[str, Candidate] = {}
    while True:
        try:
            async with asyncio.timeout_at(until_s):
                sighting = await heard.get()
        except TimeoutError:
            return
        candidate = _candidate(sighting, among)
        if candidate is not None and told.get(candidate.spec) != candidate:
            told[candidate.spec] = candidate
            yield candidate


def _candidate(sighting: Sighting, among: Sequence[Profile]) -> Candidate | None:
    device, advertisement = sighting
    name = advertisement.local_name or device.name
    profile = profile_advertising(name, advertisement.service_uuids, among=among)
    if profile is None:
        return None
    return Candidate(
        f"ble:{device.address.upper()}",
        name or f"{profile.vendor} {profile.model}",
        model=profile.name,
    )
