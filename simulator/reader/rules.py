"""Automation rules: when a screen shows this, do that. So tests need no sleeps.

A rule that could never come true is refused when it is made; one whose action is
refused later keeps the reason for whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from simulator.clock import Clock
from simulator.errors import ControlInvalid, RuleUnknown, SimulatorError
from simulator.reader.actions import Action, PresentCard, PressKey, perform
from simulator.reader.device import SimulatedReader
from simulator.reader.readers import Readers
from simulator.reader.screen import ReaderState, Screen


@dataclass(frozen=True, slots=True)
class Condition:
    """A screen that is waited for; what is None does not matter."""

    reader: str | None = None
    text: str | None = None
    """Part of a line, in capitals or not."""
    state: ReaderState | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """What to do when a condition comes true."""

    when: Condition
    then: tuple[Action, ...]
    after_s: float = 0.0
    """How long the cardholder takes."""
    times: int | None = 1
    """How often; None is every time."""


@dataclass(slots=True)
class ActiveRule:
    """A rule in force."""

    id: str
    rule: Rule
    fired: int = 0
    failures: list[str] = field(default_factory=list)
    """Why actions were refused, oldest first; the latest few."""

    @property
    def is_spent(self) -> bool:
        """Whether it has fired as often as it may."""
        return self.rule.times is not None and self.fired >= self.rule.times


_KEPT_FAILURES = 10


class Rules:
    """The rules in force. The first that fits a screen is the only one to fire."""

    def __init__(self, readers: Readers, *, clock: Clock) -> None:
        self._readers = readers
        self._clock = clock
        self._active: dict[str, ActiveRule] = {}
        self._added = 0
        for reader in readers:
            reader.watch(self._on_screen)

    def add(self, rule: Rule) -> ActiveRule:
        """Put `rule` in force, beginning with what the screens show already.

        Raises ControlInvalid or ReaderUnknown for a rule that could never work.
        """
        concerned = self._concerned(rule.when)
        _check(rule, concerned)
        self._added += 1
        active = ActiveRule(f"rule_{self._added}", rule)
        self._active[active.id] = active
        for reader in concerned:
            if not active.is_spent and _fits(rule.when, reader, reader.screen):
                self._fire(active, reader)
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

    def _concerned(self, when: Condition) -> list[SimulatedReader]:
        if when.reader is None:
            return list(self._readers)
        return [self._readers.named(when.reader)]

    def _on_screen(self, reader: SimulatedReader, screen: Screen) -> None:
        for active in list(self._active.values()):
            if not active.is_spent and _fits(active.rule.when, reader, screen):
                self._fire(active, reader)
                return

    def _fire(self, active: ActiveRule, reader: SimulatedReader) -> None:
        active.fired += 1
        if active.rule.after_s > 0:
            self._clock.call_later(
                active.rule.after_s, lambda: self._act(active, reader)
            )
        else:
            self._act(active, reader)

    def _act(self, active: ActiveRule, reader: SimulatedReader) -> None:
        if active.id not in self._active:
            return
        try:
            for action in active.rule.then:
                perform(reader, action)
        except SimulatorError as error:
            active.failures.append(str(error))
            del active.failures[:-_KEPT_FAILURES]


def _fits(when: Condition, reader: SimulatedReader, screen: Screen) -> bool:
    return (
        when.reader in (None, reader.name)
        and when.state in (None, screen.state)
        and (when.text is None or _is_in(when.text, screen.lines))
    )


def _is_in(text: str, lines: Iterable[str]) -> bool:
    return any(text.casefold() in line.casefold() for line in lines)


def _check(rule: Rule, readers: list[SimulatedReader]) -> None:
    """Raise ControlInvalid unless the rule can come true and do something."""
    when = rule.when
    if when.text is None and when.state is None:
        raise ControlInvalid("a rule waits for a text or a state")
    if not readers:
        raise ControlInvalid("there are no readers")
    if when.text is not None and not any(_shows(each, when.text) for each in readers):
        raise ControlInvalid(f"no reader ever shows {when.text!r}")
    if not rule.then:
        raise ControlInvalid("a rule does at least one thing")
    for action in rule.then:
        _check_action(action, readers)
    if rule.times is None and rule.after_s <= 0:
        raise ControlInvalid("a rule for every time needs a pause: set after_s")


def _shows(reader: SimulatedReader, text: str) -> bool:
    texts = reader.model.texts
    return texts is None or _is_in(text, texts)


def _check_action(action: Action, readers: list[SimulatedReader]) -> None:
    match action:
        case PresentCard(card, entry) if entry not in card.entries:
            ways = ", ".join(sorted(card.entries))
            raise ControlInvalid(f"card {card.name!r} cannot be {entry}, only {ways}")
        case PressKey(key) if not any(key in each.model.keys for each in readers):
            raise ControlInvalid(f"no reader has a key {key!r}")
        case _:
            return
