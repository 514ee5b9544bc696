"""Idempotency keys: the first answer to a POST is the only one, for twenty-four hours."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from simulator.stripe_api.engine.answers import Answer
from simulator.stripe_api.engine.errors import (
    IdempotencyKeyInUse,
    IdempotencyMismatch,
    InvalidRequest,
)
from simulator.stripe_api.engine.forms import Tree
from simulator.stripe_api.engine.multipart import Upload

MAXIMUM_KEY_LENGTH = 255
KEPT_FOR_S = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What must be equal for two requests to be the same."""

    method: str
    path: str
    parameters: Tree | str
    """As sent, or only their digest where they come from outside."""

    def has_parameters_of(self, other: Fingerprint) -> bool:
        """Whether both requests had the same parameters."""
        if isinstance(self.parameters, str) or isinstance(other.parameters, str):
            return self.digest() == other.digest()
        return self.parameters == other.parameters

    def digest(self) -> str:
        """The parameters as a hash, from which no card data can be read."""
        if isinstance(self.parameters, str):
            return self.parameters
        text = json.dumps(self.parameters, sort_keys=True, default=_upload_digest)
        return sha256(text.encode()).hexdigest()


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


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """One key with all that is known of its use."""

    key: str
    fingerprint: Fingerprint
    started_s: float
    stored: Stored


class IdempotencyKeys:
    """The keys in use in one mode. Times are the clock's monotonic seconds."""

    def __init__(self) -> None:
        """No keys."""
        self.changed: Callable[[str], None] | None = None
        """Told each key whose answer has been stored."""
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
        if self.changed is not None:
            self.changed(key)

    def forget(self, key: str) -> None:
        """The request never began executing: the key is free again."""
        del self._uses[key]

    def kept(self) -> Iterator[KeptAnswer]:
        """The stored answers, in the order of their requests."""
        for key in self._uses:
            kept = self.find(key)
            if kept is not None:
                yield kept

    def find(self, key: str) -> KeptAnswer | None:
        """What is stored under a key."""
        use = self._uses.get(key)
        if use is None or use.answer is None:
            return None
        stored = Stored(use.answer, use.request_id)
        return KeptAnswer(key, use.fingerprint, use.started_s, stored)

    def keep(self, kept: KeptAnswer) -> None:
        """Take in an answer from elsewhere; they must come in order."""
        self._uses[kept.key] = _Use(
            kept.fingerprint,
            kept.stored.request_id,
            kept.started_s,
            kept.stored.answer,
        )

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
    if not first.has_parameters_of(second):
        raise IdempotencyMismatch(
            "Keys for idempotent requests can only be used with the same parameters "
            f"they were first used with. Try using a key other than '{key}' if you "
            "meant to execute a different request."
        )


def _upload_digest(value: object) -> str:
    if not isinstance(value, Upload):
        raise TypeError(f"no parameter can be a {type(value).__name__}")
    return sha256(value.content).hexdigest()
