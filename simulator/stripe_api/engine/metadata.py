"""Stripe's metadata: reading it from a request and merging it into an object's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator.stripe_api.engine.errors import ParameterInvalid
from simulator.stripe_api.engine.versions import ApiVersion

MAXIMUM_KEYS = 50
MAXIMUM_KEY_LENGTH = 40
MAXIMUM_VALUE_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Metadata:
    """Key-value pairs; an empty value removes its key, an empty whole removes all."""

    def read(self, raw: Any, name: str, version: ApiVersion) -> dict[str, str] | None:
        """The pairs sent, with empty strings left in; None to remove all."""
        if raw == "" or raw is None:
            return None
        if not isinstance(raw, dict):
            raise ParameterInvalid("Invalid object", param=name)
        return {
            _checked_key(key, name): _checked_value(value, f"{name}[{key}]")
            for key, value in raw.items()
        }


def merged(
    current: Mapping[str, str], sent: Mapping[str, str] | None
) -> dict[str, str]:
    """`current` with `sent` applied; raises ParameterInvalid beyond fifty keys."""
    if sent is None:
        return {}
    pairs = {**current, **sent}
    kept = {key: value for key, value in pairs.items() if value != ""}
    if len(kept) > MAXIMUM_KEYS:
        raise ParameterInvalid(
            f"You can only have up to {MAXIMUM_KEYS} metadata keys, but you passed in "
            f"{len(kept)}.",
            param="metadata",
        )
    return kept


def _checked_key(key: str, name: str) -> str:
    if not 0 < len(key) <= MAXIMUM_KEY_LENGTH:
        raise ParameterInvalid(
            f"Metadata keys can have up to {MAXIMUM_KEY_LENGTH} characters, but you "
            f"passed in a key that is {len(key)} characters. Invalid key: {key}",
            param=name,
        )
    return key


def _checked_value(value: Any, name: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        if value is None:
            return ""
        raise ParameterInvalid("Invalid string: {...}", param=name)
    text = str(value)
    if len(text) > MAXIMUM_VALUE_LENGTH:
        raise ParameterInvalid(
            f"Metadata values can have up to {MAXIMUM_VALUE_LENGTH} characters, but "
            f"you passed in a value that is {len(text)} characters. "
            f"Invalid value: {text}",
            param=name,
        )
    return text
