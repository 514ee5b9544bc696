"""`/agent/payments/:id/receipt`: what the customer and the merchant take home.

The journal says which charge a payment has led to, Stripe what became of it.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import replace
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import BeforeValidator, Field
from starlette.requests import Request
from starlette.responses import Response

from agent.errors import (
    EscposNotInstalled,
    PaymentOutcomeUnknown,
    ReceiptMissing,
    ReceiptNotReady,
    RequestInvalid,
    UpstreamError,
)
from agent.ids import PaymentId
from agent.journal.entries import Outcome
from agent.offline.opening import stored_payment
from agent.payments.payment import Payment
from agent.payments.states import REPLACEABLE, Phase
from agent.payments.wanted import RefundPayment
from agent.receipts.escpos import receipt_escpos
from agent.receipts.html import receipt_html
from agent.receipts.receipt import Copy, Receipt, receipt_object
from agent.receipts.source import merchant_of, receipt_of
from agent.receipts.text import DEFAULT_WIDTH, WIDTHS, receipt_text
from agent.rest.parameters import Parameters, invalid
from agent.rest.payment_object import payment_named
from agent.rest.requests import queried
from agent.rest.services import Services, services_of
from agent.rest.stripe_objects import fetched
from agent.stripe_api.objects import object_at, text_at

REFUND = RefundPayment.action

_NOT_KEPT = {"cache-control": "no-store"}
_RUNS_NOTHING = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"
}


def _width(value: object) -> int:
    by_text = {str(width): width for width in WIDTHS}
    if value not in by_text:
        raise invalid(f"Invalid width: must be one of {', '.join(by_text)}")
    return by_text[str(value)]


class ReadReceipt(Parameters):
    """`GET /agent/payments/:id/receipt`."""

    form: Literal["json", "text", "html", "escpos"] = Field("json", alias="format")
    whose: Literal["customer", "merchant"] = Field("customer", alias="copy")
    width: Annotated[
        int, BeforeValidator(_width), Field(json_schema_extra={"enum": [*WIDTHS]})
    ] = DEFAULT_WIDTH
    """Characters a line, of text and ESC/POS."""


async def read_receipt(request: Request) -> Response:
    """The receipt of a payment that has ended, approved or declined."""
    asked = queried(request, ReadReceipt)
    services = services_of(request)
    payment = payment_named(
        PaymentId(request.path_params["payment_id"]), services.journal
    )
    receipt = await _receipt(services, _at_stripe(services, ended(payment)))
    copy = Copy(asked.whose)
    match asked.form:
        case "json":
            content = receipt_object(receipt, copy=copy)
            body = json.dumps({"payment": payment.payment_id, **content})
            return Response(body, media_type="application/json", headers=_NOT_KEPT)
        case "text":
            text = receipt_text(receipt, copy=copy, width=asked.width)
            return Response(text, media_type="text/plain", headers=_NOT_KEPT)
        case "html":
            page = receipt_html(receipt, copy=copy)
            headers = _NOT_KEPT | _RUNS_NOTHING
            return Response(page, media_type="text/html", headers=headers)
        case "escpos":
            printed = await _escpos(receipt, copy=copy, width=asked.width)
            binary = "application/octet-stream"
            return Response(printed, media_type=binary, headers=_NOT_KEPT)


async def _escpos(receipt: Receipt, *, copy: Copy, width: int) -> bytes:
    try:
        # In a thread: loading the library would hold up all readers.
        return await asyncio.to_thread(receipt_escpos, receipt, copy=copy, width=width)
    except ImportError:
        raise EscposNotInstalled("python-escpos is not installed.") from None


def ended(payment: Payment) -> Payment:
    """The payment, if it has a receipt.

    Raises ReceiptNotReady, PaymentOutcomeUnknown or ReceiptMissing, which say why not.
    """
    name = payment.payment_id
    if payment.phase in REPLACEABLE | {Phase.SENT, Phase.CARD_COLLECTED}:
        raise ReceiptNotReady(f"{name} has not ended yet.")
    if not payment.is_finished:
        raise PaymentOutcomeUnknown(f"{name}: what became of it is not known yet.")
    is_in_vain = payment.outcome is not Outcome.SUCCEEDED
    has_moved_money = payment.charge is not None and payment.action != REFUND
    if payment.payment_intent is None or (is_in_vain and not has_moved_money):
        raise ReceiptMissing(f"{name} has ended as {payment.phase}, without a charge.")
    return payment


def _at_stripe(services: Services, payment: Payment) -> Payment:
    """With Stripe's own intent and charge, where it was accepted without network.

    Raises ReceiptNotReady before it is forwarded: the issuer's words are missing.
    """
    if not payment.is_stored_offline:
        return payment
    stored = stored_payment(services.journal, payment.payment_id)
    if stored.payment_intent is None:
        raise ReceiptNotReady(f"{payment.payment_id} is stored, and not charged yet.")
    return replace(payment, payment_intent=stored.payment_intent, charge=stored.charge)


async def _receipt(services: Services, payment: Payment) -> Receipt:
    intent = await fetched(
        services.stripe,
        f"/v1/payment_intents/{quote(payment.intent, safe='')}?expand[]=latest_charge",
    )
    charge = object_at(intent, "latest_charge")
    if payment.charge not in (None, text_at(charge, "id")):
        # The intent was tried again since, perhaps with another card.
        charge = await fetched(
            services.stripe, f"/v1/charges/{quote(payment.charge or '', safe='')}"
        )
    merchant = None
    # A receipt without the merchant's name is better than none.
    with suppress(UpstreamError, RequestInvalid):
        merchant = merchant_of(await fetched(services.stripe, "/v1/account"))
    return receipt_of(
        intent,
        charge=charge,
        merchant=merchant,
        reader_id=payment.reader_id,
        at=services.clock.now(),
    )
