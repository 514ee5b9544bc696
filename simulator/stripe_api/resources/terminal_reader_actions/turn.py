"""One call's dealings with one smart reader: its object, and its state inside.

Every change is stored at once. What an action means is not known here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from simulator.stripe_api.engine.errors import ApiError
from simulator.stripe_api.engine.operations import Call, Work
from simulator.stripe_api.resources.terminal_reader_actions.action import (
    FAILED,
    IN_PROGRESS,
    SUCCEEDED,
    Action,
    Details,
    api_error,
    details_of,
    new_action,
)
from simulator.stripe_api.resources.terminal_reader_actions.shop import (
    Shop,
    Watcher,
)
from simulator.stripe_api.resources.terminal_readers import READERS, Reader
from simulator.stripe_api.smart_readers.phases import Phase, Step
from simulator.stripe_api.smart_readers.state import (
    SMART_READERS,
    Outcome,
    SmartReader,
    new_smart_reader,
    stepped,
    tells_api_errors,
)

OUTCOME_SHOWN_MS = 3000


class Turn:
    """Changes a reader; methods that change it raise ControlRefused where they say."""

    def __init__(self, shop: Shop, call: Call, *, reader: Reader) -> None:
        """`reader` is in the store."""
        self.shop = shop
        self.call = call
        self.reader = reader
        known = call.store.of(SMART_READERS).get(reader["id"])
        self.state: SmartReader = known or new_smart_reader(
            reader["id"], is_silent=reader["status"] == "offline"
        )

    @property
    def phase(self) -> Phase:
        """What the reader is doing."""
        return self.state["phase"]

    @property
    def action(self) -> Action:
        """The latest action; there must have been one."""
        action = self.reader["action"]
        if action is None:
            raise LookupError(f"reader {self.reader['id']} was never ordered to act")
        return action

    @property
    def pending(self) -> str | None:
        """The type of the action in progress, or None."""
        action = self.reader["action"]
        return (
            None
            if action is None or action["status"] != IN_PROGRESS
            else action["type"]
        )

    @property
    def details(self) -> dict[str, Any]:
        """A copy of what the action is about."""
        return details_of(self.action)

    def begin(self, type_: str, details: Details, step: Step) -> None:
        """Start an action, in the place of any that has not come to the issuer."""
        self.step(step)
        self._put_action(new_action(type_, details))

    def step(self, step: Step) -> None:
        """Go to another phase; raises ControlRefused where that is impossible."""
        self.state = stepped(self.state, step)
        self.store()

    def end_in(self, delay_s: float, at_end: Callable[[Turn], None]) -> None:
        """Let the phase end by itself, unless another step or deadline comes first.

        The end must be known to `deadlines.settle` too.
        """
        phase, deadline_ms = self.phase, self.call.now_ms + round(delay_s * 1000)
        self.change(deadline_ms=deadline_ms)

        def due(turn: Turn) -> None:
            if (turn.phase, turn.state["deadline_ms"]) == (phase, deadline_ms):
                at_end(turn)

        self.later(delay_s, due)

    def amend(self, **changes: Any) -> None:
        """Change what the action is about, and nothing else."""
        action = self.action
        details = {**details_of(action), **changes}
        amended: Any = {**action, action["type"]: details}
        self._put_action(amended)

    def succeed(self, **changes: Any) -> None:
        """End the action well, with these last changes, and say so."""
        if changes:
            self.amend(**changes)
        self.end(SUCCEEDED)
        self.tell("terminal.reader.action_succeeded")

    def fail(self, code: str, message: str, *, error: ApiError | None = None) -> None:
        """End the action without success, and say so; `error` is the API's, if any."""
        action = self.action.copy()
        action["failure_code"] = code
        action["failure_message"] = message
        if error is not None and tells_api_errors(self.reader["device_sw_version"]):
            action["api_error"] = api_error(error)
        self._put_action(action)
        self.end(FAILED)
        self.tell("terminal.reader.action_failed")

    def end(self, status: str) -> None:
        """End the action, and tell nobody."""
        action = self.action.copy()
        action["status"] = status
        self._put_action(action)

    def show(self, text: str) -> None:
        """Leave a text on the screen for a moment."""
        until_ms = self.call.now_ms + OUTCOME_SHOWN_MS
        self.change(outcome=Outcome(text=text, until_ms=until_ms))

    def change(self, **changes: Any) -> None:
        """Set fields of the state within."""
        self.state = {**self.state, **changes}  # type: ignore[typeddict-item]
        self.store()

    def drop_action(self) -> None:
        """Have no action any more."""
        self._put_action(None)

    def tell(self, type_: str) -> None:
        """Emit an event about the reader."""
        self.call.emit(type_, self.reader)

    def store(self) -> None:
        """Keep reader and state, which is a sign of life unless the reader is silent."""
        if not self.state["is_silent"]:
            self.reader = self.reader.copy()
            self.reader["last_seen_at"] = self.call.now_ms
            self.reader["status"] = "online"
        self.call.store.of(READERS).put(self.reader)
        self.call.store.of(SMART_READERS).put(self.state)
        for watcher in self.shop.watchers:
            seen = partial(_watch, watcher, self.reader["id"])
            self.call.agenda.afterwards.append(seen)

    def afterwards(self, work: Callable[[Turn], None]) -> None:
        """Go on with `work` when the request has been answered."""
        self.call.agenda.afterwards.append(self._resuming(work))

    def later(self, delay_s: float, work: Callable[[Turn], None]) -> None:
        """Go on with `work` after so many seconds."""
        self.call.agenda.later.append((delay_s, self._resuming(work)))

    def _resuming(self, work: Callable[[Turn], None]) -> Work:
        shop, reader_id = self.shop, self.reader["id"]

        def resume(call: Call) -> None:
            reader = call.store.of(READERS).get(reader_id)
            if reader is not None:
                work(Turn(shop, call, reader=reader))

        return resume

    def _put_action(self, action: Action | None) -> None:
        self.reader = self.reader.copy()
        self.reader["action"] = action
        self.store()


def _watch(watcher: Watcher, reader_id: str, call: Call) -> None:
    watcher.see(call, reader_id)
