"""What each endpoint takes and answers; tests ask the endpoints whether it is true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from agent.rest import (
    accounts,
    card_actions,
    collect_inputs,
    configuration,
    connection_tokens,
    discovery,
    event_stream,
    events,
    files,
    firmware,
    forwarding,
    health,
    journal_pages,
    late,
    leases,
    lists,
    metrics,
    offline,
    offline_intents,
    offline_names,
    offline_parameters,
    payments,
    reader_actions,
    reader_commands,
    readers,
    receipts,
    set_reader_display,
    signatures,
    terminal_objects,
    upstream_readers,
    webhook_endpoints,
)
from agent.rest.guard import Endpoint
from agent.rest.parameters import Parameters

JSON, SVG, STREAM = "application/json", "image/svg+xml", "text/event-stream"


class Header(StrEnum):
    """A header that some endpoint reads."""

    IDEMPOTENCY_KEY = "Idempotency-Key"
    PREFER = "Prefer"
    LEASE_TOKEN = "Cardlane-Lease-Token"  # noqa: S105 - a header's name
    LAST_EVENT_ID = "Last-Event-ID"
    STRIPE_VERSION = "Stripe-Version"


KEY = (Header.IDEMPOTENCY_KEY,)


@dataclass(frozen=True, slots=True)
class Declared:
    """One endpoint."""

    takes: type[Parameters] = Parameters
    """Of a POST in its body, of any other method in the query string."""
    is_passed_on: bool = False
    """Stripe may be asked, and takes parameters that are not named here."""
    headers: tuple[Header, ...] = ()
    """An Idempotency-Key is read of a POST only."""
    answers: tuple[str, ...] = (JSON,)
    """Media types."""
    failing_alike: tuple[int, ...] = ()
    """Statuses besides 200 with an answer of the same kind."""
    summary: str | None = None
    """Without it the first line of the endpoint's docstring is taken."""


PASSED_ON = Declared(is_passed_on=True, headers=(*KEY, Header.STRIPE_VERSION))


def _action(takes: type[Parameters]) -> Declared:
    return Declared(takes, headers=(*KEY, Header.PREFER, Header.LEASE_TOKEN))


def _passed_on(summary: str) -> Declared:
    return Declared(is_passed_on=True, headers=PASSED_ON.headers, summary=summary)


_STRIPE_SHAPED: Mapping[Endpoint, Declared] = {
    readers.register_reader: Declared(readers.RegisterReader, headers=KEY),
    readers.list_readers: Declared(readers.ListReaders),
    readers.retrieve_reader: Declared(readers.RetrieveReader),
    readers.update_reader: Declared(readers.UpdateReader, headers=KEY),
    readers.delete_reader: Declared(),
    reader_actions.process_payment_intent: _action(reader_actions.Process),
    reader_actions.collect_payment_method: _action(reader_actions.Collect),
    reader_actions.confirm_payment_intent: _action(reader_actions.Confirm),
    card_actions.process_setup_intent: _action(card_actions.ProcessSetup),
    card_actions.refund_payment: _action(card_actions.Refund),
    collect_inputs.collect_inputs: _action(collect_inputs.CollectInputsParameters),
    set_reader_display.set_reader_display: _action(
        set_reader_display.SetReaderDisplayParameters
    ),
    reader_actions.cancel_action: Declared(
        reader_actions.CancelAction, headers=(*KEY, Header.LEASE_TOKEN)
    ),
    upstream_readers.help_reader: PASSED_ON,
    connection_tokens.create_connection_token: Declared(
        connection_tokens.CreateConnectionToken, headers=(Header.STRIPE_VERSION,)
    ),
    events.list_events: Declared(events.ListEvents),
    events.retrieve_event: Declared(),
    webhook_endpoints.create_endpoint: Declared(
        webhook_endpoints.CreateEndpoint, headers=KEY
    ),
    webhook_endpoints.list_endpoints: Declared(lists.Paging),
    webhook_endpoints.retrieve_endpoint: Declared(),
    webhook_endpoints.update_endpoint: Declared(
        webhook_endpoints.UpdateEndpoint, headers=KEY
    ),
    webhook_endpoints.delete_endpoint: Declared(),
    files.retrieve_file: Declared(files.RetrieveFile, is_passed_on=True),
    files.read_file: Declared(answers=(SVG,)),
    terminal_objects.list_terminal_objects: Declared(
        terminal_objects.ListKept, is_passed_on=True, headers=(Header.STRIPE_VERSION,)
    ),
    terminal_objects.retrieve_terminal_object: PASSED_ON,
    offline_intents.create_payment_intent: Declared(
        offline_parameters.Behavior, is_passed_on=True, headers=PASSED_ON.headers
    ),
    offline_intents.local_payment_intent: PASSED_ON,
    offline_names.create_refund: _passed_on(
        "Refund at Stripe; a PaymentIntent of this machine may be named."
    ),
    offline_names.list_by_intent: _passed_on(
        "Stripe's list; a PaymentIntent of this machine may be named."
    ),
    forwarding.forward: _passed_on("Passed on to Stripe, whose answer it is."),
}
_OF_THE_AGENT: Mapping[Endpoint, Declared] = {
    health.live: Declared(),
    health.ready: Declared(failing_alike=(503,)),
    late.show_openapi: Declared(),
    discovery.discover: Declared(discovery.Discover, answers=(JSON, STREAM)),
    firmware.show_firmware: Declared(),
    firmware.change_firmware: Declared(firmware.ChangeFirmware, headers=KEY),
    reader_commands.connect: Declared(),
    reader_commands.disconnect: Declared(),
    reader_commands.reboot: Declared(),
    reader_commands.identify: Declared(),
    configuration.show_configuration: Declared(),
    leases.take_lease: Declared(leases.TakeLease),
    leases.show_lease: Declared(),
    leases.release_lease: Declared(),
    payments.find_payments: Declared(payments.FindPayments),
    payments.show_payment: Declared(),
    late.read_receipt: Declared(
        receipts.ReadReceipt,
        answers=(JSON, "text/plain", "text/html", "application/octet-stream"),
    ),
    signatures.read_signature: Declared(answers=(SVG,)),
    event_stream.stream_events: Declared(
        event_stream.ListenToEvents, headers=(Header.LAST_EVENT_ID,), answers=(STREAM,)
    ),
    metrics.read_metrics: Declared(answers=("text/plain",)),
    journal_pages.read_journal: Declared(journal_pages.ReadJournal),
    accounts.list_accounts: Declared(),
    accounts.change_accounts: Declared(accounts.ChangeAccounts),
    offline.show_offline: Declared(offline.ShowOffline),
    offline.change_offline: Declared(offline.ChangeOffline, headers=KEY),
}
DECLARED: Mapping[Endpoint, Declared] = {**_STRIPE_SHAPED, **_OF_THE_AGENT}
"""Every endpoint of agent.rest.routes.routes()."""
