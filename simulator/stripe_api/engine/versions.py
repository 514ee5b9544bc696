"""The `Stripe-Version` of a request. Versions compare as text: they start with a date."""

from __future__ import annotations

import re
from typing import NewType

from simulator.stripe_api.engine.errors import InvalidRequest

ApiVersion = NewType("ApiVersion", str)
"""Such as `2026-10-28.endive`; greater is later, and `2026-10-28` precedes it."""

LATEST = ApiVersion("2026-10-28.endive")

_VERSION = re.compile(r"20\d\d-[01]\d-[0-3]\d(\.[a-z]+)?", re.ASCII)


def read_version(header: str | None, default: ApiVersion) -> ApiVersion:
    """The version asked for; raises InvalidRequest where it is not one."""
    if header is None:
        return default
    if not _VERSION.fullmatch(header):
        raise InvalidRequest(f"Invalid Stripe API version: {header}")
    return ApiVersion(header)
