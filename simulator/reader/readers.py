"""All simulated readers of one process, by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from simulator.errors import ControlInvalid, ReaderUnknown
from simulator.reader.device import SimulatedReader


class Readers:
    """A fixed set of readers, in the order they were named."""

    def __init__(self, readers: Iterable[SimulatedReader]) -> None:
        """Raises ControlInvalid where two have one name."""
        self._by_name: dict[str, SimulatedReader] = {}
        for reader in readers:
            if reader.name in self._by_name:
                raise ControlInvalid(f"two readers are named {reader.name!r}")
            self._by_name[reader.name] = reader

    def __iter__(self) -> Iterator[SimulatedReader]:
        return iter(self._by_name.values())

    def named(self, name: str) -> SimulatedReader:
        """The reader of that name; raises ReaderUnknown."""
        try:
            return self._by_name[name]
        except KeyError:
            raise ReaderUnknown(f"no simulated reader is named {name!r}") from None

    def plug(self) -> None:
        """Put every cable in; raises WireUnavailable, and then none stays in."""
        try:
            for reader in self:
                reader.plug()
        except BaseException:
            self.unplug()
            raise

    def unplug(self) -> None:
        """Pull every cable that is in."""
        for reader in self:
            if reader.is_plugged:
                reader.unplug()
