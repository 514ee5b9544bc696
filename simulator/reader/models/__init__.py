"""The reader models that can be simulated, by the name of their profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from simulator.reader.model import Bench, Model
from simulator.reader.models.magtek_mms.description import DESCRIPTIONS as MAGTEK
from simulator.reader.models.magtek_mms.description import Description


def _magtek(description: Description) -> Callable[[Bench], Model]:
    def make(bench: Bench) -> Model:
        # A family's codec is a tenth of the start-up time: only who plays loads it.
        from simulator.reader.models.magtek_mms.reader import MmsReader

        return MmsReader(description, bench)

    return make


MODELS: Mapping[str, Callable[[Bench], Model]] = {
    each.name: _magtek(each) for each in MAGTEK
}
