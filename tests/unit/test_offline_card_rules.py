"""Which cards are taken without their issuer: what is told decides, and doubt refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agent.offline.card_rules import check_card
from agent.offline.errors import (
    CardExpired,
    CardNotIdentified,
    CardRefused,
    EftposNotOffline,
    InteracNotOffline,
    OnlinePinNotOffline,
    PublishedCardInLivemode,
    SwipeNotOffline,
)
from drivers.reader import EncryptedCard, ReadMethod

AT = datetime(2026, 11, 30, tzinfo=UTC)
TOLD = EncryptedCard(
    ReadMethod.CONTACT_EMV,
    b"ciphertext",
    bytes(10),
    masked_track_2=";4111*********777=3412*******?",
    application="A0000000031010",
    cvm_results="1E0300",
)
UNTOLD = replace(TOLD, application=None, cvm_results=None)


def refusal(
    card: EncryptedCard,
    *,
    currency: str = "usd",
    has_keypad: bool = False,
    livemode: bool = True,
) -> type[CardRefused] | None:
    try:
        check_card(
            card, currency=currency, has_keypad=has_keypad, livemode=livemode, at=AT
        )
    except CardRefused as refused:
        return type(refused)
    return None


@pytest.mark.parametrize("method", [ReadMethod.CONTACT_EMV, ReadMethod.CONTACTLESS_EMV])
def test_a_chip_that_rules_nothing_out_is_taken(method: ReadMethod) -> None:
    card = replace(TOLD, read_method=method, masked_track_2=";4111*****7770=3412*?")

    assert refusal(card) is None


@pytest.mark.parametrize(
    "method",
    [method for method in ReadMethod if not method.endswith("_emv")],
)
def test_what_has_no_cryptogram_is_refused(method: ReadMethod) -> None:
    assert refusal(replace(TOLD, read_method=method)) is SwipeNotOffline


@pytest.mark.parametrize(
    ("application", "expected"),
    [("A0000002771010", InteracNotOffline), ("A00000038410", EftposNotOffline)],
)
def test_networks_that_are_always_online_are_refused(
    application: str, expected: type[CardRefused]
) -> None:
    assert refusal(replace(TOLD, application=application)) is expected


@pytest.mark.parametrize("currency", ["cad", "aud"])
def test_where_such_networks_are_a_card_must_be_told_apart(currency: str) -> None:
    assert refusal(UNTOLD, currency=currency) is CardNotIdentified


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ("420302", OnlinePinNotOffline),
        ("020300", OnlinePinNotOffline),
        ("410302", None),
        ("1F0302", None),
    ],
)
def test_only_a_pin_for_the_issuer_is_refused(
    results: str, expected: type[CardRefused] | None
) -> None:
    card = replace(TOLD, cvm_results=results, masked_track_2=";4111*****7770=3412*?")

    assert refusal(card, has_keypad=True) is expected


def test_a_keypad_that_tells_nothing_may_have_asked_for_a_pin() -> None:
    assert refusal(UNTOLD, has_keypad=True) is CardNotIdentified


@pytest.mark.parametrize(
    ("expires", "expected"),
    [("2610", CardExpired), ("2611", None), ("2701", None), ("2512", CardExpired)],
)
def test_a_card_is_good_until_the_end_of_its_month(
    expires: str, expected: type[CardRefused] | None
) -> None:
    card = replace(TOLD, masked_track_2=f";41110000007770={expires}?")

    assert refusal(card) is expected


@pytest.mark.parametrize("track", [None, "", ";41110000007770?", "garbage"])
def test_a_card_whose_date_is_not_told_is_refused(track: str | None) -> None:
    assert refusal(replace(TOLD, masked_track_2=track)) is CardNotIdentified


@pytest.mark.parametrize("shown", [";4242********4242=3412*?", ";42424200004242=3412?"])
def test_a_published_number_is_refused_where_money_is_real(shown: str) -> None:
    card = replace(TOLD, masked_track_2=shown)

    assert refusal(card, livemode=True) is PublishedCardInLivemode
    assert refusal(card, livemode=False) is None
