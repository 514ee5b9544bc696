"""The reader models that can be simulated, by the name of their profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from simulator.reader.model import Bench, Model
from simulator.reader.models.idtech_neo import description as idtech
from simulator.reader.models.magtek_mms import description as magtek

# A family's codec is a tenth of the start-up time: only who plays it loads it.


def _magtek(description: magtek.Description) -> Callable[[Bench], Model]:
    def make(bench: Bench) -> Model:
        from simulator.reader.models.magtek_mms.reader import MmsReader

        return MmsReader(description, bench)

    return make


def _idtech(description: idtech.Description) -> Callable[[Bench], Model]:
    def make(bench: Bench) -> Model:
        from simulator.reader.models.idtech_neo.reader import NeoReader

        return NeoReader(description, bench)

    return make


MODELS: Mapping[str, Callable[[Bench], Model]] = {
    **{each.name: _magtek(each) for each in magtek.DESCRIPTIONS},
    **{each.name: _idtech(each) for each in idtech.DESCRIPTIONS},
}
