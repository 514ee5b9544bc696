"""Deleting a terminal location: its readers stand nowhere from then on."""

from __future__ import annotations

from simulator.stripe_api.engine.operations import Call, Operation, Resource
from simulator.stripe_api.engine.parameters import Fields
from simulator.stripe_api.engine.store import Object
from simulator.stripe_api.resources.terminal_locations import LOCATIONS
from simulator.stripe_api.resources.terminal_readers import READERS

_PATH = "/v1/terminal/locations/{location}"


def _delete(call: Call) -> Object:
    location = call.find(LOCATIONS, "location")
    readers = call.store.of(READERS)
    for reader in readers.having("location", location["id"]):
        readers.put({**reader, "location": None})
    tombstone = {"id": location["id"], "object": location["object"], "deleted": True}
    call.store.of(LOCATIONS).delete(location["id"], tombstone=tombstone)
    return tombstone


TERMINAL_LOCATION_REMOVAL = Resource(
    kinds=(),
    operations=(Operation("DELETE", _PATH, Fields({}), LOCATIONS, _delete),),
)
