"""The `Stripe-Version` of a request. Versions compare as text: they start with a date."""

from __future__ import annotations

import re
from typing import NewType

from simulator.stripe_api.engine.errors import InvalidRequest

ApiVersion = NewType("ApiVersion", str)
"""Such as `2026-10-28.endive`; greater is later, and `2026-10-28` precedes it."""

LATEST = ApiVersion("2026-10-28.endive")

_VERSION = re.compile(r"20\d\d-[01]\d-[0-3]\d(\.[a-z]+)?", re.ASCII)
_PREVIEW = re.compile(r"[a-z0-9_]+=v\d+", re.ASCII)


def read_version(header: str | None, default: ApiVersion) -> ApiVersion:
    """The version asked for; raises InvalidRequest where it is not one."""
    if header is None:
        return default
    version, *previews = _parts(header)
    if not _VERSION.fullmatch(version) or not all(map(_PREVIEW.fullmatch, previews)):
        raise InvalidRequest(f"Invalid Stripe API version: {header}")
    return ApiVersion(version)


def read_previews(header: str | None) -> frozenset[str]:
    """The preview features asked for after the version, such as `name_beta=v5`."""
    return frozenset(_parts(header or "")[1:])


def _parts(header: str) -> list[str]:
    return [part.strip() for part in header.split(";")]
