"""`/agent/readers/:id/firmware`: what a reader runs, what there is, and installing it."""

from __future__ import annotations

from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from agent.errors import ParameterInvalid
from agent.firmware.failures import remedy_of
from agent.firmware.gates import unsuitability
from agent.firmware.offers import Offers
from agent.firmware.record import UpdateRecord
from agent.firmware.updates import InstallRequest
from agent.ids import ReaderId
from agent.journal.codec import time_text
from agent.rest.guard import caller_of
from agent.rest.parameters import Parameters, Text
from agent.rest.reader_object import Json, JsonObject
from agent.rest.readers import reader_id_in
from agent.rest.requests import json_response, once, posted, queried
from agent.rest.services import Services, services_of


class ChangeFirmware(Parameters):
    """`POST /agent/readers/:id/firmware`."""

    action: Literal["check", "install", "cancel"]
    image: Text | None = None
    """For `install`: an image by its name; without it the newest that is suitable."""
    bundle: Text | None = None
    """For `check` and `install`: a folder or .tar of this machine."""
    start: Literal["window", "now"] | None = None
    """For `install`: whether it waits for the hours of the settings, which it does."""


async def show_firmware(request: Request) -> Response:
    """The reader's firmware and its update, without asking the repository."""
    queried(request, Parameters)
    services, reader_id = services_of(request), reader_id_in(request)
    services.fleet.session(reader_id)
    return json_response(_shown(services, reader_id))


async def change_firmware(request: Request) -> Response:
    """Look for newer firmware, install some, or stop doing so."""
    services, reader_id = services_of(request), reader_id_in(request)
    post = await posted(request, ChangeFirmware)
    asked = post.parameters
    _check_fitting(asked)

    async def execute() -> Response:
        services.fleet.session(reader_id)
        if asked.action == "check":
            await services.updates.check(reader_id, bundle=asked.bundle)
        elif asked.action == "cancel":
            await services.updates.cancel(reader_id)
        else:
            wanted = InstallRequest(
                asked_by=caller_of(request),
                image=asked.image,
                bundle=asked.bundle,
                waits_for_window=asked.start != "now",
            )
            await services.updates.request(reader_id, wanted)
        return json_response(_shown(services, reader_id))

    return await once(request, post.claim, execute)


def _check_fitting(asked: ChangeFirmware) -> None:
    """What the action has no use for was meant otherwise: raises ParameterInvalid."""
    useless = {
        "check": ("image", "start"),
        "cancel": ("image", "start", "bundle"),
        "install": (),
    }[asked.action]
    for name in useless:
        if getattr(asked, name) is not None:
            raise ParameterInvalid(
                f"{name} cannot be given with action={asked.action}.", param=name
            )


def _shown(services: Services, reader_id: ReaderId) -> JsonObject:
    record = services.fleet.session(reader_id).record
    update = services.updates.current(reader_id)
    offers = services.updates.last_offers(reader_id)
    return {
        "reader": reader_id,
        "device_model": record.model,
        "firmware_version": record.firmware_version,
        "window": services.settings.firmware.window,
        "update": None if update is None else update_object(update),
        "catalog": None if offers is None else offers_object(offers),
    }


def update_object(record: UpdateRecord) -> JsonObject:
    """An update, under way or ended."""
    update, asked = record.update, record.update.requested
    code = update.failure_code
    return {
        "id": update.update_id,
        "state": update.state,
        "waits_for": record.waits_for,
        "image": asked.image,
        "sha256": asked.sha256,
        "from_version": asked.from_version,
        "to_version": asked.to_version,
        "asked_by": asked.asked_by,
        "percent": record.percent,
        "remaining_s": record.remaining_s,
        "failure_code": code,
        "failure_message": update.failure_message,
        "remedy": None if code is None else remedy_of(code),
    }


def offers_object(offers: Offers) -> JsonObject:
    """What the catalogue had for the reader when it was last asked."""
    images: list[Json] = []
    for image in offers.of_model:
        problem = unsuitability(image, offers.reader, catalogue=offers.catalogue)
        images.append(
            {
                "name": image.name,
                "firmware_version": image.terms.firmware_version,
                "sequence": image.terms.sequence,
                "length": image.length,
                "is_downgrade": image.terms.is_downgrade,
                "problem": None if problem is None else problem.code,
            }
        )
    return {
        "checked_at": time_text(offers.checked_at),
        "available": None if offers.best is None else offers.best.name,
        "images": images,
    }
