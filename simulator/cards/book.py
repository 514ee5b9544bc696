"""All virtual cards the simulator knows, by name and by number.

Cards are TOML tables; `[defaults]` of a file fills what its cards leave out. Numbers
that are not published test numbers are refused, and so is anything misspelt.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Self

from simulator.cards.card import (
    Account,
    Application,
    Behaviour,
    Card,
    Decision,
    Entry,
    Verification,
)
from simulator.cards.numbers import PUBLISHED_TEST_NUMBERS
from simulator.errors import CardFileInvalid, CardUnknown

BUILT_IN = Path(__file__).parent / "decks"

_FALLBACKS: Mapping[str, object] = {
    "issuer": "Simulated Bank",
    "cardholder_name": "CARDHOLDER/TEST",
    "service_code": "201",
    "sequence_number": 0,
    "entries": [entry.value for entry in Entry],
    "behaviour": Behaviour.NORMAL.value,
    "verification": Verification.NONE.value,
    "pin": "1234",
    "decision": Decision.APPROVE.value,
}
_REQUIRED = frozenset(
    {"about", "number", "brand", "funding", "country", "expires"}
    | {"application_id", "application_label", "preferred_name"}
)
_OPTIONAL = frozenset(_FALLBACKS) | {"network", "issuer_scripts"}


class CardBook:
    """An immutable set of cards."""

    def __init__(self, cards: Iterable[Card]) -> None:
        """Raises CardFileInvalid where two cards contradict each other."""
        self._by_name: dict[str, Card] = {}
        self._by_number: dict[str, Card] = {}
        for card in cards:
            self._add(card)

    @classmethod
    def load(cls, *folders: Path) -> Self:
        """The built-in cards and those of every `*.toml` in `folders`.

        Raises CardFileInvalid, naming the file and the card but never a number.
        """
        files = [
            path
            for folder in (BUILT_IN, *folders)
            for path in sorted(folder.glob("*.toml"))
        ]
        return cls(card for path in files for card in _cards_in(path))

    def __iter__(self) -> Iterator[Card]:
        return iter(self._by_name.values())

    def named(self, name: str) -> Card:
        """The card of that name; raises CardUnknown."""
        try:
            return self._by_name[name]
        except KeyError:
            # Without the name: somebody may have sent a card number.
            raise CardUnknown("there is no virtual card of that name") from None

    def numbered(self, number: str) -> Card | None:
        """A card of the account with that number, or None: what an issuer asks."""
        return self._by_number.get(number)

    def _add(self, card: Card) -> None:
        if card.name in self._by_name:
            raise CardFileInvalid(f"two cards are named {card.name!r}")
        other = self._by_number.setdefault(card.account.number, card)
        if other.account != card.account:
            raise CardFileInvalid(
                f"{card.name!r} and {other.name!r} have one number "
                "but are not of one account"
            )
        self._by_name[card.name] = card


def _cards_in(path: Path) -> Iterator[Card]:
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CardFileInvalid(f"{path.name}: {error}") from error
    defaults = tables.pop("defaults", {})
    for name, table in tables.items():
        if not isinstance(table, dict) or not isinstance(defaults, dict):
            raise CardFileInvalid(f"{path.name}: {name!r} is not a table")
        try:
            yield _card(name, {**_FALLBACKS, **defaults, **table})
        except (ValueError, TypeError) as error:
            raise CardFileInvalid(f"{path.name}: card {name!r}: {error}") from error


def _card(name: str, fields: Mapping[str, object]) -> Card:
    if missing := _REQUIRED - fields.keys():
        raise ValueError(f"missing {', '.join(sorted(missing))}")
    if unknown := fields.keys() - _REQUIRED - _OPTIONAL:
        raise ValueError(f"unknown {', '.join(sorted(unknown))}")
    return Card(
        name=name,
        about=_text(fields, "about"),
        account=_account(fields),
        application=Application(
            identifier=bytes.fromhex(_text(fields, "application_id")).hex().upper(),
            label=_text(fields, "application_label"),
            preferred_name=_text(fields, "preferred_name"),
        ),
        sequence_number=_sequence_number(fields),
        cardholder_name=_text(fields, "cardholder_name"),
        service_code=_text(fields, "service_code"),
        entries=_entries(fields),
        behaviour=Behaviour(_text(fields, "behaviour")),
        verification=Verification(_text(fields, "verification")),
    )


def _account(fields: Mapping[str, object]) -> Account:
    number = _text(fields, "number")
    if number not in PUBLISHED_TEST_NUMBERS:
        raise ValueError("number is not a published test number")
    year, _, month = _text(fields, "expires").partition("-")
    if not (year.isdecimal() and month in {f"{n:02d}" for n in range(1, 13)}):
        raise ValueError("expires is not written YYYY-MM")
    brand = _text(fields, "brand")
    return Account(
        number=number,
        brand=brand,
        network=_text(fields, "network") if "network" in fields else brand,
        funding=_text(fields, "funding"),
        country=_text(fields, "country"),
        issuer=_text(fields, "issuer"),
        exp_month=int(month),
        exp_year=int(year),
        decision=Decision(_text(fields, "decision")),
        pin=_pin(fields),
        issuer_scripts=_scripts(fields),
    )


def _text(fields: Mapping[str, object], key: str) -> str:
    value = fields[key]
    if not isinstance(value, str) or not value:
        raise TypeError(f"{key} is not a text")
    return value


def _pin(fields: Mapping[str, object]) -> str:
    value = _text(fields, "pin")
    if not (value.isdecimal() and 4 <= len(value) <= 12):
        raise ValueError("pin is not a text of 4 to 12 digits")
    return value


def _scripts(fields: Mapping[str, object]) -> bytes:
    if "issuer_scripts" not in fields:
        return b""
    return bytes.fromhex(_text(fields, "issuer_scripts"))


def _sequence_number(fields: Mapping[str, object]) -> int:
    value = fields["sequence_number"]
    if not isinstance(value, int) or not 0 <= value <= 99:
        raise TypeError("sequence_number is not a number from 0 to 99")
    return value


def _entries(fields: Mapping[str, object]) -> frozenset[Entry]:
    values = fields["entries"]
    if not isinstance(values, list) or not values:
        raise TypeError("entries is not a list of entry modes")
    return frozenset(Entry(value) for value in values)
