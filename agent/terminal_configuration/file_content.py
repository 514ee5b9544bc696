"""What the file of Locations and Configurations may say, and what it means. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

Table = dict[str, Any]
"""A table of TOML, or an object of Stripe's."""

DEFAULT = "default"
SECRET = frozenset({"reader_security", "wifi"})
"""Sections with passcodes and passwords: neither exported nor touched."""
OF_CONFIGURATIONS = frozenset(
    {"bbpos_wisepad3", "bbpos_wisepos_e", "cellular", "offline", "reboot_window"}
    | {"stripe_s700", "stripe_s710", "stripe_t600", "tipping", "verifone_m425"}
    | {"verifone_p400", "verifone_p630", "verifone_ux700", "verifone_v660p"}
)
_KNOWN: Mapping[str, Mapping[str, type]] = {
    "configurations": dict.fromkeys(OF_CONFIGURATIONS, dict),
    "locations": {
        "address": dict,
        "configuration": str,
        "metadata": dict,
        "phone": str,
    },
}
"""What an object of each table may have, and of which type."""
_ID = re.compile(r"(?:tmc|tml)_\w+", re.ASCII)


class ConfigInvalid(ValueError):
    """The file says something that has no meaning here."""


def understood(content: Table, *, ids: Mapping[str, Mapping[str, str]]) -> Table:
    """The file's content, checked, with what is empty left out.

    `ids` has, for `configurations` and `locations`, the name in the file of every
    object's id: a file that was written when a name was not unique goes on to count.
    Raises ConfigInvalid.
    """
    unknown = content.keys() - ids.keys()
    if unknown:
        raise ConfigInvalid(f"{min(unknown)} is no part of this file.")
    tables = {
        table: _by_name(table, _table(content.get(table, {}), table), names)
        for table, names in ids.items()
    }
    for name, place in tables["locations"].items():
        _check_used(name, place, tables["configurations"], ids["configurations"])
    return tables


def without_empty(value: Any) -> Any:
    """Without nulls, which TOML has not, and what stands for nothing at Stripe."""
    if not isinstance(value, dict):
        return value
    full = {key: without_empty(one) for key, one in value.items()}
    return {key: one for key, one in full.items() if one not in (None, "", {}, [])}


def _by_name(table: str, objects: Table, names: Mapping[str, str]) -> Table:
    read: Table = {}
    for key, value in objects.items():
        where, name = f"{table}.{key}", names.get(key, key)
        if not name or not name.isprintable():
            raise ConfigInvalid(f"{table} has a name that cannot be printed.")
        if _ID.fullmatch(name) and name not in names.values():
            raise ConfigInvalid(f"{where}: there is no such object at Stripe.")
        if name in read:
            raise ConfigInvalid(f"{where} and {name} are the same object.")
        for section, content in _table(value, where).items():
            _check_section(where, section, content, _KNOWN[table])
        is_text = table == "locations"  # All values of a Location are, at Stripe.
        read[name] = without_empty(_as_text(value) if is_text else value)
    return read


def _check_section(
    where: str, section: str, content: Any, known: Mapping[str, type]
) -> None:
    if section in SECRET:
        raise ConfigInvalid(f"{where}.{section} holds secrets: it has no place here.")
    if section not in known:
        raise ConfigInvalid(f"{where}.{section} is not known.")
    if not isinstance(content, known[section]):
        kind = "a table" if known[section] is dict else "text"
        raise ConfigInvalid(f"{where}.{section} must be {kind}.")
    for key, leaf in _leaves(content, f"{where}.{section}"):
        if not key.isprintable():
            raise ConfigInvalid(f"{where}.{section} has a name that cannot be printed.")
        if not isinstance(leaf, str | int):  # bool is one, too
            raise ConfigInvalid(f"{key} must be text, a whole number, true or false.")
    if section == "tipping":
        for currency, tips in _table(content, where).items():
            _table(tips, f"{where}.tipping.{currency}")


def _check_used(
    name: str, place: Table, configurations: Table, names: Mapping[str, str]
) -> None:
    used = place.get("configuration")
    if used is None:
        return
    used = place["configuration"] = names.get(used, used)
    if used not in configurations:
        raise ConfigInvalid(f"locations.{name}: no configuration {used!r} here.")
    if used == DEFAULT:
        raise ConfigInvalid(f"locations.{name}: the default needs no mention.")


def _table(value: Any, where: str) -> Table:
    if not isinstance(value, dict):
        raise ConfigInvalid(f"{where} must be a table.")
    return value


def _leaves(value: Any, where: str) -> Iterator[tuple[str, Any]]:
    match value:
        case dict():
            for key, one in value.items():
                yield from _leaves(one, f"{where}.{key}")
        case list():
            for one in value:
                if isinstance(one, dict | list):
                    raise ConfigInvalid(f"{where} must be a list of values.")
                yield where, one
        case _:
            yield where, value


def _as_text(value: Any) -> Any:
    """A Location's values, all of which are text at Stripe."""
    match value:
        case dict():
            return {key: _as_text(one) for key, one in value.items()}
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case _:
            return value
