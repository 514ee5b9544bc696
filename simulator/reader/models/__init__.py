"""The reader families that can be simulated, by the name of their profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from simulator.reader.model import Bench, Model
from simulator.reader.models.magtek_dynaprox import MagtekDynaprox

MODELS: Mapping[str, Callable[[Bench], Model]] = {
    MagtekDynaprox.name: MagtekDynaprox,
}
