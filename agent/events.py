"""What happens on this machine, told to whoever listens: in process, in order.

An event never holds card data. Delivery inside the process is best effort; what others
are told, and which of it is kept for those who are away, is the work of agent.outbox.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, get_args

from agent.ids import EndpointId, PaymentId, PaymentIntentId, ReaderId, UpdateId


@dataclass(frozen=True, slots=True)
class ReaderStatusChanged:
    """A reader came or went."""

    reader_id: ReaderId
    status: str
    """`online` or `offline`."""
    reason: str | None


@dataclass(frozen=True, slots=True)
class ReaderReconnectStarted:
    """A reader was lost, and the agent tries to get it back."""

    reader_id: ReaderId
    reason: str
    """A value of agent.readers.reconnect.DisconnectReason: the SDKs' words."""


@dataclass(frozen=True, slots=True)
class ReaderReconnectSucceeded:
    """A lost reader is back."""

    reader_id: ReaderId


@dataclass(frozen=True, slots=True)
class ReaderReconnectFailed:
    """A lost reader did not come back within its budget, or is not wanted any more."""

    reader_id: ReaderId


@dataclass(frozen=True, slots=True)
class ReaderDisconnected:
    """A reader is gone for good, as far as its user can tell."""

    reader_id: ReaderId
    reason: str
    """A value of agent.readers.reconnect.DisconnectReason."""


@dataclass(frozen=True, slots=True)
class ReaderQuarantined:
    """A reader was lost too often, and is left alone for so long."""

    reader_id: ReaderId
    seconds: float


@dataclass(frozen=True, slots=True)
class ReaderMoved:
    """A registered reader was found on another port, which is now its own."""

    reader_id: ReaderId
    spec: str


@dataclass(frozen=True, slots=True)
class ReaderNoticed:
    """A reader tells of itself; `notice` is a drivers.reader.DeviceNotice."""

    reader_id: ReaderId
    notice: str


@dataclass(frozen=True, slots=True)
class ConfigurationChanged:
    """Other settings count at a reader than before."""

    reader_id: ReaderId
    settings: tuple[str, ...]
    """Their names, such as `tipping`."""


@dataclass(frozen=True, slots=True)
class InputRequested:
    """The reader waits for a card; `options` are the SDKs' reader input options."""

    reader_id: ReaderId
    payment_id: PaymentId
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DisplayRequested:
    """The reader tells the cardholder something; the SDKs' display messages."""

    reader_id: ReaderId
    payment_id: PaymentId
    message: str


@dataclass(frozen=True, slots=True)
class CardEvent:
    """A card was `presented` or `removed`."""

    reader_id: ReaderId
    payment_id: PaymentId
    event: str
    option: str | None


@dataclass(frozen=True, slots=True)
class CustomerBusy:
    """The cardholder does something at the reader: `step` is a drivers CustomerStep."""

    reader_id: ReaderId
    payment_id: PaymentId
    step: str


@dataclass(frozen=True, slots=True)
class SignatureKept:
    """The cardholder has signed; for a day the signature can be asked for."""

    reader_id: ReaderId
    payment_id: PaymentId


@dataclass(frozen=True, slots=True)
class PhaseChanged:
    """A payment moved on; `phase` is a value of agent.payments.states.Phase."""

    reader_id: ReaderId
    payment_id: PaymentId
    phase: str
    payment_intent: str | None = None
    failure_code: str | None = None
    """Why it was refused, once it was."""


@dataclass(frozen=True, slots=True)
class ReaderActionChanged:
    """A reader's action has ended, or moved on: Stripe's event of that name."""

    type: str
    """Such as `terminal.reader.action_succeeded`."""
    reader_id: ReaderId
    reader: dict[str, Any]
    """Stripe's `terminal.reader` with its action, as it was then."""


@dataclass(frozen=True, slots=True)
class AuthorizationExpiring:
    """Held money is released soon, unless somebody captures it."""

    reader_id: ReaderId
    payment_id: PaymentId
    payment_intent: PaymentIntentId
    expires_at: int
    """Unix time."""


@dataclass(frozen=True, slots=True)
class LeaseOverridden:
    """A register took a reader from the one that had leased it."""

    reader_id: ReaderId
    owner: str
    """In its own words, as is the other."""
    previous_owner: str
    token: int
    """The new lease's fencing token."""


@dataclass(frozen=True, slots=True)
class UpdateAvailable:
    """There is newer firmware for a reader."""

    reader_id: ReaderId
    firmware_version: str
    image: str
    """Its name in the catalogue."""


@dataclass(frozen=True, slots=True)
class UpdateStarted:
    """A reader is out of service until its firmware update has ended."""

    reader_id: ReaderId
    update_id: UpdateId
    firmware_version: str


@dataclass(frozen=True, slots=True)
class UpdateProgress:
    """A firmware update moved on; `state` is an agent.firmware.states.UpdateState."""

    reader_id: ReaderId
    update_id: UpdateId
    state: str
    waits_for: str | None
    """An agent.firmware.gates.Obstacle while it waits."""
    percent: int
    """Of the image, as far as the reader has taken it."""
    remaining_s: int | None
    """An estimate, once there is one."""


@dataclass(frozen=True, slots=True)
class UpdateFinished:
    """A firmware update has ended; `outcome` is `done`, `failed` or `rolled_back`."""

    reader_id: ReaderId
    update_id: UpdateId
    outcome: str
    firmware_version: str | None
    """What the reader runs, as far as it is known."""
    failure_code: str | None


@dataclass(frozen=True, slots=True)
class WebhookEndpointDisabled:
    """An endpoint is sent nothing more until somebody enables it again."""

    endpoint_id: EndpointId
    reason: str
    """`failing` or `secret_missing`."""


@dataclass(frozen=True, slots=True)
class OfflinePaymentForwarded:
    """A payment that was stored offline is charged now."""

    reader_id: ReaderId
    payment_id: PaymentId
    payment_intent: str
    """Stripe's own."""
    charge: str | None


@dataclass(frozen=True, slots=True)
class OfflinePaymentDeclined:
    """The issuer refused a payment that was stored offline: the merchant is not paid."""

    reader_id: ReaderId
    payment_id: PaymentId
    payment_intent: str | None
    failure_code: str
    decline_code: str | None


@dataclass(frozen=True, slots=True)
class OfflineForwardingFailed:
    """A stored payment cannot be forwarded as it is: somebody has to look."""

    reader_id: ReaderId | None
    payment_id: PaymentId
    failure_code: str


@dataclass(frozen=True, slots=True)
class OfflineRecordDamaged:
    """What was stored offline was changed, moved or removed."""

    reader_id: ReaderId | None
    payment_id: PaymentId | None
    """Whose it is, as far as anything still tells."""
    seq: int | None
    """The entry's number."""
    damage: str
    """`changed`, `missing` or `vanished`."""


Event = (
    ReaderStatusChanged
    | ReaderReconnectStarted
    | ReaderReconnectSucceeded
    | ReaderReconnectFailed
    | ReaderDisconnected
    | ReaderQuarantined
    | ReaderMoved
    | ReaderNoticed
    | ConfigurationChanged
    | InputRequested
    | DisplayRequested
    | CardEvent
    | CustomerBusy
    | SignatureKept
    | PhaseChanged
    | ReaderActionChanged
    | AuthorizationExpiring
    | LeaseOverridden
    | UpdateAvailable
    | UpdateStarted
    | UpdateProgress
    | UpdateFinished
    | WebhookEndpointDisabled
    | OfflinePaymentForwarded
    | OfflinePaymentDeclined
    | OfflineForwardingFailed
    | OfflineRecordDamaged
)

PASSING = InputRequested | DisplayRequested | CardEvent | CustomerBusy | UpdateProgress
"""What is of use at that moment only, and told to those who listen then."""
WITH_ENTRIES = (
    PhaseChanged
    | ReaderActionChanged
    | AuthorizationExpiring
    | UpdateStarted
    | UpdateFinished
    | OfflinePaymentForwarded
    | OfflinePaymentDeclined
    | OfflineForwardingFailed
)
"""What the journal tells by itself, in the transaction that makes it true."""


_NAMES: dict[type[Any], str] = {
    kind: re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
    for kind in get_args(Event)
}
STRIPES_OWN = tuple(
    f"terminal.reader.action_{word}" for word in ("succeeded", "failed", "updated")
)
"""The names of a ReaderActionChanged, which are Stripe's."""
KEPT_NAMES = frozenset(STRIPES_OWN) | {
    name
    for kind, name in _NAMES.items()
    if kind not in (*get_args(PASSING), ReaderActionChanged)
}
"""Every name that a kept event may have."""
_FIELDS: dict[type[Any], list[str]] = {
    kind: [field.name for field in fields(kind)] for kind in get_args(Event)
}


def name_of(event: Event) -> str:
    """The event's name outside: `InputRequested` → `input_requested`."""
    if isinstance(event, ReaderActionChanged):
        return event.type
    return _NAMES[type(event)]


def data_of(event: Event) -> dict[str, Any]:
    """What it says, for JSON."""
    if isinstance(event, ReaderActionChanged):
        return event.reader
    return {name: getattr(event, name) for name in _FIELDS[type(event)]}


def reader_of(event: Event) -> ReaderId | None:
    """The reader it is about, if it is about one."""
    return getattr(event, "reader_id", None)


class EventBus:
    """Fan-out to bounded queues; a listener that does not keep up loses its oldest."""

    def __init__(self, *, queue_size: int = 256) -> None:
        self._queue_size = queue_size
        self._queues: set[asyncio.Queue[Event]] = set()
        self._watchers: list[Callable[[Event], None]] = []

    def watch(self, watcher: Callable[[Event], None]) -> None:
        """Call `watcher` with every event from now on, at once; it must not raise."""
        self._watchers.append(watcher)

    def publish(self, event: Event) -> None:
        """Hand `event` to every listener; never blocks, never raises."""
        for watcher in self._watchers:
            watcher(event)
        for queue in self._queues:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(event)

    @contextmanager
    def listen(self) -> Iterator[asyncio.Queue[Event]]:
        """A queue of all events published while the context is open."""
        queue: asyncio.Queue[Event] = asyncio.Queue(self._queue_size)
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)
