"""Who of a machine's accounts is at which port, and has which reader.

One object for all accounts. Where there is only one, nobody is ever refused.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary, WeakValueDictionary

from drivers.errors import DriverError
from drivers.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

CLOSING_S = 0.05
"""How long a reader that its account has let go may take to be seen as closed."""


class PortOfOtherAccount(DriverError):
    """The port is open for a reader of another account of this machine."""

    code = "reader_of_other_account"
    retryable = True


class Registered(Protocol):
    """The readers of one account: agent.readers.roster.Roster."""

    def has(self, serial_number: str) -> bool:
        """Whether the reader of that serial number is registered there."""
        ...


class Claims:
    """Ports are opened one at a time over all accounts, and belong to who opened them."""

    def __init__(self) -> None:
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        # Weakly: what a reader has sent must not outlive its connection here.
        self._held: WeakValueDictionary[str, Reader] = WeakValueDictionary()
        self._holders: WeakKeyDictionary[Reader, object] = WeakKeyDictionary()
        self._accounts: list[Registered] = []

    def turn(self, port: str) -> asyncio.Lock:
        """Whoever asks at this port holds it meanwhile."""
        return self._turns.setdefault(port, asyncio.Lock())

    async def check(self, port: str, *, by: object) -> None:
        """Raise PortOfOtherAccount while somebody other than `by` has it open."""
        reader = self._held.get(port)
        if reader is None or self._holders.get(reader, by) is by:
            return
        if not await _is_closed(reader):
            raise PortOfOtherAccount("a reader of another account is connected there")

    def hold(self, port: str, reader: Reader, *, by: object) -> None:
        """`by` has opened this reader, and has the port until it is closed."""
        self._held[port] = reader
        self._holders[reader] = by

    async def belong(self, account: Registered) -> None:
        """As long as this runs, the readers of `account` are its own; without end."""
        self._accounts.append(account)
        try:
            await asyncio.Event().wait()
        finally:
            self._accounts.remove(account)

    def is_others(self, serial_number: str, *, than: Registered) -> bool:
        """Whether the reader is registered in another account."""
        return any(other.has(serial_number) for other in self._besides(than))

    def _besides(self, account: Registered) -> Iterator[Registered]:
        return (other for other in self._accounts if other is not account)


async def _is_closed(reader: Reader) -> bool:
    closing = asyncio.create_task(reader.wait_closed())
    try:
        await asyncio.wait({closing}, timeout=CLOSING_S)
        return closing.done()
    finally:
        closing.cancel()
