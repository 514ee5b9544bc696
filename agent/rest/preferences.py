"""The `Prefer: wait=N` header (RFC 7240): how long the caller would hold on. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

LONGEST_WAIT_S = 120

_WAIT = re.compile(r"wait\s*=\s*\"?([0-9]{1,6})\"?", re.IGNORECASE)


def wait_preferred(headers: Iterable[str]) -> int | None:
    """Seconds to wait, at most LONGEST_WAIT_S; None where nobody asked.

    A preference that makes no sense is ignored, as RFC 7240, 2 demands.
    """
    for preference in ",".join(headers).split(","):
        match = _WAIT.fullmatch(preference.partition(";")[0].strip())
        if match is not None:
            return min(int(match[1]), LONGEST_WAIT_S)
    return None
