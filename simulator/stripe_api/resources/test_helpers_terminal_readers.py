"""Test helpers that play the customer of a simulated reader."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from simulator.cards.card import Card
from simulator.stripe_api.engine.errors import InvalidRequest, ParameterInvalid
from simulator.stripe_api.engine.operations import Call, Operation, Resource
from simulator.stripe_api.engine.parameters import (
    Choice,
    Fields,
    Integer,
    Required,
    Text,
)
from simulator.stripe_api.resources.card_reads import card_type
from simulator.stripe_api.resources.terminal_reader_actions import (
    collect_inputs,
    presenting,
)
from simulator.stripe_api.resources.terminal_reader_actions.commands import addressed
from simulator.stripe_api.resources.terminal_reader_actions.errors import (
    NothingPending,
    ReaderBusy,
)
from simulator.stripe_api.resources.terminal_reader_actions.shop import Shop
from simulator.stripe_api.resources.terminal_reader_actions.tip_screen import (
    choose_tip,
    refuses_tip,
)
from simulator.stripe_api.resources.terminal_reader_actions.turn import Turn
from simulator.stripe_api.resources.terminal_readers import READERS, Reader
from simulator.stripe_api.smart_readers.card_slot import usual_entry
from simulator.stripe_api.smart_readers.forms import usual_reply
from simulator.stripe_api.smart_readers.phases import Phase, Step

VISA, INTERAC = "4242424242424242", "4506445006931933"

_NUMBER = Fields({"number": Text()})
_PRESENT = Fields(
    {
        "amount_tip": Integer(minimum=0),
        "card": Fields(
            {
                "cvc": Text(),
                "exp_month": Required(Integer(minimum=1, maximum=12)),
                "exp_year": Required(Integer(minimum=0)),
                "number": Required(Text()),
            }
        ),
        "card_present": _NUMBER,
        "interac_present": _NUMBER,
        "type": Choice(("card", "card_present", "interac_present")),
    }
)
_SUCCEED = Fields({"skip_non_required_inputs": Choice(("all", "none"))})
_PATH = "/v1/test_helpers/terminal/readers/{reader}"


def test_helpers_terminal_readers(shop: Shop) -> Resource:
    """The helpers for the readers of this shop."""

    def operation(
        name: str, parameters: Fields, run: Callable[[Turn], None]
    ) -> Operation:
        return Operation(
            "POST", f"{_PATH}/{name}", parameters, READERS, partial(_help, shop, run)
        )

    return Resource(
        kinds=(READERS,),
        operations=(
            operation("present_payment_method", _PRESENT, _present),
            operation("succeed_input_collection", _SUCCEED, _fill_in),
            operation("timeout_input_collection", Fields({}), _time_out),
        ),
    )


def _help(shop: Shop, run: Callable[[Turn], None], call: Call) -> Reader:
    if call.livemode:
        raise InvalidRequest("Test helpers are only available in test mode.")
    turn = addressed(shop, call)
    run(turn)
    return turn.reader


def _present(turn: Turn) -> None:
    if turn.phase is Phase.AUTHORIZING:
        raise ReaderBusy
    if turn.phase not in (Phase.TIPPING, Phase.WAITING_FOR_CARD, Phase.ENTERING_PIN):
        raise NothingPending(
            "The reader does not have an action in progress that requires a payment "
            "method to be presented."
        )
    card = _card(turn)
    if not presenting.accepts(turn, card):
        raise ParameterInvalid(
            f"A payment method of type {card_type(card.account.brand)} cannot be presented for the "
            "action in progress.",
            param="type",
        )
    tip = turn.call.params.get("amount_tip")
    if tip is not None and refuses_tip(turn):
        raise ParameterInvalid(
            "The action in progress does not ask for a tip.", param="amount_tip"
        )
    if turn.phase is Phase.ENTERING_PIN:
        turn.step(Step.ASK_CARD)
    if turn.phase is Phase.TIPPING or tip is not None:
        choose_tip(turn, tip or 0)
    turn.change(is_automatic=True)
    presenting.present(turn, card, usual_entry(card))


def _card(turn: Turn) -> Card:
    """The card that the parameters describe; raises ParameterInvalid."""
    params = turn.call.params
    type_ = params.get("type") or next(
        (
            name
            for name in ("card_present", "interac_present", "card")
            if name in params
        ),
        "card_present" if presenting.accepts(turn, _numbered(turn, VISA)) else None,
    )
    if type_ == "card":
        raise ParameterInvalid(
            "The action in progress reads cards; it does not take typed card details.",
            param="type",
        )
    usual = VISA if type_ == "card_present" else INTERAC
    type_ = type_ or "interac_present"
    number = params.get(type_, {}).get("number", usual)
    return _numbered(turn, number, param=f"{type_}[number]")


def _numbered(turn: Turn, number: str, *, param: str = "number") -> Card:
    found = turn.shop.slot.of_number(number)
    if not found:
        # Without the number: somebody may have sent a real one.
        raise ParameterInvalid(
            "The number is none of Stripe's test card numbers for Terminal.",
            param=param,
            code="incorrect_number",
        )
    return found[0]


def _fill_in(turn: Turn) -> None:
    skips = turn.call.params.get("skip_non_required_inputs") == "all"
    _require_form(turn)
    while turn.phase is Phase.FORM:
        asked = collect_inputs.shown_input(turn)
        collect_inputs.answer(turn, usual_reply(asked, skips=skips))


def _time_out(turn: Turn) -> None:
    _require_form(turn)
    collect_inputs.time_out(turn)


def _require_form(turn: Turn) -> None:
    if turn.phase is not Phase.FORM:
        raise NothingPending(
            "The reader does not have an input collection in progress."
        )
