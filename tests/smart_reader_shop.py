"""A simulated Stripe API with smart readers and a real simulated bank, for tests."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import stripe
import uvicorn
from starlette.applications import Starlette
from stripe_api_server import KEY, seeded_random
from stripe_api_witness import Witness

from simulator.cards.book import CardBook
from simulator.clock import ManualClock
from simulator.control.smart_reader_rules import smart_rule_routes
from simulator.control.smart_readers import smart_reader_routes
from simulator.emv.issuer import SimulatedIssuer
from simulator.emv.kernel import Kernel
from simulator.stripe_api.app import StripeApi
from simulator.stripe_api.at_the_reader.rules import SmartRules
from simulator.stripe_api.at_the_reader.smart_readers import SmartReaders
from simulator.stripe_api.engine.versions import LATEST
from simulator.stripe_api.smart_readers.card_slot import CardSlot


@dataclass(frozen=True, slots=True)
class SmartReaderShop:
    """A running API whose time stands still until it is advanced."""

    api: StripeApi
    clock: ManualClock
    url: str
    witness: Witness

    def client(self, key: str = KEY) -> stripe.StripeClient:
        """The official client, pointed here."""
        return stripe.StripeClient(
            key,
            base_addresses={"api": self.url, "files": self.url},
            max_network_retries=0,
        )

    def control(self, method: str, path: str, body: object = None) -> Any:
        """A request to the control routes; the JSON of its answer, refusals included."""
        return self._ask(method, path, body, {})

    def post_json(self, path: str, body: object, *, version: str = LATEST) -> Any:
        """A request that a form, and so the official client, cannot express."""
        headers = {
            "Authorization": f"Bearer {KEY}",
            "Content-Type": "application/json",
            "Stripe-Version": version,
        }
        return self._ask("POST", path, body, headers)

    def _ask(
        self, method: str, path: str, body: object, headers: Mapping[str, str]
    ) -> Any:
        data = None if body is None else json.dumps(body).encode()
        url = f"{self.url}{path}"
        request = Request(url, data, headers=dict(headers), method=method)
        try:
            with urlopen(request, timeout=5) as answer:
                content = answer.read()
        except HTTPError as refusal:
            with refusal:
                content = refusal.read()
        return json.loads(content) if content else None


@contextlib.contextmanager
def open_shop() -> Iterator[SmartReaderShop]:
    """Serve a fresh API from another thread until the context ends."""
    clock, random, cards = ManualClock(), seeded_random(), CardBook.load()
    kernel = Kernel(clock=clock, random_bytes=random)
    api = StripeApi(
        issuer=SimulatedIssuer(cards),
        clock=clock,
        random=random,
        slot=CardSlot(cards, kernel=kernel),
    )
    control = [
        *smart_reader_routes(SmartReaders(api), cards),
        *smart_rule_routes(SmartRules(api), cards),
    ]
    witness = Witness(Starlette(routes=[*api.routes, *control]), api)
    config = uvicorn.Config(witness, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield SmartReaderShop(api, clock, url, witness)
        finally:
            server.should_exit = True
            thread.join()


def do(
    shop: SmartReaderShop, reader: stripe.terminal.Reader, deed: str, **body: Any
) -> Any:
    """Do something at a reader; what it shows then, or the refusal."""
    path = f"/simulator/smart_readers/{reader.id}/{deed}"
    return shop.control("POST", path, body)


def look(shop: SmartReaderShop, reader: stripe.terminal.Reader) -> Any:
    """What the reader shows."""
    return shop.control("GET", f"/simulator/smart_readers/{reader.id}")


def new_location(client: stripe.StripeClient) -> stripe.terminal.Location:
    """A shop in Canada, where Interac is."""
    return client.v1.terminal.locations.create(
        {
            "display_name": "Shop",
            "address": {
                "line1": "1 Queen Street",
                "city": "Toronto",
                "state": "ON",
                "postal_code": "M5H 2N2",
                "country": "CA",
            },
        }
    )


def new_reader(
    client: stripe.StripeClient, code: str = "simulated-wpe"
) -> stripe.terminal.Reader:
    """A registered reader at a location of its own."""
    return client.v1.terminal.readers.create(
        {"registration_code": code, "location": new_location(client).id}
    )


def new_intent(
    client: stripe.StripeClient, amount: int = 10_00, **changes: Any
) -> stripe.PaymentIntent:
    """A PaymentIntent for a card that will be present."""
    params: Any = {
        "amount": amount,
        "currency": "cad",
        "allowed_payment_method_types": ["card_present"],
        "capture_method": "automatic",
        **changes,
    }
    return client.v1.payment_intents.create(params)


def processing(
    client: stripe.StripeClient,
    reader: stripe.terminal.Reader,
    *,
    amount: int = 10_00,
    config: Any = None,
    **changes: Any,
) -> stripe.PaymentIntent:
    """A PaymentIntent for which the reader waits for a card."""
    intent = new_intent(client, amount, **changes)
    params: Any = {"payment_intent": intent.id}
    if config is not None:
        params["process_config"] = config
    client.v1.terminal.readers.process_payment_intent(reader.id, params)
    return intent


def present(
    client: stripe.StripeClient,
    reader: stripe.terminal.Reader,
    number: str | None = None,
    **params: Any,
) -> stripe.terminal.Reader:
    """Present a card by the test helper."""
    sent: Any = params
    if number is not None:
        sent["card_present"] = {"number": number}
    return client.v1.test_helpers.terminal.readers.present_payment_method(
        reader.id, sent
    )


def action_of(reader: stripe.terminal.Reader) -> Any:
    """The reader's action, which must be there."""
    assert reader.action is not None
    return reader.action


def charge_of(client: stripe.StripeClient, intent_id: str) -> stripe.Charge:
    """The intent's latest charge."""
    intent = client.v1.payment_intents.retrieve(intent_id)
    return client.v1.charges.retrieve(str(intent.latest_charge))


def event_types(client: stripe.StripeClient) -> list[str]:
    """What happened, oldest first."""
    return [
        event.type for event in reversed(client.v1.events.list({"limit": 100}).data)
    ]
