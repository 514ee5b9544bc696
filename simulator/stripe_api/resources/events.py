"""Reading the log of events."""

from __future__ import annotations

from fnmatch import fnmatchcase

from simulator.stripe_api.engine.errors import ParameterInvalid
from simulator.stripe_api.engine.events import EVENTS, Event
from simulator.stripe_api.engine.lists import TimeRange, list_parameters, page, within
from simulator.stripe_api.engine.operations import Call, Operation, Resource
from simulator.stripe_api.engine.parameters import Boolean, Fields, Items, Text
from simulator.stripe_api.engine.store import Object

_LIST = list_parameters(
    created=TimeRange(),
    delivery_success=Boolean(),
    type=Text(),
    types=Items(Text(), maximum=20),
)
_PATH = "/v1/events"


def _retrieve(call: Call) -> Event:
    return call.find(EVENTS, "event", param="id")


def _list(call: Call) -> Object:
    params = call.params
    if "type" in params and "types" in params:
        raise ParameterInvalid(
            "You may only specify one of these parameters: type, types.",
            code="parameters_exclusive",
        )
    patterns = params.get("types") or [params.get("type", "*")]
    success = params.get("delivery_success")

    def wanted(event: Event) -> bool:
        return (
            success in (None, not event["pending_webhooks"])
            and within(event["created"], params.get("created"))
            and any(fnmatchcase(event["type"], pattern) for pattern in patterns)
        )

    return page(call.store, EVENTS, params=params, url=_PATH, where=wanted)


EVENT_LOG = Resource(
    kinds=(EVENTS,),
    operations=(
        Operation("GET", _PATH, _LIST, EVENTS, _list, is_list=True),
        Operation("GET", f"{_PATH}/{{event}}", Fields({}), EVENTS, _retrieve),
    ),
)
