"""What the account begins with, and how it is taken out and put back as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simulator.clock import Clock
from simulator.errors import StateFileUnusable
from simulator.stripe_api.engine.execution import Executor, Mode
from simulator.stripe_api.engine.store import Object
from simulator.stripe_api.state.contents import Contents, contents_of, mode_of
from simulator.stripe_api.state.dumps import dump, restored
from simulator.stripe_api.state.file import StateFile
from simulator.stripe_api.state.keeper import StateKeeper
from simulator.stripe_api.state.seeds import plant


class AccountState:
    """Begins an executor's modes with objects from elsewhere.

    Whatever takes the place of what there was also ends what was under way there.
    """

    def __init__(
        self,
        executor: Executor,
        clock: Clock,
        *,
        seeds: Sequence[Any] = (),
        path: Path | None = None,
    ) -> None:
        """`seeds` are there after each `begin_anew`; `path` is the state file, if any."""
        self._executor = executor
        self._clock = clock
        self._seeds = seeds
        self._path = path

    @contextmanager
    def kept(self) -> Iterator[StateKeeper | None]:
        """Begin with what the state file holds, or anew; the keeper is to be run.

        Raises StateFileUnusable or SeedInvalid.
        """
        if self._path is None:
            self.begin_anew()
            yield None
            return
        file = StateFile(self._path)
        try:
            found = self._found(file)
            if all(contents.is_empty for contents in found.values()):
                self.begin_anew()
            else:
                self._executor.begin(self._modes(found))
            yield StateKeeper(self._executor, file, self._clock)
        finally:
            file.close()

    def begin_anew(self) -> None:
        """Begin with the seeds alone; raises SeedInvalid."""
        self._begin_with(self._seeds, {False: Mode(), True: Mode()})

    def seed(self, seeds: Sequence[Any]) -> None:
        """Add objects to those there are; raises SeedInvalid, and then adds none."""
        found = {live: self._contents(livemode=live) for live in (False, True)}
        self._begin_with(seeds, self._modes(found))

    def dump(self) -> Object:
        """Everything there is, as JSON."""
        modes = {live: self._executor.mode(livemode=live) for live in (False, True)}
        return dump(modes, self._clock)

    def restore(self, content: Any) -> None:
        """Go back to what a dump holds; raises DumpInvalid, and then changes nothing."""
        kinds = self._executor.kinds
        self._executor.begin(restored(content, kinds=kinds, clock=self._clock))

    def _found(self, file: StateFile) -> Mapping[bool, Contents]:
        try:
            return file.read()
        except (KeyError, TypeError, ValueError) as error:
            raise StateFileUnusable(f"{self._path} is damaged: {error}") from error

    def _begin_with(self, seeds: Sequence[Any], modes: Mapping[bool, Mode]) -> None:
        now = int(self._clock.now().timestamp())
        plant(seeds, modes, kinds=self._executor.kinds, now=now)
        self._executor.begin(modes)

    def _contents(self, *, livemode: bool) -> Contents:
        return contents_of(self._executor.mode(livemode=livemode), self._clock)

    def _modes(self, found: Mapping[bool, Contents]) -> Mapping[bool, Mode]:
        try:
            return {
                livemode: mode_of(
                    contents, kinds=self._executor.kinds, clock=self._clock
                )
                for livemode, contents in found.items()
            }
        except (KeyError, TypeError, ValueError) as error:
            raise StateFileUnusable(f"{self._path} is damaged: {error}") from error
