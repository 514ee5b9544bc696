"""Automation rules: when a smart reader's screen shows this, do that.

So a register app's tests need neither test helpers nor sleeps: a rule acts after the
request that made the screen what it is has been answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from simulator.errors import ControlInvalid, RuleUnknown, SimulatorError
from simulator.stripe_api.app import StripeApi
from simulator.stripe_api.at_the_reader.deeds import Deed, perform
from simulator.stripe_api.at_the_reader.screens import Screen, screen_of
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.resources.terminal_reader_actions.turn import Turn
from simulator.stripe_api.resources.terminal_readers import READERS
from simulator.stripe_api.smart_readers.phases import Phase

_KEPT_FAILURES = 10
_LONGEST_CHAIN = 60
"""Of things that come of one another in one moment; more are rules in a circle."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A screen that is waited for; what is None does not matter."""

    reader: str | None = None
    """The reader's id."""
    text: str | None = None
    """Part of a line or a button, in capitals or not."""
    phase: Phase | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """What to do when a condition comes true."""

    when: Condition
    then: tuple[Deed, ...]
    after_s: float = 0.0
    """How long the customer takes."""
    times: int | None = 1
    """How often; None is every time."""


@dataclass(slots=True)
class ActiveRule:
    """A rule in force."""

    id: str
    rule: Rule
    fired: int = 0
    failures: list[str] = field(default_factory=list)
    """Why deeds were refused, oldest first; the latest few."""

    @property
    def is_spent(self) -> bool:
        """Whether it has fired as often as it may."""
        return self.rule.times is not None and self.fired >= self.rule.times


class SmartRules:
    """The rules in force. The first that fits a screen is the only one to fire.

    A screen is looked at when it changes; the same screen twice in a row is one.
    """

    def __init__(self, api: StripeApi) -> None:
        """The rules for the readers of this account."""
        self._api = api
        self._active: dict[str, ActiveRule] = {}
        self._added = 0
        self._seen: dict[str, Screen] = {}

    def add(self, rule: Rule) -> ActiveRule:
        """Put `rule` in force, beginning with what the screens show already.

        Raises ControlInvalid for a rule that could never work.
        """
        _check(rule)
        self._added += 1
        active = ActiveRule(f"smart_rule_{self._added}", rule)
        self._active[active.id] = active
        if self not in self._api.shop.watchers:
            self._api.shop.watchers.append(self)
        for livemode in (False, True):
            self._api.act(partial(self._look_at_all, active), livemode=livemode)
        return active

    def __iter__(self) -> Iterator[ActiveRule]:
        return iter(self._active.values())

    def remove(self, rule_id: str) -> None:
        """Take a rule out of force; raises RuleUnknown."""
        if self._active.pop(rule_id, None) is None:
            raise RuleUnknown(f"no rule has the id {rule_id!r}")

    def clear(self) -> None:
        """Take all rules out of force."""
        self._active.clear()
        self._seen.clear()

    def forget(self) -> None:
        """Start anew, without rules."""
        self.clear()

    def see(self, call: Call, reader_id: str) -> None:
        """Fire the first rule that fits the reader's screen, if that is a new one."""
        reader = call.store.of(READERS).get(reader_id)
        if reader is None or not self._active:
            return
        turn = Turn(self._api.shop, call, reader=reader)
        screen = screen_of(turn)
        if self._seen.get(reader_id) == screen:
            return
        self._seen[reader_id] = screen
        for active in list(self._active.values()):
            if not active.is_spent and _fits(active.rule.when, turn, screen):
                self._fire(active, turn)
                return

    def _look_at_all(self, active: ActiveRule, call: Call) -> None:
        for reader in list(call.store.of(READERS).newest_first()):
            turn = Turn(self._api.shop, call, reader=reader)
            if not active.is_spent and _fits(active.rule.when, turn, screen_of(turn)):
                self._fire(active, turn)

    def _fire(self, active: ActiveRule, turn: Turn) -> None:
        if turn.call.depth > _LONGEST_CHAIN:
            active.failures.append("the rules chase one another")
            return
        active.fired += 1
        act = partial(self._act, active)
        if active.rule.after_s > 0:
            turn.later(active.rule.after_s, act)
        else:
            turn.afterwards(act)

    def _act(self, active: ActiveRule, turn: Turn) -> None:
        if active.id not in self._active:
            return
        try:
            for deed in active.rule.then:
                perform(turn, deed)
        except SimulatorError as error:
            active.failures.append(str(error))
            del active.failures[:-_KEPT_FAILURES]


def _fits(when: Condition, turn: Turn, screen: Screen) -> bool:
    return (
        when.reader in (None, turn.reader["id"])
        and when.phase in (None, screen.phase)
        and (when.text is None or _is_in(when.text, (*screen.lines, *screen.buttons)))
    )


def _is_in(text: str, lines: Iterable[str]) -> bool:
    return any(text.casefold() in line.casefold() for line in lines)


def _check(rule: Rule) -> None:
    """Raise ControlInvalid unless the rule can come true and do something."""
    if rule.when.text is None and rule.when.phase is None:
        raise ControlInvalid("a rule waits for a text or a phase")
    if not rule.then:
        raise ControlInvalid("a rule does at least one thing")
