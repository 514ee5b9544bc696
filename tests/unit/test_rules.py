"""Automation rules: when a screen shows this, do that."""

from __future__ import annotations

import pytest
from mms_host import CARDS, MmsHost, start

from drivers.protocol.magtek_mms.control import CancelTransaction
from simulator.cards.card import Entry
from simulator.errors import ControlInvalid, ReaderUnknown, RuleUnknown
from simulator.reader.actions import (
    Action,
    Plug,
    PresentCard,
    PressKey,
    RemoveCard,
    SetBattery,
    Unplug,
)
from simulator.reader.readers import Readers
from simulator.reader.rules import Condition, Rule, Rules
from simulator.reader.screen import ReaderState

VISA = CARDS.named("visa_approved")
INSERT_VISA = PresentCard(VISA, Entry.CONTACT)
PROMPT = Condition(text="present card")


class Shop:
    """One reader, its host, and the rules."""

    def __init__(self) -> None:
        self.host = MmsHost()
        self.rules = Rules(Readers([self.host.reader]), clock=self.host.clock)

    def pay(self) -> None:
        """One payment up to wherever the rules take it."""
        self.host.ask(start())


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_a_card_is_presented_when_the_screen_asks_for_it(shop: Shop) -> None:
    shop.rules.add(Rule(PROMPT, (INSERT_VISA,)))

    shop.pay()

    assert shop.host.state == "authorising"


def test_a_rule_for_a_screen_already_shown_acts_at_once(shop: Shop) -> None:
    shop.pay()

    active = shop.rules.add(Rule(PROMPT, (INSERT_VISA,)))

    assert active.fired == 1
    assert shop.host.state == "authorising"


def test_a_rule_acts_once_unless_told_otherwise(shop: Shop) -> None:
    once = shop.rules.add(Rule(PROMPT, (PressKey("cancel"),)))
    thrice = shop.rules.add(Rule(PROMPT, (INSERT_VISA,), times=3))

    for _ in range(3):
        shop.pay()
        shop.host.ask(CancelTransaction())
        shop.host.resume("05")

    assert (once.fired, once.is_spent) == (1, True)
    assert (thrice.fired, thrice.is_spent) == (2, False)


def test_a_rule_can_take_its_time(shop: Shop) -> None:
    shop.rules.add(Rule(PROMPT, (INSERT_VISA,), after_s=2, times=None))
    shop.pay()

    shop.host.clock.advance(1)
    assert shop.host.state == "waiting_for_card"
    shop.host.clock.advance(1)

    assert shop.host.state == "authorising"


def test_a_rule_removed_meanwhile_does_nothing(shop: Shop) -> None:
    active = shop.rules.add(Rule(PROMPT, (INSERT_VISA,), after_s=2))
    shop.pay()

    shop.rules.remove(active.id)
    shop.host.clock.advance(2)

    assert shop.host.state == "waiting_for_card"
    assert list(shop.rules) == []


def test_a_rule_may_wait_for_a_state(shop: Shop) -> None:
    shop.rules.add(Rule(PROMPT, (INSERT_VISA,)))
    shop.rules.add(Rule(Condition(state=ReaderState.AUTHORISING), (RemoveCard(),)))

    shop.pay()

    assert shop.host.shows == "CARD ERROR"


def test_a_chip_fallback_is_played_by_two_rules(shop: Shop) -> None:
    broken = CARDS.named("visa_chip_fallback")
    shop.rules.add(Rule(PROMPT, (PresentCard(broken, Entry.CONTACT),)))
    shop.rules.add(
        Rule(Condition(text="USE MAGSTRIPE"), (PresentCard(broken, Entry.SWIPE),))
    )

    shop.pay()

    assert shop.host.arqc().fallback == 1


def test_only_the_first_rule_that_fits_acts(shop: Shop) -> None:
    shop.rules.add(Rule(PROMPT, (PressKey("cancel"),)))
    second = shop.rules.add(Rule(PROMPT, (INSERT_VISA,)))

    shop.pay()

    assert second.fired == 0


def test_a_cable_can_be_pulled_and_put_back_by_rule(shop: Shop) -> None:
    shop.rules.add(Rule(PROMPT, (Unplug(), Plug(), SetBattery(50))))

    shop.pay()

    assert shop.host.is_cut_off
    assert shop.host.shows == "WELCOME"


def test_an_action_that_is_refused_is_kept_with_its_reason(shop: Shop) -> None:
    active = shop.rules.add(Rule(PROMPT, (RemoveCard(), INSERT_VISA)))

    shop.pay()

    assert active.failures == ["no card is in the reader"]
    assert shop.host.state == "waiting_for_card"


def test_a_rule_for_another_reader_does_not_act(shop: Shop) -> None:
    shop.rules.add(Rule(Condition(reader="till", text="present card"), (INSERT_VISA,)))

    shop.pay()

    assert shop.host.state == "authorising"
    with pytest.raises(ReaderUnknown):
        shop.rules.add(Rule(Condition(reader="x", text="card"), (INSERT_VISA,)))


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        (Rule(Condition(), (INSERT_VISA,)), "waits for a text or a state"),
        (Rule(Condition(text="PRESNT CARD"), (INSERT_VISA,)), "ever shows 'PRESNT"),
        (Rule(PROMPT, ()), "does at least one thing"),
        (Rule(PROMPT, (PressKey("enter"),)), "no reader has a key 'enter'"),
        (Rule(PROMPT, (INSERT_VISA,), times=None), "needs a pause"),
        (
            Rule(
                PROMPT,
                (PresentCard(CARDS.named("visa_contactless"), Entry.SWIPE),),
            ),
            "cannot be swipe, only contactless",
        ),
    ],
)
def test_a_rule_that_could_never_work_is_refused(
    shop: Shop, *, rule: Rule, complaint: str
) -> None:
    with pytest.raises(ControlInvalid, match=complaint):
        shop.rules.add(rule)

    assert list(shop.rules) == []


def test_without_readers_no_rule_works() -> None:
    rules = Rules(Readers([]), clock=MmsHost().clock)

    with pytest.raises(ControlInvalid, match="no readers"):
        rules.add(Rule(PROMPT, (INSERT_VISA,)))


def test_rules_can_be_removed_all_at_once(shop: Shop) -> None:
    actions: list[Action] = [INSERT_VISA, Unplug()]
    for action in actions:
        shop.rules.add(Rule(PROMPT, (action,)))

    shop.rules.clear()

    assert list(shop.rules) == []
    with pytest.raises(RuleUnknown, match="rule_1"):
        shop.rules.remove("rule_1")
