"""A simulated Stripe API on a free loopback port, with a small issuer of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from hashlib import shake_128
from http.client import HTTPConnection
from itertools import count
from typing import Any, cast

import stripe
import uvicorn
from starlette.applications import Starlette
from stripe_api_witness import Witness

from simulator.clock import Clock, ManualClock
from simulator.control.stripe import stripe_routes
from simulator.emv.authorization import (
    Approved,
    AuthorizationRequest,
    Declined,
    PresentedCard,
)
from simulator.errors import CardDataUnreadable
from simulator.stripe_api.app import StripeApi
from simulator.stripe_api.engine.ids import Random
from simulator.stripe_api.engine.wire import ResettableHttp

KEY = "sk_test_simulator0123456789"
LIVE_KEY = "rk_live_simulator0123456789"

VISA = PresentedCard(
    brand="visa",
    funding="credit",
    country="US",
    last4="4242",
    iin="424242",
    exp_month=12,
    exp_year=2034,
    fingerprint="Xt5EWLLDS7FJjR1c",
    issuer="Simulated Bank",
    description="Visa Classic",
    cardholder_name="CARDHOLDER/VISA",
    network="visa",
    dedicated_file_name="A0000000031010",
    application_preferred_name="Visa Credit",
    application_cryptogram="9A5C4B21D3E8F607",
    terminal_verification_results="0000008000",
    transaction_status_information="6800",
    cardholder_verification_method="signature",
)

INTERAC = replace(VISA, brand="interac", network="interac", fingerprint="InteracCard")
WALLET = replace(VISA, cardholder_verification_method="approval")

APPROVED_DATA = b"approve"
INTERAC_DATA, OTHER_INTERAC_DATA = b"interac", b"other interac"
WALLET_DATA = b"wallet"
UNREADABLE_DATA = b"unreadable"


_APPROVED = {
    INTERAC_DATA: INTERAC,
    OTHER_INTERAC_DATA: replace(INTERAC, fingerprint="AnotherCard"),
    WALLET_DATA: WALLET,
}


def approved_data(fingerprint: str) -> bytes:
    """Card data for which TestIssuer approves a card with this fingerprint."""
    return b"approve:" + fingerprint.encode()


def declined_data(decline_code: str) -> bytes:
    """Card data for which TestIssuer answers with this decline code."""
    return b"decline:" + decline_code.encode()


@dataclass(slots=True)
class TestIssuer:
    """An issuer that does what the "ciphertext" says, and counts."""

    __test__ = False

    asked: list[AuthorizationRequest] = field(default_factory=list)
    decline_code: str = ""
    """With what to decline whatever a smart reader read."""

    def authorize(self, request: AuthorizationRequest) -> Approved | Declined:
        """Approve, decline or raise, as the card data ask for."""
        self.asked.append(request)
        if request.ciphertext == UNREADABLE_DATA:
            raise CardDataUnreadable
        if request.ciphertext.startswith(b"decline:"):
            decline_code = request.ciphertext.removeprefix(b"decline:").decode()
            return Declined(VISA, "card_declined", decline_code, "05", "8A023035")
        card = _APPROVED.get(request.ciphertext, VISA)
        if self.decline_code:
            return Declined(card, "card_declined", self.decline_code, "05", "8A023035")
        if request.ciphertext.startswith(b"approve:"):
            fingerprint = request.ciphertext.removeprefix(b"approve:").decode()
            card = replace(VISA, fingerprint=fingerprint)
        return Approved(card, "A1B2C3", "00", "8A023030")


def seeded_random(seed: bytes = b"seed") -> Random:
    """Random bytes that are the same in every run."""
    calls = count()

    def random(size: int) -> bytes:
        return shake_128(seed + next(calls).to_bytes(8, "big")).digest(size)

    return random


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The body, which must be a JSON object."""
        content = json.loads(self.body)
        assert isinstance(content, dict)
        return content

    @property
    def error(self) -> dict[str, Any]:
        """The refusal in Stripe's envelope."""
        assert self.json.keys() == {"error"}
        error = self.json["error"]
        assert isinstance(error, dict)
        return error


@dataclass(frozen=True, slots=True)
class StripeApiServer:
    """A running server, and what it is made of."""

    api: StripeApi
    issuer: TestIssuer
    clock: Clock
    url: str
    witness: Witness
    """Has seen every answer."""

    def client(self, key: str = KEY, *, retries: int = 0) -> stripe.StripeClient:
        """The official client, pointed here."""
        return stripe.StripeClient(
            key,
            base_addresses={"api": self.url, "files": self.url},
            max_network_retries=retries,
        )

    def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        json_body: object = None,
        headers: Mapping[str, str] | None = None,
        key: str | None = KEY,
    ) -> HttpAnswer:
        """One request as bytes, for what the official client would not send."""
        sent = {**(headers or {})}
        if key is not None:
            sent.setdefault("Authorization", f"Bearer {key}")
        if json_body is not None:
            body = json.dumps(json_body).encode()
            sent["Content-Type"] = "application/json"
        connection = HTTPConnection(self.url.removeprefix("http://"), timeout=5)
        with contextlib.closing(connection):
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return HttpAnswer(response.status, names, response.read())


@contextlib.contextmanager
def serving(*, keys: Set[str] = frozenset()) -> Iterator[StripeApiServer]:
    """Serve a fresh API from another thread until the context ends."""
    with _listening(ManualClock(), keys=keys) as (server, listener, described):
        # The backlog takes connections at once, so nobody waits for the start.
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield described
        finally:
            server.should_exit = True
            thread.join()


@contextlib.asynccontextmanager
async def serving_here(clock: Clock) -> AsyncIterator[StripeApiServer]:
    """Serve a fresh API from the running loop, so that `clock` can be advanced."""
    with _listening(clock) as (server, listener, described):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.serve(sockets=[listener]))
            try:
                yield described
            finally:
                server.should_exit = True


@contextlib.contextmanager
def _listening(
    clock: Clock, *, keys: Set[str] = frozenset()
) -> Iterator[tuple[uvicorn.Server, socket.socket, StripeApiServer]]:
    issuer = TestIssuer()
    api = StripeApi(issuer=issuer, clock=clock, random=seeded_random(), keys=keys)
    app = Witness(Starlette(routes=[*api.routes, *stripe_routes(api)]), api)
    config = uvicorn.Config(app, http=ResettableHttp, log_level="error", lifespan="off")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        described = StripeApiServer(api, issuer, clock, url, app)
        yield uvicorn.Server(config), listener, described


def new_intent(
    client: stripe.StripeClient,
    *,
    amount: int = 10_50,
    capture_method: str = "automatic",
) -> stripe.PaymentIntent:
    """A PaymentIntent for a card that will be present."""
    return client.v1.payment_intents.create(
        {
            "amount": amount,
            "currency": "usd",
            "allowed_payment_method_types": ["card_present"],
            "capture_method": capture_method,
        }
    )


def card_present(
    data: bytes = APPROVED_DATA, **changes: object
) -> stripe.params.PaymentIntentConfirmParams:
    """Parameters that confirm with what a local reader encrypted."""
    card = {
        "emv_data": data.hex(),
        "ksn": "ffff9876543210e00001",
        "read_method": "contact_emv",
        "reader": "tmr_local",
        **changes,
    }
    sent = {"type": "card_present", "card_present": card}
    # The SDK's types do not know the simulator's addition to payment_method_data.
    return cast(
        "stripe.params.PaymentIntentConfirmParams", {"payment_method_data": sent}
    )


def paid_intent(
    client: stripe.StripeClient,
    *,
    amount: int = 10_50,
    capture_method: str = "automatic",
) -> stripe.PaymentIntent:
    """A PaymentIntent that the issuer has approved."""
    intent = new_intent(client, amount=amount, capture_method=capture_method)
    return client.v1.payment_intents.confirm(intent.id, card_present())
