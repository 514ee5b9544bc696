"""The log of deliveries: what was sent where, and how it ended."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to deliver one event to one endpoint."""

    event: str
    type: str
    """The event's type."""
    endpoint: str
    url: str
    number: int
    """Counts from 1; a repeat by a fault rule has the number of its original."""
    created_ms: int
    status: int | None
    """What the endpoint answered; None where no answer came."""
    error: str | None
    """Why no answer came."""

    @property
    def is_delivered(self) -> bool:
        """Whether the endpoint took it: any 2xx, as for Stripe."""
        return self.status is not None and 200 <= self.status < 300

    def shown(self) -> Mapping[str, Any]:
        """The attempt as JSON."""
        return {**asdict(self), "delivered": self.is_delivered}


class DeliveryLog:
    """The latest attempts, oldest dropped first."""

    def __init__(self, kept: int = KEPT) -> None:
        """`kept` is how many attempts are held."""
        self._attempts: deque[Attempt] = deque(maxlen=kept)

    def add(self, attempt: Attempt) -> None:
        """Log an attempt that has ended."""
        self._attempts.append(attempt)

    def find(self, where: Callable[[Attempt], bool]) -> Iterator[Attempt]:
        """The attempts that satisfy `where`, oldest first."""
        return (attempt for attempt in list(self._attempts) if where(attempt))

    def clear(self) -> None:
        """Forget all attempts."""
        self._attempts.clear()
