"""Keeps what Stripe's Configurations say for this machine's readers, and keeps it fresh.

Asked of Stripe when the agent starts, when readers come online, after changes through
the local API and on a schedule; kept in the journal's file, so that an agent that starts
without network knows what it knew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from agent.clock import Clock, doubling
from agent.errors import AgentError
from agent.events import ConfigurationChanged, Event, EventBus, ReaderStatusChanged
from agent.ids import Random
from agent.journal.journal import Journal
from agent.log import get_logger
from agent.readers.fleet import Fleet
from agent.readers.session import ReaderStatus
from agent.settings import TerminalSettings
from agent.stripe_api.client import StripeClient
from agent.stripe_api.objects import JsonObject
from agent.terminal_configuration.effective import EffectiveConfiguration, differences
from agent.terminal_configuration.fetching import fetch
from agent.terminal_configuration.snapshot import Snapshot

log = get_logger(__name__)

FIRST_RETRY_S = 2.0
"""After a failure; doubles up to `terminal.refresh_interval_s`."""
FRESH_FOR_S = 60.0
"""Readers that come online within this time of a refresh ask for no other."""
KNOWN_WITHIN_S = 5.0
"""The longest that a payment waits for a Configuration."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old the knowledge is, and what keeps it from being renewed."""

    fetched_at: datetime | None
    """None before Stripe was ever asked with success."""
    age_s: int | None
    problem: AgentError | None
    """Why the last attempt failed."""


class Configurations:
    """What counts at each Location of this machine's readers."""

    def __init__(
        self,
        *,
        journal: Journal,
        stripe: StripeClient,
        fleet: Fleet,
        events: EventBus,
        clock: Clock,
        random: Random,
        settings: TerminalSettings,
    ) -> None:
        self._journal = journal
        self._stripe = stripe
        self._fleet = fleet
        self._events = events
        self._clock = clock
        self._random = random
        self._settings = settings
        self._snapshot = Snapshot.of(journal.terminal.all(), livemode=stripe.livemode)
        self._problem: AgentError | None = None
        self._wanted = asyncio.Event()
        self._attempted = asyncio.Event()
        self._asked = self._answered = 0
        self._asked_about: set[str] = set()
        """Locations of readers that Stripe drives, among others."""
        self._refreshed_at_s: float | None = None
        events.watch(self._heard)

    def of(self, location: str | None) -> EffectiveConfiguration:
        """What counts at the readers of this Location, as far as it is known now."""
        return self._snapshot.effective(location)

    async def known(self, location: str | None) -> EffectiveConfiguration:
        """As `of`, once Stripe has been asked for it, or could not be.

        Waits where nothing is known of the Location, or something was changed through
        this agent; at most KNOWN_WITHIN_S.
        """
        if location is not None:
            self._asked_about.add(location)
        if not self._snapshot.knows(location):
            self.outdated()
        asked = self._asked
        with suppress(TimeoutError):
            async with asyncio.timeout(KNOWN_WITHIN_S):
                while self._answered < asked:
                    await self._attempted.wait()
        return self.of(location)

    def freshness(self) -> Freshness:
        """How old the knowledge is."""
        fetched_at = self._snapshot.fetched_at()
        age_s = None
        if fetched_at is not None:
            age_s = max(0, int((self._clock.now() - fetched_at).total_seconds()))
        return Freshness(fetched_at, age_s, self._problem)

    def kept(self) -> Sequence[JsonObject]:
        """The Locations and Configurations that count here, as Stripe had them last."""
        bodies = (kept.body for kept in self._snapshot.objects.values())
        by_id = {body["id"]: body for body in bodies if body is not None}
        return list(by_id.values())

    def outdated(self) -> None:
        """Something may have changed at Stripe: ask soon, and have `known` wait."""
        self._asked += 1
        self._wanted.set()

    async def run(self) -> None:
        """Keep the knowledge fresh; ends by cancellation."""
        retries = self._retries()
        while True:
            try:
                await self._refresh()
            except Exception:
                # The outermost loop: payments go on with what was known before.
                log.exception("configuration.defect")
            if self._problem is None:
                retries, wait_s = self._retries(), self._settings.refresh_interval_s
            else:
                wait_s = next(retries)
            await self._wait(wait_s)

    def _heard(self, event: Event) -> None:
        """A reader that comes online may be the first at its Location."""
        if (
            isinstance(event, ReaderStatusChanged)
            and event.status == ReaderStatus.ONLINE
            and not self._is_fresh()
        ):
            self._wanted.set()

    def _is_fresh(self) -> bool:
        at_s = self._refreshed_at_s
        return at_s is not None and (
            self._clock.monotonic() - at_s < FRESH_FOR_S
            and all(map(self._snapshot.knows, self._locations()))
        )

    async def _refresh(self) -> None:
        """Ask Stripe once, for everything."""
        self._wanted.clear()
        covered = self._asked
        try:
            objects = await fetch(
                self._stripe, locations=self._locations(), at=self._clock.now()
            )
            self._take(Snapshot.of(objects, livemode=self._stripe.livemode))
            await self._journal.terminal.replace(objects)
        except AgentError as error:
            if self._problem is None or self._problem.code != error.code:
                log.warning("configuration.not_refreshed", code=error.code)
            self._problem = error
        else:
            self._problem = None
            self._refreshed_at_s = self._clock.monotonic()
        finally:
            self._answered = covered
            self._attempted.set()
            self._attempted = asyncio.Event()

    def _take(self, snapshot: Snapshot) -> None:
        before, self._snapshot = self._snapshot, snapshot
        for session in self._fleet.sessions():
            location = session.record.location
            changed = differences(
                before.effective(location), snapshot.effective(location)
            )
            if changed:
                reader_id = session.record.reader_id
                log.info("configuration.changed", reader_id=reader_id, settings=changed)
                self._events.publish(ConfigurationChanged(reader_id, settings=changed))

    def _locations(self) -> set[str]:
        """Where this machine's readers are, and others that somebody has asked about."""
        locations = (session.record.location for session in self._fleet.sessions())
        known = {location for location in locations if location is not None}
        return known | self._asked_about

    def _retries(self) -> Iterator[float]:
        return doubling(FIRST_RETRY_S, max_s=self._settings.refresh_interval_s)

    async def _wait(self, longest_s: float) -> None:
        """Until a refresh is wanted, or for half to all of that time.

        Random, so that machines that lost their network together do not come back in
        step.
        """
        fraction = int.from_bytes(self._random(4)) / 2**32
        with suppress(TimeoutError):
            async with asyncio.timeout(longest_s * (0.5 + fraction / 2)):
                await self._wanted.wait()
