"""Locations and Configurations for a terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent.cli.assignments import is_secret
from agent.cli.tables import table
from agent.stripe_api.objects import Json, JsonObject, object_at, text_at

_ADDRESS = ("line1", "line2", "postal_code", "city", "state", "country")
_ABOUT_ITSELF = frozenset({"id", "object", "livemode"})
_NO_SETTINGS = _ABOUT_ITSELF | {"is_account_default", "name"}
_FEW = 3
"""So many Locations are named, and the others counted."""


def name_of(shown: JsonObject) -> str:
    """What people call it; its id where it has no name."""
    given = text_at(shown, "display_name") or text_at(shown, "name")
    return given or text_at(shown, "id") or ""


def locations_text(locations: Sequence[JsonObject]) -> str:
    """Locations as a table."""
    rows = [
        [
            text_at(one, "id") or "",
            name_of(one),
            _address(object_at(one, "address")),
            text_at(one, "configuration_overrides") or "account default",
        ]
        for one in locations
    ]
    if not rows:
        return "There are no Locations."
    return table(["ID", "NAME", "ADDRESS", "CONFIGURATION"], rows)


def configurations_text(
    configurations: Sequence[JsonObject], locations: Sequence[JsonObject]
) -> str:
    """Configurations as a table, with who goes by each and what it sets."""
    rows = [
        [
            text_at(one, "id") or "",
            text_at(one, "name") or "",
            "account default" if _is_default(one) else _few(_users(one, locations)),
            ", ".join(_settings(one)) or "nothing",
        ]
        for one in configurations
    ]
    if not rows:
        return "There are no Configurations."
    return table(["ID", "NAME", "COUNTS AT", "SETS"], rows)


def location_text(location: JsonObject) -> str:
    """A Location, value by value, each by the path that `--set` takes."""
    rows = [
        [path, value]
        for name, member in location.items()
        if name not in _ABOUT_ITSELF
        for path, value in _leaves(name, member)
    ]
    return _headed(location, table(["PATH", "VALUE"], rows))


def configuration_text(
    configuration: JsonObject,
    configurations: Sequence[JsonObject],
    locations: Sequence[JsonObject],
) -> str:
    """A Configuration, value by value, each with where it counts."""
    rows = [
        [path, value, _where(configuration, name, configurations, locations)]
        for name in _settings(configuration)
        for path, value in _leaves(name, configuration[name])
    ]
    shown = table(["PATH", "VALUE", "COUNTS AT"], rows) if rows else "It sets nothing."
    if _is_default(configuration):
        return _headed(configuration, f"The account's default.\n\n{shown}")
    return _headed(configuration, f"\n{shown}")


def _headed(shown: JsonObject, text: str) -> str:
    name, object_id = name_of(shown), text_at(shown, "id") or ""
    return f"{object_id if name == object_id else f'{name} ({object_id})'}\n{text}"


def _where(
    configuration: JsonObject,
    setting: str,
    configurations: Sequence[JsonObject],
    locations: Sequence[JsonObject],
) -> str:
    """At which Locations a setting counts: their own Configuration's goes first."""
    if not _is_default(configuration):
        return _few(_users(configuration, locations))
    others = {
        name
        for one in configurations
        if not _is_default(one) and one.get(setting) is not None
        for name in _users(one, locations)
    }
    return f"all but {_few(sorted(others))}" if others else "all readers"


def _users(configuration: JsonObject, locations: Sequence[JsonObject]) -> Sequence[str]:
    return [
        name_of(one)
        for one in locations
        if one.get("configuration_overrides") == configuration.get("id")
    ]


def _few(names: Sequence[str]) -> str:
    if not names:
        return "no Location"
    more = len(names) - _FEW
    told = ", ".join(names[:_FEW])
    return f"{told} and {more} more" if more > 0 else told


def _settings(configuration: JsonObject) -> Sequence[str]:
    return sorted(
        name
        for name, value in configuration.items()
        if name not in _NO_SETTINGS and value is not None
    )


def _is_default(configuration: JsonObject) -> bool:
    return configuration.get("is_account_default") is True


def _address(address: JsonObject) -> str:
    return ", ".join(part for key in _ADDRESS if (part := text_at(address, key)))


def _leaves(path: str, value: Json) -> Iterator[tuple[str, str]]:
    """Values with their paths; what is not set is left out, a secret is not told."""
    match value:
        case None:
            return
        case dict():
            for key, one in value.items():
                yield from _leaves(f"{path}.{key}", one)
        case list():
            yield path, ",".join(map(str, value))
        case bool():
            yield path, str(value).lower()
        case _:
            is_hidden = is_secret(path.rpartition(".")[2])
            yield path, "(set)" if is_hidden else str(value)
