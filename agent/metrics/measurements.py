"""What the agent has done since it started, in plain numbers. No labels from outside.

Nothing here names a card, a key, an amount or a customer.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from agent.events import (
    Event,
    PhaseChanged,
    ReaderDisconnected,
    ReaderQuarantined,
    ReaderReconnectFailed,
    ReaderReconnectStarted,
    ReaderReconnectSucceeded,
    UpdateFinished,
)
from agent.metrics.timings import Timings
from agent.payments.states import FINAL

RECONNECT_STEPS = ("started", "succeeded", "failed", "quarantined")
UPDATE_OUTCOMES = ("done", "failed", "rolled_back")


class Measurements:
    """Counts and durations; who measures calls, and never waits.

    What has a few values counts from 0 on: Prometheus takes a count that is there all at
    once for no increase, and an alarm would miss the first one.
    """

    def __init__(self) -> None:
        self.payments_ended: Counter[str] = Counter(dict.fromkeys(map(str, FINAL), 0))
        """By outcome: the final phases."""
        self.payment_phases: Counter[str] = Counter()
        """Every phase entered."""
        self.reconnects: Counter[str] = Counter(dict.fromkeys(RECONNECT_STEPS, 0))
        self.disconnects: Counter[str] = Counter()
        """By the SDKs' reason."""
        self.updates_ended: Counter[str] = Counter(dict.fromkeys(UPDATE_OUTCOMES, 0))
        self.stripe_requests: defaultdict[tuple[str, ...], Timings] = defaultdict(
            Timings
        )
        """By method and outcome: a status class such as `2xx`, or `unreachable`, `lost`."""
        self.http_requests: defaultdict[tuple[str, ...], Timings] = defaultdict(Timings)
        """By method, route and status class."""
        self.journal_commits = Timings()
        self.journal_changes = 0

    def heard(self, event: Event) -> None:
        """Count what happened."""
        match event:
            case PhaseChanged(phase=phase):
                self.payment_phases[phase] += 1
                if phase in FINAL:
                    self.payments_ended[phase] += 1
            case ReaderReconnectStarted():
                self.reconnects["started"] += 1
            case ReaderReconnectSucceeded():
                self.reconnects["succeeded"] += 1
            case ReaderReconnectFailed():
                self.reconnects["failed"] += 1
            case ReaderQuarantined():
                self.reconnects["quarantined"] += 1
            case ReaderDisconnected(reason=reason):
                self.disconnects[reason] += 1
            case UpdateFinished(outcome=outcome):
                self.updates_ended[outcome] += 1
            case _:
                pass

    def asked_stripe(self, method: str, outcome: str, seconds: float) -> None:
        """One request upstream has ended."""
        self.stripe_requests[method, outcome].add(seconds)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request to the local API has been answered."""
        self.http_requests[method, route, status_class(status)].add(seconds)

    def committed(self, changes: int, seconds: float) -> None:
        """The journal's writer has put so many changes on the disk at one stroke."""
        self.journal_commits.add(seconds)
        self.journal_changes += changes


def status_class(status: int) -> str:
    """`2xx` for 201."""
    return f"{status // 100}xx"
