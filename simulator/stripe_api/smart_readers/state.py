"""What a smart reader knows of itself: an object of the store, apart from the API's."""

from __future__ import annotations

from typing import TypedDict

from simulator.errors import ControlRefused
from simulator.stripe_api.engine.store import Kind
from simulator.stripe_api.smart_readers.phases import TRANSITIONS, Phase, Step

API_ERRORS_SINCE = (2, 42)
"""The first software version that tells errors of the API."""


class HeldCard(TypedDict):
    """A card in the reader's hands, by its name in the book: never its number."""

    name: str
    entry: str


class Outcome(TypedDict):
    """How the latest action ended, shown for a while."""

    text: str
    until_ms: int


class SmartReader(TypedDict):
    """The inner state of the terminal.reader with the same id."""

    id: str
    object: str
    phase: Phase
    is_silent: bool
    """Cut off from the network, and soon offline."""
    deadline_ms: int | None
    """When the phase ends by itself."""
    tip: int | None
    """What the customer chose, in minor units; None where nobody was asked."""
    card: HeldCard | None
    form_index: int
    """Which input of a form is shown."""
    note: str | None
    """A line of advice to the customer, such as after a card that could not be read."""
    outcome: Outcome | None
    allow_redisplay: str
    """How a card generated from the payment may be shown later."""
    authorization_s: float
    """How long the issuer takes; 0 is at once."""
    is_automatic: bool
    """A test helper stands in for the customer, who does what is asked."""
    leaves_card_in: bool
    """The customer forgets the card in the slot."""
    has_unheard_end: bool
    """An action ended while the reader was cut off."""
    host: str
    """Where commands were sent to: the host in the URLs of files the reader makes."""


SMART_READERS = Kind[SmartReader](
    name="simulator.smart_reader",
    prefix="tmr",
    noun="smart reader",
    shape=SmartReader,
)


def new_smart_reader(reader_id: str, *, is_silent: bool = False) -> SmartReader:
    """A reader that has just been switched on."""
    return {
        "id": reader_id,
        "object": SMART_READERS.name,
        "phase": Phase.IDLE,
        "is_silent": is_silent,
        "deadline_ms": None,
        "tip": None,
        "card": None,
        "form_index": 0,
        "note": None,
        "outcome": None,
        "allow_redisplay": "unspecified",
        "authorization_s": 0.0,
        "is_automatic": False,
        "leaves_card_in": False,
        "has_unheard_end": False,
        "host": "",
    }


def stepped(state: SmartReader, step: Step) -> SmartReader:
    """The state after a step; raises ControlRefused where the phase forbids it.

    The deadline, the note and the outcome of the phase before are gone.
    """
    phase = TRANSITIONS.get((state["phase"], step))
    if phase is None:
        raise ControlRefused(f"the reader cannot {step} while it is {state['phase']}")
    after = state.copy()
    after["phase"] = phase
    after["deadline_ms"] = None
    after["note"] = None
    after["outcome"] = None
    if phase is Phase.IDLE:
        after["card"] = None
        after["tip"] = None
        after["form_index"] = 0
        after["is_automatic"] = False
        after["leaves_card_in"] = False
    return after


def tells_api_errors(software_version: str | None) -> bool:
    """Whether software of this version fills in `action.api_error`."""
    parts = (software_version or "").split(".")[:2]
    if len(parts) < 2 or not all(part.isdecimal() for part in parts):
        return False
    return (int(parts[0]), int(parts[1])) >= API_ERRORS_SINCE
