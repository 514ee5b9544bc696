"""What a reader's keys look like from outside, to see that an update left them alone.

Only digests are kept: not even a key serial number goes into a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256

from drivers.errors import ReaderRefused
from drivers.features import KeyState
from drivers.reader import Reader


async def key_digests(reader: Reader) -> dict[str, str]:
    """The digest of each key slot, by its name; empty where the reader does not tell.

    Raises DriverError where the wire fails.
    """
    if reader.features.keys is None:
        return {}
    try:
        states = await reader.features.keys.key_states()
    except ReaderRefused:
        # A reader that has lost all keys may say so in this way.
        return {}
    return digests_of(states)


def digests_of(states: Iterable[KeyState]) -> dict[str, str]:
    """One digest a slot: over its KSN and whether the key can be used."""
    return {
        state.name: sha256(
            bytes([state.is_usable, state.ksn is not None]) + (state.ksn or b"")
        ).hexdigest()
        for state in states
    }


def changed_keys(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The slots that were there before and are not the same any more."""
    return sorted(name for name, digest in before.items() if after.get(name) != digest)
