"""Locations and Configurations as a file: what is there, and how it differs. Pure.

The file's keys are names: a Configuration's `name`, a Location's `display_name`, an id
where a name stands for nothing or for several. The account's default is `default`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from agent.terminal_configuration.file_content import (
    DEFAULT,
    OF_CONFIGURATIONS,
    ConfigInvalid,
    Table,
    understood,
    without_empty,
)

NameOf = Callable[[Table], str | None]

SENT_WHOLE = frozenset({"tipping"})
"""Sections of which no part can be unset: what is sent stands for all of it."""


class Kind(StrEnum):
    """What a change is of."""

    CONFIGURATION = "configuration"
    LOCATION = "location"


class Verb(StrEnum):
    """What a change does."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One value, before and after; None where there is none."""

    key: str
    """With dots, such as `tipping.usd.percentages`."""
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Change:
    """What has to be done to one object at Stripe."""

    verb: Verb
    kind: Kind
    name: str
    """The key in the file."""
    object_id: str | None
    """None for what is to be created."""
    fields: tuple[FieldChange, ...] = ()
    sections: Mapping[str, Any] | None = None
    """What is sent: whole sections; None unsets one."""


@dataclass(frozen=True, slots=True)
class Account:
    """What is at Stripe: objects of its lists."""

    configurations: Sequence[Table]
    locations: Sequence[Table]


def exported(account: Account) -> Table:
    """The account as the file's content."""
    configurations = _named(account.configurations, _configuration_name)
    names = {one["id"]: name for name, one in configurations.items()}
    locations = _named(account.locations, lambda one: one.get("display_name"))
    return {
        "configurations": {
            name: _sections(one) for name, one in configurations.items()
        },
        "locations": {name: _place(one, names) for name, one in locations.items()},
    }


def planned(wanted: Table, account: Account, *, deletes: bool) -> list[Change]:
    """What makes the account as the file says, in an order that can be carried out.

    Without `deletes` what the file does not name is left alone. Raises ConfigInvalid.
    """
    there = exported(account)
    ids = {
        Kind.CONFIGURATION: _ids(account.configurations, _configuration_name),
        Kind.LOCATION: _ids(account.locations, lambda one: one.get("display_name")),
    }
    wanted = understood(
        wanted,
        ids={
            f"{kind}s": {id_: name for name, id_ in ids[kind].items()} for kind in ids
        },
    )
    changes: list[Change] = []
    removals: list[Change] = []
    for kind, table in (
        (Kind.CONFIGURATION, "configurations"),
        (Kind.LOCATION, "locations"),
    ):
        before, after = there[table], wanted[table]
        changes += _differences(kind, before, after, ids[kind])
        gone = [name for name in before if name not in after and name != DEFAULT]
        removals += [
            Change(Verb.DELETE, kind, name, ids[kind][name]) for name in gone if deletes
        ]
    # A Location lets go of its Configuration before that is deleted.
    return [*changes, *reversed(removals)]


def form(sections: Mapping[str, Any]) -> dict[str, str]:
    """Sections as Stripe's form has them; an unset one is empty."""
    flat: dict[str, str] = {}
    for name, value in sections.items():
        flat |= _flat(name, value)
    return flat


def _differences(
    kind: Kind, before: Table, after: Table, ids: Mapping[str, str]
) -> Iterable[Change]:
    for name, wanted in after.items():
        if name not in before:
            _check_new(kind, name, wanted)
            fields = tuple(_fields({}, wanted))
            yield Change(Verb.CREATE, kind, name, None, fields, wanted)
            continue
        kept = _kept(kind, before[name])
        fields = tuple(_fields(before[name], {**kept, **wanted}))
        if fields:
            touched = {field.key.partition(".")[0] for field in fields}
            sections = {
                section: wanted.get(section)
                if section in SENT_WHOLE
                else _replacing(before[name].get(section), wanted.get(section))
                for section in sorted(touched)
            }
            yield Change(Verb.UPDATE, kind, name, ids[name], fields, sections)


def _kept(kind: Kind, before: Table) -> Table:
    """What stays where the file does not say: no Location is without an address."""
    return {"address": before["address"]} if kind is Kind.LOCATION else {}


def _check_new(kind: Kind, name: str, wanted: Table) -> None:
    if name == DEFAULT and kind is Kind.CONFIGURATION:
        raise ConfigInvalid("The account has no default Configuration.")
    if kind is Kind.LOCATION and "address" not in wanted:
        raise ConfigInvalid(f"locations.{name} is new, and needs an address.")


def _replacing(before: Any, after: Any) -> Any:
    """The section with what has to go named as such: Stripe keeps what is not sent."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return after
    gone = dict.fromkeys(before.keys() - after.keys())
    both = {key: _replacing(before.get(key), value) for key, value in after.items()}
    return {**both, **gone}


def _fields(before: Table, after: Table, prefix: str = "") -> Iterable[FieldChange]:
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if isinstance(old, dict) or isinstance(new, dict):
            yield from _fields(old or {}, new or {}, f"{prefix}{key}.")
        elif old != new:
            yield FieldChange(f"{prefix}{key}", old, new)


def _configuration_name(one: Table) -> str | None:
    if one.get("is_account_default"):
        return DEFAULT
    name = one.get("name")
    return None if name == DEFAULT else name


def _named(objects: Sequence[Table], name_of: NameOf) -> dict[str, Table]:
    names = Counter(name_of(one) for one in objects)
    return {
        name if (name := name_of(one)) and names[name] == 1 else one["id"]: one
        for one in objects
    }


def _ids(objects: Sequence[Table], name_of: NameOf) -> dict[str, str]:
    return {name: one["id"] for name, one in _named(objects, name_of).items()}


def _sections(configuration: Table) -> Table:
    return {
        name: without_empty(configuration[name])
        for name in sorted(OF_CONFIGURATIONS)
        if configuration.get(name) is not None
    }


def _place(location: Table, names: Mapping[str, str]) -> Table:
    place: Table = {"address": without_empty(location.get("address") or {})}
    used = location.get("configuration_overrides")
    if used is not None:
        place["configuration"] = names.get(used, used)
    if location.get("metadata"):
        place["metadata"] = dict(location["metadata"])
    if location.get("phone"):
        place["phone"] = location["phone"]
    return place


def _flat(name: str, value: Any) -> dict[str, str]:
    pairs: Iterable[tuple[object, Any]]
    match value:
        case None:
            return {name: ""}
        case bool():
            return {name: str(value).lower()}
        case dict():
            pairs = value.items()
        case list():
            pairs = enumerate(value)
        case _:
            return {name: str(value)}
    flat: dict[str, str] = {}
    for key, one in pairs:
        flat |= _flat(f"{name}[{key}]", one)
    return flat
