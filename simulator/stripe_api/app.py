"""The simulated Stripe API as one object: its routes, and what controls it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence, Set
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.routing import BaseRoute, Route

from simulator.cards.book import CardBook
from simulator.clock import Clock
from simulator.emv.authorization import Issuer
from simulator.emv.kernel import Kernel
from simulator.stripe_api.engine.events import Listener
from simulator.stripe_api.engine.faults import Faults
from simulator.stripe_api.engine.ids import Random
from simulator.stripe_api.engine.keys import KeyRing
from simulator.stripe_api.engine.limits import RateLimits
from simulator.stripe_api.engine.operations import Operation, Work
from simulator.stripe_api.engine.requests import RequestLog
from simulator.stripe_api.engine.server import ApiServer, Everything
from simulator.stripe_api.engine.store import Store
from simulator.stripe_api.engine.versions import LATEST, ApiVersion
from simulator.stripe_api.public_links import PublicLinks
from simulator.stripe_api.resources.table import resources
from simulator.stripe_api.resources.terminal_reader_actions.shop import Shop
from simulator.stripe_api.smart_readers.card_slot import CardSlot
from simulator.stripe_api.state.account import AccountState
from simulator.stripe_api.webhooks.deliveries import Deliveries
from simulator.stripe_api.webhooks.posting import LocalPost


class StripeApi:
    """A simulated Stripe account, in test mode and in live mode."""

    def __init__(
        self,
        *,
        issuer: Issuer,
        clock: Clock,
        random: Random,
        keys: Set[str] = frozenset(),
        version: ApiVersion = LATEST,
        signing_clock: Clock | None = None,
        webhook_hosts: Set[str] = frozenset(),
        slot: CardSlot | None = None,
        seeds: Sequence[Any] = (),
        state_file: Path | None = None,
    ) -> None:
        """`keys` are the API keys accepted, any well-formed one where it is empty.

        `version` is the account's API version: that of events, and of requests that
        name none. Webhooks are signed with the time of `signing_clock`, or of `clock`
        without one; they go to this machine and to `webhook_hosts`. Smart readers
        read the cards of `slot`, or the built-in ones without one. `seeds` are there
        from the beginning, unless `state_file` holds objects already.
        """
        self.shop = Shop(
            issuer=issuer,
            slot=slot
            or CardSlot(
                CardBook.load(), kernel=Kernel(clock=clock, random_bytes=random)
            ),
        )
        self._server = ApiServer(
            resources(self.shop),
            clock=clock,
            random=random,
            keys=KeyRing(keys),
            version=version,
        )
        self.webhooks = Deliveries(
            self.store,
            send=LocalPost(webhook_hosts),
            clock=clock,
            signing_clock=signing_clock or clock,
            faults=self._server.faults,
        )
        self.add_listener(self.webhooks.take)
        self._links = PublicLinks(self.store, clock)
        self.state = AccountState(
            self._server.executor, clock, seeds=seeds, path=state_file
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Begin with seeds or the state file; within, do what no request waits for.

        That is to deliver webhooks and to keep the state file. Raises SeedInvalid or
        StateFileUnusable.
        """
        with self.state.kept() as keeper:
            async with asyncio.TaskGroup() as group:
                deliveries = group.create_task(self.webhooks.run())
                if keeper is not None:
                    group.create_task(keeper.run())
                try:
                    yield
                finally:
                    deliveries.cancel()
                    if keeper is not None:
                        keeper.stop()

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """The routes under `/v1` and `/links`, for a Starlette application."""
        return [
            Everything("/v1", self._server),
            Route("/links/{token}", self._links.read, methods=["GET"]),
        ]

    @property
    def operations(self) -> Sequence[Operation]:
        """Everything that can be asked for under `/v1`, previews apart."""
        operations = self._server.executor.operations
        return [operation for operation in operations if operation.preview is None]

    @property
    def previews(self) -> Sequence[Operation]:
        """What exists only for requests whose version names a preview."""
        operations = self._server.executor.operations
        return [operation for operation in operations if operation.preview is not None]

    @property
    def keys(self) -> KeyRing:
        """The accepted keys, and what the restricted ones among them may do."""
        return self._server.executor.keys

    @property
    def limits(self) -> RateLimits:
        """How many requests a second are answered."""
        return self._server.executor.limits

    @property
    def faults(self) -> Faults:
        """The fault rules in force."""
        return self._server.faults

    @property
    def requests(self) -> RequestLog:
        """The log of requests."""
        return self._server.requests

    def store(self, *, livemode: bool = False) -> Store:
        """The objects of one mode, until `reset`."""
        return self._server.executor.mode(livemode=livemode).store

    def add_listener(self, listener: Listener) -> None:
        """Call `listener` with every event from now on."""
        self._server.executor.listeners.append(listener)

    def act(self, work: Work, *, livemode: bool = False) -> None:
        """Do what no request asked for, such as what a cardholder does at a reader.

        Raises what `work` raises.
        """
        self._server.executor.act(work, livemode=livemode)

    def reset(self) -> None:
        """Start anew: the seeds alone, nothing logged, limited or made to fail."""
        self._server.forget()
        for watcher in self.shop.watchers:
            watcher.forget()
        self.limits.lift()
        self.keys.lift_restrictions()
        self.webhooks.forget()
        self.state.begin_anew()
