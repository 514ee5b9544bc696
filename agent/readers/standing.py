"""Where one reader's connection stands, counted in time and told to listeners."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from agent.clock import Clock
from agent.events import EventBus, ReaderNoticed
from agent.ids import Random
from agent.log import get_logger
from agent.readers import reconnect
from agent.readers.announcements import announcements
from agent.readers.reconnect import (
    NOTICE_HOLDS_S,
    REPLUG_S,
    TRYING,
    Connection,
    DisconnectReason,
    Happening,
    Phase,
    Policy,
)
from agent.readers.session import ReaderSession
from drivers.errors import Disconnected
from drivers.reader import DeviceNotice, Reader

log = get_logger(__name__)

DISCONNECT_REQUESTED = "reader_disconnect_requested"
QUARANTINED = "reader_quarantined"
_OFFLINE_REASONS = {
    Phase.DISCONNECTED: DISCONNECT_REQUESTED,
    Phase.QUARANTINED: QUARANTINED,
}


class Standing:
    """agent.readers.reconnect applied to one session; decides nothing itself."""

    def __init__(
        self,
        session: ReaderSession,
        *,
        clock: Clock,
        random: Random,
        events: EventBus,
        policy: Policy,
    ) -> None:
        self.failures = 0
        """Attempts that failed since the agent started."""
        self.port_gone_at_s: float | None = None
        self._session = session
        self._clock = clock
        self._random = random
        self._events = events
        self._policy = policy
        self._connection = Connection(clock.monotonic())
        self._reason = DisconnectReason.UNKNOWN
        self._noticed: tuple[DeviceNotice, float] | None = None
        self._stepped = asyncio.Event()

    @property
    def phase(self) -> Phase:
        """Where it stands."""
        return self._connection.phase

    @property
    def is_missing(self) -> bool:
        """Whether the reader is wanted from wherever it may be found."""
        match self.phase:
            case Phase.QUARANTINED:
                return self._away_s() >= REPLUG_S
            case Phase.CONNECTED:
                # Its loss is about to be noticed.
                return self.port_gone_at_s is not None
            case _:
                return self.phase in TRYING

    async def step(self) -> None:
        """Return at the end of the next attempt, or of the connection."""
        await self._stepped.wait()

    def stepped(self) -> None:
        """An attempt, or a connection with all that belonged to it, has ended."""
        self._stepped.set()
        self._stepped = asyncio.Event()

    def wait_s(self) -> float | None:
        """Until the next attempt; None where somebody has to ask for it."""
        return reconnect.wait_s(
            self._connection,
            at_s=self._clock.monotonic(),
            policy=self._policy,
            random=self._random,
        )

    def asked(self, what: Happening) -> None:
        """Somebody wants the reader, or wants it gone; or its quarantine is over."""
        self._change(self._after(what))
        if self.phase is Phase.DISCONNECTED:
            self._session.set_offline(DISCONNECT_REQUESTED)

    def plugged(self) -> None:
        """A port came that is the reader's, or seems to be."""
        self._change(
            reconnect.plugged(
                self._connection,
                away_s=self._away_s(),
                at_s=self._clock.monotonic(),
                policy=self._policy,
            )
        )

    def port_removed(self) -> None:
        """The reader's port is gone."""
        self.port_gone_at_s = self._clock.monotonic()

    def opened(self, reader: Reader) -> None:
        """An attempt has succeeded."""
        self.port_gone_at_s = None
        self._change(self._after(Happening.OPENED))
        self._session.set_online(reader)
        self.stepped()

    def failed(self, code: str, *, is_outdated: bool) -> bool:
        """An attempt has failed; whether that is news.

        `is_outdated` is that the port has come since it began.
        """
        is_news = self._connection.failures == 0
        connection = reconnect.failed(
            self._connection, at_s=self._clock.monotonic(), policy=self._policy
        )
        self.failures += 1
        self._reason = reconnect.reason_of_failure(code) or self._reason
        self._session.set_offline(code)
        self._change(replace(connection, failures=0) if is_outdated else connection)
        self.stepped()
        return is_news

    def noticed(self, notice: DeviceNotice) -> None:
        """The reader tells of itself."""
        reader_id = self._session.record.reader_id
        self._noticed = (notice, self._clock.monotonic())
        log.info("reader.notice", reader_id=reader_id, notice=notice)
        self._events.publish(ReaderNoticed(reader_id, notice))

    def lost(self, *, wanted: DisconnectReason | None) -> None:
        """The connection has ended; `wanted` is why, where that was on purpose."""
        at_s = self._clock.monotonic()
        notice, noticed_at_s = self._noticed or (None, 0.0)
        self._noticed = None
        self._reason = reconnect.reason_of_loss(
            self._session.record.spec,
            wanted=wanted,
            notice=notice if at_s - noticed_at_s <= NOTICE_HOLDS_S else None,
        )
        connection = reconnect.lost(
            self._connection, self._reason, at_s=at_s, policy=self._policy
        )
        code = _OFFLINE_REASONS.get(connection.phase, Disconnected.code)
        self._session.set_offline(code)
        self._change(connection)

    def _away_s(self) -> float:
        gone_at_s = self.port_gone_at_s
        return 0.0 if gone_at_s is None else self._clock.monotonic() - gone_at_s

    def _after(self, what: Happening) -> Connection:
        return reconnect.happened(self._connection, what, at_s=self._clock.monotonic())

    def _change(self, connection: Connection) -> None:
        before, self._connection = self._connection, connection
        for event in announcements(
            self._session.record.reader_id,
            before.phase,
            connection.phase,
            reason=self._reason,
            quarantine_s=self._policy.quarantine_s,
        ):
            self._events.publish(event)
