"""File links: URLs by which anyone can read a file, for a while or for ever."""

from __future__ import annotations

from typing import Any

from simulator.stripe_api.engine.errors import InvalidRequest, ParameterInvalid
from simulator.stripe_api.engine.lists import TimeRange, list_parameters, page, within
from simulator.stripe_api.engine.metadata import Metadata, merged
from simulator.stripe_api.engine.operations import Call, Operation, Resource
from simulator.stripe_api.engine.parameters import (
    Boolean,
    Clearable,
    Fields,
    Integer,
    Required,
    Text,
    Values,
)
from simulator.stripe_api.engine.store import Object
from simulator.stripe_api.engine.versions import ApiVersion
from simulator.stripe_api.resources.files.fields import (
    FILE_LINKS,
    FILES,
    FileLink,
    current,
    save_link,
)
from simulator.stripe_api.resources.files.purposes import PURPOSES

NOW = "now"


class _ExpiryTime:
    """A Unix time, or `now`."""

    def read(self, raw: Any, name: str, version: ApiVersion) -> int | str:
        return NOW if raw == NOW else Integer().read(raw, name, version)


_CREATE = Fields(
    {"expires_at": Integer(), "file": Required(Text()), "metadata": Metadata()}
)
_UPDATE = Fields({"expires_at": Clearable(_ExpiryTime()), "metadata": Metadata()})
_LIST = list_parameters(created=TimeRange(), expired=Boolean(), file=Text())
_PATH = "/v1/file_links"


def check_linkable(purpose: str, sent: Values, *, now: int) -> None:
    """Raise InvalidRequest where such a file cannot be linked to, or not so."""
    if purpose not in PURPOSES or not PURPOSES[purpose].is_downloadable:
        raise InvalidRequest(
            f"Files with the purpose '{purpose}' cannot have a link.", param="file"
        )
    _check_expiry(sent.get("expires_at"), now=now)


def add_link(call: Call, file_id: str, sent: Values) -> FileLink:
    """Store a link to a file that can have one."""
    mode = "live" if call.livemode else "test"
    link_id = call.new_id(FILE_LINKS)
    token = f"{mode}_{link_id}_{call.ids.text(32)}"
    link: FileLink = {
        "id": link_id,
        "object": "file_link",
        "created": call.now,
        "expired": False,
        "expires_at": sent.get("expires_at"),
        "file": file_id,
        "livemode": call.livemode,
        "metadata": merged({}, sent.get("metadata", {})),
        "url": f"http://{call.host}/links/{token}",
    }
    return save_link(call, link)


def _create(call: Call) -> FileLink:
    file = call.referred(FILES, "file")
    check_linkable(file["purpose"], call.params, now=call.now)
    return add_link(call, file["id"], call.params)


def _retrieve(call: Call) -> FileLink:
    return current(call.find(FILE_LINKS, "link"), call.now)


def _update(call: Call) -> FileLink:
    link = current(call.find(FILE_LINKS, "link"), call.now)
    if link["expired"]:
        raise InvalidRequest("Expired file links can no longer be updated.")
    params = call.params
    if params.get("expires_at") == NOW:
        link["expires_at"] = call.now
    elif "expires_at" in params:
        _check_expiry(params["expires_at"], now=call.now)
        link["expires_at"] = params["expires_at"]
    if "metadata" in params:
        link["metadata"] = merged(link["metadata"], params["metadata"])
    return save_link(call, current(link, call.now))


def _list(call: Call) -> Object:
    params = call.params

    def wanted(link: FileLink) -> bool:
        expired = current(link, call.now)["expired"]
        return params.get("expired", expired) == expired and within(
            link["created"], params.get("created")
        )

    found = page(
        call.store, FILE_LINKS, params=params, url=_PATH, equal=("file",), where=wanted
    )
    return {**found, "data": [current(link, call.now) for link in found["data"]]}


def _check_expiry(expires_at: int | None, *, now: int) -> None:
    if expires_at is not None and expires_at <= now:
        raise ParameterInvalid(
            "This value must be a timestamp in the future.", param="expires_at"
        )


FILE_LINK = Resource(
    kinds=(FILE_LINKS,),
    operations=(
        Operation("POST", _PATH, _CREATE, FILE_LINKS, _create),
        Operation("GET", _PATH, _LIST, FILE_LINKS, _list, is_list=True),
        Operation("GET", f"{_PATH}/{{link}}", Fields({}), FILE_LINKS, _retrieve),
        Operation("POST", f"{_PATH}/{{link}}", _UPDATE, FILE_LINKS, _update),
    ),
)
