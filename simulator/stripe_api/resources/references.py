"""Parameters that name objects of kinds this simulator does not have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

from simulator.stripe_api.engine.errors import ResourceMissing
from simulator.stripe_api.engine.versions import ApiVersion


@dataclass(frozen=True, slots=True)
class NoneExist:
    """A reference that cannot be good, as no object of its kind can exist."""

    noun: str

    def read(self, raw: Any, name: str, version: ApiVersion) -> NoReturn:
        """Raises ResourceMissing in every case."""
        raise ResourceMissing(self.noun, str(raw)[:60], param=name, status=400)
