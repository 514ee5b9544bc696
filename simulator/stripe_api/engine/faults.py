"""Fault rules: which requests and webhooks go wrong, and how.

Seeded, so that a run repeats.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import ClassVar

from simulator.stripe_api.engine.errors import (
    ApiError,
    IdempotencyKeyInUse,
    InvalidRequest,
    ObjectLocked,
    RateLimited,
    ServerFailure,
)
from simulator.stripe_api.engine.ids import Random


@dataclass(frozen=True, slots=True)
class AnswerStatus:
    """The request is answered with an error instead of being carried out."""

    kind: ClassVar[str] = "answer_status"

    status: int
    code: str | None = None
    """The error's code; what Stripe says most often under this status where None."""


@dataclass(frozen=True, slots=True)
class ResetConnection:
    """The connection is reset before the request is carried out."""

    kind: ClassVar[str] = "reset_connection"


@dataclass(frozen=True, slots=True)
class Delay:
    """The request is carried out only after a while, and is under way until then."""

    kind: ClassVar[str] = "delay"

    seconds: float


@dataclass(frozen=True, slots=True)
class LoseReply:
    """The request is carried out, then the connection is reset instead of an answer."""

    kind: ClassVar[str] = "lose_reply"


@dataclass(frozen=True, slots=True)
class SlowBody:
    """The answer's body comes in pieces with a pause before each."""

    kind: ClassVar[str] = "slow_body"

    seconds: float
    piece_bytes: int = 64


@dataclass(frozen=True, slots=True)
class CutBody:
    """The connection is reset after so many bytes of the answer's body."""

    kind: ClassVar[str] = "cut_body"

    after_bytes: int


Fault = AnswerStatus | ResetConnection | Delay | LoseReply | SlowBody | CutBody


@dataclass(frozen=True, slots=True)
class DuplicateWebhook:
    """An event is delivered more than once."""

    kind: ClassVar[str] = "duplicate_webhook"

    copies: int = 1
    """How often beyond the first time."""
    seconds: float = 0.0
    """After how long each time; later events are not kept waiting."""


@dataclass(frozen=True, slots=True)
class DelayWebhook:
    """An event is delivered only after a while; later ones are not kept waiting."""

    kind: ClassVar[str] = "delay_webhook"

    seconds: float


@dataclass(frozen=True, slots=True)
class HoldWebhook:
    """An event is delivered out of order: behind so many later ones."""

    kind: ClassVar[str] = "hold_webhook"

    behind: int = 1


WebhookFault = DuplicateWebhook | DelayWebhook | HoldWebhook


@dataclass(frozen=True, slots=True)
class FaultRule:
    """A fault and the requests, or the webhooks, it befalls."""

    fault: Fault | WebhookFault
    method: str = "*"
    path: str = "*"
    """A pattern with `*`, such as `/v1/payment_intents/*/confirm`."""
    event: str = "*"
    """A pattern of event types, such as `charge.*`; for webhooks only."""
    times: int | None = 1
    """How many it befalls; None for all."""
    skip: int = 0
    """How many that match are left alone first."""
    probability: float = 1.0
    """The chance that one that matches is befallen, drawn from the seeded source."""

    def matches(self, method: str, path: str) -> bool:
        """Whether the rule is about such a request."""
        return self.method in ("*", method) and fnmatchcase(path, self.path)

    def matches_event(self, event_type: str) -> bool:
        """Whether the rule is about webhooks of such events."""
        return fnmatchcase(event_type, self.event)


@dataclass(slots=True)
class ActiveRule:
    """A rule in force and how often it has matched and struck."""

    id: str
    rule: FaultRule
    matched: int = 0
    struck: int = 0

    @property
    def is_spent(self) -> bool:
        """Whether the rule can strike no more."""
        return self.rule.times is not None and self.struck >= self.rule.times


class Faults:
    """The rules in force. The first that strikes is the only one."""

    def __init__(self, random: Random) -> None:
        """`random` decides for rules with a probability."""
        self._random = random
        self._rules: dict[str, ActiveRule] = {}
        self._added = 0

    def add(self, rule: FaultRule) -> ActiveRule:
        """Put a rule in force, after those that are."""
        self._added += 1
        active = ActiveRule(f"fault_{self._added}", rule)
        self._rules[active.id] = active
        return active

    def rules(self) -> Sequence[ActiveRule]:
        """The rules, spent ones included, in order."""
        return list(self._rules.values())

    def remove(self, rule_id: str) -> bool:
        """Take a rule out of force; whether there was one."""
        return self._rules.pop(rule_id, None) is not None

    def clear(self) -> None:
        """Take all rules out of force."""
        self._rules.clear()

    def strike(self, method: str, path: str) -> Fault | None:
        """The fault that befalls this request, if any."""
        for active in self._rules.values():
            fault = active.rule.fault
            if (
                not isinstance(fault, WebhookFault)
                and active.rule.matches(method, path)
                and self._strikes(active)
            ):
                return fault
        return None

    def strike_webhook(self, event_type: str) -> WebhookFault | None:
        """The fault that befalls a webhook of such an event, if any."""
        for active in self._rules.values():
            fault = active.rule.fault
            if (
                isinstance(fault, WebhookFault)
                and active.rule.matches_event(event_type)
                and self._strikes(active)
            ):
                return fault
        return None

    def _strikes(self, active: ActiveRule) -> bool:
        """Count a match, and decide."""
        if active.is_spent:
            return False
        active.matched += 1
        if active.matched <= active.rule.skip or not self._happens(active.rule):
            return False
        active.struck += 1
        return True

    def _happens(self, rule: FaultRule) -> bool:
        if rule.probability >= 1:
            return True
        return int.from_bytes(self._random(4), "big") < rule.probability * 2**32


def played_failure(fault: AnswerStatus) -> ApiError:
    """The error Stripe answers with under this HTTP status and code."""
    error: ApiError
    match fault.status, fault.code:
        case 429, ObjectLocked.code:
            return ObjectLocked()
        case 429, _:
            error = RateLimited()
        case 409, _:
            error = IdempotencyKeyInUse(
                "There is currently another in-progress request using this Idempotent "
                "Key. Please try again later."
            )
        case status, _ if status < 500:
            error = InvalidRequest("The request cannot be carried out.")
        case _:
            error = ServerFailure("An unknown error occurred.")
    error.status = fault.status
    error.code = fault.code or error.code
    return error
