"""A tour of the simulated Stripe API that asks for everything there is at least once.

An operation added to the API needs a step here before the conformance test passes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any
from urllib.parse import urlencode

from stripe_api_server import APPROVED_DATA, HttpAnswer, StripeApiServer

from simulator.stripe_api.engine.operations import Operation

PDF = b"%PDF-1.7\n"
TORONTO = {
    "line1": "301 Front Street West",
    "city": "Toronto",
    "state": "ON",
    "postal_code": "M5V 2T6",
    "country": "CA",
}
IN_PERSON = {
    "amount": 2000,
    "currency": "usd",
    "allowed_payment_method_types": ["card_present"],
}
INTERAC = {
    "amount": 2000,
    "currency": "cad",
    "allowed_payment_method_types": ["card_present", "interac_present"],
}
CARD = {
    "payment_method_data": {
        "type": "card_present",
        "card_present": {
            "emv_data": APPROVED_DATA.hex(),
            "ksn": "ffff9876543210e00001",
            "read_method": "contact_emv",
        },
    }
}
WAITING_REFUND: Mapping[str, Any] = {
    "id": "re_waiting",
    "object": "refund",
    "amount": 500,
    "currency": "usd",
    "status": "requires_action",
}
"""No refund to a card waits for anybody, so this one is there from the beginning."""

_EVERYTHING = "created>0"
QUERIES: Mapping[str, Any] = {
    "GET /v1/charges/search": {"query": _EVERYTHING},
    "GET /v1/customers/search": {"query": _EVERYTHING},
    "GET /v1/payment_intents/search": {"query": _EVERYTHING},
    "GET /v1/setup_attempts": {"setup_intent": "$setup_intent"},
}
"""What a reading operation cannot do without."""


@dataclass(frozen=True, slots=True)
class Step:
    """One request that changes something; `$name` stands for what was kept as that."""

    operation: str
    params: Mapping[str, Any] = field(default_factory=dict)
    keep: str = ""
    """The name under which `pick` of the answer is kept."""
    pick: str = "id"
    """Dotted path of a field of the answer."""
    at: Mapping[str, str] = field(default_factory=dict)
    """What placeholders stand for, where not for what was kept by their name."""


_READER = "/v1/terminal/readers/{reader}"
_HELPER = "/v1/test_helpers/terminal/readers/{reader}"

STEPS = (
    Step("POST /v1/test_helpers/test_clocks", {"frozen_time": 1_800_000_000}, "clock"),
    Step(
        "POST /v1/test_helpers/test_clocks/{test_clock}/advance",
        {"frozen_time": 1_800_000_900},
        at={"test_clock": "clock"},
    ),
    Step(
        "POST /v1/webhook_endpoints",
        {"enabled_events": ["charge.refunded"], "url": "http://127.0.0.1:9/hook"},
        keep="webhook_endpoint",
    ),
    Step("POST /v1/webhook_endpoints/{webhook_endpoint}", {"enabled_events": ["*"]}),
    Step("POST /v1/customers", {"email": "jo@example.com", "name": "Jo"}, "customer"),
    Step("POST /v1/customers/{customer}", {"metadata": {"since": "1999"}}),
    Step(
        "POST /v1/files",
        {"purpose": "pci_document", "file": PDF},
        keep="file",
    ),
    Step("POST /v1/file_links", {"file": "$file"}, "link"),
    Step("POST /v1/file_links/{link}", {"metadata": {"to": "the shop"}}),
    Step(
        "POST /v1/terminal/configurations",
        {
            "name": "Tips",
            "tipping": {"usd": {"fixed_amounts": [100, 200, 300]}},
            "reboot_window": {"start_hour": 2, "end_hour": 4},
        },
        keep="configuration",
    ),
    Step(
        "POST /v1/terminal/configurations/{configuration}",
        {"offline": {"enabled": True}},
    ),
    Step(
        "POST /v1/terminal/locations",
        {"display_name": "Shop", "address": TORONTO, "phone": "+4930"},
        keep="location",
    ),
    Step("POST /v1/terminal/locations/{location}", {"display_name": "The shop"}),
    Step("POST /v1/terminal/connection_tokens", {"location": "$location"}),
    Step(
        "POST /v1/terminal/onboarding_links",
        {
            "link_type": "apple_terms_and_conditions",
            "link_options": {
                "apple_terms_and_conditions": {"merchant_display_name": "The shop"}
            },
        },
    ),
    Step(
        "POST /v1/terminal/readers",
        {"registration_code": "simulated-s700", "location": "$location"},
        keep="reader",
    ),
    Step(f"POST {_READER}", {"label": "Till 1"}),
    # One payment at the smart reader, the card first read and then charged.
    Step("POST /v1/payment_intents", IN_PERSON, keep="intent"),
    Step("POST /v1/payment_intents/{intent}", {"description": "Coffee"}),
    Step(f"POST {_READER}/collect_payment_method", {"payment_intent": "$intent"}),
    Step(f"POST {_HELPER}/present_payment_method"),
    Step(f"POST {_READER}/confirm_payment_intent", {"payment_intent": "$intent"}),
    # One held there, raised and captured.
    Step(
        "POST /v1/payment_intents",
        {
            **IN_PERSON,
            "capture_method": "manual",
            "customer": "$customer",
            "setup_future_usage": "off_session",
            "payment_method_options": {
                "card_present": {"request_incremental_authorization_support": True}
            },
        },
        keep="held",
    ),
    Step(f"POST {_READER}/process_payment_intent", {"payment_intent": "$held"}),
    Step(f"POST {_HELPER}/present_payment_method", {"amount_tip": 0}),
    Step(
        "POST /v1/payment_intents/{intent}/increment_authorization",
        {"amount": 2500},
        at={"intent": "held"},
    ),
    Step("POST /v1/payment_intents/{intent}/capture", at={"intent": "held"}),
    Step(
        "GET /v1/payment_methods",
        {"customer": "$customer"},
        keep="payment_method",
        pick="data.0.id",
    ),
    Step("POST /v1/payment_methods/{payment_method}", {"metadata": {"kept": "yes"}}),
    # A card kept without a payment, and one not.
    Step(
        "POST /v1/setup_intents",
        {"customer": "$customer", "allowed_payment_method_types": ["card_present"]},
        keep="setup_intent",
    ),
    Step(
        "POST /v1/setup_intents/{intent}",
        {"description": "Club card"},
        at={"intent": "setup_intent"},
    ),
    Step(
        "POST /v1/setup_intents/{intent}/confirm",
        CARD,
        at={"intent": "setup_intent"},
    ),
    Step("POST /v1/setup_intents", keep="not_set_up"),
    Step("POST /v1/setup_intents/{intent}/cancel", at={"intent": "not_set_up"}),
    # A card typed in, by token and by ConfirmationToken.
    Step(
        "POST /v1/tokens",
        {"card": {"number": "4242424242424242", "exp_month": 12, "exp_year": 2034}},
        keep="token",
    ),
    Step("POST /v1/payment_methods", {"type": "card", "card": {"token": "tok_visa"}}),
    Step(
        "POST /v1/test_helpers/confirmation_tokens",
        {"payment_method": "pm_card_visa"},
        keep="confirmation_token",
    ),
    # One on a card that a local reader read, refunded in part; one given up.
    Step("POST /v1/payment_intents", IN_PERSON, keep="local"),
    Step(
        "POST /v1/payment_intents/{intent}/confirm",
        CARD,
        keep="charge",
        pick="latest_charge",
        at={"intent": "local"},
    ),
    Step("POST /v1/charges/{charge}", {"description": "Tea"}),
    Step("POST /v1/refunds", {"payment_intent": "$local", "amount": 5}, "refund"),
    Step("POST /v1/refunds/{refund}", {"metadata": {"case": "12"}}),
    Step("POST /v1/refunds/{refund}/cancel", at={"refund": "waiting_refund"}),
    Step("POST /v1/payment_intents", IN_PERSON, keep="unpaid"),
    Step("POST /v1/payment_intents/{intent}/cancel", at={"intent": "unpaid"}),
    # What else a reader does.
    Step(
        f"POST {_READER}/set_reader_display",
        {
            "type": "cart",
            "cart": {
                "currency": "usd",
                "line_items": [{"amount": 5, "description": "Tea", "quantity": 1}],
                "total": 5,
            },
        },
    ),
    Step(f"POST {_READER}/cancel_action"),
    *(
        step
        for helper in ("succeed_input_collection", "timeout_input_collection")
        for step in (
            Step(
                f"POST {_READER}/collect_inputs",
                {"inputs": [{"type": "email", "custom_text": {"title": "Mail"}}]},
            ),
            Step(f"POST {_HELPER}/{helper}"),
        )
    ),
    # A debit card that must come back to be refunded.
    Step("POST /v1/payment_intents", INTERAC, keep="debit"),
    Step(f"POST {_READER}/process_payment_intent", {"payment_intent": "$debit"}),
    Step(f"POST {_HELPER}/present_payment_method", {"type": "interac_present"}),
    Step(f"POST {_READER}/refund_payment", {"payment_intent": "$debit"}),
    Step(f"POST {_HELPER}/present_payment_method", {"type": "interac_present"}),
    # A card that is kept at the reader.
    Step(
        "POST /v1/setup_intents",
        {"allowed_payment_method_types": ["card_present"]},
        keep="kept",
    ),
    Step(
        f"POST {_READER}/process_setup_intent",
        {"setup_intent": "$kept", "allow_redisplay": "always"},
    ),
    Step(f"POST {_HELPER}/present_payment_method"),
)

LAST_STEPS = (
    Step("POST /v1/payment_methods/{payment_method}/detach"),
    Step("POST /v1/payment_methods/{payment_method}/attach", {"customer": "$customer"}),
    Step(f"DELETE {_READER}"),
    Step("DELETE /v1/terminal/locations/{location}"),
    Step("DELETE /v1/terminal/configurations/{configuration}"),
    Step("DELETE /v1/webhook_endpoints/{webhook_endpoint}"),
    Step("DELETE /v1/customers/{customer}"),
    Step(
        "DELETE /v1/test_helpers/test_clocks/{test_clock}", at={"test_clock": "clock"}
    ),
)


class Tour:
    """One visit of one server."""

    def __init__(self, server: StripeApiServer) -> None:
        """Nothing is asked for yet."""
        server.api.state.seed([WAITING_REFUND])
        self._server = server
        self._kept: dict[str, str] = {"waiting_refund": WAITING_REFUND["id"]}

    def take(self, steps: tuple[Step, ...]) -> None:
        """Take some steps; each must succeed."""
        for step in steps:
            method, _, path = step.operation.partition(" ")
            at = {name: self._kept[kept] for name, kept in step.at.items()}
            answer = self._ask(method, path.format_map({**self._kept, **at}), step)
            if step.keep:
                self._kept[step.keep] = reduce(_part, step.pick.split("."), answer)

    def read_everything(self) -> None:
        """Ask every reading operation, with all that can be expanded expanded."""
        lists = {each.path: self._read(each) for each in self._reading(is_list=True)}
        for operation in self._reading(is_list=False):
            items = lists.get(operation.path.rpartition("/")[0], {}).get("data")
            for item in items or [None]:
                self._read(operation, item)

    def _reading(self, *, is_list: bool) -> Iterator[Operation]:
        for operation in self._server.api.operations:
            if operation.method == "GET" and operation.is_list is is_list:
                yield operation

    def _read(self, operation: Operation, item: Any = None) -> Any:
        """What a reading operation answers, about `item` where it is about one."""
        path = operation.path
        if item is not None:
            path = f"{path.rpartition('/')[0]}/{item['id']}"
        expand = [*operation.returns.expandable, *operation.returns.sublists]
        prefix = "data." if operation.is_list else ""
        wanted = {
            **QUERIES.get(f"GET {operation.path}", {}),
            "expand": [prefix + name for name in expand],
        }
        answer = self._ask("GET", path.format_map(self._kept), Step("", wanted))
        if item is not None and not expand:
            assert answer == item
        return answer

    def _ask(self, method: str, path: str, step: Step) -> Any:
        """The JSON of a successful answer; None for one that is no JSON."""
        params = {name: self._value(value) for name, value in step.params.items()}
        answer = self._sent(method, path, params)
        assert answer.status == 200, f"{method} {path}: {answer.body.decode()}"
        is_json = answer.headers["content-type"] == "application/json"
        return answer.json if is_json else None

    def _value(self, value: Any) -> Any:
        is_kept = isinstance(value, str) and value.startswith("$")
        return self._kept[value[1:]] if is_kept else value

    def _sent(self, method: str, path: str, params: Mapping[str, Any]) -> HttpAnswer:
        if method == "GET":
            query = urlencode(list(_pairs(params)))
            return self._server.request(method, f"{path}?{query}")
        if any(isinstance(value, bytes) for value in params.values()):
            return self._server.request(method, path, **_multipart(params))
        return self._server.request(method, path, json_body=dict(params))


def _part(whole: Any, name: str) -> Any:
    return whole[int(name)] if name.isdigit() else whole[name]


def _pairs(params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in params.items():
        if isinstance(value, list):
            yield from ((f"{name}[]", each) for each in value)
        else:
            yield name, value


def _multipart(params: Mapping[str, Any]) -> Any:
    """Body and headers of a request with a file."""
    parts = []
    for name, value in params.items():
        filename = '; filename="report.pdf"' if isinstance(value, bytes) else ""
        content = value if isinstance(value, bytes) else value.encode()
        head = f'Content-Disposition: form-data; name="{name}"{filename}\r\n\r\n'
        parts += [b"--frontier\r\n", head.encode(), content, b"\r\n"]
    return {
        "body": b"".join([*parts, b"--frontier--\r\n"]),
        "headers": {"Content-Type": "multipart/form-data; boundary=frontier"},
    }
