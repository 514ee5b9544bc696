"""How far one card in front of a NEO reader is, and what may come next."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Phase(StrEnum):
    """How far it is."""

    WAITING = "waiting"
    READING = "reading"
    SELECTED = "selected"
    """The chip's application is read; 60-11 has to come."""
    AUTHENTICATING = "authenticating"
    AUTHORISING = "authorising"
    """The chip has asked for its issuer; 60-12 has to come."""
    ENDED = "ended"


class Step(StrEnum):
    """What can happen to it."""

    CARD_GIVEN = "card_given"
    CARD_NOT_READ = "card_not_read"
    APPLICATION_READ = "application_read"
    ASKED_FOR_CRYPTOGRAM = "asked_for_cryptogram"
    CRYPTOGRAM_READ = "cryptogram_read"
    END = "end"


TRANSITIONS: Mapping[tuple[Phase, Step], Phase] = {
    (Phase.WAITING, Step.CARD_GIVEN): Phase.READING,
    (Phase.READING, Step.CARD_NOT_READ): Phase.WAITING,
    (Phase.READING, Step.APPLICATION_READ): Phase.SELECTED,
    (Phase.SELECTED, Step.ASKED_FOR_CRYPTOGRAM): Phase.AUTHENTICATING,
    (Phase.AUTHENTICATING, Step.CRYPTOGRAM_READ): Phase.AUTHORISING,
    **{(phase, Step.END): Phase.ENDED for phase in Phase if phase is not Phase.ENDED},
}

PENDING = frozenset({Phase.WAITING, Phase.READING, Phase.AUTHENTICATING})
"""The host waits for an answer."""
