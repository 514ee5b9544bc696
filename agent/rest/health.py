"""`/agent/health`: does the agent run, and can it take payments; no key needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from agent.errors import (
    AgentError,
    JournalError,
    PaymentOutcomeUnknown,
    ReaderOffline,
    SettingsInvalid,
    StripeKeyMissing,
    StripeUnreachable,
)
from agent.firmware.failures import NEEDS_SOMEBODY, READER_ABSENT, REMEDIES
from agent.offline.errors import ForwardingRefused, OfflineKeyMissing, RecordDamaged
from agent.offline.standing import standing
from agent.offline.states import OfflineState
from agent.outbox.lane import UNWELL
from agent.rest.reader_object import Json, JsonObject
from agent.rest.requests import json_response
from agent.rest.services import Accounts, Services, accounts_of
from agent.stripe_api.errors import StripeRefused
from agent.tls import server_context

if TYPE_CHECKING:
    from agent.validity import Dated

WRITE_WAIT_S = 1.0
"""How long a journal that could not be written is tried again for."""

AUTHORIZATION_EXPIRING = "authorization_expiring"
WEBHOOK_FAILING = "webhook_endpoint_failing"
BROKER_UNREACHABLE = "fleet_broker_unreachable"
BROKER_AWAY_S = 60.0
"""A machine that was cut off comes back within seconds, unless something is wrong."""

CERTIFICATE_EXPIRING = "certificate_expiring"
CERTIFICATE_UNUSABLE = "certificate_unusable"
CONFIGURATION_UNREADABLE = "configuration_unreadable"
_REMEDIES = {
    "reader_quarantined": "It was lost too often: check its cable and power, then "
    "replug it or run `cardlane readers connect`.",
    "reader_disconnect_requested": "Somebody disconnected it: `cardlane readers "
    "connect` takes it back.",
}
"""Of readers that are away for another reason than power or plug."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why the agent is not as it should be."""

    code: str
    message: str
    remedy: str
    stops_payments: bool
    account: str | None = None
    """Whose trouble it is, where it is a further account's."""


async def live(request: Request) -> Response:
    """200 as long as the process answers."""
    return json_response({"status": "live"})


async def ready(request: Request) -> Response:
    """200 if a payment could start, 503 if none can; with the causes of trouble."""
    causes = await causes_of_all(accounts_of(request))
    is_stopped = any(cause.stops_payments for cause in causes)
    status = "degraded" if causes else "ready"
    shown: list[Json] = [_shown(cause) for cause in causes]
    return json_response(
        {"status": "unavailable" if is_stopped else status, "causes": shown},
        status=503 if is_stopped else 200,
    )


async def causes_of_all(accounts: Accounts) -> list[Cause]:
    """Everything that is not as it should be, in any account of this machine.

    With several accounts, payments are stopped where no account can take any. An own
    account without a key is only the operator's then, and nothing is wrong with it.
    """
    own = await causes_of(accounts.own)
    troubles = [
        _in_account(_cause(error, stops_payments=False), name)
        for name, error in accounts.troubles().items()
    ]
    if not accounts.others:
        return [*own, *troubles]
    by_account = [
        # What is the machine's trouble is told once.
        [_in_account(each, name) for each in await causes_of(one) if each not in own]
        for name, one in accounts.others.items()
    ]
    is_merchants = accounts.own.stripe.has_key
    stopped = [
        any(cause.stops_payments for cause in causes)
        for causes in ([own, *by_account] if is_merchants else by_account)
    ]
    found = [*own, *(cause for causes in by_account for cause in causes), *troubles]
    return [
        replace(cause, stops_payments=cause.stops_payments and all(stopped))
        for cause in found
        if is_merchants or cause.code != StripeKeyMissing.code or cause.account
    ]


def _in_account(cause: Cause, name: str | None) -> Cause:
    return replace(cause, account=name)


def _shown(cause: Cause) -> JsonObject:
    shown: JsonObject = {
        "code": cause.code,
        "message": cause.message,
        "remedy": cause.remedy,
    }
    return shown if cause.account is None else {**shown, "account": cause.account}


async def causes_of(services: Services) -> list[Cause]:
    """Everything that is not as it should be."""
    return [
        *await _journal_causes(services),
        *_stripe_causes(services),
        *_token_causes(services),
        *_broker_causes(services),
        *_configuration_causes(services),
        *_payment_causes(services),
        *_hold_causes(services),
        *_offline_causes(services),
        *_reader_causes(services),
        *_webhook_causes(services),
        *_update_causes(services),
        *_watch_causes(services),
        *_certificate_causes(services),
    ]


async def _journal_causes(services: Services) -> list[Cause]:
    try:
        services.journal.unfinished()
        services.journal.check_usable()
    except JournalError as error:
        return [_cause(error, stops_payments=True)]
    trouble = await services.journal.trouble(timeout_s=WRITE_WAIT_S)
    return [] if trouble is None else [_cause(trouble, stops_payments=True)]


def _stripe_causes(services: Services) -> Iterator[Cause]:
    if not services.stripe.has_key:
        missing = StripeKeyMissing("The agent has no Stripe key.")
        yield _cause(missing, stops_payments=True)
    # No reason to stop: a payment tries the way anew, or is stored offline.
    lately = (
        services.configurations.freshness().problem,
        services.offline.forwarder.problem,
    )
    lost = [problem for problem in lately if isinstance(problem, StripeUnreachable)]
    if lost:
        yield _cause(lost[0], stops_payments=False)


def _configuration_causes(services: Services) -> Iterator[Cause]:
    """A key that may not read them would leave tips and offline payments off, unsaid."""
    problem = services.configurations.freshness().problem
    if isinstance(problem, StripeRefused):
        yield Cause(
            CONFIGURATION_UNREADABLE,
            f"Stripe does not tell which settings count at readers: {problem.message}",
            "Give the agent's restricted key the permission to read Terminal's "
            "Locations and Configurations.",
            stops_payments=False,
        )


def _token_causes(services: Services) -> Iterator[Cause]:
    trouble = services.tokens.trouble()
    if trouble is not None:
        yield Cause(
            "connection_tokens_slow",
            trouble,
            "Check the network and Stripe's status: readers in Stripe's SDKs do not "
            "connect without a token.",
            stops_payments=False,
        )


def _broker_causes(services: Services) -> Iterator[Cause]:
    """A broker that is away touches no payment, and must not go unseen."""
    away_s = None if services.broker is None else services.broker.unreachable_s()
    if away_s is not None and away_s >= BROKER_AWAY_S:
        yield Cause(
            BROKER_UNREACHABLE,
            f"The fleet's broker has been out of reach for {away_s / 60:.0f} min.",
            "Check fleet.broker, its user, password and certificates, and the network; "
            "the agent's log says why.",
            stops_payments=False,
        )


def _payment_causes(services: Services) -> Iterator[Cause]:
    for payment in services.actions.unsettled():
        unsettled = PaymentOutcomeUnknown(
            f"Payment {payment.payment_id} on reader {payment.reader_id} "
            "is not settled yet."
        )
        yield _cause(unsettled, stops_payments=False)


def _hold_causes(services: Services) -> Iterator[Cause]:
    """Held money that nobody has captured yet, shortly before it is released."""
    for hold in services.holds.expiring():
        expires = datetime.fromtimestamp(hold.expires_at, UTC)
        yield Cause(
            AUTHORIZATION_EXPIRING,
            f"The authorization of payment {hold.payment_id} ends at {expires:%F %R}Z.",
            f"Capture or cancel PaymentIntent {hold.payment_intent}; "
            "`cardlane payments capture` does.",
            stops_payments=False,
        )


def _offline_causes(services: Services) -> Iterator[Cause]:
    """What keeps stored payments from being forwarded, beyond a missing network."""
    with suppress(JournalError):
        if services.offline.forwarder.last_damages:
            damaged = RecordDamaged(
                "Stored payments were changed or lost; see `cardlane offline status`."
            )
            yield _cause(damaged, stops_payments=False)
        failed = standing(services.journal)[OfflineState.FAILED].payments
        if failed:
            refused = ForwardingRefused(f"{failed} stored payments were not forwarded.")
            yield _cause(refused, stops_payments=False)
        problem = services.offline.forwarder.problem
        if isinstance(problem, OfflineKeyMissing):
            yield _cause(problem, stops_payments=False)


def _webhook_causes(services: Services) -> Iterator[Cause]:
    """Endpoints that take nothing, but for those that their owner has disabled."""
    for endpoint in services.outbox.deliveries.endpoints():
        if endpoint.failing_since is not None or endpoint.disabled_reason in UNWELL:
            state = endpoint.disabled_reason or "failing"
            yield Cause(
                WEBHOOK_FAILING,
                f"Webhook endpoint {endpoint.endpoint_id} takes no events ({state}).",
                "See the agent's log for why; correct the endpoint's `url`, or delete it.",
                stops_payments=False,
            )


def _update_causes(services: Services) -> Iterator[Cause]:
    """Readers whose last firmware update somebody must look at."""
    for session in services.fleet.sessions():
        with suppress(JournalError):
            record = services.updates.current(session.record.reader_id)
            if record is None:
                continue
            code, message = record.update.failure_code, record.update.failure_message
            is_back = code == READER_ABSENT and session.status == "online"
            if code in NEEDS_SOMEBODY and not is_back:
                yield Cause(code, message or "", REMEDIES[code], stops_payments=False)


def _reader_causes(services: Services) -> Iterator[Cause]:
    """Readers that are away; where all of them are, no payment can start."""
    sessions = services.fleet.sessions()
    are_all_away = not services.smart_readers.is_any_online() and all(
        session.status != "online" for session in sessions
    )
    for session in sessions:
        if session.status != "online":
            reader, reason = session.record.reader_id, session.offline_reason
            offline = ReaderOffline(f"Reader {reader} is offline ({reason}).")
            yield Cause(
                offline.code,
                offline.message,
                _REMEDIES.get(reason or "", offline.remedy),
                stops_payments=are_all_away,
            )


def _watch_causes(services: Services) -> Iterator[Cause]:
    problem = services.fleet.watch_problem
    if problem is not None:
        yield Cause(
            problem.code,
            f"A reader that is plugged in is found after some seconds: {problem}.",
            "Let the agent open netlink sockets (RestrictAddressFamilies=AF_NETLINK).",
            stops_payments=False,
        )


def _certificate_causes(services: Services) -> Iterator[Cause]:
    """As the files are by now, which is what the next caller over TLS meets."""
    rest = services.settings.rest
    if rest.tls_cert_file is not None:
        try:
            server_context(rest)
        except SettingsInvalid as error:
            yield Cause(
                CERTIFICATE_UNUSABLE,
                f"{error.message}. The former one is shown until the next start.",
                error.remedy,
                stops_payments=False,
            )
    at = services.clock.now()
    for dated in certificates_in_use(services):
        if dated.valid.is_ending(at):
            verb = "ends" if dated.valid.ends_at > at else "ended"
            yield Cause(
                CERTIFICATE_EXPIRING,
                f"{dated.file} {verb} on {dated.valid.ends_at:%F}.",
                "Renew it, as it was made; nothing need be restarted.",
                stops_payments=False,
            )


def certificates_in_use(services: Services) -> list[Dated]:
    """All that have an end; empty for an agent that has none."""
    rest, fleet = services.settings.rest, services.settings.fleet
    if rest.tls_cert_file is None and fleet.client_cert_file is None:
        return []
    # Loaded on use: most agents have none.
    from agent.validity import of_the_fleet, of_the_way_in

    return [*of_the_way_in(rest), *of_the_fleet(fleet)]


def _cause(error: AgentError, *, stops_payments: bool) -> Cause:
    return Cause(error.code, error.message, error.remedy, stops_payments)
