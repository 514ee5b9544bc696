"""The virtual cards and the book that keeps them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.cards.book import CardBook
from simulator.cards.card import Behaviour, Decision, Entry, Verification
from simulator.cards.numbers import PUBLISHED_TEST_NUMBERS
from simulator.errors import CardFileInvalid, CardUnknown

OWN_CARD = """
[defaults]
brand = "visa"
funding = "credit"
country = "US"
expires = "2030-01"
application_id = "A0000000031010"
application_label = "VISA"
preferred_name = "Visa"

[own_card]
about = "Mine."
number = "4761739001010010"
"""

WriteDeck = Callable[[str], Path]


@pytest.fixture
def write_deck(tmp_path: Path) -> WriteDeck:
    def write(text: str) -> Path:
        (tmp_path / "own.toml").write_text(text)
        return tmp_path

    return write


@pytest.mark.parametrize(
    ("name", "decision", "last4"),
    [
        ("visa_approved", Decision.APPROVE, "4242"),
        ("mastercard_approved", Decision.APPROVE, "4444"),
        ("amex_approved", Decision.APPROVE, "0005"),
        ("visa_declined", Decision.GENERIC_DECLINE, "0002"),
        ("visa_insufficient_funds", Decision.INSUFFICIENT_FUNDS, "9995"),
        ("visa_lost_card", Decision.LOST_CARD, "9987"),
        ("visa_stolen_card", Decision.STOLEN_CARD, "9979"),
        ("visa_expired", Decision.EXPIRED_CARD, "0069"),
        ("visa_processing_error", Decision.PROCESSING_ERROR, "0119"),
    ],
)
def test_cards_of_the_documented_outcomes_are_built_in(
    name: str, decision: Decision, last4: str
) -> None:
    account = CardBook.load().named(name).account

    assert (account.decision, account.last4) == (decision, last4)


@pytest.mark.parametrize(
    ("name", "behaviour"),
    [
        ("visa_removed_early", Behaviour.REMOVED_EARLY),
        ("visa_removed_before_completion", Behaviour.REMOVED_BEFORE_COMPLETION),
        ("visa_two_cards", Behaviour.COLLISION),
        ("visa_stripe_tap", Behaviour.STRIPE_TAP),
        ("visa_chip_fallback", Behaviour.CHIP_UNREADABLE),
        ("visa_refuses_after_approval", Behaviour.REFUSES_AFTER_APPROVAL),
    ],
)
def test_cards_that_misbehave_are_built_in(name: str, behaviour: Behaviour) -> None:
    assert CardBook.load().named(name).behaviour is behaviour


def test_a_phone_is_contactless_only_and_verifies_on_the_device() -> None:
    card = CardBook.load().named("visa_contactless")

    assert card.entries == {Entry.CONTACTLESS}
    assert card.verification is Verification.DEVICE


def test_every_built_in_number_passes_the_luhn_check() -> None:
    for number in PUBLISHED_TEST_NUMBERS:
        digits = [int(digit) for digit in reversed(number)]
        doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]

        assert (sum(digits[::2]) + sum(doubled)) % 10 == 0, number[-4:]


def test_an_issuer_finds_the_account_by_number() -> None:
    book = CardBook.load()

    card = book.numbered("4000000000000002")

    assert card is book.named("visa_declined")
    assert book.numbered("4999999999999999") is None


def test_cards_of_one_account_have_distinct_sequence_numbers() -> None:
    cards = list(CardBook.load())

    identities = {(card.account.number, card.sequence_number) for card in cards}

    assert len(identities) == len(cards)


def test_no_repr_shows_a_number() -> None:
    for card in CardBook.load():
        assert card.account.number not in repr(card)


def test_an_unknown_name_is_an_error_that_does_not_repeat_it() -> None:
    with pytest.raises(CardUnknown) as refusal:
        CardBook.load().named("4242424242424242")

    assert "4242" not in str(refusal.value)


def test_own_cards_join_the_built_in_ones(write_deck: WriteDeck) -> None:
    book = CardBook.load(write_deck(OWN_CARD))

    assert book.named("own_card").account.exp_year == 2030
    assert book.named("visa_approved").account.brand == "visa"


@pytest.mark.parametrize(
    ("wrong", "right", "complaint"),
    [
        ("4761739001010010", "4761739001010011", "not a published test number"),
        ('about = "Mine."', "about = 5", "about is not a text"),
        ('about = "Mine."', 'abuot = "Mine."', "missing about"),
        ('about = "Mine."', 'about = "Mine."\ncolour = "red"', "unknown colour"),
        ("2030-01", "01/30", "YYYY-MM"),
        ('"visa"', '"visa"\nentries = []', "entries"),
        ('"visa"', '"visa"\nentries = ["thrown"]', "thrown"),
        ('"visa"', '"visa"\nsequence_number = 100', "sequence_number"),
        ('"visa"', '"visa"\ndecision = "maybe"', "maybe"),
        ("[own_card]", "[visa_approved]", "two cards are named"),
        ("4761739001010010", "4242424242424242", "not of one account"),
        ("[defaults]", "stray = 1\n[defaults]", "'stray' is not a table"),
        ("[defaults]", "[defaults", "own.toml"),
    ],
)
def test_a_wrong_card_file_is_refused_with_the_reason(
    write_deck: WriteDeck, *, wrong: str, right: str, complaint: str
) -> None:
    folder = write_deck(OWN_CARD.replace(wrong, right))

    with pytest.raises(CardFileInvalid, match=complaint) as refusal:
        CardBook.load(folder)

    assert "4761739001010011" not in str(refusal.value)
