"""Idempotency keys: the first answer to a POST is the only one, for twenty-four hours."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.stripe_api.engine.answers import Answer
from simulator.stripe_api.engine.errors import (
    IdempotencyKeyInUse,
    IdempotencyMismatch,
    InvalidRequest,
)
from simulator.stripe_api.engine.forms import Tree

MAXIMUM_KEY_LENGTH = 255
KEPT_FOR_S = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What must be equal for two requests to be the same."""

    method: str
    path: str
    parameters: Tree


@dataclass(slots=True)
class _Use:
    """One key's first request; `answer` is None while it is under way."""

    fingerprint: Fingerprint
    request_id: str
    started_s: float
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """The first request's answer, and the id of that request."""

    answer: Answer
    request_id: str


class IdempotencyKeys:
    """The keys in use in one mode. Times are the clock's monotonic seconds."""

    def __init__(self) -> None:
        """No keys."""
        self._uses: dict[str, _Use] = {}

    def begin(
        self, key: str, fingerprint: Fingerprint, *, request_id: str, now_s: float
    ) -> Stored | None:
        """The stored answer, or None: then the caller must `finish` or `forget`.

        Raises IdempotencyMismatch, IdempotencyKeyInUse, or InvalidRequest for a key
        that is too long.
        """
        if len(key) > MAXIMUM_KEY_LENGTH:
            raise InvalidRequest(
                f"Idempotency keys can be at most {MAXIMUM_KEY_LENGTH} characters; "
                f"yours has {len(key)}."
            )
        self._prune(now_s)
        use = self._uses.get(key)
        if use is None:
            self._uses[key] = _Use(fingerprint, request_id, now_s)
            return None
        _check_same(key, use.fingerprint, fingerprint)
        if use.answer is None:
            raise IdempotencyKeyInUse(
                "There is currently another in-progress request using this Idempotent "
                "Key (that probably means you submitted twice, and the other request "
                f"is still going through): {key}. Please try again later."
            )
        return Stored(use.answer, use.request_id)

    def finish(self, key: str, answer: Answer) -> None:
        """Store the answer of the request that began with this key."""
        self._uses[key].answer = answer

    def forget(self, key: str) -> None:
        """The request never began executing: the key is free again."""
        del self._uses[key]

    def _prune(self, now_s: float) -> None:
        # Keys are in order of their first use, so the old ones are in front.
        while self._uses:
            key, use = next(iter(self._uses.items()))
            if use.answer is None or now_s - use.started_s < KEPT_FOR_S:
                return
            del self._uses[key]


def _check_same(key: str, first: Fingerprint, second: Fingerprint) -> None:
    if (first.method, first.path) != (second.method, second.path):
        raise IdempotencyMismatch(
            "Keys for idempotent requests can only be used for the same endpoint they "
            f"were first used for ('{second.path}' vs '{first.path}'). Try using a key "
            f"other than '{key}' if you meant to execute a different request."
        )
    if first.parameters != second.parameters:
        raise IdempotencyMismatch(
            "Keys for idempotent requests can only be used with the same parameters "
            f"they were first used with. Try using a key other than '{key}' if you "
            "meant to execute a different request."
        )
