"""The firmware update's state machine: every path, and nothing but the paths."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from update_entries import ONE_OF_EACH, UPDATE, update_ended, update_requested

from agent.firmware.states import (
    BEFORE_ACTIVATION,
    FINAL,
    TRANSITIONS,
    IllegalUpdateStep,
    UpdateState,
    UpdateStep,
    advance,
    step_of,
)
from agent.firmware.update import apply, fold
from agent.journal.update_entries import (
    ActivationStarted,
    ImageLoaded,
    InstallAwaited,
    LoadProgressed,
    LoadStarted,
    ReaderReturned,
    UpdateEntry,
    UpdateOutcome,
    UpdateRequested,
)

REQUESTED = update_requested()
PATH = [entry for entry in ONE_OF_EACH if not isinstance(entry, UpdateRequested)]
ENTRIES: list[UpdateEntry] = [
    *PATH[:-1],
    *(update_ended(outcome=outcome) for outcome in UpdateOutcome),
]
STATES = [
    UpdateState.IDLE,
    UpdateState.DOWNLOADED,
    UpdateState.VERIFIED,
    UpdateState.WAITING_WINDOW,
    UpdateState.LOADING,
    UpdateState.LOADING,
    UpdateState.LOADED,
    UpdateState.ACTIVATING,
    UpdateState.REBOOTING,
    UpdateState.CONFIRMING,
    UpdateState.DONE,
]


@pytest.mark.parametrize(("length", "state"), list(enumerate(STATES)))
def test_the_journal_tells_the_state(length: int, state: UpdateState) -> None:
    update = fold([REQUESTED, *PATH[:length]])

    assert update.state is state
    assert update.is_ended == (state in FINAL)


@pytest.mark.parametrize("state", sorted(FINAL))
@pytest.mark.parametrize("step", list(UpdateStep))
def test_an_ended_update_never_changes(state: UpdateState, step: UpdateStep) -> None:
    with pytest.raises(IllegalUpdateStep):
        advance(state, step)


@pytest.mark.parametrize("state", sorted(set(UpdateState) - FINAL))
def test_an_update_can_fail_everywhere(state: UpdateState) -> None:
    assert advance(state, UpdateStep.ENDED_FAILED) is UpdateState.FAILED


@pytest.mark.parametrize("step", [UpdateStep.ENDED_DONE, UpdateStep.ENDED_ROLLED_BACK])
def test_only_a_look_at_the_reader_ends_an_update_otherwise(step: UpdateStep) -> None:
    allowed = {state for state, allowed_step in TRANSITIONS if allowed_step is step}

    assert allowed == {UpdateState.CONFIRMING}


def test_entries_that_begin_without_a_request_are_refused() -> None:
    with pytest.raises(ValueError, match="start with UpdateRequested"):
        fold(PATH[:1])


def test_a_second_request_for_the_same_update_is_refused() -> None:
    with pytest.raises(ValueError, match="begins only once"):
        fold([REQUESTED, REQUESTED])


def test_an_end_says_what_the_reader_runs_and_why() -> None:
    update = fold([REQUESTED, *PATH])

    assert update.firmware_version == "2.0"
    assert (update.update_id, update.reader_id) == (UPDATE, "tmr_1")


class AnyUpdate(RuleBasedStateMachine):
    """Entries in any order the table allows, and those it does not."""

    @initialize()
    def request(self) -> None:
        self.update = fold([REQUESTED])
        self.history: list[UpdateEntry] = []

    @rule(entry=st.sampled_from(ENTRIES))
    def write(self, entry: UpdateEntry) -> None:
        legal = (self.update.state, step_of(entry)) in TRANSITIONS
        try:
            self.update = apply(self.update, entry)
        except IllegalUpdateStep:
            assert not legal
        else:
            assert legal
            self.history.append(entry)

    @precondition(lambda self: not self.update.is_ended)
    @rule(data=st.data())
    def go_on(self, data: st.DataObject) -> None:
        state = self.update.state
        legal = [entry for entry in ENTRIES if (state, step_of(entry)) in TRANSITIONS]
        entry = data.draw(st.sampled_from(legal))
        self.update = apply(self.update, entry)
        self.history.append(entry)

    @invariant()
    def a_new_fold_tells_the_same(self) -> None:
        assert fold([REQUESTED, *self.history]) == self.update

    @invariant()
    def nothing_is_activated_that_was_not_loaded_since_it_last_waited(self) -> None:
        if self.update.state in BEFORE_ACTIVATION | {UpdateState.FAILED}:
            return
        kinds = [type(entry) for entry in self.history]
        since = len(kinds) - 1 - kinds[::-1].index(InstallAwaited)
        if kinds[since + 1] is ReaderReturned:
            return  # it runs the new firmware already
        order = (LoadStarted, ImageLoaded, ActivationStarted)
        places = [kinds.index(kind, since) for kind in order]
        assert places == sorted(places)

    @invariant()
    def what_is_done_was_seen_on_the_reader(self) -> None:
        if self.update.state in {UpdateState.DONE, UpdateState.ROLLED_BACK}:
            assert isinstance(self.history[-2], ReaderReturned)

    @invariant()
    def every_load_is_counted_and_begins_at_the_first_byte(self) -> None:
        assert self.update.loads == sum(
            isinstance(entry, LoadStarted) for entry in self.history
        )
        if self.history and isinstance(self.history[-1], LoadStarted):
            assert self.update.loaded_bytes == 0
        if self.history and isinstance(self.history[-1], LoadProgressed):
            assert self.update.loaded_bytes == self.history[-1].loaded_bytes


TestAnyUpdate = AnyUpdate.TestCase


def test_a_refused_entry_names_the_state_and_the_step() -> None:
    with pytest.raises(IllegalUpdateStep) as refused:
        apply(fold([REQUESTED]), ImageLoaded(UPDATE))

    assert (refused.value.state, refused.value.step) == ("idle", "loaded")
