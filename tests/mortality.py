"""Where an agent in this process may die: at each write, each request, each command.

Death is sudden: what is on the disk at that moment is what the next life finds; nothing
that the dying one still attempts reaches the disk, Stripe or a reader.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from pipe_transport import PipeTransport

from agent.stripe_api.answers import Answer
from agent.stripe_api.connections import QUESTIONS, Connections, Origin
from simulator.reader.wires.pipe import PipeWire

T = TypeVar("T")

SENT_WITHIN_S = 0.05
"""How soon a request has reached Stripe, in virtual time."""


class Effect(StrEnum):
    """What an agent does that outlives it."""

    JOURNAL = "journal"
    STRIPE = "stripe"
    READER = "reader"


class When(StrEnum):
    """On which side of the effect."""

    BEFORE = "before"
    UNDER_WAY = "while under way"
    """Stripe has the request, and acts on it when the agent is dead."""
    AFTER = "after"
    """It has happened, and the agent has not made anything of it yet."""


@dataclass(frozen=True, slots=True)
class Point:
    """One place on an agent's way."""

    effect: Effect
    name: str
    """The kinds of entries, method and path of a request, or `command`."""
    turn: int
    """It is the n-th of that name, from 1."""
    when: When

    def __str__(self) -> str:
        return f"{self.when} {self.effect} {self.name} #{self.turn}"


@dataclass
class Fate:
    """Notes every point that an agent passes, or ends it at one of them."""

    folder: Path
    """Where the agent keeps what outlives it."""
    dies_at: Point | None = None
    is_watching: bool = False
    """Before it is, no point counts."""
    hold_up: Callable[[str, str], None] | None = None
    """Has Stripe act late on the next such request."""
    passed: list[Point] = field(default_factory=list)
    died: asyncio.Event = field(default_factory=asyncio.Event)
    _turns: Counter[tuple[Effect, str]] = field(default_factory=Counter)
    _transports: list[MortalTransport] = field(default_factory=list)
    _posthumous: set[asyncio.Task[Answer]] = field(default_factory=set)

    @property
    def next_life(self) -> Path:
        """Where death leaves what was on the disk."""
        name, _, number = self.folder.name.partition("-after-")
        return self.folder.with_name(f"{name}-after-{int(number or 0) + 1}")

    async def write(self, name: str, act: Callable[[], Awaitable[T]]) -> T:
        """Something goes to the journal."""
        return await self._through(Effect.JOURNAL, name, act)

    async def command(self, name: str, act: Callable[[], Awaitable[T]]) -> T:
        """Something goes to a reader."""
        return await self._through(Effect.READER, name, act)

    async def request(
        self, method: str, target: str, act: Callable[[], Awaitable[Answer]]
    ) -> Answer:
        """Something goes to Stripe; what only asks is never under way when it dies."""
        path = pattern_of(target)
        if method in QUESTIONS:
            return await self._through(Effect.STRIPE, f"{method} {path}", act)
        return await self._through(
            Effect.STRIPE,
            f"{method} {path}",
            act,
            under_way=lambda: self._send_and_forget(method, path, act),
        )

    def opened(self, transport: MortalTransport) -> None:
        """A cable that is let go of in death."""
        self._transports.append(transport)

    def kill(self) -> None:
        """Let the agent die here and now."""
        self.died.set()
        # Without the index that processes share; a dead one's is never believed.
        shutil.copytree(
            self.folder, self.next_life, ignore=shutil.ignore_patterns("*-shm")
        )
        for transport in self._transports:
            transport.let_go()

    async def _through(
        self,
        effect: Effect,
        name: str,
        act: Callable[[], Awaitable[T]],
        *,
        under_way: Callable[[], Awaitable[None]] | None = None,
    ) -> T:
        self._turns[effect, name] += int(self.is_watching)
        turn = self._turns[effect, name]
        self._pass(Point(effect, name, turn, When.BEFORE))
        if under_way is not None:
            point = Point(effect, name, turn, When.UNDER_WAY)
            if point == self.dies_at:
                await under_way()
            self._pass(point)
        result = await act()
        self._pass(Point(effect, name, turn, When.AFTER))
        return result

    def _pass(self, point: Point) -> None:
        """Raises CancelledError where the agent is dead: it does nothing any more."""
        if self.is_watching and not self.died.is_set():
            self.passed.append(point)
            if point == self.dies_at:
                self.kill()
        if self.died.is_set():
            raise asyncio.CancelledError

    async def _send_and_forget(
        self, method: str, path: str, act: Callable[[], Awaitable[Answer]]
    ) -> None:
        assert self.hold_up is not None
        self.hold_up(method, path)
        sent = asyncio.ensure_future(act())
        self._posthumous.add(sent)
        sent.add_done_callback(_forget)
        await asyncio.wait({sent}, timeout=SENT_WITHIN_S)


class MortalTransport(PipeTransport):
    """A cable whose commands are points."""

    def __init__(
        self, wire: PipeWire, *, spec: str, chunk_bytes: int | None, fate: Fate
    ) -> None:
        super().__init__(wire, spec=spec, chunk_bytes=chunk_bytes)
        self._fate = fate
        fate.opened(self)

    async def write(self, data: bytes) -> None:
        send = super().write
        await self._fate.command("command", lambda: send(data))

    def let_go(self) -> None:
        """The host is gone, and says no goodbye."""
        if not self._gone.is_set():
            self._wire.close()
            self._close()


class MortalConnections(Connections):
    """Connections whose requests are points."""

    def __init__(self, fate: Fate) -> None:
        super().__init__()
        self._fate = fate

    async def exchange(
        self,
        method: str,
        target: str,
        *,
        origin: Origin,
        headers: Mapping[str, str],
        body: bytes,
        timeout_s: float,
        connect_within_s: float | None = None,
    ) -> Answer:
        ask = super().exchange

        async def act() -> Answer:
            return await ask(
                method,
                target,
                origin=origin,
                headers=headers,
                body=body,
                timeout_s=timeout_s,
                connect_within_s=connect_within_s,
            )

        return await self._fate.request(method, target, act)


def pattern_of(target: str) -> str:
    """The path with a `*` for each id: one name for all requests of a kind."""
    path = target.partition("?")[0]
    return re.sub(r"/[a-z]+_\w+(?=/|$)", _star, path)


def _star(match: re.Match[str]) -> str:
    # Ids have a capital or a digit; names of collections, such as payment_intents, none.
    return "/*" if re.search(r"[A-Z0-9]", match[0]) else match[0]


def _forget(sent: asyncio.Future[Answer]) -> None:
    if not sent.cancelled():
        sent.exception()
