"""Tokens of cards: what a browser gets for a card number, good for one use."""

from __future__ import annotations

from typing import Any, TypedDict

from simulator.stripe_api.engine.errors import (
    InvalidRequest,
    ParameterInvalid,
    ResourceMissing,
)
from simulator.stripe_api.engine.operations import Call, Operation, Resource
from simulator.stripe_api.engine.parameters import (
    Anything,
    Fields,
    Integer,
    Required,
    Text,
    Values,
)
from simulator.stripe_api.engine.store import Kind
from simulator.stripe_api.resources.money import Currency
from simulator.stripe_api.resources.online_cards.published_cards import (
    TOKEN_PREFIX,
    card_of_test_id,
    card_with_fingerprint,
)
from simulator.stripe_api.resources.online_cards.typed_card import (
    TypedCard,
    card_of_test_ids,
    read_card,
)

_ADDRESS = ("city", "country", "line1", "line2", "state", "zip")

_CREATE = Fields(
    {
        "account": Anything(),
        "bank_account": Anything(),
        "card": Fields(
            {
                **{f"address_{part}": Text() for part in _ADDRESS},
                "currency": Currency(),
                "cvc": Text(10),
                "exp_month": Required(Integer()),
                "exp_year": Required(Integer()),
                "name": Text(),
                "networks": Anything(),
                "number": Required(Text(30)),
            }
        ),
        "customer": Text(),
        "cvc_update": Anything(),
        "person": Anything(),
        "pii": Anything(),
    }
)


class Token(TypedDict):
    """Stripe's Token, of a card."""

    id: str
    object: str
    card: Values
    client_ip: str | None
    created: int
    livemode: bool
    type: str
    used: bool


TOKENS = Kind[Token](name="token", prefix="tok", noun="token", shape=Token)


def use_token(call: Call, token_id: str, *, param: str) -> TypedCard:
    """The card of a token, which can be used once; test ids can be used for ever.

    Raises InvalidRequest for a token that is unknown or used.
    """
    test_card = card_of_test_id(token_id, TOKEN_PREFIX)
    if test_card is not None and not call.livemode:
        return card_of_test_ids(test_card, now=call.now)
    token = call.store.of(TOKENS).get(token_id)
    card = (
        None if token is None else card_with_fingerprint(token["card"]["fingerprint"])
    )
    if token is None or card is None:
        raise ResourceMissing(TOKENS.noun, token_id, param=param, status=400)
    if token["used"]:
        raise InvalidRequest(
            f"You cannot use a Stripe token more than once: {token_id}.",
            code="token_already_used",
        )
    used = token.copy()
    used["used"] = True
    call.store.of(TOKENS).put(used)
    return TypedCard(
        card,
        token["card"]["exp_month"],
        token["card"]["exp_year"],
        token["card"]["cvc_check"],
    )


def _create(call: Call) -> Token:
    if "card" not in call.params:
        raise ParameterInvalid(
            "This simulator makes tokens of cards only.", param="card"
        )
    sent: Values = call.params["card"]
    typed = read_card(call, sent, name="card")
    token: Token = {
        "id": call.new_id(TOKENS),
        "object": "token",
        "card": _shown(call, typed, sent),
        "client_ip": "127.0.0.1",
        "created": call.now,
        "livemode": call.livemode,
        "type": "card",
        "used": False,
    }
    call.store.of(TOKENS).put(token)
    return token


def _shown(call: Call, typed: TypedCard, sent: Values) -> Values:
    """Stripe's Card object, as tokens show it."""
    card = typed.card
    shown: dict[str, Any] = {
        "id": call.ids.new("card"),
        "object": "card",
        **{f"address_{part}": sent.get(f"address_{part}") for part in _ADDRESS},
        "address_line1_check": "unchecked" if "address_line1" in sent else None,
        "address_zip_check": "unchecked" if "address_zip" in sent else None,
        "brand": _BRAND_NAMES[card.brand],
        "country": card.country,
        "cvc_check": typed.cvc_check,
        "dynamic_last4": None,
        "exp_month": typed.exp_month,
        "exp_year": typed.exp_year,
        "fingerprint": card.fingerprint,
        "funding": card.funding,
        "last4": card.last4,
        "metadata": {},
        "name": sent.get("name"),
        "networks": {"preferred": None},
        "regulated_status": "unregulated",
        "tokenization_method": None,
    }
    if "currency" in sent:
        shown["currency"] = sent["currency"]
    return shown


_BRAND_NAMES = {
    "amex": "American Express",
    "diners": "Diners Club",
    "discover": "Discover",
    "jcb": "JCB",
    "mastercard": "MasterCard",
    "unionpay": "UnionPay",
    "visa": "Visa",
}
"""As Card objects write them, unlike payment methods."""


def _retrieve(call: Call) -> Token:
    return call.find(TOKENS, "token")


TOKEN = Resource(
    kinds=(TOKENS,),
    operations=(
        Operation("POST", "/v1/tokens", _CREATE, TOKENS, _create),
        Operation("GET", "/v1/tokens/{token}", Fields({}), TOKENS, _retrieve),
    ),
)
