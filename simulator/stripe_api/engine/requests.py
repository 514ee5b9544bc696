"""The log of API requests: what came and what was answered. Card data are not shown."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.stripe_api.engine.forms import Tree
from simulator.stripe_api.engine.multipart import Upload

KEPT = 10_000

_SECRETS = frozenset(
    {"emv_data", "track_2", "ksn", "number", "cvc", "personal_psk", "password"}
    | {"admin_menu_passcode", "private_key_file_password"}
)


@dataclass(slots=True)
class RequestEntry:
    """One request; the fields after `created_ms` are filled in as it goes on."""

    id: str
    method: str
    path: str
    created_ms: int
    parameters: Tree = field(default_factory=dict)
    idempotency_key: str | None = None
    livemode: bool = False
    status: int | None = None
    """None while under way, and for a request whose connection was reset unanswered."""
    error_code: str | None = None
    replayed: bool = False
    fault: str | None = None
    """The name of the fault that befell it."""

    def shown(self) -> Mapping[str, Any]:
        """The entry as JSON, with card data and passwords blotted out."""
        return {
            "id": self.id,
            "method": self.method,
            "path": self.path,
            "created_ms": self.created_ms,
            "parameters": _redacted(self.parameters),
            "idempotency_key": self.idempotency_key,
            "livemode": self.livemode,
            "status": self.status,
            "error_code": self.error_code,
            "replayed": self.replayed,
            "fault": self.fault,
        }


class RequestLog:
    """The latest requests, oldest dropped first."""

    def __init__(self, kept: int = KEPT) -> None:
        """`kept` is how many entries are held."""
        self._entries: deque[RequestEntry] = deque(maxlen=kept)

    def add(self, entry: RequestEntry) -> None:
        """Log a request that has just come."""
        self._entries.append(entry)

    def find(self, where: Callable[[RequestEntry], bool]) -> Iterator[RequestEntry]:
        """The entries that satisfy `where`, oldest first."""
        return (entry for entry in list(self._entries) if where(entry))

    def clear(self) -> None:
        """Forget all entries."""
        self._entries.clear()


def _redacted(value: Any) -> Any:
    match value:
        case dict():
            return {
                key: "[redacted]" if key in _SECRETS else _redacted(inner)
                for key, inner in value.items()
            }
        case list():
            return [_redacted(inner) for inner in value]
        case Upload():
            return repr(value)
        case _:
            return value
