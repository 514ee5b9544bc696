"""Every legal step of one firmware update. Pure: no clock, no I/O, no logging.

`TRANSITIONS` is the whole state machine; a missing key is the error. A state is what
the journal proves: an activation without an outcome leaves the update in ACTIVATING or
REBOOTING, and the reader is asked what it runs.
"""

from __future__ import annotations

from enum import StrEnum

from agent.journal.update_entries import (
    ActivationStarted,
    ImageDownloaded,
    ImageLoaded,
    ImageVerified,
    InstallAwaited,
    LoadProgressed,
    LoadStarted,
    ReaderReturned,
    RestartAwaited,
    UpdateEnded,
    UpdateEntry,
    UpdateOutcome,
    UpdateRequested,
)


class UpdateState(StrEnum):
    """Where an update stands."""

    IDLE = "idle"
    """Requested; nothing was done yet."""
    DOWNLOADED = "downloaded"
    VERIFIED = "verified"
    WAITING_WINDOW = "waiting_window"
    """For the hour, for power, and for a reader that is idle."""
    LOADING = "loading"
    LOADED = "loaded"
    ACTIVATING = "activating"
    """Whether the reader has heard of it is not known."""
    REBOOTING = "rebooting"
    CONFIRMING = "confirming"
    DONE = "done"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"


class UpdateStep(StrEnum):
    """What an entry of the journal means to the state machine."""

    DOWNLOADED = "downloaded"
    VERIFIED = "verified"
    AWAITED = "awaited"
    LOAD_STARTED = "load_started"
    LOAD_PROGRESSED = "load_progressed"
    LOADED = "loaded"
    ACTIVATION_STARTED = "activation_started"
    RESTART_AWAITED = "restart_awaited"
    RETURNED = "returned"
    ENDED_DONE = "ended_done"
    ENDED_FAILED = "ended_failed"
    ENDED_ROLLED_BACK = "ended_rolled_back"


FINAL = frozenset({UpdateState.DONE, UpdateState.FAILED, UpdateState.ROLLED_BACK})

BEFORE_ACTIVATION = frozenset(
    {
        UpdateState.IDLE,
        UpdateState.DOWNLOADED,
        UpdateState.VERIFIED,
        UpdateState.WAITING_WINDOW,
        UpdateState.LOADING,
        UpdateState.LOADED,
    }
)
"""The reader runs what it ran before, whatever happens: it can still be canceled."""

AFTER_LOAD = frozenset(
    {
        UpdateState.LOADED,
        UpdateState.ACTIVATING,
        UpdateState.REBOOTING,
        UpdateState.CONFIRMING,
        UpdateState.DONE,
        UpdateState.ROLLED_BACK,
    }
)
"""The reader has taken the whole image."""

TRANSITIONS: dict[tuple[UpdateState, UpdateStep], UpdateState] = {
    (UpdateState.IDLE, UpdateStep.DOWNLOADED): UpdateState.DOWNLOADED,
    (UpdateState.DOWNLOADED, UpdateStep.VERIFIED): UpdateState.VERIFIED,
    (UpdateState.VERIFIED, UpdateStep.AWAITED): UpdateState.WAITING_WINDOW,
    (UpdateState.WAITING_WINDOW, UpdateStep.LOAD_STARTED): UpdateState.LOADING,
    # It runs the new firmware already: activated before a crash, or by somebody else.
    (UpdateState.WAITING_WINDOW, UpdateStep.RETURNED): UpdateState.CONFIRMING,
    (UpdateState.LOADING, UpdateStep.LOAD_PROGRESSED): UpdateState.LOADING,
    (UpdateState.LOADING, UpdateStep.LOADED): UpdateState.LOADED,
    # Cut off, by a power loss or a lost wire: it waits for its turn again.
    (UpdateState.LOADING, UpdateStep.AWAITED): UpdateState.WAITING_WINDOW,
    (UpdateState.LOADED, UpdateStep.AWAITED): UpdateState.WAITING_WINDOW,
    (UpdateState.LOADED, UpdateStep.ACTIVATION_STARTED): UpdateState.ACTIVATING,
    # The reader has never heard of it: it still runs the old firmware.
    (UpdateState.ACTIVATING, UpdateStep.AWAITED): UpdateState.WAITING_WINDOW,
    (UpdateState.ACTIVATING, UpdateStep.RESTART_AWAITED): UpdateState.REBOOTING,
    (UpdateState.ACTIVATING, UpdateStep.RETURNED): UpdateState.CONFIRMING,
    (UpdateState.REBOOTING, UpdateStep.RETURNED): UpdateState.CONFIRMING,
    (UpdateState.CONFIRMING, UpdateStep.ENDED_DONE): UpdateState.DONE,
    (UpdateState.CONFIRMING, UpdateStep.ENDED_ROLLED_BACK): UpdateState.ROLLED_BACK,
    **{
        (state, UpdateStep.ENDED_FAILED): UpdateState.FAILED
        for state in UpdateState
        if state not in FINAL
    },
}


class IllegalUpdateStep(Exception):
    """A step that the state does not allow: a defect, or a journal not ours."""

    def __init__(self, state: UpdateState, step: UpdateStep) -> None:
        super().__init__(f"{step} is not possible in {state}")
        self.state = state
        self.step = step


def advance(state: UpdateState, step: UpdateStep) -> UpdateState:
    """The state after `step`; raises IllegalUpdateStep where the table has no row."""
    try:
        return TRANSITIONS[state, step]
    except KeyError:
        raise IllegalUpdateStep(state, step) from None


def step_of(entry: UpdateEntry) -> UpdateStep | None:
    """The step an entry stands for; None for UpdateRequested, which begins an update."""
    match entry:
        case UpdateRequested():
            return None
        case UpdateEnded(outcome=outcome):
            return _ENDED[outcome]
        case _:
            return _STEPS[type(entry)]


_STEPS: dict[type[UpdateEntry], UpdateStep] = {
    ImageDownloaded: UpdateStep.DOWNLOADED,
    ImageVerified: UpdateStep.VERIFIED,
    InstallAwaited: UpdateStep.AWAITED,
    LoadStarted: UpdateStep.LOAD_STARTED,
    LoadProgressed: UpdateStep.LOAD_PROGRESSED,
    ImageLoaded: UpdateStep.LOADED,
    ActivationStarted: UpdateStep.ACTIVATION_STARTED,
    RestartAwaited: UpdateStep.RESTART_AWAITED,
    ReaderReturned: UpdateStep.RETURNED,
}

_ENDED = {
    UpdateOutcome.DONE: UpdateStep.ENDED_DONE,
    UpdateOutcome.FAILED: UpdateStep.ENDED_FAILED,
    UpdateOutcome.ROLLED_BACK: UpdateStep.ENDED_ROLLED_BACK,
}
