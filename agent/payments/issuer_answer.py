"""What the chip is told, from what Stripe said (EMV Book 3, 10.9 and Annex A). Pure."""

from __future__ import annotations

from agent.payments.payment import Payment
from agent.payments.states import Phase
from drivers.errors import TlvError
from drivers.protocol import tlv
from drivers.reader import IssuerAnswer

AUTHORISATION_RESPONSE_CODE = 0x8A
ISSUER_AUTHENTICATION_DATA = 0x91
ISSUER_SCRIPTS = frozenset({0x71, 0x72})
"""Passed on byte for byte: the issuer has signed them for its card."""

APPROVED = "00"
DECLINED = "05"
UNABLE_TO_GO_ONLINE = "Z3"
APPROVED_OFFLINE = "Y3"
"""Nobody was asked, and the terminal approves; the card has the last word."""


def issuer_answer(payment: Payment) -> IssuerAnswer:
    """The answer for the card of a payment whose confirm is settled."""
    match payment.phase:
        case Phase.CONFIRMED | Phase.PERFORMED:
            return _approved(payment.emv_auth_data)
        case Phase.REFUSED:
            return IssuerAnswer(DECLINED)
        case Phase.STORED_OFFLINE:
            return IssuerAnswer(APPROVED_OFFLINE)
        case _:
            return IssuerAnswer(UNABLE_TO_GO_ONLINE)


def _approved(emv_auth_data: str | None) -> IssuerAnswer:
    """The issuer's own words; a bare approval where it sent none that can be read."""
    try:
        elements = tlv.split(bytes.fromhex(emv_auth_data or ""))
    except (ValueError, TlvError):
        return IssuerAnswer(APPROVED)
    code, authentication_data, scripts = APPROVED, b"", b""
    for element in elements:
        if element.tag == AUTHORISATION_RESPONSE_CODE:
            code = element.value.decode("ascii", errors="replace")
        elif element.tag == ISSUER_AUTHENTICATION_DATA:
            authentication_data = element.value
        elif element.tag in ISSUER_SCRIPTS:
            scripts += element.data
    return IssuerAnswer(code, authentication_data, scripts)
