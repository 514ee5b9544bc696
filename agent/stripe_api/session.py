"""Connections to Stripe that cost nothing until the first request."""

from __future__ import annotations

import asyncio
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from agent.stripe_api.connections import Connections

_MODULE = "agent.stripe_api.connections"


class Session:
    """Opens the connections when they are asked for; an async context manager.

    The HTTP library takes a third of a second to load. Loading it beside the event
    loop lets the local API answer first, and a cold start come up without network.
    """

    def __init__(self) -> None:
        self._opening: asyncio.Task[Connections] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._opening is not None:
            connections = await self._opening
            await connections.aclose()

    async def connections(self) -> Connections:
        """The connections, opened at the first call."""
        if self._opening is None:
            self._opening = asyncio.create_task(_open())
        # Shielded: one caller that gives up must not take the others' connections.
        return await asyncio.shield(self._opening)


async def _open() -> Connections:
    module = await asyncio.to_thread(import_module, _MODULE)
    connections: Connections = module.Connections()
    return connections
