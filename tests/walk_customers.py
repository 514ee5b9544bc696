"""Who stands at the tills of a walk: with which card, and with which answers."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from flow_world import World

from simulator.cards.card import Entry
from simulator.errors import SimulatorError
from simulator.reader.actions import PressKey, Touch
from simulator.reader.rules import Condition, Rule
from simulator.reader.screen import ReaderState
from simulator.stripe_api.at_the_reader.deeds import (
    AnswerInput,
    Deed,
    EnterPin,
    PresentCard,
)
from simulator.stripe_api.at_the_reader.rules import Condition as SmartCondition
from simulator.stripe_api.at_the_reader.rules import Rule as SmartRule
from simulator.stripe_api.at_the_reader.rules import SmartRules
from simulator.stripe_api.at_the_reader.smart_readers import SmartReaders
from simulator.stripe_api.smart_readers.phases import Phase

SMART = "smart"
"""The till whose reader Stripe drives."""
Card = tuple[str, str]
"""Its name, and how it is presented."""
AT_ONCE_S = 0.5
"""How long people take for an answer, and for a card at a smart reader."""


@dataclass
class Customers:
    """One at each till, or nobody."""

    world: World
    smart_reader: str
    asked_at: frozenset[str]
    """The tills whose reader can ask customers something."""
    _cards: dict[str, Card] = field(default_factory=dict)
    """By till, of the readers of this machine."""
    _rules: SmartRules = field(init=False)

    def __post_init__(self) -> None:
        self._rules = SmartRules(self.world.simulator.stripe_api)

    def come(self, till: str, card: Card | None) -> None:
        """From now on whoever is asked at this till has this card; None is nobody."""
        if till == SMART:
            self._come_to_the_smart_reader(card)
        else:
            self._come_to_a_reader(till, card)

    def do(self, deed: Deed) -> None:
        """Do this at the smart reader; what is impossible now does not happen."""
        with suppress(SimulatorError):
            SmartReaders(self.world.simulator.stripe_api).do(self.smart_reader, deed)

    def _come_to_a_reader(self, till: str, card: Card | None) -> None:
        self._cards.pop(till, None)
        if card is not None:
            self._cards[till] = card
        self.world.nobody()
        for name, (held, entry) in self._cards.items():
            self.world.customer(held, entry=entry, reader=name, only=False)
            if name in self.asked_at:
                self._answers(name, "A bag?", Touch("Yes"))
                self._answers(name, "Phone", *map(PressKey, "41791234567"), ENTER)

    def _answers(self, till: str, question: str, *deeds: Touch | PressKey) -> None:
        asked = Condition(till, question, ReaderState.WAITING_FOR_CUSTOMER)
        rule = Rule(asked, deeds, after_s=AT_ONCE_S, times=None)
        self.world.simulator.rules.add(rule)

    def _come_to_the_smart_reader(self, card: Card | None) -> None:
        self._rules.clear()
        if card is None:
            return
        name, entry = card
        presented = PresentCard(self.world.simulator.cards.named(name), Entry(entry))
        for phase, deed in (
            (Phase.WAITING_FOR_CARD, presented),
            (Phase.ENTERING_PIN, EnterPin()),
            (Phase.FORM, AnswerInput("Ada")),
        ):
            asked = SmartCondition(self.smart_reader, phase=phase)
            self._rules.add(SmartRule(asked, (deed,), after_s=AT_ONCE_S, times=None))


ENTER = PressKey("enter")
