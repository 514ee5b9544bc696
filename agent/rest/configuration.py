"""`/agent/readers/:id/configuration`: which settings count at a reader, and why."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from agent.ids import ReaderId
from agent.journal.codec import time_text
from agent.rest.parameters import Parameters
from agent.rest.readers import reader_id_in
from agent.rest.requests import json_response, queried
from agent.rest.services import Services, services_of
from agent.rest.upstream_readers import is_ours
from agent.stripe_api.objects import text_at


async def show_configuration(request: Request) -> Response:
    """The settings with their sources, and how old the knowledge of them is."""
    queried(request, Parameters)
    services, reader_id = services_of(request), reader_id_in(request)
    location = _location_of(services, reader_id)
    counting = await services.configurations.known(location)
    freshness = services.configurations.freshness()
    fetched_at, problem = freshness.fetched_at, freshness.problem
    return json_response(
        {
            "reader": reader_id,
            "location": location,
            "location_configuration": counting.location_configuration,
            "account_default": counting.account_default,
            "settings": {
                name: {"value": setting.value, "source": setting.source}
                for name, setting in counting.settings.items()
            },
            "fetched_at": None if fetched_at is None else time_text(fetched_at),
            "age_s": freshness.age_s,
            "problem": None if problem is None else problem.code,
        }
    )


def _location_of(services: Services, reader_id: ReaderId) -> str | None:
    """Where the reader is, whoever drives it; raises ResourceMissing."""
    smart = services.smart_readers.known(reader_id)
    if is_ours(services, reader_id) or smart is None:
        return services.fleet.session(reader_id).record.location
    return text_at(smart, "location") or text_at(smart, "location", "id")
