"""Every route of the local API, and who may call it."""

from __future__ import annotations

from starlette.routing import Route

from agent.rest.accounts import change_accounts, list_accounts
from agent.rest.auth import KeyScope
from agent.rest.card_actions import process_setup_intent, refund_payment
from agent.rest.collect_inputs import collect_inputs
from agent.rest.configuration import show_configuration
from agent.rest.connection_tokens import create_connection_token
from agent.rest.discovery import discover
from agent.rest.event_routes import event_routes
from agent.rest.files import read_file, retrieve_file
from agent.rest.firmware import change_firmware, show_firmware
from agent.rest.forwarding import (
    CONFIGURATIONS,
    LOCATIONS,
    MANAGE,
    SEE,
    TAKE,
    TAKE_OR_REFUND,
    forwarded_routes,
)
from agent.rest.guard import Endpoint, keyed_route
from agent.rest.health import live, ready
from agent.rest.journal_pages import read_journal
from agent.rest.late import read_receipt, show_openapi
from agent.rest.leases import release_lease, show_lease, take_lease
from agent.rest.metrics import read_metrics
from agent.rest.offline_routes import offline_routes
from agent.rest.payments import find_payments, show_payment
from agent.rest.reader_actions import (
    cancel_action,
    collect_payment_method,
    confirm_payment_intent,
    process_payment_intent,
)
from agent.rest.reader_commands import connect, disconnect, identify, reboot
from agent.rest.readers import (
    delete_reader,
    list_readers,
    register_reader,
    retrieve_reader,
    update_reader,
)
from agent.rest.set_reader_display import set_reader_display
from agent.rest.signatures import read_signature
from agent.rest.terminal_objects import (
    list_terminal_objects,
    retrieve_terminal_object,
)
from agent.rest.upstream_readers import help_reader

READERS = "/v1/terminal/readers"
TOKENS = "/v1/terminal/connection_tokens"
READER = READERS + "/{reader_id}"
TEST_HELPERS = "/v1/test_helpers/terminal/readers/{reader_id}"
FILE = "/v1/files/{file_id}"
FIRMWARE = "/agent/readers/{reader_id}/firmware"
PAYMENTS = "/agent/payments"
PAYMENT = PAYMENTS + "/{payment_id}"
AGENT_READER = "/agent/readers/{reader_id}"
ACCOUNTS = "/agent/accounts"
LEASE = AGENT_READER + "/lease"
REFUND = frozenset({KeyScope.REFUNDS})
ACTIONS: tuple[tuple[str, Endpoint, frozenset[KeyScope]], ...] = (
    ("process_payment_intent", process_payment_intent, TAKE),
    ("collect_payment_method", collect_payment_method, TAKE),
    ("confirm_payment_intent", confirm_payment_intent, TAKE),
    ("process_setup_intent", process_setup_intent, TAKE),
    ("refund_payment", refund_payment, REFUND),
    ("collect_inputs", collect_inputs, TAKE),
    ("set_reader_display", set_reader_display, TAKE),
    ("cancel_action", cancel_action, TAKE),
)
"""What a reader can be told to do, and who may."""
SCRAPE = frozenset({KeyScope.EVENTS, KeyScope.READERS, KeyScope.MANAGE})
DISCOVER = frozenset({KeyScope.READERS, KeyScope.MANAGE})


def routes() -> list[Route]:
    """Every route with the scopes it asks for; docs/rest.md lists the same.

    What each takes and answers stands in agent/rest/openapi/declared.py.
    """
    return [*_stripe_routes(), *_agent_routes()]


def _stripe_routes() -> list[Route]:
    return [
        keyed_route("POST", READERS, register_reader, any_of=MANAGE),
        keyed_route("GET", READERS, list_readers, any_of=SEE),
        keyed_route("GET", READER, retrieve_reader, any_of=SEE),
        keyed_route("POST", READER, update_reader, any_of=MANAGE),
        keyed_route("DELETE", READER, delete_reader, any_of=MANAGE),
        *(
            keyed_route("POST", f"{READER}/{action}", endpoint, any_of=scopes)
            for action, endpoint, scopes in ACTIONS
        ),
        *(
            keyed_route("POST", f"{TEST_HELPERS}/{helper}", help_reader, any_of=TAKE)
            for helper in (
                "present_payment_method",
                "succeed_input_collection",
                "timeout_input_collection",
            )
        ),
        keyed_route("POST", TOKENS, create_connection_token, any_of=TAKE),
        *event_routes(),
        keyed_route("GET", FILE, retrieve_file, any_of=TAKE),
        keyed_route("GET", FILE + "/contents", read_file, any_of=TAKE),
        *(
            route
            for path in (LOCATIONS, CONFIGURATIONS)
            for route in (
                keyed_route("GET", path, list_terminal_objects, any_of=SEE),
                keyed_route(
                    "GET", path + "/{object_id}", retrieve_terminal_object, any_of=SEE
                ),
            )
        ),
        *offline_routes(),
        *forwarded_routes(),
    ]


def _agent_routes() -> list[Route]:
    return [
        Route("/agent/health/live", live, methods=["GET"]),
        Route("/agent/health/ready", ready, methods=["GET"]),
        Route("/agent/openapi.json", show_openapi, methods=["GET"]),
        keyed_route("GET", "/agent/discovery", discover, any_of=DISCOVER),
        keyed_route("GET", FIRMWARE, show_firmware, any_of=MANAGE),
        keyed_route("POST", FIRMWARE, change_firmware, any_of=MANAGE),
        keyed_route("POST", AGENT_READER + "/connect", connect, any_of=MANAGE),
        keyed_route("POST", AGENT_READER + "/disconnect", disconnect, any_of=MANAGE),
        keyed_route("POST", AGENT_READER + "/reboot", reboot, any_of=MANAGE),
        keyed_route("POST", AGENT_READER + "/identify", identify, any_of=DISCOVER),
        keyed_route(
            "GET", AGENT_READER + "/configuration", show_configuration, any_of=SEE
        ),
        keyed_route("POST", LEASE, take_lease, any_of=TAKE_OR_REFUND | MANAGE),
        keyed_route("GET", LEASE, show_lease, any_of=SEE),
        keyed_route("DELETE", LEASE, release_lease, any_of=TAKE_OR_REFUND | MANAGE),
        keyed_route("GET", PAYMENTS, find_payments, any_of=TAKE),
        keyed_route("GET", PAYMENT, show_payment, any_of=TAKE),
        keyed_route("GET", PAYMENT + "/receipt", read_receipt, any_of=TAKE),
        keyed_route("GET", PAYMENT + "/signature", read_signature, any_of=TAKE),
        keyed_route("GET", "/agent/metrics", read_metrics, any_of=SCRAPE),
        keyed_route("GET", "/agent/journal", read_journal, any_of=MANAGE),
        keyed_route("GET", ACCOUNTS, list_accounts, any_of=MANAGE),
        keyed_route("POST", ACCOUNTS, change_accounts, any_of=MANAGE),
    ]
