"""kill -9 while a register's capture is at Stripe: repeated, it is done once."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from register_app import Register

from examples.launch import Simulator, agent, agent_folder, call, expect, simulator

KEY = {"Idempotency-Key": "capture-1"}


@dataclass(frozen=True)
class Gate:
    """A way to Stripe on which the answer to the first capture does not come back."""

    url: str
    is_done: threading.Event = field(default_factory=threading.Event)
    """Stripe has carried it out."""
    go_on: threading.Event = field(default_factory=threading.Event)
    """Set once nobody waits for the answer any more."""


class Passing(BaseHTTPRequestHandler):
    """Passes requests on to Stripe, and all answers back but one."""

    protocol_version = "HTTP/1.1"
    server: GateServer

    def do_GET(self) -> None:
        """Called by the server, as are the next ones."""
        self._pass_on()

    def do_POST(self) -> None:
        self._pass_on()

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        with closing(http.client.HTTPConnection(self.server.stripe)) as stripe:
            stripe.request(self.command, self.path, body, dict(self.headers.items()))
            answer = stripe.getresponse()
            content = answer.read()
        gate = self.server.gate
        if self.path.endswith("/capture") and not gate.is_done.is_set():
            gate.is_done.set()
            gate.go_on.wait(timeout=30)
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"content-length", "date", "server"}:
                self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class GateServer(ThreadingHTTPServer):
    """What the handlers need to know."""

    def __init__(self, stripe: str) -> None:
        super().__init__(("127.0.0.1", 0), Passing)
        self.stripe = stripe
        self.gate = Gate(f"http://127.0.0.1:{self.server_address[1]}")


@contextmanager
def gate_to(stripe_url: str) -> Iterator[Gate]:
    """A gate on the way to this Stripe."""
    server = GateServer(urlsplit(stripe_url).netloc)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield server.gate
    finally:
        server.gate.go_on.set()
        server.shutdown()
        serving.join()
        server.server_close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Simulator]:
    with simulator(tmp_path) as running:
        running.when_asked_present("visa_approved")
        yield running


def test_a_capture_over_a_kill_is_done_once_and_told_truthfully(
    world: Simulator, tmp_path: Path
) -> None:
    with gate_to(world.url) as gate:
        home = agent_folder(tmp_path, stripe_url=gate.url)
        with agent(home) as killed:
            register = Register(home.url, home.key())
            reader = register.reader(world.registration_code)
            intent = held(world)
            register.process(reader, intent)
            path = f"{home.url}/v1/payment_intents/{intent}/capture"
            form = {"amount_to_capture": 9_00}

            def capture() -> None:
                with suppress(OSError):
                    call(path, form, key=register.key, headers=KEY)

            capturing = threading.Thread(target=capture)
            capturing.start()
            assert gate.is_done.wait(timeout=30)
            killed.popen.kill()
            killed.wait()
            capturing.join()
            gate.go_on.set()
        with agent(home):
            sale = f"{home.url}/agent/payments?payment_intent={intent}"
            told = expect(call(sale, key=register.key))
            again = expect(call(path, form, key=register.key, headers=KEY))

    (charge,) = world.charges(payment_intent=intent)
    assert charge["amount_captured"] == 9_00
    assert (told["next_step"], told["payments"][0]["amount_received"]) == ("done", 9_00)
    assert again["amount_received"] == 9_00


def held(world: Simulator) -> str:
    """A PaymentIntent whose money is to be held."""
    form = {
        "amount": 12_00,
        "currency": "usd",
        "capture_method": "manual",
        "allowed_payment_method_types": ["card_present"],
    }
    return str(world.stripe("/v1/payment_intents", form)["id"])
