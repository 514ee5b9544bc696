"""What the chip is told of what Stripe said."""

from __future__ import annotations

from dataclasses import replace

import pytest
from journal_entries import requested

from agent.payments.issuer_answer import issuer_answer
from agent.payments.payment import begin
from agent.payments.states import Phase
from drivers.reader import IssuerAnswer

PAYMENT = begin(requested())


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        ("8A023030", IssuerAnswer("00")),
        ("8A023130910411223344", IssuerAnswer("10", bytes.fromhex("11223344"))),
        (
            "8A0230307103860100720486028000",
            IssuerAnswer("00", b"", bytes.fromhex("7103860100720486028000")),
        ),
        (
            "8A02303071810386010072810486020011",
            IssuerAnswer("00", b"", bytes.fromhex("71810386010072810486020011")),
        ),
        (
            "8A0230307103FFFFFF",
            IssuerAnswer("00", b"", bytes.fromhex("7103FFFFFF")),
        ),
        ("9F1A020840", IssuerAnswer("00")),
        ("8A02FFFF", IssuerAnswer("\ufffd\ufffd")),
    ],
)
def test_an_approval_carries_the_issuers_own_words(
    data: str, answer: IssuerAnswer
) -> None:
    approved = replace(PAYMENT, phase=Phase.CONFIRMED, emv_auth_data=data)

    assert issuer_answer(approved) == answer


@pytest.mark.parametrize("data", [None, "", "not hex", "8A05"])
def test_an_approval_without_readable_words_is_a_bare_one(data: str | None) -> None:
    approved = replace(PAYMENT, phase=Phase.CONFIRMED, emv_auth_data=data)

    assert issuer_answer(approved) == IssuerAnswer("00")


@pytest.mark.parametrize(
    ("phase", "code"), [(Phase.REFUSED, "05"), (Phase.NOT_CHARGED, "Z3")]
)
def test_without_approval_the_chip_is_told_so(phase: Phase, code: str) -> None:
    assert issuer_answer(replace(PAYMENT, phase=phase)) == IssuerAnswer(code)
