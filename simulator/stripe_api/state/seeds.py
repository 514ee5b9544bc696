"""Seeds: objects as Stripe's API returns them, put where clients find them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from simulator.errors import SeedInvalid
from simulator.stripe_api.engine.execution import Mode
from simulator.stripe_api.engine.store import Kind, Object
from simulator.stripe_api.state.completion import FieldUnusable, completed
from simulator.stripe_api.state.contents import Kinds, add_objects

_DEFAULTS: Mapping[str, Object] = {
    "customer": {
        "balance": 0,
        "invoice_prefix": "SEEDED",
        "next_invoice_sequence": 1,
        "tax_exempt": "none",
    },
    "payment_intent": {
        "amount_capturable": 0,
        "amount_received": 0,
        "capture_method": "automatic_async",
        "confirmation_method": "automatic",
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
    },
    "payment_method": {"allow_redisplay": "unspecified"},
    "terminal.reader": {"status": "online"},
    "webhook_endpoint": {"enabled_events": ["*"], "status": "enabled"},
}
"""What people leave out of seeds they write by hand."""

_NAMED_AFTER_THE_ID: Mapping[str, Mapping[str, str]] = {
    "payment_intent": {"client_secret": "{id}_secret_seeded"},
    "terminal.reader": {"label": "{id}", "serial_number": "{id}"},
}


@dataclass(frozen=True, slots=True)
class _Seed:
    """One object, and where in the file it stands."""

    place: str
    kind: Kind[Any]
    value: Object
    livemode: bool
    is_nested: bool


@dataclass(slots=True)
class _Bed:
    """The seeds of one kind in one mode, by id."""

    seeds: dict[str, _Seed] = field(default_factory=dict)

    def add(self, seed: _Seed) -> None:
        """Take a seed; one within another object gives way to one of its own."""
        before = self.seeds.get(seed.value["id"])
        if before is None or before.is_nested:
            self.seeds[seed.value["id"]] = seed
        elif not seed.is_nested:
            raise SeedInvalid(
                f"{seed.place}: {seed.value['id']} was there before, in {before.place}"
            )


def read_seeds(text: bytes) -> list[Any]:
    """The array in a seed file; raises SeedInvalid."""
    try:
        seeds = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SeedInvalid(f"the seeds are no JSON: {error}") from None
    if not isinstance(seeds, list):
        raise SeedInvalid("the seeds are no JSON array of Stripe objects")
    return seeds


def plant(
    seeds: Sequence[Any], modes: Mapping[bool, Mode], *, kinds: Kinds, now: int
) -> None:
    """Put seeds into the modes their `livemode` names; raises SeedInvalid.

    Objects with a `created` are put in its order, others in the order they come in.
    Expanded references become ids again, and what they held objects of their own.
    """
    beds: dict[tuple[bool, str], _Bed] = {}
    for index, seed in enumerate(seeds):
        for found in _unfolded(seed, f"seed {index}", kinds=kinds):
            beds.setdefault((found.livemode, found.kind.name), _Bed()).add(found)
    for (livemode, name), bed in beds.items():
        values = [_completed(seed, now) for seed in bed.seeds.values()]
        _put(modes[livemode], kinds[name], values)


def _unfolded(
    value: Any, place: str, *, kinds: Kinds, outer: _Seed | None = None
) -> Iterator[_Seed]:
    """The object at a place, and the objects within it."""
    kind = _kind_of(value, place, kinds)
    # Some objects, such as refunds, do not say which mode they are of.
    livemode = value.get("livemode", outer is not None and outer.livemode)
    seed = _Seed(place, kind, value, livemode is True, outer is not None)
    folded = {**value}
    for name in kind.sublists:
        for index, item in enumerate(_items(folded.pop(name, None))):
            inner_place = f"{place}.{name}[{index}]"
            yield from _unfolded(item, inner_place, kinds=kinds, outer=seed)
    for path in kind.expandable:
        inner, folded = _folded(folded, path.split("."))
        if inner is not None and str(inner.get("object")) in kinds:
            yield from _unfolded(inner, f"{place}.{path}", kinds=kinds, outer=seed)
    yield replace(seed, value=folded)


def _items(sublist: Any) -> list[Any]:
    items = sublist.get("data") if isinstance(sublist, dict) else None
    return items if isinstance(items, list) else []


def _folded(value: dict[str, Any], steps: list[str]) -> tuple[Any, dict[str, Any]]:
    """An expanded object at the end of `steps`, and `value` with its id instead."""
    first, *rest = steps
    inner = value.get(first)
    if not isinstance(inner, dict):
        return None, value
    if rest:
        found, inner = _folded(inner, rest)
        return found, {**value, first: inner}
    return inner, {**value, first: inner.get("id")}


def _kind_of(value: Any, place: str, kinds: Kinds) -> Kind[Any]:
    if not isinstance(value, dict):
        raise SeedInvalid(f"{place} is no JSON object")
    name, object_id = value.get("object"), value.get("id")
    if not isinstance(name, str) or not name:
        raise SeedInvalid(f"{place} has no 'object' that says what it is")
    if name not in kinds or name.startswith("simulator."):
        raise SeedInvalid(f"{place}: objects of type '{name}' are not simulated")
    if not isinstance(object_id, str) or not object_id:
        raise SeedInvalid(f"{place} ({name}) has no id")
    return kinds[name]


def _completed(seed: _Seed, now: int) -> Object:
    value, kind = seed.value, seed.kind
    if value.get("deleted") is True or kind.shape is None:
        return value
    named = _NAMED_AFTER_THE_ID.get(kind.name, {})
    defaults = {
        # What is referred to may be nothing; everything else must be something.
        **{name: None for name in kind.expandable if "." not in name},
        **_DEFAULTS.get(kind.name, {}),
        **{name: text.format(id=value["id"]) for name, text in named.items()},
        "created": now,
    }
    if "created" not in kind.shape.__annotations__:
        del defaults["created"]
    try:
        return completed(kind.shape, value, defaults)
    except FieldUnusable as field:
        raise SeedInvalid(f"{seed.place} ({kind.name} {value['id']}) {field}") from None


def _put(mode: Mode, kind: Kind[Any], values: list[Object]) -> None:
    alive = [value for value in values if value.get("deleted") is not True]
    if all(isinstance(value.get("created"), int) for value in alive):
        alive.sort(key=lambda value: value["created"])
    for value in alive:
        if mode.store.of(kind).get(value["id"]) is not None:
            raise SeedInvalid(f"there is a {kind.name} {value['id']} already")
    try:
        add_objects(mode, kind, alive)
    except ValueError as error:
        raise SeedInvalid(f"a {kind.name}: {error}") from None
    for value in values:
        if value.get("deleted") is True:
            mode.store.of(kind).bury(value["id"], value)
