"""Terminal readers: registration of simulated smart readers, and their upkeep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

from simulator.stripe_api.engine.errors import InvalidRequest
from simulator.stripe_api.engine.lists import list_parameters, page
from simulator.stripe_api.engine.metadata import Metadata, merged
from simulator.stripe_api.engine.operations import Call, Operation, Resource
from simulator.stripe_api.engine.parameters import (
    Choice,
    Clearable,
    Fields,
    Required,
    Text,
)
from simulator.stripe_api.engine.store import Kind, Object
from simulator.stripe_api.resources.terminal_locations import LOCATIONS
from simulator.stripe_api.resources.terminal_reader_actions.action import Action
from simulator.stripe_api.smart_readers.state import SMART_READERS


class Reader(TypedDict):
    """Stripe's terminal Reader."""

    id: str
    object: str
    action: Action | None
    device_sw_version: str | None
    device_type: str
    ip_address: str | None
    label: str
    last_seen_at: int | None
    """Unix time in milliseconds, unlike every other time."""
    livemode: bool
    location: str | None
    metadata: dict[str, str]
    serial_number: str
    status: str | None


READERS = Kind[Reader](
    name="terminal.reader",
    prefix="tmr",
    noun="reader",
    indexes=("location", "serial_number"),
    expandable={
        "location": "terminal.location",
        **{
            f"action.{type_}.payment_intent": "payment_intent"
            for type_ in (
                "collect_payment_method",
                "confirm_payment_intent",
                "process_payment_intent",
                "refund_payment",
            )
        },
        "action.process_setup_intent.setup_intent": "setup_intent",
        "action.refund_payment.charge": "charge",
        "action.refund_payment.refund": "refund",
    },
    shape=Reader,
)


@dataclass(frozen=True, slots=True)
class Model:
    """What a simulated reader of one type says of itself."""

    device_type: str
    software_version: str


_MODELS: Mapping[str, Model] = {
    "simulated-wpe": Model("simulated_wisepos_e", "2.37.2.0"),
    "simulated-s700": Model("simulated_stripe_s700", "2.37.2.0"),
    "simulated-s710": Model("simulated_stripe_s710", "2.37.2.0"),
    "simulated-v660p": Model("simulated_verifone_v660p", "2.37.2.0"),
}
"""Registration codes, with what they register."""

DEVICE_TYPES = (
    "bbpos_chipper2x",
    "bbpos_wisepad3",
    "bbpos_wisepos_e",
    "mobile_phone_reader",
    "simulated_stripe_s700",
    "simulated_stripe_s710",
    "simulated_stripe_t600",
    "simulated_verifone_m425",
    "simulated_verifone_p630",
    "simulated_verifone_ux700",
    "simulated_verifone_v660p",
    "simulated_wisepos_e",
    "stripe_m2",
    "stripe_s700",
    "stripe_s710",
    "stripe_t600",
    "verifone_P400",
    "verifone_m425",
    "verifone_p630",
    "verifone_ux700",
    "verifone_v660p",
)

MOBILE_TYPES = (
    *("bbpos_chipper2x", "bbpos_wisepad3", "mobile_phone_reader", "stripe_m2"),
)
"""Readers that are led by a Terminal SDK, and not by the API."""

OFFLINE_AFTER_MS = 2 * 60 * 1000
"""How long a reader may be silent."""

_CREATE = Fields(
    {
        "registration_code": Required(Text()),
        "label": Text(),
        "location": Text(),
        "metadata": Metadata(),
    }
)
_UPDATE = Fields({"label": Clearable(Text()), "metadata": Metadata()})
_LIST = list_parameters(
    device_type=Choice(DEVICE_TYPES),
    location=Text(),
    serial_number=Text(),
    status=Choice(("offline", "online")),
)
_PATH = "/v1/terminal/readers"


def _create(call: Call) -> Reader:
    code: str = call.params["registration_code"]
    model = _MODELS.get(code)
    if model is None or call.livemode:
        raise InvalidRequest(
            "The registration code is invalid or has expired. In test mode, use "
            f"{', '.join(_MODELS)}.",
            param="registration_code",
        )
    location = None
    if "location" in call.params:
        location = call.referred(LOCATIONS, "location")["id"]
    reader: Reader = {
        "id": call.new_id(READERS),
        "object": "terminal.reader",
        "action": None,
        "device_sw_version": model.software_version,
        "device_type": model.device_type,
        "ip_address": "0.0.0.0",  # noqa: S104 - what Stripe's simulated readers show
        "label": call.params.get("label", code),
        "last_seen_at": call.now_ms,
        "livemode": call.livemode,
        "location": location,
        "metadata": merged({}, call.params.get("metadata", {})),
        "serial_number": call.ids.uuid(),
        "status": "online",
    }
    call.store.of(READERS).put(reader)
    return reader


def as_seen(call: Call, reader: Reader) -> Reader:
    """The reader as Stripe knows it now: one that is not silent was just heard of."""
    if reader["device_type"] in MOBILE_TYPES:
        return reader
    within = call.store.of(SMART_READERS).get(reader["id"])
    is_silent = reader["status"] == "offline" if within is None else within["is_silent"]
    seen = reader.copy()
    if not is_silent:
        seen["last_seen_at"] = call.now_ms
        seen["status"] = "online"
    elif call.now_ms - (reader["last_seen_at"] or 0) >= OFFLINE_AFTER_MS:
        seen["status"] = "offline"
    return seen


def _retrieve(call: Call) -> Object:
    tombstone = call.store.of(READERS).tombstone(call.names["reader"])
    return tombstone or as_seen(call, call.find(READERS, "reader"))


def _update(call: Call) -> Reader:
    reader = as_seen(call, call.find(READERS, "reader"))
    if "label" in call.params:
        # Once registered, a reader without a label goes by its serial number.
        label: str | None = call.params["label"]
        reader["label"] = label or reader["serial_number"]
    if "metadata" in call.params:
        reader["metadata"] = merged(reader["metadata"], call.params["metadata"])
    call.store.of(READERS).put(reader)
    return reader


def _delete(call: Call) -> Object:
    reader = call.find(READERS, "reader")
    tombstone = {
        "id": reader["id"],
        "object": reader["object"],
        "deleted": True,
        "device_type": reader["device_type"],
        "serial_number": reader["serial_number"],
    }
    call.store.of(READERS).delete(reader["id"], tombstone=tombstone)
    if call.store.of(SMART_READERS).get(reader["id"]) is not None:
        call.store.of(SMART_READERS).delete(reader["id"], tombstone={})
    return tombstone


def _list(call: Call) -> Object:
    found = page(
        call.store,
        READERS,
        params=call.params,
        url=_PATH,
        equal=("location", "serial_number", "device_type", "status"),
    )
    return {**found, "data": [as_seen(call, reader) for reader in found["data"]]}


TERMINAL_READERS = Resource(
    kinds=(READERS,),
    operations=(
        Operation("POST", _PATH, _CREATE, READERS, _create),
        Operation("GET", _PATH, _LIST, READERS, _list, is_list=True),
        Operation("GET", f"{_PATH}/{{reader}}", Fields({}), READERS, _retrieve),
        Operation("POST", f"{_PATH}/{{reader}}", _UPDATE, READERS, _update),
        Operation("DELETE", f"{_PATH}/{{reader}}", Fields({}), READERS, _delete),
    ),
)
