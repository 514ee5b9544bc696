"""The running unit's credentials, for commands that its account runs beside it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

OF_THE_UNIT = Path("/run/credentials/cardlane.service")
"""Where systemd shows them, to the unit's account alone, while the unit runs."""


def with_credentials(
    environ: Mapping[str, str], *, folder: Path = OF_THE_UNIT
) -> Mapping[str, str]:
    """The environment, with the unit's credentials where it has none of its own.

    Else a command would find no Stripe key where the agent has one.
    """
    if "CREDENTIALS_DIRECTORY" in environ or not os.access(folder, os.R_OK | os.X_OK):
        return environ
    return {**environ, "CREDENTIALS_DIRECTORY": str(folder)}
