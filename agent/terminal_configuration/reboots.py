"""Restarts readers once a night, where their Configuration has hours for that.

A reader that would otherwise restart by itself, for its daily security check, does so
when nobody pays. One at a time, and never one that is in use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from agent.clock import Clock
from agent.errors import AgentError
from agent.ids import ReaderId
from agent.log import get_logger
from agent.readers.fleet import Fleet
from agent.readers.session import ReaderSession, ReaderStatus
from agent.stripe_api.objects import Json, number_at
from agent.terminal_configuration.configurations import Configurations

log = get_logger(__name__)

LOOK_EVERY_S = 300.0


@dataclass(frozen=True, slots=True)
class RebootWindow:
    """Hours of the day, local time; it may go past midnight."""

    start_hour: int
    end_hour: int

    @classmethod
    def of(cls, value: Json) -> RebootWindow | None:
        """A Configuration's `reboot_window`; None where it is none."""
        start, end = number_at(value, "start_hour"), number_at(value, "end_hour")
        if start is None or end is None or start == end:
            return None
        return cls(start, end)

    def night(self, local: datetime) -> date | None:
        """The day on which the window that is open now has opened; None while closed."""
        is_overnight = self.start_hour > self.end_hour
        if local.hour >= self.start_hour:
            is_open = is_overnight or local.hour < self.end_hour
            return local.date() if is_open else None
        if is_overnight and local.hour < self.end_hour:
            return local.date() - timedelta(days=1)
        return None


async def keep_rebooting(
    fleet: Fleet,
    configurations: Configurations,
    *,
    is_idle: Callable[[ReaderId], bool],
    clock: Clock,
    local_time: Callable[[datetime], datetime] = datetime.astimezone,
) -> None:
    """Restart each reader once in each of its windows; ends by cancellation.

    `is_idle` is whether no action of a reader is under way or unsettled.
    """
    nights: dict[ReaderId, date] = {}
    while True:
        await clock.sleep(LOOK_EVERY_S)
        for session in fleet.sessions():
            reader_id = session.record.reader_id
            night = _night_of(session, configurations, local_time(clock.now()))
            is_due = night is not None and nights.get(reader_id) != night
            is_there = session.status is ReaderStatus.ONLINE
            if night is None or not is_due or not is_there or not is_idle(reader_id):
                continue
            try:
                await fleet.reboot(reader_id)
            except AgentError as error:
                log.info("reader.not_restarted", reader_id=reader_id, code=error.code)
            else:
                log.info("reader.restarted", reader_id=reader_id)
                nights[reader_id] = night


def _night_of(
    session: ReaderSession, configurations: Configurations, local: datetime
) -> date | None:
    counting = configurations.of(session.record.location)
    window = RebootWindow.of(counting.settings["reboot_window"].value)
    return None if window is None else window.night(local)
