"""A register app's endpoint: verifies each delivery with Stripe's own library."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import Any

import stripe

TIMEOUT_S = 20.0


@dataclass
class WebhookReceiver:
    """Takes events on a port of its own; hears nothing while it is not open."""

    secret: str = field(default="", repr=False)
    port: int = 0
    taken: list[Any] = field(default_factory=list)
    refuses: int = 0
    """So many deliveries are answered with 503 first."""
    _news: Condition = field(default_factory=Condition)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> list[str]:
        return [event["id"] for event in self.taken]

    @contextmanager
    def open(self) -> Iterator[None]:
        """Answer until the context is left; on the same port every time."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                status = receiver.take(
                    self.rfile.read(length), self.headers["stripe-signature"]
                )
                self.send_response(status)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        with ThreadingHTTPServer(("127.0.0.1", self.port), Handler) as server:
            self.port = server.server_address[1]
            thread = Thread(target=server.serve_forever, args=[0.01])
            thread.start()
            try:
                yield
            finally:
                server.shutdown()
                thread.join()

    def take(self, body: bytes, signature: str) -> int:
        """The status to answer with: 400 where the signature is not ours."""
        with self._news:
            if self.refuses:
                self.refuses -= 1
                return 503
            try:
                event = stripe.Webhook.construct_event(body, signature, self.secret)
            except stripe.SignatureVerificationError:
                return 400
            self.taken.append(event.to_dict())
            self._news.notify_all()
            return 200

    def wait_for(self, number: int) -> None:
        """Return when so many different events have been taken."""
        with self._news:
            assert self._news.wait_for(
                lambda: len(set(self.ids)) >= number, timeout=TIMEOUT_S
            ), self.ids
