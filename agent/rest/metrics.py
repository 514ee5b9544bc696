"""`GET /agent/metrics`: what Prometheus scrapes."""

from __future__ import annotations

from shutil import disk_usage
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from agent.offline.standing import standing as offline_standing
from agent.rest.health import causes_of, certificates_in_use
from agent.rest.services import Services, accounts_of, services_of

if TYPE_CHECKING:
    from agent.metrics.exposition import Standing


async def read_metrics(request: Request) -> Response:
    """Counts since the start, and how the agent stands now; text for Prometheus.

    A key of the agent's own account reads of all accounts, any other of its own alone.
    """
    # Loaded with the first scrape: an agent that nobody scrapes does not pay for it.
    from agent.metrics.exposition import CONTENT_TYPE_LATEST, exposition

    services, accounts = services_of(request), accounts_of(request)
    further = accounts.others if services is accounts.own else {}
    text = exposition(
        services.measurements,
        await _standing(services),
        further={
            name: (other.measurements, await _standing(other))
            for name, other in further.items()
        },
    )
    return Response(
        text,
        headers={"content-type": CONTENT_TYPE_LATEST, "cache-control": "no-store"},
    )


async def _standing(services: Services) -> Standing:
    from agent.metrics.exposition import Standing

    causes = await causes_of(services)
    return Standing(
        readers_online={
            session.record.reader_id: session.status == "online"
            for session in services.fleet.sessions()
        },
        payments_unfinished=len(services.journal.unfinished()),
        payments_unsettled=len(services.actions.unsettled()),
        payments_held=len(services.journal.holds()),
        authorizations_expiring=len(services.holds.expiring()),
        offline_payments={
            state.value: total.payments
            for state, total in offline_standing(services.journal).items()
        },
        offline_oldest_s=_waited_s(services),
        certificate_days_left={
            dated.use.value: dated.days_left(services.clock.now())
            for dated in certificates_in_use(services)
        },
        free_bytes=disk_usage(services.settings.state_dir).free,
        is_ready=not any(cause.stops_payments for cause in causes),
    )


def _waited_s(services: Services) -> float:
    """How long the oldest stored payment has waited; 0 without any."""
    oldest = services.journal.offline.oldest_open()
    if oldest is None:
        return 0.0
    return (services.clock.now() - oldest).total_seconds()
