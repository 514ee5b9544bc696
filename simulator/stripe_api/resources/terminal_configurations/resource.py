"""The Configuration's operations. One account default is always there."""

from __future__ import annotations

from typing import Any, cast

from simulator.stripe_api.engine.errors import InvalidRequest
from simulator.stripe_api.engine.lists import page
from simulator.stripe_api.engine.operations import Call, Operation, Resource
from simulator.stripe_api.engine.parameters import Fields, Values
from simulator.stripe_api.engine.store import Object
from simulator.stripe_api.resources.terminal_configurations import parameters
from simulator.stripe_api.resources.terminal_configurations.fields import (
    CONFIGURATIONS,
    Configuration,
)
from simulator.stripe_api.resources.terminal_configurations.files import check_files
from simulator.stripe_api.resources.terminal_locations import LOCATIONS

_PATH = "/v1/terminal/configurations"


def _add_account_default(call: Call) -> None:
    configurations = call.store.of(CONFIGURATIONS)
    if not any(each["is_account_default"] for each in configurations.newest_first()):
        configurations.put({**_blank(call), "is_account_default": True})


def _create(call: Call) -> Configuration:
    return _saved(call, _blank(call))


def _retrieve(call: Call) -> Object:
    return call.found_or_deleted(CONFIGURATIONS, "configuration")


def _update(call: Call) -> Configuration:
    return _saved(call, call.find(CONFIGURATIONS, "configuration"))


def _delete(call: Call) -> Object:
    configuration = call.find(CONFIGURATIONS, "configuration")
    if configuration["is_account_default"]:
        raise InvalidRequest("You cannot delete the account default configuration.")
    configuration_id = configuration["id"]
    locations = call.store.of(LOCATIONS)
    for location in locations.having("configuration_overrides", configuration_id):
        back_to_default = location.copy()
        del back_to_default["configuration_overrides"]
        locations.put(back_to_default)
    tombstone = {
        "id": configuration_id,
        "object": configuration["object"],
        "deleted": True,
    }
    call.store.of(CONFIGURATIONS).delete(configuration_id, tombstone=tombstone)
    return tombstone


def _list(call: Call) -> Object:
    return page(
        call.store,
        CONFIGURATIONS,
        params=call.params,
        url=_PATH,
        equal=("is_account_default",),
    )


def _blank(call: Call) -> Configuration:
    return {
        "id": call.new_id(CONFIGURATIONS),
        "object": "terminal.configuration",
        "is_account_default": False,
        "livemode": call.livemode,
        "name": None,
    }


def _saved(call: Call, before: Configuration) -> Configuration:
    """The configuration with what was sent set, and what was sent empty unset."""
    check_files(call)
    fields: Values = {**before}
    for name, value in call.params.items():
        setting = _without_none(value)
        if setting in (None, {}):
            fields.pop(name, None)
        else:
            fields[name] = setting
    configuration = cast("Configuration", fields)
    call.store.of(CONFIGURATIONS).put(configuration)
    return configuration


def _without_none(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: inner for name, inner in value.items() if inner is not None}


TERMINAL_CONFIGURATIONS = Resource(
    kinds=(CONFIGURATIONS,),
    operations=(
        Operation("POST", _PATH, parameters.CHANGE, CONFIGURATIONS, _create),
        Operation("GET", _PATH, parameters.LIST, CONFIGURATIONS, _list, is_list=True),
        Operation(
            "GET", f"{_PATH}/{{configuration}}", Fields({}), CONFIGURATIONS, _retrieve
        ),
        Operation(
            "POST",
            f"{_PATH}/{{configuration}}",
            parameters.CHANGE,
            CONFIGURATIONS,
            _update,
        ),
        Operation(
            "DELETE", f"{_PATH}/{{configuration}}", Fields({}), CONFIGURATIONS, _delete
        ),
    ),
    opening=_add_account_default,
)
